//! `list` and `search`, and the rules for every command that reads the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::Value;
use sync_tests::{Kind, Step};

use crate::program::{Run, Running, command};
use crate::scene::{HOME, Scene, some_hundred, start_panel};

const FOUND: [&str; 11] = [
    "profile",
    "kind",
    "id",
    "name",
    "category",
    "category_name",
    "categories",
    "year",
    "rating",
    "favourite",
    "cursor",
];

/// Returns the lines of a run. Fails unless each has these members in this order.
#[track_caller]
pub(crate) fn lines(run: &Run, members: &[&str]) -> Vec<Value> {
    run.stdout.lines().map(|line| object(line, members)).collect()
}

#[track_caller]
pub(crate) fn object(line: &str, members: &[&str]) -> Value {
    let value: Value = serde_json::from_str(line).unwrap();
    let mut rest = line;
    for member in members {
        let name = format!("\"{member}\":");
        let at = rest.find(&name).unwrap_or_else(|| panic!("{member} is missing or not in its place: {line}"));
        rest = &rest[at + name.len()..];
    }
    assert_eq!(value.as_object().unwrap().len(), members.len(), "{line}");
    value
}

pub(crate) fn found(scene: &Scene, args: &[&str]) -> Vec<Value> {
    lines(&scene.run(&[args, &["--json"]].concat()).exits(0), &FOUND)
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// Returns the ids of a kind in the panel's order.
fn listed(scene: &Scene, kind: Kind) -> Vec<i64> {
    let sql = format!(
        "SELECT id FROM (SELECT e.value AS id FROM xtream_listing_index l, json_each(l.ids) e \
         WHERE l.profile_id='{HOME}' AND l.kind='{kind}' AND l.scope='' ORDER BY e.key)"
    );
    scene.cache().lines(&sql).iter().map(|id| id.parse().unwrap()).collect()
}

/// Returns one value of a movie's row.
fn column(scene: &Scene, id: i64, column: &str) -> String {
    let sql = format!("SELECT COALESCE({column}, '') FROM xtream_movies WHERE stream_id={id}");
    scene.cache().lines(&sql).concat()
}

#[test]
fn a_list_is_the_panels_with_the_members_of_the_contract() {
    let scene = Scene::synced(2801);
    for kind in Kind::ALL {
        let rows = found(&scene, &["list", kind.name()]);
        assert_eq!(ids(&rows), listed(&scene, kind), "{kind}");
        let categories = scene.cache().categories(HOME, kind);
        assert!(rows.iter().all(|row| row["kind"] == kind.name() && row["profile"] == HOME));
        assert!(rows.iter().all(|row| row["favourite"] == false && row["cursor"].is_string()));
        let named = rows.iter().filter(|row| row["category_name"].is_string()).count();
        assert!(named > 0 && !categories.is_empty());
    }
    let rows = found(&scene, &["list", "movies", "--limit", "3"]);
    assert_eq!(ids(&rows), listed(&scene, Kind::Movies)[..3]);
    for row in &rows {
        let id = row["id"].as_i64().unwrap();
        assert_eq!(row["name"], column(&scene, id, "name"));
        assert_eq!(row["rating"].as_f64(), column(&scene, id, "rating").parse().ok());
    }
    assert_eq!(found(&scene, &["list", "movies", "--limit", "0"]), [] as [Value; 0]);
    assert_eq!(found(&scene, &["list", "movies", "--hidden"]).len(), listed(&scene, Kind::Movies).len());
}

#[test]
fn pages_cover_every_row_once_in_every_order() {
    let scene = Scene::synced(2802);
    let all: BTreeSet<i64> = listed(&scene, Kind::Channels).into_iter().collect();
    for more in [
        &["--sort", "panel"][..],
        &["--sort", "name"],
        &["--sort", "added"],
        &["--sort", "year"],
        &["--sort", "rating", "--added-since", "36500d"],
    ] {
        let whole = ids(&found(&scene, &[&["list", "channels"], more].concat()));
        let mut paged = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut args = [&["list", "channels", "--limit", "40"], more].concat();
            args.extend(cursor.iter().flat_map(|cursor| ["--after", cursor.as_str()]));
            let page = found(&scene, &args);
            paged.extend(ids(&page));
            match page.last() {
                Some(last) => cursor = Some(last["cursor"].as_str().unwrap().to_owned()),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{more:?}");
        if !more.contains(&"--added-since") {
            assert_eq!(paged.into_iter().collect::<BTreeSet<_>>(), all, "{more:?}");
        }
    }
}

#[test]
fn filters_and_orders_are_those_of_the_rows() {
    let scene = Scene::synced(2803);
    let rows = found(&scene, &["list", "movies"]);
    let year = |row: &Value| row["year"].as_i64();
    let some_year = rows.iter().find_map(year).unwrap();
    let of_year = found(&scene, &["list", "movies", "--year", &some_year.to_string()]);
    assert!(!of_year.is_empty() && of_year.iter().all(|row| year(row) == Some(some_year)));
    assert_eq!(of_year.len(), rows.iter().filter(|row| year(row) == Some(some_year)).count());
    let range = format!("{}-{}", some_year - 5, some_year);
    assert!(found(&scene, &["list", "movies", "--year", &range]).len() >= of_year.len());
    let good = found(&scene, &["list", "movies", "--rating-min", "6.5", "--sort", "rating"]);
    let ratings: Vec<_> = good.iter().map(|row| row["rating"].as_f64().unwrap()).collect();
    assert!(!ratings.is_empty() && ratings.iter().all(|rating| *rating >= 6.5) && ratings.is_sorted_by(|a, b| a >= b));
    let (id, name) =
        rows.iter().find_map(|row| Some((row["category"].as_str()?, row["category_name"].as_str()?))).unwrap();
    let by_id = found(&scene, &["list", "movies", "--category", id]);
    assert!(by_id.iter().all(|row| row["categories"].as_array().unwrap().contains(&id.into())));
    assert_eq!(ids(&by_id), ids(&found(&scene, &["list", "movies", "--category", name])));
    assert_eq!(ids(&by_id), ids(&found(&scene, &["list", "movies", "--category", &name.to_uppercase()])));
    assert_eq!(found(&scene, &["list", "movies", "--held"]), [] as [Value; 0]);
    assert_eq!(found(&scene, &["list", "movies", "--added-since", "2999-01-01"]), [] as [Value; 0]);
}

#[test]
fn csv_has_the_rows_of_json() {
    let scene = Scene::synced(2804);
    let odd = "=1+1, \"quoted\"\nand a second line";
    let id = scene.ids(Kind::Movies)[2];
    scene.cache().execute(&format!("UPDATE xtream_movies SET name='{odd}' WHERE stream_id={id}"));
    let run = scene.run(&["list", "movies", "--csv"]).exits(0);
    assert!(run.stdout.starts_with(&format!("{}\r\n", FOUND.join(","))));
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let json = found(&scene, &["list", "movies"]);
    assert_eq!(rows.len(), json.len());
    for (row, json) in rows.iter().zip(&json) {
        assert_eq!(row["id"], json["id"].to_string());
        assert_eq!(row["name"], json["name"].as_str().unwrap());
        assert_eq!(row["cursor"], json["cursor"].as_str().unwrap());
        let categories: Vec<_> = json["categories"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(row["categories"], categories.join("|"));
        assert_eq!(row["year"].parse().ok(), json["year"].as_i64());
    }
    assert!(rows.iter().any(|row| row["name"] == odd), "a cell is what the panel sent");
    assert_eq!(scene.run(&["list", "movies", "--year", "1", "--csv"]).exits(0).stdout, "");
}

#[test]
fn a_search_finds_names_and_any_text_is_one() {
    let scene = Scene::synced(2805);
    let id = scene.ids(Kind::Movies)[7];
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", "Spider-Man: Zürich"));
    scene.sync(&[]).exits(0);
    for words in
        [&["spiderman"][..], &["spider", "man"], &["SPIDER-MAN", "zur"], &["\"spider man\"", "--kind", "movies"]]
    {
        assert_eq!(ids(&found(&scene, &[&["search"], words].concat()))[0], id, "{words:?}");
    }
    let without = found(&scene, &["search", "spider", "--", "-man"]);
    assert!(!ids(&without).contains(&id));
    assert_eq!(found(&scene, &["search", "spiderman", "--kind", "series"]), [] as [Value; 0]);
    // Options may be anywhere before `--`.
    let both = scene.run(&["search", "--limit", "1", "spider", "--json", "man", "--kind", "movies"]).exits(0);
    assert_eq!(ids(&lines(&both, &FOUND)), [id]);
    let long = "x".repeat(10_000);
    for text in [
        "",
        " ",
        "\"",
        "'",
        "*",
        "AND",
        "NEAR(",
        "%",
        "_",
        "c++",
        "24/7",
        "🎬",
        "\u{1}\u{7f}",
        "\\0",
        "-",
        ";--",
        &long,
    ] {
        scene.run(&["search", "--json", "--", text]).exits(0);
    }
    assert_eq!(scene.run(&["search", "--json", "\""]).exits(0).stdout, "");
    assert_eq!(found(&scene, &["search", "e"]).len().min(50), found(&scene, &["search", "e"]).len(), "fifty at most");
    scene.run(&["search"]).exits(2);
}

#[test]
fn wrong_requests_have_their_exit_code() {
    let scene = Scene::synced(2806);
    let cursor = found(&scene, &["list", "movies", "--limit", "1"])[0]["cursor"].as_str().unwrap().to_owned();
    found(&scene, &["list", "movies", "--after", &cursor]);
    for args in [
        &["list", "movies", "--sort", "name", "--after", &cursor][..],
        &["list", "series", "--after", &cursor],
        &["list", "movies", "--year", "1999", "--after", &cursor],
        &["search", "x", "--after", &cursor],
        &["list", "movies", "--after", "nonsense"],
        &["list", "movies", "--category", "no such one"],
        &["list", "movies", "--profile", "nobody"],
        &["list", "films"],
        &["list", "movies", "--json", "--csv"],
        &["show", "movies", "999999999"],
        &["show", "movies", "x"],
        &["show", "films", "1"],
        &["categories", "films"],
        &["export", "xml"],
        &["export", "json", "--force"],
    ] {
        let run = scene.run(args).exits(2);
        assert_eq!(run.stdout, "", "{args:?}");
    }
    let category = scene.run(&["list", "movies", "--category", "http://ann:x@panel/"]).exits(2);
    assert!(!category.stderr.contains("ann:x"), "{}", category.stderr);
    scene.add("second", &scene.panel.base_url(), &[]).exits(0);
    for args in [
        &["list", "movies"][..],
        &["search", "x"],
        &["show", "movies", "1"],
        &["categories", "movies"],
        &["export", "csv"],
    ] {
        let run = scene.run(args).exits(2);
        assert!(run.stderr.contains("--profile"), "{}", run.stderr);
    }
    scene.run(&["list", "movies", "--profile", HOME]).exits(0);
    // A cache of an older version can be read after its migration.
    scene.cache().execute(
        "DELETE FROM __diesel_schema_migrations WHERE version=(SELECT max(version) FROM __diesel_schema_migrations)",
    );
    for args in [
        &["list", "movies"][..],
        &["search", "x"],
        &["show", "movies", "1"],
        &["categories", "movies"],
        &["export", "csv"],
    ] {
        let run = scene.run(args).exits(8);
        assert!(run.stderr.contains("xtream-sync sync"), "{}", run.stderr);
    }
}

#[test]
fn without_a_cache_or_a_profile_a_list_is_empty_and_the_rest_is_wrong() {
    let scene = Scene::without_profile(start_panel(&some_hundred(2807)));
    let check = || {
        assert_eq!(scene.run(&["list", "movies", "--json"]).exits(0).stdout, "");
        assert_eq!(scene.run(&["list", "movies", "--csv"]).exits(0).stdout, "");
        assert!(scene.run(&["list", "movies"]).exits(0).stdout.contains("no profile yet"));
        for args in [
            &["search", "x"][..],
            &["show", "movies", "1"],
            &["categories", "movies"],
            &["export", "csv"],
            &["list", "movies", "--profile", "x"],
        ] {
            scene.run(args).exits(2);
        }
    };
    check();
    assert!(!scene.database.exists(), "reading makes no cache");
    scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
    scene.run(&["profile", "remove", HOME]).exits(0);
    check();
}

#[test]
fn output_to_a_file_has_whole_names_and_no_colours() {
    let scene = Scene::synced(2814);
    let id = scene.ids(Kind::Movies)[0];
    let long = "A very long name ".repeat(20);
    let name = format!("{long}\u{1b}[31m\u{202e}\tend");
    scene.cache().execute(&format!("UPDATE xtream_movies SET name='{name}' WHERE stream_id={id}"));
    let run = scene.run(&["list", "movies"]).exits(0);
    assert_eq!(run.stdout.lines().count(), 51, "a header and fifty items");
    assert!(run.stdout.contains(&format!("{long}[31m end")), "{}", run.stdout);
    assert!(!run.stdout.contains(['\u{1b}', '\t', '\u{202e}', '\u{2068}']));
    assert!(run.stderr.contains("--after"), "{}", run.stderr);
    let run = scene.run(&["search", "zzzzzzzzzz"]).exits(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let scene = Scene::synced(2815);
    for args in [
        &["list", "movies"][..],
        &["list", "movies", "--json"],
        &["list", "movies", "--csv"],
        &["search", "e"],
        &["categories", "movies"],
        &["export", "json"],
        &["export", "csv"],
    ] {
        let mut closed = command(&scene.database, args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        closed.stdout(Stdio::from(writer));
        Running::start(closed).end().exits(0);
    }
}

#[test]
fn reading_during_a_sync_sees_one_state() {
    let scene = Scene::synced(2816);
    let before = ids(&found(&scene, &["list", "movies"]));
    scene.panel.advance(&Step::ordinary());
    let gate = sync_tests::Gate::new();
    scene.panel.on(sync_tests::Action::VodStreams, sync_tests::Behaviour::Gate(100, gate.clone()));
    let running = scene.start_sync(&[]);
    crate::program::wait_until("the sync is under way", || gate.reached_count() > 0);
    assert_eq!(ids(&found(&scene, &["list", "movies"])), before);
    gate.open();
    running.end().exits(0);
}

#[test]
fn the_search_setting_is_kept_with_the_profile() {
    let scene = Scene::synced(2817);
    let setting = || {
        let run = scene.run(&["profile", "list", "--json"]).exits(0);
        serde_json::from_str::<Value>(run.stdout.trim_end()).unwrap()["search"].clone()
    };
    assert_eq!(setting(), "all");
    for fields in ["names", "off"] {
        scene.add(HOME, &scene.panel.base_url(), &["--search", fields]).exits(0);
        assert_eq!(setting(), fields);
    }
    scene.add(HOME, &scene.panel.base_url(), &["--search", "some"]).exits(2);
    scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
    assert_eq!(setting(), "off", "a setting that is not named stays");
}
