//! Cases 80 to 83: credentials, and what a panel says about itself.

use serde_json::Value;
use sync_tests::{Account, Action, Behaviour, BodyEdit, Catalogue, JsonForm, Kind, Panel, PanelConfig, TimeZone};

use crate::home::Home;
use crate::program::{PASSWORD, Running, USERNAME, command, is_shown};
use crate::programme::{Scenario, case};
use crate::scene::{HOME, Scene, panel_config, some_hundred, start_panel};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("80", "special credentials", "p+a&s=s%#?/é ü@: in all places, and echoed", special_characters),
    case("81", "auth body in logs", "user_info repeats user name and password", echoed),
    case("82", "server_info lies", "a private address, port 80011, https_port \"\"", lying_server),
    case("83", "timezone lies", "UTC+3, \"\", the wrong zone, no clock at all", lying_clock),
    case("f14", "a user with a common name", "users ann, one, the, test; a list of no channels", common_names),
];

/// Passwords with characters that URLs, forms, shells and JSON treat differently. Each contains the word that no output
/// may show.
const SPECIAL: [&str; 4] =
    ["p+a&s=s%#?/é ü@:Kanarie9x7", "Kanarie9x7 \"quoted\" \\ and 'so'", "%4Banarie Kanarie9x7%2B", "<Kanarie9x7>&amp;"];

/// Returns the text as it is, in two percent encodings, and as a form encodes it.
fn forms(text: &str) -> [String; 4] {
    let percent: String = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect();
    [text.to_owned(), percent.clone(), percent.replace("%20", "+"), percent.to_lowercase()]
}

fn special_characters(trial: &Trial) {
    for (at, password) in SPECIAL.into_iter().enumerate() {
        let username = format!("u&{at}=+ %é/");
        let config = PanelConfig { accounts: vec![Account::new(&username, password)], ..panel_config() };
        let panel = Panel::start(config, Catalogue::new(&some_hundred(80))).unwrap();
        let scene = Scene::without_profile(panel);
        let url = scene.panel.base_url();
        let mut add = command(&scene.database, &["profile", "add", HOME, "--url", &url, "--username", &username]);
        add.env("XTREAM_SYNC_PASSWORD", password);
        Running::start(add).end().exits(0);
        let home = Home::new(trial, scene);
        home.sync(&[]).exits(0);
        home.assert_true();
        for request in home.panel.requests() {
            assert_eq!((request.param("username"), request.param("password")), (Some(&*username), Some(password)));
        }
        // An answer that repeats the credentials is reported without them.
        for form in forms(password) {
            let page = format!("<html><title>No {form} here</title>{form}</html>");
            home.panel.on(Action::VodStreams, Behaviour::Body(page.into_bytes()));
            home.sync(&["--attempts", "1"]).exits(3);
            let words = format!("denied: /player_api.php?username={username}&password={form}");
            home.panel.on(Action::VodStreams, Behaviour::Body(words.into_bytes()));
            home.sync(&["--attempts", "1"]).exits(3);
            let away = Behaviour::Redirect(format!("http://127.0.0.1:1/{form}/x?password={form}"));
            home.panel.on(Action::VodStreams, away);
            home.sync(&["--attempts", "1"]).exits(3);
            home.panel.on(Action::VodStreams, Behaviour::with_header("X-Echo", &form.replace(['é', 'ü'], "e")));
            home.sync(&["--attempts", "1"]).exits(0);
        }
        home.panel.behave();
        let mut message =
            Account::new(&username, password).telling("message", JsonForm::text(forms(password).join(" ")));
        message.status = format!("Banned {password}");
        home.panel.set_accounts(vec![message]);
        home.sync(&[]).exits(4);
        home.run(&["status"]).exits(0);
        home.run(&["status", "--json"]).exits(0);
        home.run(&["profile", "list", "--json"]).exits(0);
    }
}

fn echoed(trial: &Trial) {
    // The password is in no file of this machine. Each run gets it from its environment.
    let scene = Scene::without_profile(start_panel(&some_hundred(81)));
    let url = scene.panel.base_url();
    let add = ["profile", "add", HOME, "--url", &url, "--username", USERNAME, "--password-env", "PANEL_PASSWORD"];
    Running::start(command(&scene.database, &add)).end().exits(0);
    let home = Home::new(trial, scene);
    let sync = |more: &[&str]| {
        let mut command = command(&home.database, &[&["sync", "--json"], more].concat());
        command.env("PANEL_PASSWORD", PASSWORD);
        home.watched(Running::start(command))
    };
    assert!(home.panel.requests().is_empty());
    sync(&[]).exits(0);
    home.assert_true();
    home.panel.on(Action::Series, Behaviour::AccountInstead);
    sync(&[]).exits(3);
    home.panel.set_accounts(vec![
        Account::new(USERNAME, PASSWORD).telling("message", JsonForm::text(format!("Hello {PASSWORD}"))),
    ]);
    sync(&["--full"]).exits(3);
    home.panel.behave();
    sync(&[]).exits(0);
    home.assert_true();
    // The password is not in the cache, its log or a lease file.
    let folder = home.database.parent().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!is_shown(&String::from_utf8_lossy(&bytes)), "the password is stored in {}", path.display());
    }
}

fn lying_server(trial: &Trial) {
    let text = |text: &str| Some(JsonForm::text(text));
    for lie in [
        vec![("url", text("10.0.0.1")), ("port", text("80011")), ("https_port", text(""))],
        vec![("url", text("http://evil.example/")), ("port", Some(JsonForm::Integer(-1)))],
        vec![("url", Some(JsonForm::Null)), ("port", Some(JsonForm::array([]))), ("server_protocol", text("ftp"))],
        vec![("url", None), ("port", None), ("https_port", None), ("timestamp_now", None)],
    ] {
        let server_info = lie.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let config = PanelConfig { server_info, ..panel_config() };
        let home = trial.new_home(Panel::start(config, Catalogue::new(&some_hundred(82))).unwrap());
        home.sync(&[]).exits(0);
        home.assert_true();
        let host = home.panel.address().to_string();
        assert!(home.panel.requests().iter().all(|request| request.header("host") == Some(&*host)));
        assert_eq!(home.panel.requests().len(), 7);
        let stored = home.cache().lines("SELECT base_url FROM xtream_profiles");
        assert_eq!(stored, [home.panel.base_url()], "the address stays the user's");
    }
}

fn lying_clock(trial: &Trial) {
    let end = 2_051_222_400;
    for (name, offset) in [("UTC+3", 10_800), ("", 10_800), ("Europe/Nowhere", -18_000), ("Africa/Lagos", 20_700)] {
        let time_zone = TimeZone { name: name.to_owned(), offset };
        let config = PanelConfig { time_zone, ..panel_config() };
        let panel = Panel::start(config, Catalogue::new(&some_hundred(83))).unwrap();
        let mut account = Account::new(USERNAME, PASSWORD);
        // The end is in the panel's own time, by its true offset and not by the name of its zone.
        let local = chrono::DateTime::from_timestamp(end + offset, 0).unwrap();
        account.expires = JsonForm::text(local.format("%Y-%m-%d %H:%M:%S").to_string());
        panel.set_accounts(vec![account]);
        let home = trial.new_home(panel);
        home.sync(&[]).exits(0);
        let status: Value = serde_json::from_str(&home.run(&["status", "--json"]).exits(0).stdout).unwrap();
        assert_eq!(status["account"]["expires_at"], end, "{name}");
        let watermark = home.cache().number("SELECT last_sync_movies FROM xtream_content_sync");
        assert!((watermark - home.panel.panel_time()).abs() < 120, "{name}: it is UTC");
    }
    // The panel has no clock. The date of the answers counts, and without it the local clock.
    let gone = ["timestamp_now", "time_now", "timezone"].map(|key| (key.to_owned(), None)).to_vec();
    for date_header in [true, false] {
        let config = PanelConfig { server_info: gone.clone(), date_header, ..panel_config() };
        let home = trial.new_home(Panel::start(config, Catalogue::new(&some_hundred(84))).unwrap());
        home.sync(&[]).exits(0);
        home.assert_true();
        home.panel.on(Action::VodStreams, Behaviour::Edited(BodyEdit::new(<[u8]>::to_vec)));
        assert_eq!(home.sync(&[]).exits(0).report().outcome(Kind::Movies), "unchanged");
    }
}

fn common_names(trial: &Trial) {
    for username in ["ann", "one", "the", "test"] {
        let config = PanelConfig { accounts: vec![Account::new(username, PASSWORD)], ..panel_config() };
        let scene = Scene::without_profile(Panel::start(config, Catalogue::new(&some_hundred(14))).unwrap());
        let url = scene.panel.base_url();
        let mut add = command(&scene.database, &["profile", "add", HOME, "--url", &url, "--username", username]);
        add.env("XTREAM_SYNC_PASSWORD", PASSWORD);
        Running::start(add).end().exits(0);
        let home = Home::new(trial, scene);
        home.sync(&[]).exits(0);
        let no_ids = br#"[{"num":1,"name":"A","stream_id":"abc","category_id":"1"}]"#;
        let run = home.fails(Kind::Channels, Behaviour::Body(no_ids.to_vec()), "wrong_items", &[]);
        assert!(run.stderr.contains("none of 1 elements is one of channels"), "{}", run.stderr);
        let echo = format!("<html><title>no {username} with {PASSWORD}</title></html>");
        let run = home.fails(Kind::Channels, Behaviour::Body(echo.into_bytes()), "html_page", &[]);
        assert!(run.stderr.contains("a web page came in place of a list: no *** with ***"), "{}", run.stderr);
        home.recovers();
    }
}
