//! Cases 44 to 53, 64, 89 and V: differences that are no changes, and changes that the panel doesn't announce.

use sync_tests::{Action, Behaviour, Catalogue, EPOCH, Item, JsonForm, Kind, Panel, Truth, disagreements};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("44", "num shift", "one item inserted at position 1", one_more_at_the_top),
    case("45", "icon host roulette", "images from another host with every answer", other_hosts),
    case("46", "token churn", "direct_source with another token each time", other_tokens),
    case("47", "year suffix toggle", "every name gains (2024)", suffixes),
    case("48", "edit without timestamp", "name and container change, added does not", undated),
    case("49", "last_modified backwards", "a series is dated lower than before", backwards),
    case("50", "last_modified bumped for all", "every series a day later", bumped),
    case("51", "last_modified forms", "null, \"\", \"0\", ms, future, a date and a time", forms_of_time),
    case("52", "added in future or ms", "2035, 1700000000000", from_the_future),
    case("53", "fields vanish", "the long form, then the short one", vanished),
    case("64", "no container_extension", "null, \"\", missing", no_container),
    case("89", "sub-list of radio", "radio_streams and created_live within live", radio),
    case("V", "stamps of the answer", "last_modified and added are now, in every item", stamps),
];

/// Syncs, and returns the counts of a kind: added, updated, refreshed, removed, held.
#[track_caller]
fn counted(home: &Home<'_>, kind: Kind) -> [u64; 5] {
    let counts = home.sync(&[]).exits(0).report().counts(kind);
    [counts.added, counts.updated, counts.refreshed, counts.removed, counts.held]
}

fn one_more_at_the_top(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        let item = Item::new(kind, 900_000_001, "First of all").with("category_id", "1");
        home.panel.catalogue(|catalogue| catalogue.insert_at_top(kind, item));
        let [added, updated, refreshed, removed, held] = counted(&home, kind);
        assert_eq!((added, updated, removed, held), (1, 0, 0, 0), "{kind}");
        // The number of a channel is a display field. Movies and series have no number.
        assert_eq!(refreshed, if kind == Kind::Channels { 150 } else { 0 }, "{kind}");
    }
    home.assert_true();
}

fn other_hosts(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::image_roulette());
    }
    for run in 1..=4 {
        let report = home.sync(&[]).exits(0).report();
        for kind in Kind::ALL {
            let counts = report.counts(kind);
            assert_eq!((counts.added, counts.updated, counts.removed), (0, 0, 0), "{kind}, run {run}");
            if run > 2 {
                assert_eq!(counts.refreshed, 0, "{kind}, run {run}: it is known to be a game of chance");
            }
        }
        if run == 2 {
            home.remember();
        }
    }
    home.keeps_all();
    // A really different image is still a difference.
    let id = home.ids(Kind::Movies)[5];
    let image = "https://image.example.org/another/one.jpg";
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "stream_icon", image));
    assert_eq!(counted(&home, Kind::Movies), [0, 0, 1, 0, 0]);
    let (truth, cached) =
        (home.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies)), home.cache().rows(HOME, Kind::Movies));
    let wrong = disagreements(Kind::Movies, &truth, &cached);
    assert!(wrong.iter().all(|line| line.contains("stream_icon")), "{:?}", &wrong[..wrong.len().min(3)]);
}

fn other_tokens(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::token_churn());
    }
    for more in [&[][..], &[], &["--full"]] {
        let run = home.sync(more).exits(0);
        assert_eq!(run.report().outcomes(), ["unchanged"; 3]);
        assert!(!run.stderr.contains("T0KEN") && !run.stdout.contains("T0KEN"), "a token is shown");
        home.keeps_all();
    }
}

fn stamps(trial: &Trial) {
    let home = trial.home();
    for run in 1..=5 {
        home.panel.catalogue(|catalogue| {
            let now = move |_: &Item| Some(JsonForm::text((EPOCH + 1_000_000 + run).to_string()));
            catalogue.edit_all(Kind::Series, "last_modified", now);
            catalogue.edit_all(Kind::Movies, "added", now);
        });
        let report = home.sync(&[]).exits(0).report();
        let rewritten = Kind::ALL.map(|kind| report.counts(kind).refreshed);
        // After two lists it is known that the panel changes the field by itself.
        assert_eq!(rewritten, if run > 2 { [0; 3] } else { [0, 400, 120] }, "run {run}");
    }
    let status = home.run(&["status"]).exits(0).stdout;
    assert!(status.contains("series: not compared") && status.contains("movies: not compared"), "{status}");
    // All other fields of the rows are right.
    for (kind, field) in [(Kind::Movies, ": added is"), (Kind::Series, ": last_modified is")] {
        let (truth, cached) = (home.panel.catalogue(|catalogue| catalogue.truth(kind)), home.cache().rows(HOME, kind));
        let wrong = disagreements(kind, &truth, &cached);
        assert!(wrong.iter().all(|line| line.contains(field)), "{:?}", &wrong[..wrong.len().min(3)]);
    }
}

fn suffixes(trial: &Trial) {
    let home = trial.home();
    let rename = |suffixed: bool| {
        home.panel.catalogue(|catalogue| {
            catalogue.edit_all(Kind::Movies, "name", |item| {
                let Some(JsonForm::Text(now)) = item.get("name").map(JsonForm::meaning) else { return None };
                let name = if suffixed { format!("{now} (2024)") } else { now.replace(" (2024)", "") };
                Some(JsonForm::text(name))
            })
        });
    };
    rename(true);
    assert_eq!(counted(&home, Kind::Movies), [0, 400, 0, 0, 0]);
    home.assert_true();
    rename(false);
    let [added, updated, refreshed, removed, held] = counted(&home, Kind::Movies);
    assert_eq!((added, refreshed, removed, held), (0, 0, 0, 0));
    assert!(updated >= 395, "{updated}");
    home.assert_true();
}

fn undated(trial: &Trial) {
    let home = trial.home();
    let ids = home.ids(Kind::Movies);
    home.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, ids[3], "container_extension", "webm");
        catalogue.edit(Kind::Movies, ids[4], "name", "Renamed in silence");
    });
    assert_eq!(counted(&home, Kind::Movies), [0, 2, 0, 0, 0]);
    assert_eq!(home.cache().logged_fields(Kind::Movies, ids[3]), "container_extension");
    home.assert_true();
}

fn backwards(trial: &Trial) {
    let home = trial.home();
    let id = home.ids(Kind::Series)[6];
    for at in [EPOCH, EPOCH - 900_000_000] {
        home.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "last_modified", at.to_string()));
        assert_eq!(counted(&home, Kind::Series), [0, 0, 1, 0, 0]);
        home.assert_true();
    }
}

fn bumped(trial: &Trial) {
    let home = trial.home();
    let later = JsonForm::text((EPOCH + 86_400).to_string());
    home.panel.catalogue(|catalogue| catalogue.edit_all(Kind::Series, "last_modified", |_| Some(later.clone())));
    assert_eq!(counted(&home, Kind::Series), [0, 0, 120, 0, 0], "seen, and no update of any");
    home.assert_true();
    assert_eq!(counted(&home, Kind::Series), [0; 5]);
}

fn forms_of_time(trial: &Trial) {
    let home = trial.home();
    let forms = [
        JsonForm::Null,
        JsonForm::text(""),
        JsonForm::text("0"),
        JsonForm::Integer(0),
        JsonForm::text("1700000000000"),
        JsonForm::number("1700000000.0"),
        JsonForm::text("4102444800"),
        JsonForm::text("2026-02-02 15:08:55"),
        JsonForm::text("soon"),
        JsonForm::text("-5"),
    ];
    let ids = home.ids(Kind::Series);
    for (id, form) in ids.iter().zip(&forms) {
        home.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, *id, "last_modified", form.clone()));
    }
    let [added, updated, _, removed, held] = counted(&home, Kind::Series);
    assert_eq!((added, updated, removed, held), (0, 0, 0, 0));
    home.assert_true();
    assert_eq!(counted(&home, Kind::Series), [0; 5], "the same forms are no news");
    home.sync(&["--full"]).exits(0);
    home.assert_true();
}

fn from_the_future(trial: &Trial) {
    let home = trial.home();
    let ids = home.ids(Kind::Movies);
    home.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, ids[0], "added", "2051222400");
        catalogue.edit(Kind::Movies, ids[1], "added", JsonForm::Integer(1_700_000_000_000));
    });
    assert_eq!(counted(&home, Kind::Movies), [0, 0, 2, 0, 0]);
    home.assert_true();
    let watermark = home.cache().number("SELECT last_sync_movies FROM xtream_content_sync");
    assert!(watermark <= home.panel.panel_time(), "it is the panel's clock, not the youngest item");
    // A later edit is still found.
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, ids[2], "name", "After the future"));
    assert_eq!(counted(&home, Kind::Movies), [0, 1, 0, 0, 0]);
}

fn vanished(trial: &Trial) {
    let home = trial.home();
    let keys = ["plot", "cast", "director", "genre", "tmdb", "tmdb_id", "title", "year", "rating", "release_date"];
    for kind in [Kind::Movies, Kind::Series] {
        home.panel.catalogue(|catalogue| catalogue.drop_keys(kind, &keys));
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in [Kind::Movies, Kind::Series] {
        let counts = report.counts(kind);
        assert_eq!((counts.updated, counts.refreshed), (0, 0), "{kind}: what is not sent is not known to be gone");
    }
    home.keeps(&[Kind::Movies, Kind::Series]);
    home.sync(&["--full"]).exits(0);
    home.keeps_all();
    home.assert_true();
}

fn no_container(trial: &Trial) {
    let mut catalogue = Catalogue::new(&some_hundred(64));
    let ids: Vec<i64> = catalogue.ids(Kind::Movies)[..3].to_vec();
    catalogue.edit(Kind::Movies, ids[0], "container_extension", JsonForm::Null);
    catalogue.edit(Kind::Movies, ids[1], "container_extension", "");
    catalogue.drop_key(Kind::Movies, ids[2], "container_extension");
    catalogue.forget_earlier_versions();
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    home.sync(&[]).exits(0);
    home.assert_true();
    let rows = home.cache().rows(HOME, Kind::Movies);
    assert!(ids.iter().all(|id| rows[id]["container_extension"] == Truth::Null));
    // A known value stays if its key is absent, and is cleared if the key is sent without a value.
    let id = home.ids(Kind::Movies)[10];
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "container_extension", "mkv"));
    home.sync(&[]).exits(0);
    home.panel.catalogue(|catalogue| catalogue.drop_key(Kind::Movies, id, "container_extension"));
    home.sync(&[]).exits(0);
    assert_eq!(home.cache().rows(HOME, Kind::Movies)[&id]["container_extension"], Truth::Text("mkv".to_owned()));
    home.assert_true();
}

fn radio(trial: &Trial) {
    let home = trial.home();
    let types = ["radio_streams", "created_live", "live"];
    home.panel.catalogue(|catalogue| {
        let mut types = types.iter().cycle();
        catalogue.edit_all(Kind::Channels, "stream_type", |_| types.next().map(|one| JsonForm::text(*one)))
    });
    home.sync(&[]).exits(0);
    home.assert_true();
    for stream_type in types {
        let of_type = format!("SELECT COUNT(*) FROM xtream_channels WHERE stream_type='{stream_type}'");
        assert_eq!(home.cache().number(&of_type), 50, "{stream_type}");
    }
}
