//! Addresses as people paste them.

use sync_xtream::{AddressError, PanelAddress};

#[test]
fn addresses_have_canonical_bases() {
    let zoo = [
        ("http://panel.example", "http://panel.example"),
        ("  http://panel.example/ \n", "http://panel.example"),
        ("\"http://panel.example\"", "http://panel.example"),
        ("panel.example", "http://panel.example"),
        ("panel.example:8080", "http://panel.example:8080"),
        ("panel.example:8080/", "http://panel.example:8080"),
        ("//panel.example:25461", "http://panel.example:25461"),
        ("HTTP://Panel.EXAMPLE:25461//", "http://panel.example:25461"),
        ("https://panel.example:443", "https://panel.example"),
        ("https://panel.example:8443/panel/", "https://panel.example:8443/panel"),
        ("http://panel.example/Pluto/gb", "http://panel.example/Pluto/gb"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("192.168.1.5:80", "http://192.168.1.5"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("http://panel.example#top", "http://panel.example"),
        ("http://panel.example/player_api.php", "http://panel.example"),
        ("http://panel.example/sub/Player_API.php?username=a&password=b&action=get_series", "http://panel.example/sub"),
        ("panel.example/get.php?username=a&password=b&type=m3u_plus&output=ts", "http://panel.example"),
        ("http://panel.example:8080/xmltv.php?username=a&password=b", "http://panel.example:8080"),
        ("http://panel.example/panel_api.php", "http://panel.example"),
        ("http://panel.example/?username=a&password=b", "http://panel.example"),
        ("http://panel.example/c/", "http://panel.example"),
        ("http://panel.example:8080/stalker_portal/c/", "http://panel.example:8080"),
        ("http://panel.example/panel/c/index.html", "http://panel.example/panel"),
        ("http://panel.example/live/ann/secret/12.ts", "http://panel.example"),
        ("http://panel.example/sub/movie/ann/secret/12.mkv", "http://panel.example/sub"),
    ];
    for (pasted, base) in zoo {
        let address = PanelAddress::parse(pasted).unwrap_or_else(|error| panic!("{pasted}: {error}")).address;
        assert_eq!(address.to_string(), base, "{pasted}");
        // A base address without a login is read as itself.
        assert_eq!(PanelAddress::parse(base).unwrap().address, address);
    }
}

#[test]
fn credentials_are_read_decoded() {
    let of = |text: &str| {
        let pasted = PanelAddress::parse(text).unwrap();
        (pasted.username, pasted.password.map(|password| password.expose().to_owned()))
    };
    let both = |username: &str, password: &str| (Some(username.to_owned()), Some(password.to_owned()));
    assert_eq!(of("http://h/get.php?username=ann&password=secret"), both("ann", "secret"));
    assert_eq!(of("h/player_api.php?password=s%26+%C3%A9%2B&username=%20a%20"), both("a", "s& é+"));
    assert_eq!(of("http://h/live/a%20b/c%2Fd/12.ts"), both("a b", "c/d"));
    assert_eq!(of("http://h/get.php?username=ann&password="), (Some("ann".to_owned()), None));
    assert_eq!(of("http://h:8080"), (None, None));
}

#[test]
fn a_text_that_is_no_panel_is_refused_without_repeating_it() {
    let cases = [
        ("", AddressError::Empty),
        (" \n", AddressError::Empty),
        ("http://ann:canary@panel.example/", AddressError::UserInfo),
        ("ann:canary@panel.example", AddressError::UserInfo),
        ("http://ann@panel.example", AddressError::UserInfo),
        ("ftp://panel.example/canary", AddressError::Scheme),
        ("file:///canary", AddressError::Scheme),
        ("mailto:canary", AddressError::Scheme),
        ("rtmp://panel.example?password=canary", AddressError::Scheme),
        ("http://", AddressError::Invalid),
        ("http://?password=canary", AddressError::Invalid),
        ("http://panel.example:canary/", AddressError::Invalid),
        ("http://panel.example:99999/?password=canary", AddressError::Invalid),
        ("http://my panel/canary", AddressError::Invalid),
        ("::1", AddressError::Invalid),
    ];
    for (pasted, expected) in cases {
        let error = PanelAddress::parse(pasted).unwrap_err();
        assert_eq!(error, expected, "{pasted}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn no_printed_address_contains_credentials() {
    let pasted = PanelAddress::parse("http://h/get.php?username=canary&password=canary").unwrap();
    assert!(!format!("{pasted:?} {} {:?}", pasted.address, pasted.address).contains("canary"));
}
