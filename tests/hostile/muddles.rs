//! Lists of another kind than was asked for, ids and values in other forms, and other charsets.

use sync_tests::{Action, Behaviour, BodyEdit, Catalogue, CatalogueConfig, JsonForm, Kind, Panel, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("u", "list of another kind", "movies for channels, channels for movies, by stream_type", another_kind),
    case("v", "id under another key", "vod_id, movie_id, channel_id, id in place of the usual one", other_keys),
    case("w", "unknown action", "{\"error\":…}, 400, 404 and 410 for one list, each run", unknown_action),
    case(
        "x",
        "several categories in one",
        "category_id as [1,2], \"[1,2]\", \"1,2\", {\"0\":1,\"1\":2}",
        several_categories,
    ),
    case("y", "declared charset", "ISO-8859-1, windows-1256, and another one for the same bytes", charsets),
    case("z", "category dropped", "a category is gone from the list of categories, with its items", category_dropped),
    case("za", "end in words", "exp_date 31.12.2027, 12/31/2027, 12/11/2027", ends_in_words),
];

/// Returns the body of a list of this kind with these ids.
fn listing(kind: Kind, ids: &[i64], stream_type: &str) -> Vec<u8> {
    let element =
        |id: &i64| format!(r#"{{"name":"Film {id}","{}":{id},"stream_type":"{stream_type}"}}"#, kind.id_key());
    format!("[{}]", ids.iter().map(element).collect::<Vec<_>>().join(",")).into_bytes()
}

fn another_kind(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for (kind, of, word) in [
        (Kind::Channels, Kind::Channels, "movie"),
        (Kind::Movies, Kind::Movies, "live"),
        (Kind::Movies, Kind::Series, "series"),
        (Kind::Series, Kind::Movies, "movie"),
        (Kind::Series, Kind::Series, "radio_streams"),
    ] {
        // The ids are those of the requested kind, so only the type of the items shows that the list is wrong.
        let body = listing(of, &home.ids(kind), word);
        let run = home.fails(kind, Behaviour::Body(body), "wrong_items", &[]);
        assert!(!run.stderr.contains("Film"), "no value is told: {}", run.stderr);
        home.panel.behave();
    }
    home.recovers();
    // An unknown type doesn't count against the list.
    home.panel.catalogue(|catalogue| catalogue.edit_all(Kind::Movies, "stream_type", |_| Some(JsonForm::text("4k"))));
    home.recovers();
}

/// Returns a behaviour that replaces one key by another in the right body.
fn renamed(from: &'static str, to: &'static str) -> Behaviour {
    Behaviour::Edited(BodyEdit::new(move |body| {
        String::from_utf8_lossy(body).replace(&format!("\"{from}\""), &format!("\"{to}\"")).into_bytes()
    }))
}

fn other_keys(trial: &Trial) {
    for (kind, key) in
        [(Kind::Channels, "channel_id"), (Kind::Movies, "vod_id"), (Kind::Movies, "movie_id"), (Kind::Series, "id")]
    {
        let home = trial.new_home(Panel::start(panel_config(), Catalogue::new(&some_hundred(25))).unwrap());
        home.panel.on(Action::listing(kind), renamed(kind.id_key(), key));
        home.sync(&[]).exits(0);
        home.assert_true();
        assert_eq!(home.sync(&[]).exits(0).report().outcomes(), ["unchanged"; 3]);
        let expected = home.advance(&Step::ordinary());
        let report = home.sync(&[]).exits(0).report();
        assert_eq!(report.counts(kind), home.counts(&expected, kind), "{key}");
        home.assert_true();
        // The panel uses the usual key again, and the ids are the same.
        home.panel.behave();
        assert_eq!(home.sync(&[]).exits(0).report().outcomes(), ["unchanged"; 3]);
        // An error about an unknown key names the key.
        home.remember();
        let run = home.fails(kind, renamed(kind.id_key(), "code"), "wrong_items", &[]);
        assert!(run.stderr.contains("`code`") && run.stderr.contains(kind.id_key()), "{}", run.stderr);
        home.keeps(&[kind]);
    }
}

fn unknown_action(trial: &Trial) {
    let denials = [
        (Behaviour::Body(br#"{"error":"Unknown action"}"#.to_vec()), "error_object"),
        (Behaviour::status(404), "http_status"),
        (Behaviour::status(400), "http_status"),
        (Behaviour::status(410), "http_status"),
        (Behaviour::AccountInstead, "account_object"),
    ];
    for (denial, code) in denials {
        // There are rows. After two failed runs in a row the kind is no longer asked for, not even by a full run.
        let home = trial.home();
        home.fails(Kind::Series, denial.clone(), code, &[]);
        let run = home.fails(Kind::Series, denial.clone(), code, &[]);
        assert!(run.stderr.contains("offer") || code == "error_object", "{}", run.stderr);
        home.panel.forget_requests();
        for more in [&[][..], &["--full"]] {
            assert_eq!(home.sync(more).exits(0).report().outcome(Kind::Series), "skipped", "{code}");
        }
        assert_eq!(home.panel.request_count(Action::Series), 0, "{code}");
        home.keeps(&[Kind::Series]);
        assert_eq!(home.sync(&["--only", "series"]).report().error_code(Kind::Series), Some(code));
        home.panel.behave();
        home.sync(&["--only", "series"]).exits(0);
        home.assert_true();
    }
    // A panel that denies every kind is out of order. Runs learn nothing from this.
    let home = trial.home();
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::status(404));
    }
    for _ in 0..3 {
        home.fails_all(6, "http_status", &[]);
    }
    home.recovers();
}

fn several_categories(trial: &Trial) {
    let home = trial.home();
    let ids = home.ids(Kind::Movies);
    let one_two = || [JsonForm::text("1"), JsonForm::Integer(2)];
    let forms = [
        JsonForm::array(one_two()),
        JsonForm::text("[1,2]"),
        JsonForm::text("1,2"),
        JsonForm::array([JsonForm::array(one_two())]),
        JsonForm::object([("0", JsonForm::Integer(1)), ("1", JsonForm::Integer(2))]),
    ];
    home.panel.catalogue(|catalogue| {
        for (id, form) in ids.iter().zip(forms.clone()) {
            catalogue.edit(Kind::Movies, *id, "category_id", form);
            catalogue.edit(Kind::Movies, *id, "category_ids", JsonForm::array([]));
        }
    });
    for more in [&[][..], &["--full"]] {
        home.sync(more).exits(0);
        let rows = home.cache().rows(HOME, Kind::Movies);
        for (id, form) in ids.iter().zip(&forms) {
            let told = |column: &str| format!("{:?}", rows[id][column]);
            assert!(told("category_ids").contains(r#"[\"1\",\"2\"]"#), "{form:?}: {}", told("category_ids"));
            assert!(told("category_id").contains(r#""1""#), "{form:?}: {}", told("category_id"));
        }
    }
}

/// Returns a behaviour that gives the first item this name, and declares this content type.
fn named(name: &'static [u8], declared: &str) -> Behaviour {
    let edit = BodyEdit::new(move |body| {
        let at = body.windows(8).position(|bytes| bytes == b"\"name\":\"").unwrap() + 8;
        let end = at + body[at..].iter().position(|byte| *byte == b'"').unwrap();
        [&body[..at], name, &body[end..]].concat()
    });
    let head = Behaviour::with_header("Content-Type", declared);
    Behaviour::Together(vec![Behaviour::Edited(edit), head])
}

fn charsets(trial: &Trial) {
    let home = trial.home();
    for (bytes, declared, name) in [
        (&b"MDR Th\xfcringen"[..], "application/json; charset=ISO-8859-1", "MDR Thüringen"),
        (b"MDR Th\xfcringen", "application/json", "MDR Thüringen"),
        (b"\xc7\xe1\xcc\xd2\xed\xd1\xc9 7712", "application/json; charset=windows-1256", "الجزيرة 7712"),
        // The same bytes with another declaration.
        (b"\xc7\xe1\xcc\xd2\xed\xd1\xc9 7712", "text/html; charset=\"koi8-r\"", "гАлрМяи 7712"),
        ("Thüringen".as_bytes(), "application/json; charset=windows-1256", "Thüringen"),
    ] {
        for kind in Kind::ALL {
            home.panel.on(Action::listing(kind), named(bytes, declared));
        }
        home.sync(&[]).exits(0);
        for kind in Kind::ALL {
            let rows = home.cache().rows(HOME, kind);
            let found = rows.values().filter(|row| format!("{:?}", row["name"]).contains(name)).count();
            assert_eq!(found, 1, "{kind}: {name}");
        }
        assert_eq!(home.sync(&[]).exits(0).report().outcomes(), ["unchanged"; 3], "{declared}");
    }
}

/// Gives each movie a single category, and returns the first category, which gets sixty movies.
fn sorted(home: &Home<'_>) -> String {
    home.panel.catalogue(|catalogue| {
        let categories: Vec<_> = catalogue.categories(Kind::Movies).iter().map(|one| one.id.clone()).collect();
        let mut at = 0..;
        catalogue.edit_all(Kind::Movies, "category_ids", |_| Some(JsonForm::Null));
        catalogue.edit_all(Kind::Movies, "category_id", |_| match at.next()? {
            340.. => Some(categories[0].clone()),
            at => Some(categories[1 + at % (categories.len() - 1)].clone()),
        });
        match &categories[0] {
            JsonForm::Text(id) | JsonForm::Number(id) => id.to_string(),
            JsonForm::Integer(id) => id.to_string(),
            other => panic!("no id: {other:?}"),
        }
    })
}

fn category_dropped(trial: &Trial) {
    let config = CatalogueConfig { seed: 5, channels: 30, movies: 400, series: 30, items_per_category: 40 };
    let home = trial.home_of(&config);
    let category = sorted(&home);
    home.sync(&[]).exits(0);
    home.remember();
    let gone: Vec<i64> = home.panel.catalogue(|catalogue| {
        let items = catalogue.items(Kind::Movies).to_vec();
        catalogue.remove_all(Kind::Movies);
        catalogue.append(Kind::Movies, items[..340].to_vec());
        items[340..].iter().filter_map(sync_tests::Item::id).collect()
    });
    // An empty list of categories doesn't prove that a category was dropped.
    home.panel.on(Action::VodCategories, Behaviour::Empty);
    home.holds(Kind::Movies, "category_lost", 60, &[]);
    home.panel.behave();
    home.holds(Kind::Movies, "category_lost", 60, &[]);
    // Now the panel drops the category itself. This shows that the removals are intended.
    home.panel.catalogue(|catalogue| catalogue.remove_category(Kind::Movies, &category));
    home.may_go(Kind::Movies, gone);
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.held, counts.removed), (0, 60));
    home.assert_true();
}

fn ends_in_words(trial: &Trial) {
    let home = trial.home();
    let mut account = sync_tests::Account::new(crate::program::USERNAME, crate::program::PASSWORD);
    for (end, shown, seconds) in [
        // A date without a zone is in the panel's own time, an hour ahead of UTC.
        ("31.12.2027", "ends 2027-12-30 23:00 UTC", Some(1_830_207_600)),
        ("12/31/2027", "ends 2027-12-30 23:00 UTC", Some(1_830_207_600)),
        ("12/11/2027", "end not readable: `12/11/2027`", None),
        ("Unbegrenzt", "end not readable: `Unbegrenzt`", None),
        ("", "no end", None),
    ] {
        account.expires = JsonForm::text(end);
        home.panel.set_accounts(vec![account.clone()]);
        home.sync(&[]).exits(0);
        let status = home.run(&["status"]).exits(0).stdout;
        assert!(status.contains(shown), "{end}: {status}");
        let told: serde_json::Value = serde_json::from_str(&home.run(&["status", "--json"]).exits(0).stdout).unwrap();
        assert_eq!(told["account"]["expires_at"].as_i64(), seconds, "{end}");
        let unread = (shown.contains("not readable")).then_some(end);
        assert_eq!(told["account"]["unread_end"].as_str(), unread, "{end}");
    }
    home.keeps_all();
}
