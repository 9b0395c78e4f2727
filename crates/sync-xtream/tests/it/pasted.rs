//! Addresses with a login, in all the ways in which people copy them. A login is taken as a whole or not at all.

use proptest::prelude::*;
use sync_xtream::{AddressError, Credentials, PanelAddress};

const BASE: &str = "http://panel.example:8080";

/// Returns the address, the user name and the password that are read from a text, in one line.
fn read(text: &str) -> Result<String, AddressError> {
    let pasted = PanelAddress::parse(text)?;
    let again = PanelAddress::parse(&pasted.address.to_string()).unwrap();
    assert!(again.address == pasted.address && again.username.is_none() && again.password.is_none(), "{text}");
    let password = pasted.password.as_ref().map_or("-", |password| password.expose());
    Ok(format!("{} {} {password}", pasted.address, pasted.username.as_deref().unwrap_or("-")))
}

fn all_are(expected: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text:?}");
    }
}

fn all_are_refused(error: AddressError, texts: &[&str]) {
    for text in texts {
        assert_eq!(read(text), Err(error), "{text:?}");
    }
}

#[test]
fn field_06_a_raw_sign_in_a_password_is_taken_whole_or_refused() {
    let of = |password: &str| read(&format!("{BASE}/get.php?username=ann&password={password}&type=m3u_plus"));
    let taken = [
        // The text after the `#` shows that the query continues.
        ("a#bcd", "a#bcd"),
        ("#bcd", "#bcd"),
        ("a##b", "a##b"),
        ("a?b/c@d", "a?b/c@d"),
        ("a=b", "a=b"),
        ("50%off", "50%off"),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ("a%23b", "a#b"),
        ("a%26b%2Bc+d", "a&b+c d"),
        ("%C3%A9", "é"),
        ("é!$(it's)*;,", "é!$(it's)*;,"),
    ];
    for (written, password) in taken {
        assert_eq!(of(written), Ok(format!("{BASE} ann {password}")), "{written}");
    }
    let unclear = [
        "a&bcd",
        "a&b=c",
        "a&",
        "&bcd",
        "a&amp;b", // a raw `&`
        "a+b",
        "a+b%20c", // a `+` or a space
        "50%off%20",
        "%FF",
        "a%0Ab",
        "%00", // escapes that are none, or of another charset
        "a b",
        " secret ",
        "a\u{a0}b",
        "a\"b",
        "a“b”",
        "a<b>",
        "ab…",
        "****",
        "●●●●",
        "http://x",
    ];
    for written in unclear {
        assert_eq!(of(written), Err(AddressError::Unclear), "{written}");
    }
    assert_eq!(
        read(&format!("{BASE}/get.php?username=a#n&password=x&type=m3u")),
        Ok(format!("{BASE} a#n x")),
        "the same in a user name"
    );
    all_are_refused(
        AddressError::Unclear,
        &[
            "http://h/get.php?username=a&n&password=x",
            "http://h/get.php?username=a+n@mail.example&password=x",
            "http://h/get.php?username=ann?password=x",
            "http://h/get.php?username=ann&username=bob&password=x",
            "http://h/get.php?username=ann&password=x&password=y",
            "http://h/live/ann/secret/1.ts?username=ann&password=other",
        ],
    );
}

#[test]
fn field_06_signs_after_a_password_at_the_end_are_refused() {
    let ends =
        ["#", "#bcd", ".", ",", "!", "?", ")", "]", "\"", "'", "…", "...", ".\n", " works", " (tested)", "&", "&x"];
    for end in ends {
        let text = format!("{BASE}/player_api.php?username=ann&password=secret{end}");
        let error = read(&text).unwrap_err();
        assert!(matches!(error, AddressError::Unclear | AddressError::Several), "{text:?}: {error:?}");
        // After the value of another key, these signs have no effect, unless the sign may begin a value.
        if !end.starts_with(['&', '#']) {
            all_are(
                "http://panel.example:8080 ann secret",
                &[&format!("{BASE}/get.php?username=ann&password=secret&type=m3u{end}")],
            );
        }
    }
    all_are(
        "http://panel.example:8080 ann secret",
        &[&format!("{BASE}/get.php?username=ann&password=secret&type=m3u#top")],
    );
}

#[test]
fn field_06_a_raw_sign_in_a_path_is_taken_whole_or_refused() {
    all_are("http://h ann se#cret", &["http://h/live/ann/se#cret/1.ts", "http://h/ann/se#cret/246967"]);
    all_are("http://h ann se?cret", &["http://h/live/ann/se?cret/1.ts"]);
    all_are("http://h ann secret", &["http://h/live/ann/secret/1.ts?token=a/b#c", "http://h/live/ann/secret/1.ts#a/b"]);
    all_are("http://h ann s+e&c=ret", &["http://h/live/ann/s+e&c=ret/1.ts"]);
    all_are_refused(
        AddressError::Unclear,
        &[
            "http://h/live/ann/se/cret/1.ts",
            "http://h/live/ann/se/cret",
            "http://h/playlist/ann/se/cret",
            "http://h/timeshift/ann/se/cret/60/2026-01-02:20-00/1.ts",
            "http://h/live/ann/se\\cret/1.ts",
            "http://h/live/ann/secret#x",
            "http://h/live/ann/secret?",
            "http://h/live/ann/#",
            "http://h/live/ann",
            "http://h/ann/se/cret/246967",
            "http://h/live/ann/secret//1.ts",
            "http://h/playlist/ann/x?#/m3u_plus",
            "http://h/playlist/ann/x?y=/m3u_plus",
            "http://h/live/ann/se cret/1.ts",
            "http://h/playlist/ann/se#cret/m3u_plus",
            "http://h/ann/se#cret",
            "http://h/ann/se?cret",
            "http://h/#/login?username=ann&password=x",
        ],
    );
}

#[test]
fn field_08_a_login_in_the_path_is_read_and_removed() {
    all_are(
        "http://panel.example:8080 ann s3cr3t",
        &[
            "http://panel.example:8080/ann/s3cr3t/246967",
            "http://panel.example:8080/ann/s3cr3t/246967.ts",
            "http://panel.example:8080/ann/s3cr3t/246967.m3u8?x=1",
            "panel.example:8080/ann/s3cr3t/1.TS",
            "http://panel.example:8080/live/ann/s3cr3t/246967.ts",
            "http://panel.example:8080/live/ann/s3cr3t/246967",
            "http://panel.example:8080/live/ann/s3cr3t/",
            "http://panel.example:8080/movie/ann/s3cr3t/1.mkv",
            "http://panel.example:8080/series/ann/s3cr3t/1.mp4",
            "http://panel.example:8080/hls/ann/s3cr3t/1.m3u8",
            "http://panel.example:8080/hlsr/t0k3n/ann/s3cr3t/246967/0a1b/12_3.ts",
            "http://panel.example:8080/timeshift/ann/s3cr3t/60/2026-01-02:20-00/246967.ts",
            "http://panel.example:8080/streaming/timeshift.php?username=ann&password=s3cr3t&stream=1&start=2026-01-02:20-00",
            "http://panel.example:8080/playlist/ann/s3cr3t/m3u_plus",
            "http://panel.example:8080/playlist/ann/s3cr3t/m3u_plus/ts",
            "http://panel.example:8080/Playlist/ann/s3cr3t",
            "http://panel.example:8080/epg/ann/s3cr3t",
            "http://panel.example:8080/get.php?username=ann&password=s3cr3t&type=m3u_plus&output=ts",
            "http://panel.example:8080/playlist.m3u8?Username=ann&Password=s3cr3t",
            "http://panel.example:8080/player_api?username=ann&password=s3cr3t",
            "http://panel.example:8080/live/ann/s3cr3t/1.ts?username=ann&password=s3cr3t",
            "http://panel.example:8080/live/ann/s3cr3t/1.ts|User-Agent=VLC/3&Referer=http://x",
        ],
    );
    all_are("http://h/sub ann s3cr3t", &["http://h/sub/live/ann/s3cr3t/1.ts"]);
    all_are("http://h ann@mail.example p:w", &["http://h/live/ann@mail.example/p:w/1.ts"]);
    all_are("http://h series s3cr3t", &["http://h/live/series/s3cr3t/1.ts"]);
    all_are("http://h 50%off a b", &["http://h/live/50%off/a%20b/1.ts"]);
    // Two parts may also be a folder. A caller who knows the login can tell.
    all_are("https://h/xyxuser/123pass - -", &["https://h/xyxuser/123pass"]);
    let address = PanelAddress::parse("https://h/tv/xyxuser/p%40ss").unwrap().address;
    let without =
        |username: &str, password: &str| address.without_login(&Credentials::new(username, password)).to_string();
    assert_eq!(without("xyxuser", "p@ss"), "https://h/tv");
    assert_eq!([without("xyxuser", "other"), without("tv", "xyxuser")], ["https://h/tv/xyxuser/p%40ss"; 2]);
    assert_eq!(address.sub_path(), ["tv", "xyxuser", "p@ss"]);
    all_are_refused(AddressError::Unclear, &["http://h/ann@mail.example/s3cr3t"]);
}

#[test]
fn field_09_a_mistyped_scheme_is_corrected_or_refused() {
    let mended = [
        "http://http://host:8080",
        "http:/host:8080",
        "http:host:8080",
        "http//host:8080",
        "http:///host:8080",
        "http:\\\\host:8080",
        "http;//host:8080",
        "http.//host:8080",
        "http ://host:8080",
        "http: //host:8080",
        "http:// host:8080",
        "http:://host:8080",
        "HTTP://HTTP//host:8080",
        "http:// http://host:8080",
        "://host:8080",
        "//host:8080",
        "http://http://http://host:8080",
    ];
    all_are("http://host:8080 - -", &mended);
    all_are("https://host - -", &["https://https://host", "https//host", "https:/host", "https:https://host"]);
    all_are_refused(
        AddressError::Mistyped,
        &[
            "htp://host",
            "http://htp://host",
            "htpp//host",
            "hhtp://host",
            "ttp://host",
            "httpss://host",
            "hxxp://host",
            "htps:/ /host",
            "https://http://host",
            "http://https://host",
            "https:// http://host",
            "http://https//host",
            "http/host",
            "https/host",
            "http://http",
            "http://https:443/x",
            "http://hxxps",
        ],
    );
    all_are_refused(
        AddressError::Scheme,
        &["ftp://host", "http://ftp://host", "xtream://host:8080", "rtmp:\\\\host", "rtsp://host/1.ts", "m3u://host"],
    );
    // Hosts of home networks whose names resemble a scheme.
    all_are("http://htpc:8080 - -", &["http://htpc:8080", "htpc:8080"]);
    all_are("http://http.example - -", &["http.example", "http://http.example"]);
    all_are("http://shttpd - -", &["shttpd"]);
}

#[test]
fn field_09_an_impossible_host_is_refused() {
    all_are_refused(
        AddressError::Invalid,
        &[
            "http://panel.example8080/get.php",
            "http://panel.example80",
            "panel.tv25461",
            "1.2.3.48080",
            "http://panel.exampleget.php?username=a&password=b",
            "get.php?username=a&password=b",
            "http://panel.example:8080get.php?username=a&password=b",
            "http://panel.example,8080",
            "panel.example;8080",
            "http://panel.example :8080",
            "http://8080",
            "http://1.2.3",
            "http://010.0.0.1",
            "http://:8080",
            "http://panel.example:8080:8080",
        ],
    );
    all_are_refused(
        AddressError::UserInfo,
        &[
            "http://ann:12#34@panel.example:8080/",
            "http://ann:12/34@panel.example:8080/get.php",
            "http://ann:12?34@panel.example",
            "http://ann:p#ss@panel.example:8080",
        ],
    );
    all_are("http://panel.dc1 - -", &["panel.dc1"]);
}

/// Texts around an address. The address is in the place of `@`.
const WRAPPINGS: [&str; 46] = [
    "\u{feff}@\u{200b}",
    "\u{a0}@\u{a0}",
    "\u{2060}@\u{200e}",
    "  @\t\r\n",
    "\"@\"",
    "'@",
    "'@'",
    "`@`",
    "<@>",
    "(@)",
    "[@]",
    "{@}",
    "“@”",
    "„@“",
    "‘@’",
    "«@»",
    "»@«",
    "**@**",
    "__@__",
    "~~@~~",
    "||@||",
    "*@*",
    "[My list](@)",
    "[@](@)",
    "[url]@[/url]",
    "[url=@]My list[/url]",
    "<a href=\"@\">My list</a>",
    "<a class='x' href='@' target=\"_blank\">My list</a>",
    "<a href=@>My list</a>",
    "<td>@</td>",
    "href=\"@\"",
    "src='@' width=3",
    "=\"@\"",
    "=HYPERLINK(\"@\",\"My list\")",
    "URL: @",
    "M3U Link :@",
    "Your link:\n@",
    "curl -o x '@'",
    "wget \"@\"",
    "{\"url\":\"@\"}",
    "@\n@",
    "#EXTM3U url-tvg=\"@\"",
    "#EXTM3U\n#EXTINF:-1 tvg-logo=\"http://l/x.png\",One\n@",
    "#EXTINF:-1,One\n@\n#EXTINF:-1,Two\n@",
    "&quot;@&quot;",
    "&lt;@&gt;",
];

#[test]
fn field_06_text_around_a_copied_address_is_removed() {
    for password in ["s3cr3t", "a%26b", "it's", "a.b!c"] {
        for address in [
            format!("{BASE}/get.php?username=ann&password={password}&type=m3u_plus"),
            format!("{BASE}/player_api.php?username=ann&password={password}"),
            format!("{BASE}/live/ann/{password}/1.ts"),
        ] {
            let expected = format!("{BASE} ann {}", password.replace("%26", "&"));
            for wrapping in WRAPPINGS {
                let text = wrapping.replace('@', &address);
                // An unclosed quote before the address has no effect on a quote within the address.
                assert_eq!(read(&text).as_ref(), Ok(&expected), "{text:?}");
            }
        }
    }
    for wrapping in WRAPPINGS {
        let text = wrapping.replace('@', "https://panel.example/iptv");
        assert_eq!(read(&text).as_deref(), Ok("https://panel.example/iptv - -"), "{text:?}");
    }
    all_are(
        "http://panel.example:8080 - -",
        &[
            "\"panel.example:8080\"",
            "<panel.example:8080>",
            "'panel.example:8080",
            "(panel.example:8080)",
            "panel.example:8080,",
            "panel.example:8080.",
            "http://panel.example:8080!",
            "*panel.example:8080*",
            "pan\u{200b}el.example\u{2060}:8080",
        ],
    );
    all_are("http://[::1]:8080 - -", &["<http://[::1]:8080>", "\"[::1]:8080\""]);
}

#[test]
fn field_06_escapes_of_programs_are_undone() {
    all_are(
        "http://panel.example:8080 ann a&b#c",
        &[
            "http://panel.example:8080/get.php?username=ann&amp;password=a%26b%23c&amp;type=m3u_plus",
            "http://panel.example:8080/get.php?username=ann&#38;password=a%26b%23c&#x26;type=m3u_plus",
            "<a href=\"http://panel.example:8080/get.php?username=ann&amp;amp;password=a%26b%23c\">x</a>",
            r"http:\/\/panel.example:8080\/get.php?username=ann\u0026password=a%26b%23c",
            r#"{"url":"http:\/\/panel.example:8080\/get.php?username=ann&password=a%26b%23c","x":1}"#,
            r"http://panel.example:8080/get.php\?username\=ann\&password\=a%26b%23c\&type\=m3u",
            "http%3A%2F%2Fpanel.example%3A8080%2Fget.php%3Fusername%3Dann%26password%3Da%2526b%2523c",
            "http://panel.example:8080/live/ann/a&amp;b%23c/1.ts",
        ],
    );
    all_are(
        "http://h ann s",
        &[
            "<http://h/get.php?username=ann&password=s&type=m3u|label>",
            "[x](http://h/get.php?username=ann&password=s&type=m3u \"title\")",
        ],
    );
    all_are("http://h ann a\"b", &["http://h/get.php?username=ann&password=a%22b"]);
}

#[test]
fn field_06_lines_and_cells() {
    let whole = "http://h/get.php?username=ann&password=secret&type=m3u_plus";
    for at in 8..whole.len() {
        for line_break in ["\n", "\r\n", " \n "] {
            let text = format!("{}{line_break}{}", &whole[..at], &whole[at..]);
            match read(&text) {
                Ok(read) => assert_eq!(read, "http://h ann secret", "{text:?}"),
                Err(error) => assert_eq!(error, AddressError::Several, "{text:?}"),
            }
        }
    }
    all_are(
        "http://h ann secret",
        &[
            "http://h/get.php?username=ann&pass\nword=secret&type=m3u_plus",
            "http://h/get.php?username=ann&password=sec\nret&type=m3u_plus",
            "http://h\n/get.php?username=ann&password=secret",
            "http://h/get.php?\nusername=ann&\npassword=secret",
            "http://h\tann\tsecret",
            "h\tann\tsecret\n",
        ],
    );
    all_are("http://h:8080 a b p&w", &["http://h:8080\ta b\tp&w"]);
    for several in [
        "http://h:8080\nann\nsecret",
        "http://h\nann\nsecret",
        "Host: http://h:8080\nUser: ann\nPass: secret",
        "http://h/get.php?username=ann&password=secret\nret",
        "http://h/get.php?username=ann&password=secret\ntype=m3u_plus",
        "http://h\tann",
        "http://h\tann\tsecret\tx",
        "http://h\tann\t\"sec\"\"ret\"",
        "http://h/get.php?username=ann&password=x\tann\tsecret",
        "http://h\tann\tsecret\nhttp://h\tbob\tother",
        "http://one.example http://two.example",
        "http://h/live/ann/a/1.ts\nhttp://h/live/bob/b/1.ts",
        "http://h:8080 works great",
        "Watch http://h/iptv now",
    ] {
        assert!(read(several).is_err(), "{several:?}: {:?}", read(several));
    }
}

#[test]
fn field_06_no_error_repeats_the_text() {
    for text in [
        "http://h/get.php?username=canary&password=canary+canary",
        "http://canary:canary@h",
        "htp://canary",
        "http://h\ncanary\ncanary",
        "http://h/canary@x/canary",
        "http://canary8080.canary8080",
    ] {
        let error = PanelAddress::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

/// Texts with an address, as people have them. The password is in the place of `@`.
const TEMPLATES: [&str; 13] = [
    "http://h:80/get.php?username=ann&password=@&type=m3u_plus",
    "h/player_api.php?username=ann&password=@",
    "http://h/get.php?password=@&username=ann",
    "http://h/live/ann/@/1.ts",
    "http://h/sub/live/ann/@/1.ts",
    "http://h/ann/@/123",
    "http://h/playlist/ann/@/m3u_plus",
    "\"http://h/get.php?username=ann&password=@\"",
    "(http://h/get.php?username=ann&password=@)",
    "[x](http://h/get.php?username=ann&password=@)",
    "'http://h/live/ann/@/1.ts'",
    "**http://h/get.php?username=ann&password=@**",
    "http://h\tann\t@",
];

/// Backslashes in a password are not taken for escapes of a shell.
#[test]
fn field_06_backslashes_of_a_password_stay() {
    for (text, password) in [
        (r"http://h/live/ann/x\=\?/1.ts", r"x\=\?"),
        (r"http://h/get.php?username=ann&password=x\=\?y", r"x\=\?y"),
        (r"http://h/get.php\?username\=ann\&password\=x\&type\=m3u", "x"),
    ] {
        // The text is read with this password, or refused.
        let Ok(pasted) = PanelAddress::parse(text) else { continue };
        assert_eq!(pasted.password.as_ref().map(sync_xtream::Secret::expose), Some(password), "{text}");
    }
    let shell = PanelAddress::parse(r"http://h/get.php\?username\=ann\&password\=x").unwrap();
    assert_eq!(shell.password.as_ref().map(sync_xtream::Secret::expose), Some("x"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The password is pasted as it is, without any encoding.
    #[test]
    fn field_06_no_password_is_ever_shortened(
        template in 0..TEMPLATES.len(),
        password in r"[a-zé]([abseé#&=?/@:.!()'|*_~$;,\[\]{}\\^-]{0,8}[a-z#?!)*_.é])?",
    ) {
        if let Ok(pasted) = PanelAddress::parse(&TEMPLATES[template].replacen('@', &password, 1)) {
            let taken = pasted.password.as_ref().map(sync_xtream::Secret::expose);
            prop_assert_eq!(taken, Some(&*password));
        }
    }
}
