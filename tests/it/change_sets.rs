//! Change sets from end to end: one cache asks the panel, and others follow it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sync_core::{ContentKind, FieldClass};
use sync_tests::{Kind, Place, Step};

use crate::cache::Cache;
use crate::program::{PASSWORD, Run, Running, USERNAME, command};
use crate::scene::{HOME, Scene};

const APPLIED: [&str; 9] = ["profile", "status", "reason", "from", "to", "kinds", "run", "skipped", "off"];
const COUNTS: [&str; 7] = ["added", "updated", "refreshed", "removed", "unchanged", "held", "skipped"];

/// Returns a step with every sort of change, and with new items at this place.
fn eventful(place: Place) -> Step {
    let (added_percent, updated_percent) = (4.0, 8.0);
    Step { added_percent, updated_percent, refreshed_percent: 5.0, removed_percent: 3.0, place, ..Step::default() }
}

fn on(database: &Path, args: &[&str]) -> Run {
    Running::start(command(database, args)).end()
}

/// Exports into a file. Returns the path of the file, and the position at which the next set begins.
#[track_caller]
fn export(database: &Path, file: PathBuf, more: &[&str]) -> (PathBuf, String) {
    let args = [&["changes", "export", "--force", "-o", file.to_str().unwrap()], more].concat();
    let run = on(database, &args).exits(0);
    let (_, next) = run.stderr.rsplit_once("--since ").expect("it says where the next one begins");
    (file, next.trim().to_owned())
}

/// Applies a file. Returns the object that is printed.
#[track_caller]
fn apply(database: &Path, file: &Path, code: i32) -> Value {
    let run = on(database, &["changes", "apply", file.to_str().unwrap(), "--profile", HOME, "--json"]).exits(code);
    let line: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert_eq!(line.as_object().unwrap().keys().collect::<Vec<_>>(), {
        let mut sorted = APPLIED;
        sorted.sort_unstable();
        sorted
    });
    for counts in line["kinds"].as_object().unwrap().values() {
        assert!(COUNTS.iter().all(|name| counts[*name].is_u64()), "{line}");
    }
    line
}

/// Returns the content of a kind: every significant column of its rows, its categories, and the order of the listing.
fn content(database: &Path, kind: ContentKind) -> Vec<String> {
    let mut cache = Cache::open(database);
    let columns = kind.of_class(FieldClass::Significant).names(kind.fields());
    let columns: Vec<_> = columns.map(|name| format!("quote(\"{name}\")")).collect();
    let id = kind.id_column();
    // `lines` selects from the query, so the order is inside a subquery.
    let ordered = |line: &str, table: &str, order: &str| {
        format!("SELECT line FROM (SELECT {line} AS line FROM {table} WHERE profile_id='{HOME}' ORDER BY {order})")
    };
    let row = format!("{id}||' '||{}", columns.join("||','||"));
    let mut all = cache.lines(&ordered(&row, &format!("xtream_{kind}"), id));
    let categories = match kind {
        ContentKind::Channels => "xtream_channel_categories",
        ContentKind::Movies => "xtream_movie_categories",
        ContentKind::Series => "xtream_series_categories",
    };
    let category = "category_id||' '||category_name||' '||coalesce(parent_id,'-')";
    all.extend(cache.lines(&ordered(category, categories, "position")));
    let order =
        format!("SELECT ids FROM xtream_listing_index WHERE profile_id='{HOME}' AND kind='{kind}' AND scope=''");
    all.extend(cache.lines(&order));
    all
}

#[track_caller]
fn assert_same(one: &Path, other: &Path) {
    for kind in ContentKind::ALL {
        let (expected, found) = (content(one, kind), content(other, kind));
        assert!(expected.len() > 2, "{kind} are there");
        let differing = expected.iter().zip(&found).find(|(expected, found)| expected != found);
        assert_eq!((found.len(), differing), (expected.len(), None), "{kind}");
    }
    on(other, &["check"]).exits(0);
}

#[test]
fn three_caches_in_a_chain_have_the_same_content() {
    let scene = Scene::synced(2201);
    let at = |name: &str| scene.folder().join(name);
    let (second, third) = (at("second.db"), at("third.db"));
    let (whole, mut next) = export(&scene.database, at("whole"), &[]);
    let applied = apply(&second, &whole, 0);
    assert_eq!(
        (&applied["status"], &applied["from"], &applied["reason"]),
        (&json!("applied"), &json!(null), &json!(null))
    );
    let (passed_on, mut next_of_second) = export(&second, at("passed-on"), &[]);
    apply(&third, &passed_on, 0);
    assert_same(&scene.database, &second);
    assert_same(&scene.database, &third);
    for (round, place) in [Place::Top, Place::Bottom, Place::Top, Place::Bottom].into_iter().enumerate() {
        scene.panel.advance(&eventful(place));
        if round == 1 {
            scene.panel.catalogue(|catalogue| catalogue.shuffle(Kind::Series, 5));
        }
        scene.sync(&[]).exits(0);
        if round == 2 {
            // A follower has edits of its own.
            let id = scene.ids(Kind::Movies)[200].to_string();
            on(&third, &["edit", "movies", &id, "name=Mine", "favourite=yes"]).exits(0);
            scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id.parse().unwrap(), "name", "Theirs"));
            scene.sync(&[]).exits(0);
        }
        let (set, later) = export(&scene.database, at(&format!("set{round}")), &["--since", &next]);
        next = later;
        let size = fs::metadata(&set).unwrap().len();
        assert!(size < fs::metadata(&whole).unwrap().len() / 2, "an increment is small: {size}");
        assert_eq!(apply(&second, &set, 0)["status"], "applied");
        let (set, later) = export(&second, at(&format!("second{round}")), &["--since", &next_of_second]);
        next_of_second = later;
        assert_eq!(apply(&third, &set, 0)["status"], "applied");
        assert_same(&scene.database, &second);
        assert_same(&scene.database, &third);
        assert_eq!(apply(&third, &set, 0)["status"], "already");
    }
    let mine = on(&third, &["list", "movies", "--favourite", "--json"]).exits(0);
    assert!(mine.stdout.contains("\"Mine\""), "{}", mine.stdout);
    let conflicts = on(&third, &["conflicts", "--json"]).exits(0);
    assert!(conflicts.stdout.contains("\"Theirs\""), "{}", conflicts.stdout);
    let history = on(&third, &["history", "--json", "--limit", "1"]).exits(0);
    assert!(history.stdout.contains(r#""trigger":"change_set""#), "{}", history.stdout);
    let changes = |database: &Path| on(database, &["changes", "--since", "run:1", "--collapse", "--json"]).exits(0);
    assert_eq!(changes(&second).stdout.lines().count(), changes(&scene.database).stdout.lines().count());
}

/// A changed byte, a missing byte, a set of another panel, and a set that begins at another state are each refused with
/// their reason.
#[test]
fn a_set_that_does_not_fit_is_refused_with_its_reason() {
    let scene = Scene::synced(2202);
    let at = |name: &str| scene.folder().join(name);
    let follower = at("follower.db");
    let (whole, next) = export(&scene.database, at("whole"), &[]);
    apply(&follower, &whole, 0);
    scene.panel.advance(&eventful(Place::Top));
    scene.sync(&[]).exits(0);
    let (set, later) = export(&scene.database, at("set"), &["--since", &next]);
    scene.panel.advance(&eventful(Place::Top));
    scene.sync(&[]).exits(0);
    let (third, _) = export(&scene.database, at("third"), &["--since", &later]);
    let standing = || {
        let mut cache = Cache::open(&follower);
        let rows = Kind::ALL.map(|kind| cache.raw_rows(HOME, kind));
        (rows, cache.count("xtream_changes"), cache.count("xtream_sync_runs"), cache.count("xtream_profiles"))
    };
    let before = standing();
    let reason = |file: &Path| {
        let refused = apply(&follower, file, 12);
        assert_eq!(refused["status"], "refused");
        refused["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(&third), "from", "a set is missing between");
    let bytes = fs::read(&set).unwrap();
    let damaged = at("damaged");
    for (what, bytes) in [
        ("cut", bytes[..bytes.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("text", b"#EXTM3U\n".to_vec()),
        ("longer", [&bytes[..], b"x"].concat()),
        ("flipped", {
            let mut bytes = bytes.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            bytes
        }),
    ] {
        fs::write(&damaged, bytes).unwrap();
        assert_eq!(reason(&damaged), "damaged", "{what}");
    }
    let other = Scene::synced(2203);
    let (foreign, _) = export(&other.database, at("foreign"), &[]);
    assert_eq!(reason(&foreign), "panel");
    let told = on(&follower, &["changes", "apply", third.to_str().unwrap()]).exits(12);
    assert!(told.stderr.contains("changes export") && told.stderr.contains("nothing was changed"), "{}", told.stderr);
    // The refused set has not created the profile.
    let run = on(&follower, &["changes", "apply", set.to_str().unwrap(), "--profile", "new"]).exits(12);
    assert!(run.stderr.contains("another state"), "{}", run.stderr);
    assert!(!on(&follower, &["profile", "list"]).exits(0).stdout.contains("new"));
    assert!(standing() == before, "nothing was written");
    for file in [&set, &third] {
        assert_eq!(apply(&follower, file, 0)["status"], "applied");
    }
    assert_same(&scene.database, &follower);
    on(&follower, &["changes", "apply", "no such file"]).exits(2);
    on(&at("none.db"), &["changes", "apply", set.to_str().unwrap()]).exits(2);
    on(&scene.database, &["changes", "export", "-o", set.to_str().unwrap()]).exits(2);
    on(&scene.database, &["changes", "export", "--since", "1:1", "-o", "x"]).exits(12);
    on(&scene.database, &["changes", "export", "--since", "999999", "-o", "x"]).exits(12);
    on(&scene.database, &["changes", "export", "--since", "run:77", "-o", "x"]).exits(2);
}

/// A set doesn't contain the login. Each cache puts its own login in the place.
#[test]
fn a_set_has_no_login() {
    let scene = Scene::synced(2204);
    let id = scene.ids(Kind::Movies)[7];
    let address = format!("http://panel.example/movie/{USERNAME}/{PASSWORD}/{id}.mp4");
    scene.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, id, "youtube_trailer", address.as_str());
        catalogue.edit(Kind::Movies, id, "direct_source", address.as_str());
    });
    scene.sync(&[]).exits(0);
    let at = |name: &str| scene.folder().join(name);
    let follower = at("follower.db");
    let (whole, next) = export(&scene.database, at("whole"), &[]);
    let bytes = zstd_body(&whole);
    assert!(!bytes.contains(PASSWORD) && bytes.contains("{password}"), "the login is a placeholder");
    apply(&follower, &whole, 0);
    let trailer = |database: &Path| {
        Cache::open(database)
            .lines(&format!("SELECT youtube_trailer FROM xtream_movies WHERE stream_id={id}"))
            .remove(0)
    };
    assert_eq!(trailer(&follower), format!("http://panel.example/movie/{{username}}/{{password}}/{id}.mp4"));
    on(&follower, &["check"]).exits(0);
    // The second follower has a login of its own.
    let other = at("other.db");
    let mut add = command(&other, &["profile", "add", HOME, "--url", "http://127.0.0.1:9/", "--username", "bob"]);
    add.env("XTREAM_SYNC_PASSWORD", PASSWORD);
    Running::start(add).end().exits(0);
    apply(&other, &whole, 0);
    let encoded = percent_encoding::utf8_percent_encode(PASSWORD, percent_encoding::NON_ALPHANUMERIC);
    let own = format!("http://panel.example/movie/bob/{encoded}/{id}.mp4");
    assert_eq!(trailer(&other), own);
    on(&other, &["check"]).exits(0);
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "plot", "Another plot."));
    scene.sync(&[]).exits(0);
    let (set, _) = export(&scene.database, at("set"), &["--since", &next]);
    for database in [&follower, &other] {
        assert_eq!(apply(database, &set, 0)["status"], "applied");
        on(database, &["check"]).exits(0);
    }
    assert_eq!(trailer(&other), own);
}

/// Returns the text of a set: the decompressed payloads of its frames.
fn zstd_body(file: &Path) -> String {
    let bytes = fs::read(file).unwrap();
    let (mut at, mut body) = (10, Vec::new());
    loop {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if length == 0 {
            break;
        }
        body.extend_from_slice(&bytes[at + 12..at + 12 + length]);
        at += 12 + length;
    }
    String::from_utf8(zstd::decode_all(&body[..]).unwrap()).unwrap()
}

/// A follower without a login is filled by sets only. It doesn't make a sync of all profiles fail.
#[test]
fn a_follower_without_a_login_is_not_synced() {
    let scene = Scene::synced(2205);
    let (whole, _) = export(&scene.database, scene.folder().join("whole"), &[]);
    on(&scene.database, &["changes", "apply", whole.to_str().unwrap(), "--profile", "copy"]).exits(0);
    let synced = scene.sync(&[]).exits(0);
    assert_eq!(synced.stdout.lines().count(), 1, "{}", synced.stdout);
    let status = on(&scene.database, &["status", "copy", "--json"]).exits(0);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["schedule"]["movies"]["next"], json!(null), "{status}");
    scene.sync(&["copy"]).exits(2);
    // The same works from a pipe, and from a copy of the cache.
    let backup = scene.folder().join("backup.db");
    scene.run(&["backup", backup.to_str().unwrap()]).exits(0);
    let id = scene.ids(Kind::Series)[0];
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "name", "Renamed"));
    let before = scene.cache().number("SELECT max(sequence) FROM xtream_changes WHERE profile_id='home'");
    scene.sync(&[]).exits(0);
    let set = scene.folder().join("set");
    let mut export =
        command(&scene.database, &["changes", "export", "--profile", HOME, "--since", &before.to_string()]);
    export.stdout(fs::File::create(&set).unwrap());
    assert!(export.status().unwrap().success());
    let mut apply = command(&backup, &["changes", "apply", "-", "--profile", HOME]);
    apply.stdin(fs::File::open(&set).unwrap());
    let applied = Running::start(apply).end().exits(0);
    assert!(applied.stdout.contains("1 updated"), "{}", applied.stdout);
    on(&backup, &["check"]).exits(0);
    let report =
        Running::start(command(&backup, &["sync", HOME, "--json", "--backoff", "0.01"])).end().exits(0).report();
    assert_eq!(report.counts(Kind::Series).updated, 0, "the sync finds the cache as the panel lists it");
}

/// Categories and the order are in a set even if no row has changed.
#[test]
fn renamed_categories_and_another_order_are_a_set_without_rows() {
    let scene = Scene::synced(2206);
    let at = |name: &str| scene.folder().join(name);
    let follower = at("follower.db");
    let (whole, next) = export(&scene.database, at("whole"), &[]);
    apply(&follower, &whole, 0);
    scene.panel.set_panel_time(scene.panel.panel_time() + 3600);
    scene.panel.catalogue(|catalogue| {
        let first = catalogue.categories_truth(Kind::Movies)[0].0.clone();
        catalogue.rename_category(Kind::Movies, &first, "Renamed");
        catalogue.shuffle(Kind::Channels, 7);
    });
    scene.sync(&[]).exits(0);
    let (set, _) = export(&scene.database, at("set"), &["--since", &next]);
    assert_eq!(apply(&follower, &set, 0)["status"], "applied");
    assert_same(&scene.database, &follower);
    assert_eq!(apply(&follower, &set, 0)["status"], "already");
}
