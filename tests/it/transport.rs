//! The cache is the same however the bytes are transferred.

use sync_tests::{Action, Catalogue, Encoding, Framing, Kind, Panel, PanelConfig, Step};

use crate::program::{PASSWORD, Running, USERNAME, command};
use crate::scene::{HOME, Scene, panel_config, some_hundred};
use crate::socks::Socks;

#[test]
fn every_framing_and_encoding_ends_in_the_same_cache() {
    let catalogue = Catalogue::new(&some_hundred(2101));
    let mut first = None;
    let encodings = Encoding::ALL.map(|encoding| vec![encoding]).into_iter().chain([Vec::new()]);
    for encodings in encodings {
        for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
            let shown = format!("{encodings:?}, {framing:?}");
            let config = PanelConfig { framing, encodings: encodings.clone(), ..panel_config() };
            let scene = Scene::at(Panel::start(config, catalogue.clone()).unwrap());
            let report = scene.sync(&[]).exits(0).report();
            scene.assert_true();
            let travelled: u64 = scene.panel.requests().iter().map(|request| request.body_bytes).sum();
            let inflated: u64 = Kind::ALL.iter().map(|kind| report.kind(*kind)["bytes"].as_u64().unwrap()).sum();
            let listed = scene.panel.requests().into_iter().filter(|request| request.action != Some(Action::Account));
            let of_kinds: u64 = listed.map(|request| request.body_bytes).sum();
            assert_eq!(report.0["wire_bytes"], of_kinds, "{shown}");
            assert_eq!(travelled < inflated / 2, !encodings.is_empty(), "{shown}: {travelled} of {inflated}");
            let cached = Kind::ALL.map(|kind| (scene.cache().rows(HOME, kind), scene.cache().categories(HOME, kind)));
            let index = scene.cache().lines("SELECT kind||ids||hex(digests) FROM xtream_listing_index ORDER BY line");
            let cached = (cached, index);
            assert!(*first.get_or_insert_with(|| cached.clone()) == cached, "{shown}");
            scene.panel.advance(&Step::ordinary());
            scene.sync(&[]).exits(0);
            scene.assert_true();
        }
    }
}

#[test]
fn a_panel_below_a_path_is_asked_below_that_path() {
    let config = PanelConfig { sub_path: "/iptv/panel".to_owned(), ..panel_config() };
    let scene = Scene::at(Panel::start(config, Catalogue::new(&some_hundred(2102))).unwrap());
    scene.sync(&[]).exits(0);
    scene.assert_true();
    scene.add(HOME, &format!("{}/", scene.panel.base_url()), &[]).exits(0);
    scene.sync(&[]).exits(0);
    assert_eq!(scene.panel.requests().len(), 14);
    assert!(scene.panel.requests().iter().all(|request| request.path == "/iptv/panel/player_api.php"));
}

#[test]
fn pasted_addresses_are_read() {
    let encoded = |text: &str| -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect()
    };
    let query = format!("username={}&password={}", encoded(USERNAME), encoded(PASSWORD));
    let scene = Scene::without_profile(Panel::start(panel_config(), Catalogue::new(&some_hundred(2103))).unwrap());
    let address = scene.panel.address();
    for (number, pasted) in [
        format!("http://{address}/get.php?{query}&type=m3u_plus&output=ts"),
        format!("http://{address}/player_api.php?{query}"),
        format!("{address}/get.php?{query}"),
    ]
    .iter()
    .enumerate()
    {
        let profile = format!("pasted{number}");
        let run = scene.run(&["profile", "add", &profile, "--url", pasted]).exits(0);
        assert!(run.stdout.contains(&address.to_string()), "{}", run.stdout);
        let report = scene.sync(&[&profile]).exits(0).report();
        assert_eq!(report.outcomes(), ["completed"; 3]);
        for kind in Kind::ALL {
            crate::scene::assert_true(&mut scene.cache(), &profile, &scene.panel, kind);
        }
    }
    let stored = scene.cache().lines("SELECT base_url FROM xtream_profiles");
    assert!(stored.iter().all(|url| !url.contains("Kanarie9x7") && !url.contains("get.php")), "{stored:?}");
    assert!(scene.panel.requests().iter().all(|request| request.header("referer").is_none()));
}

#[test]
fn the_password_may_come_from_a_file_or_standard_input() {
    let scene = Scene::without_profile(Panel::start(panel_config(), Catalogue::new(&some_hundred(2104))).unwrap());
    let file = scene.folder().join("password");
    std::fs::write(&file, format!("{PASSWORD}\nanother line\n")).unwrap();
    let url = scene.panel.base_url();
    let add = |from: &str| {
        let args = ["profile", "add", HOME, "--url", &url, "--username", USERNAME, "--password-file", from];
        let mut command = command(&scene.database, &args);
        command.stdin(std::fs::File::open(&file).unwrap());
        Running::start(command).end().exits(0)
    };
    for from in [file.to_str().unwrap(), "-"] {
        add(from);
        scene.sync(&[]).exits(0);
        scene.run(&["profile", "remove", HOME]).exits(0);
    }
    scene.run(&["profile", "add", HOME, "--url", &url, "--username", USERNAME]).exits(2);
    assert!(scene.panel.request_count(Action::Account) == 2);
}

#[test]
fn field_05_a_byte_order_mark_before_the_password_is_not_sent() {
    let scene = Scene::without_profile(Panel::start(panel_config(), Catalogue::new(&some_hundred(2105))).unwrap());
    let file = scene.folder().join("password.txt");
    let text = format!("\u{feff}{PASSWORD}\r\n");
    let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (url, path) = (scene.panel.base_url(), file.to_str().unwrap());
    let print = format!("cat '{path}'");
    for bytes in [text.into_bytes(), utf16] {
        std::fs::write(&file, bytes).unwrap();
        for from in [
            ["--password-file", path],
            ["--password-file", "-"],
            ["--password-path", path],
            ["--password-command", &print],
        ] {
            let args = [&["profile", "add", HOME, "--url", &url, "--username", USERNAME], &from[..]].concat();
            let mut add = command(&scene.database, &args);
            add.stdin(std::fs::File::open(&file).unwrap());
            Running::start(add).end().exits(0);
            scene.sync(&[]).exits(0);
            scene.run(&["profile", "remove", HOME]).exits(0);
        }
    }
    assert!(scene.panel.requests().iter().all(|request| request.param("password") == Some(PASSWORD)));
}

#[test]
fn field_06_08_22_an_unclear_address_is_not_kept() {
    let scene = Scene::without_profile(Panel::start(panel_config(), Catalogue::new(&some_hundred(2106))).unwrap());
    let add = |url: &str, more: &[&str], password: &str| {
        let mut add = command(&scene.database, &[&["profile", "add", HOME, "--url", url], more].concat());
        add.env("XTREAM_SYNC_PASSWORD", password);
        Running::start(add).end()
    };
    for (url, words) in [
        ("http://h/get.php?username=ann&password=Kanarie#9x7", "can't be told where"),
        ("http://h/get.php?username=ann&password=Kanarie&9x7&type=m3u_plus", "can't be told where"),
        ("http://h/ann/Kanarie9x7", "last two parts"),
        ("htp://h", "mistyped"),
        ("http://https://h", "mistyped"),
    ] {
        let run = add(url, &[], "").exits(2);
        assert!(
            run.stderr.contains(words) && run.stderr.contains("hint: ") && !run.stderr.contains("Kanarie"),
            "{}",
            run.stderr
        );
    }
    assert!(!scene.database.exists());

    let base = scene.panel.base_url();
    let kept = |url: &str, username: &str, password: &str| {
        add(url, &["--username", username], password).exits(0);
        scene.cache().lines("SELECT base_url || ' ' || username || ' ' || password FROM xtream_profiles")
    };
    let folder = format!("{base}/iptv");
    assert_eq!(kept(&folder, "iptv", "pw12345"), [format!("{folder} iptv pw12345")]);
    assert_eq!(kept(&format!("{base}/ann/pw12345"), "ann", "pw12345"), [format!("{base} ann pw12345")]);
    assert_eq!(kept(&format!("{base}/ann/pw12345/246967.ts"), "ann", ""), [format!("{base} ann pw12345")]);
}

/// The proxy resolves the name, and no connection bypasses the proxy.
#[test]
fn field_11_a_socks_proxy_of_the_environment_is_used() {
    let scene = Scene::without_profile(Panel::start(panel_config(), Catalogue::new(&some_hundred(2105))).unwrap());
    let proxy = Socks::leading_to(scene.panel.address());
    scene.add(HOME, "http://panel.invalid:8080", &[]).exits(0);
    let sync = |variable: &str, kind: &str| {
        let mut command = command(&scene.database, &["sync", "--json", "--attempts", "1"]);
        command.env(variable, format!("{kind}://{}", proxy.address)).env_remove("no_proxy").env_remove("NO_PROXY");
        Running::start(command).end()
    };
    let report = sync("all_proxy", "socks5h").exits(0).report();
    assert_eq!(report.outcomes(), ["completed"; 3]);
    assert!(proxy.led() > 0);
    scene.assert_true();
    sync("HTTP_PROXY", "socks5h").exits(0);
    // The error of a proxy at which nothing listens names the proxy.
    let mut command = command(&scene.database, &["sync", "--attempts", "1"]);
    command.env("all_proxy", "socks5h://127.0.0.1:1").env_remove("no_proxy").env_remove("NO_PROXY");
    let run = Running::start(command).end().exits(5);
    assert!(run.stderr.contains("proxy") && run.stderr.contains("NO_PROXY"), "{}", run.stderr);
}
