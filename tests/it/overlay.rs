//! The overlay from end to end: edits over syncs, conflicts, filters, rewrite rules, and exports.

use serde_json::{Value, json};
use sync_tests::{Action, Behaviour, Gate, Kind, Step};

use crate::program::wait_until;
use crate::reading::{found, lines, object};
use crate::scene::{HOME, Scene};

const CHANGED: [&str; 4] = ["profile", "kind", "id", "changed"];
const CONFLICT: [&str; 10] = ["profile", "kind", "id", "name", "field", "base", "local", "panel", "since", "rule"];
const RULE: [&str; 8] = ["profile", "kind", "position", "action", "by", "match", "pattern", "matches"];
const ADDED: [&str; 9] = ["profile", "kind", "position", "action", "by", "match", "pattern", "matches", "left_out"];
const DEFAULTS: [&str; 5] = ["profile", "kind", "default", "new", "left_out"];
const TRIAL: [&str; 7] = ["profile", "kind", "shown", "hidden", "would_show", "would_hide", "examples"];
const IMPORTED: [&str; 4] = ["profile", "matched_by_id", "matched_by_name", "unmatched"];

fn run(scene: &Scene, line: &str, exit: i32) -> crate::program::Run {
    scene.run(&line.split(' ').collect::<Vec<_>>()).exits(exit)
}

/// Returns the objects that a command prints.
#[track_caller]
fn objects(scene: &Scene, line: &str, members: &[&str]) -> Vec<Value> {
    lines(&run(scene, &format!("{line} --json"), 0), members)
}

fn show(scene: &Scene, id: i64, more: &[&str]) -> Value {
    let shown = scene.run(&[&["show", "movies", &id.to_string(), "--json"], more].concat()).exits(0);
    serde_json::from_str(&shown.stdout).unwrap()
}

fn names(scene: &Scene, args: &[&str]) -> Vec<String> {
    found(scene, args).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

fn panel_name(scene: &Scene, id: i64) -> String {
    show(scene, id, &["--panel"])["name"].as_str().unwrap().to_owned()
}

#[test]
fn an_edit_is_shown_and_survives_syncs() {
    let scene = Scene::synced(4701);
    let (id, own) = (scene.ids(Kind::Movies)[5], panel_name(&scene, scene.ids(Kind::Movies)[5]));
    let edited = objects(&scene, &format!("edit movies {id} name=Mine tags=b,a favourite=yes note=x"), &CHANGED);
    assert_eq!(
        edited,
        [json!({"profile": HOME, "kind": "movies", "id": id, "changed": ["favourite", "name", "note", "tags"]})]
    );
    let again = objects(&scene, &format!("edit movies {id} name=Mine"), &CHANGED);
    assert_eq!(again[0]["changed"], json!([]), "no change is no error");
    scene.sync(&["--full"]).exits(0);
    scene.assert_true_of(Kind::Movies);
    let shown = show(&scene, id, &[]);
    assert_eq!((&shown["name"], &shown["fields"]["name"]), (&json!("Mine"), &json!("Mine")));
    assert_eq!((&shown["edits"]["name"]["local"], &shown["edits"]["name"]["base"]), (&json!("Mine"), &json!(own)));
    assert_eq!(
        (&shown["shown"], &shown["hidden"], &shown["excluded"]),
        (&json!({"name": "Mine"}), &json!(false), &json!(false))
    );
    assert_eq!(panel_name(&scene, id), own);
    assert_eq!(names(&scene, &["list", "movies", "--favourite"]), ["Mine"]);
    assert_eq!(names(&scene, &["search", "mine", "--tag", "a"]), ["Mine"]);
    assert_eq!(names(&scene, &["list", "movies", "--favourite", "--panel"]), std::slice::from_ref(&own));
    let text = run(&scene, &format!("show movies {id}"), 0).stdout;
    assert!(text.contains("your changes") && text.contains("name: Mine (the panel's was"), "{text}");
    run(&scene, &format!("edit movies {id} name="), 0);
    assert_eq!(show(&scene, id, &[])["name"], json!(own));
}

#[test]
fn items_are_edited_all_or_none_and_chosen_by_conditions() {
    let scene = Scene::synced(4702);
    let ids = scene.ids(Kind::Movies);
    let unknown = run(&scene, &format!("hide movies {} 999999999", ids[0]), 2);
    assert!(unknown.stderr.contains("nothing was changed"), "{}", unknown.stderr);
    let all = found(&scene, &["list", "movies"]).len();
    for (line, exit) in [
        ("edit movies name=x", 2),
        ("edit movies 1 colour=x", 2),
        ("edit movies --all position=never", 2),
        ("edit movies --all category=nowhere", 2),
        ("edit movies 1 --all name=x", 2),
        ("conflicts resolve 1 --keep-local", 2),
        ("conflicts resolve --keep-local", 2),
        ("filter add movies exclude --name-regex (", 2),
        ("filter remove movies 1", 2),
        ("rewrite add movies [ x", 2),
        ("overlay import no-such-file", 2),
    ] {
        run(&scene, line, exit);
    }
    let category = found(&scene, &["list", "movies", "--limit", "1"])[0]["category"].as_str().unwrap().to_owned();
    let within = found(&scene, &["list", "movies", "--category", &category]).len();
    let hidden = objects(&scene, &format!("hide movies --category {category}"), &CHANGED);
    assert_eq!((hidden.len(), found(&scene, &["list", "movies"]).len()), (within, all - within));
    assert_eq!(found(&scene, &["list", "movies", "--hidden"]).len(), all);
    scene.sync(&["--full"]).exits(0);
    assert_eq!(found(&scene, &["list", "movies"]).len(), all - within);
    objects(&scene, &format!("hide movies --category {category} --off"), &CHANGED);
    assert_eq!(found(&scene, &["list", "movies"]).len(), all);
    run(&scene, &format!("tag movies night,crime {} {}", ids[1], ids[2]), 0);
    run(&scene, &format!("watched movies {} --position 90", ids[1]), 0);
    let edits = show(&scene, ids[1], &[])["edits"].clone();
    assert_eq!((&edits["tags"]["local"], &edits["position"]["local"]), (&json!(["crime", "night"]), &json!(90)));
    assert!(edits["last_watched"]["local"].as_i64().unwrap() > 1_700_000_000 && edits["watched"].is_null());
    run(&scene, "tag movies night --tag crime --off", 0);
    assert_eq!(found(&scene, &["list", "movies", "--tag", "night"]).len(), 0);
    assert_eq!(found(&scene, &["list", "movies", "--tag", "crime"]).len(), 2);
}

#[test]
fn a_conflict_is_reported_once_listed_and_answered() {
    let scene = Scene::synced(4703);
    let ids = scene.ids(Kind::Movies);
    let own = panel_name(&scene, ids[3]);
    run(&scene, &format!("edit movies {} {} name=Mine", ids[3], ids[4]), 0);
    for (id, name) in [(ids[3], "Theirs"), (ids[4], "Mine")] {
        scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", name));
    }
    let report = scene.sync(&[]).exits(0);
    let told: Value = serde_json::from_str(&report.stdout).unwrap();
    let edits = told["kinds"]["movies"]["overlay"]["edits"].as_array().unwrap().clone();
    let mut outcomes: Vec<_> = edits.iter().map(|edit| edit["outcome"].as_str().unwrap()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["conflicts", "converged"]);
    assert!(report.stderr.contains("yours stays, \"Mine\""), "{}", report.stderr);
    let told: Value = serde_json::from_str(&scene.sync(&["--full"]).exits(0).stdout).unwrap();
    assert!(told["kinds"]["movies"]["overlay"].is_null(), "it is told once");
    let conflict = &objects(&scene, "conflicts", &CONFLICT)[0];
    assert_eq!(
        (&conflict["id"], &conflict["base"], &conflict["local"], &conflict["panel"], &conflict["rule"]),
        (&json!(ids[3]), &json!(own), &json!("Mine"), &json!("Theirs"), &json!("keep-local"))
    );
    let status = |scene: &Scene| serde_json::from_str::<Value>(&run(scene, "status --json", 0).stdout).unwrap();
    assert_eq!(status(&scene)["conflicts"], 1);
    assert!(run(&scene, "status", 0).stdout.contains("1 conflict with the panel"));
    let changes = run(&scene, "changes --json", 0).stdout;
    let converged: Vec<Value> = changes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let converged: Vec<_> = converged.iter().filter(|line| line["change"] == "converged").collect();
    assert_eq!(converged[0]["fields"], json!({"name": {"before": "Mine", "after": "Mine"}}));
    assert!(!run(&scene, "changes --json --collapse", 0).stdout.contains("converged"));
    let resolved = objects(&scene, &format!("conflicts resolve {} --take-panel", ids[3]), &CHANGED);
    assert_eq!(resolved[0]["changed"], json!(["name"]));
    assert_eq!(
        (status(&scene)["conflicts"].clone(), show(&scene, ids[3], &[])["name"].clone()),
        (json!(0), json!("Theirs"))
    );
    scene.assert_consistent();
}

#[test]
fn a_rule_is_tried_counted_and_has_no_part_in_a_sync() {
    let scene = Scene::synced(4704);
    let all = found(&scene, &["list", "movies"]).len();
    let rule = "movies exclude --name-regex ^[A-M]";
    let trial = objects(&scene, &format!("filter test {rule}"), &TRIAL).remove(0);
    let hides = usize::try_from(trial["would_hide"].as_u64().unwrap()).unwrap();
    assert!(hides > 0 && hides < all, "{trial}");
    assert_eq!((trial["shown"].as_u64(), trial["hidden"].as_u64()), (Some(all as u64), Some(0)));
    let mut added = objects(&scene, &format!("filter add {rule}"), &ADDED).remove(0);
    assert_eq!((added["position"].clone(), added["matches"].clone()), (json!(1), trial["would_hide"].clone()));
    assert_eq!(added.as_object_mut().unwrap().remove("left_out"), Some(trial["would_hide"].clone()));
    let listed = run(&scene, "filter list --json", 0).stdout;
    let [of_rule, of_kind] = listed.lines().collect::<Vec<_>>()[..] else { panic!("{listed}") };
    assert_eq!(object(of_rule, &RULE), added);
    let defaults = object(of_kind, &DEFAULTS);
    assert_eq!((&defaults["default"], &defaults["left_out"]), (&json!("include"), &trial["would_hide"]));
    assert_eq!(found(&scene, &["list", "movies"]).len(), all - hides);
    assert_eq!(found(&scene, &["list", "movies", "--all"]).len(), all);
    let exported =
        |scene: &Scene, more: &str| run(scene, &format!("export json --kind movies{more}"), 0).stdout.lines().count();
    assert_eq!((exported(&scene, ""), exported(&scene, " --all")), (all - hides, all));
    let removed = scene.panel.catalogue(|catalogue| {
        let ids: Vec<_> = catalogue.ids(Kind::Movies).into_iter().take(2).collect();
        for id in &ids {
            drop(catalogue.edit(Kind::Movies, *id, "name", "Alpha"));
        }
        ids.len()
    });
    let counts = scene.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.updated, counts.removed, counts.held), (removed as u64, 0, 0), "filters shape no counts");
    scene.assert_true_of(Kind::Movies);
    run(&scene, "filter remove movies 1", 0);
    assert_eq!(found(&scene, &["list", "movies"]).len(), all);
    run(&scene, "filter add movies exclude --category-glob nothing-like-this*", 0);
    let status = run(&scene, "status", 0).stdout;
    assert!(
        status.contains("filter rule 1 (exclude by category glob `nothing-like-this*`) matches no category"),
        "{status}"
    );
    let tested = objects(&scene, "rewrite test movies ^(.)(.*)$ $2$1", &["profile", "kind", "id", "before", "after"]);
    assert!(tested.len() > 300, "{}", tested.len());
    run(&scene, "rewrite add movies ^(.)(.*)$ $2$1", 0);
    let one = &tested[0];
    assert_eq!(show(&scene, one["id"].as_i64().unwrap(), &[])["name"], one["after"]);
    scene.assert_consistent();
}

#[test]
fn an_export_gives_the_same_overlay_in_an_empty_cache_of_the_panel() {
    let scene = Scene::synced(4705);
    let ids = scene.ids(Kind::Movies);
    run(&scene, &format!("edit movies {} {} name=Mine tags=a", ids[0], ids[1]), 0);
    run(&scene, "hide channels --all", 0);
    run(&scene, "filter add movies exclude --name-regex ^[A-C]", 0);
    run(&scene, "filter new movies tell", 0);
    run(&scene, "rewrite add series ^(.)(.*)$ $2$1", 0);
    let file = scene.folder().join("overlay.jsonl");
    let file = file.to_str().unwrap();
    scene.run(&["overlay", "export", "-o", file]).exits(0);
    scene.run(&["overlay", "export", "-o", file]).exits(2);
    let exported = run(&scene, "overlay export", 0).stdout;
    assert_eq!(std::fs::read_to_string(file).unwrap(), exported);
    // The second profile has the same panel and no edits.
    scene.add("other", &scene.panel.base_url(), &[]).exits(0);
    scene.run(&["sync", "other", "--backoff", "0.01"]).exits(0);
    let imported = scene.run(&["overlay", "import", file, "--profile", "other", "--json"]).exits(0);
    let imported = lines(&imported, &IMPORTED).remove(0);
    assert_eq!((imported["unmatched"].clone(), imported["matched_by_name"].clone()), (json!(0), json!(0)));
    let other = run(&scene, "overlay export --profile other", 0).stdout;
    let behind_header = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(behind_header(&other), behind_header(&exported));
    // This profile has no rows for the edited items yet.
    scene.add("empty", &scene.panel.base_url(), &[]).exits(0);
    let unmatched = scene.run(&["overlay", "import", file, "--profile", "empty", "--json"]).exits(3);
    assert_eq!(lines(&unmatched, &IMPORTED)[0]["matched_by_id"], json!(0));
    scene.run(&["sync", "empty", "--backoff", "0.01"]).exits(0);
    assert_eq!(found(&scene, &["list", "movies", "--tag", "a", "--profile", "empty"]).len(), 2);
    let removed = run(&scene, "profile remove other", 0).stdout;
    assert!(removed.contains("edits"), "{removed}");
    scene.assert_consistent();
}

#[test]
fn a_filter_that_leaves_out_everything_is_reported() {
    let scene = Scene::synced(4706);
    let all = found(&scene, &["list", "movies"]).len();
    let told = run(&scene, "filter default movies exclude", 0).stdout;
    assert!(told.contains(&format!("every one of {all} items is left out now")), "{told}");
    let status = run(&scene, "status", 0).stdout;
    assert!(status.contains("movies: the filter leaves out every item"), "{status}");
    let added = run(&scene, "filter add movies include --name-regex .", 0).stdout;
    assert!(added.contains("no item is left out now"), "{added}");
    assert!(!run(&scene, "status", 0).stdout.contains("leaves out every item"));
    run(&scene, "filter add movies exclude --category-id gone", 0);
    let status = run(&scene, "status", 0).stdout;
    assert!(status.contains("filter rule 2 (exclude by category id `gone`) matches no category"), "{status}");
}

#[test]
fn a_wrong_word_is_named_without_a_possible_secret() {
    let scene = Scene::synced(4707);
    for (line, told) in [
        ("edit movies 7 nmae=x", "the field `nmae` is not known"),
        ("edit movies 7 s3cr3t", "word 2 behind the kind is neither an id nor FIELD=VALUE"),
        ("edit movies 7 icon=banana", "icon takes an address that begins with http:// or https://"),
        ("tag movies kids 1 s3cr3t", "id 2 of 2 is no whole number"),
        ("watched movies s3cr3t", "the id is no whole number"),
        ("conflicts resolve s3cr3t --keep-local", "the id is no whole number"),
        ("filter default movies hide", "'hide'"),
    ] {
        let stderr = run(&scene, line, 2).stderr;
        assert!(stderr.contains(told) && !stderr.contains("s3cr3t"), "{line}: {stderr}");
    }
    for line in ["filter add", "filter add movies exclude"] {
        let usage = run(&scene, line, 2).stderr;
        assert!(usage.lines().all(|line| line.len() < 130), "{usage}");
    }
}

#[test]
fn a_position_says_that_an_item_is_not_finished() {
    let scene = Scene::synced(4708);
    let id = scene.ids(Kind::Movies)[0];
    run(&scene, &format!("watched movies {id}"), 0);
    assert_eq!(show(&scene, id, &[])["edits"]["watched"]["local"], json!(true));
    run(&scene, &format!("watched movies {id} --position 600"), 0);
    let edits = show(&scene, id, &[])["edits"].clone();
    assert_eq!((&edits["position"]["local"], edits.get("watched")), (&json!(600), None));
    run(&scene, &format!("edit movies {id} watched=yes"), 0);
    let edits = show(&scene, id, &[])["edits"].clone();
    assert_eq!((&edits["position"]["local"], &edits["watched"]["local"]), (&json!(600), &json!(true)));
}

/// `restore` names the edits that it takes back. They can be imported from the cache that it has kept.
#[test]
fn edits_that_a_restore_takes_back_can_be_imported_from_the_kept_cache() {
    let scene = Scene::synced(4709);
    let ids = scene.ids(Kind::Movies);
    let backup = scene.folder().join("catalogue.db");
    run(&scene, &format!("edit movies {} name=Kept", ids[0]), 0);
    scene.run(&["backup", backup.to_str().unwrap()]).exits(0);
    run(&scene, &format!("edit movies {} {} name=Later", ids[1], ids[2]), 0);
    let restored = scene.run(&["restore", backup.to_str().unwrap()]).exits(0);
    assert!(restored.stderr.contains("2 edits are in the old cache only"), "{restored:?}");
    assert_eq!(names(&scene, &["search", "later"]), [""; 0]);
    let kept = restored.stdout.lines().find_map(|line| line.strip_prefix("the old cache is kept: ")).unwrap();
    let kept = kept.trim_matches('\'');
    assert!(restored.stderr.contains("overlay export --secrets --database"), "{restored:?}");
    let bytes = std::fs::read(kept).unwrap();
    let file = scene.folder().join("overlay.jsonl");
    let file = file.to_str().unwrap();
    scene.run(&["overlay", "export", "--secrets", "--database", kept, "-o", file]).exits(0);
    assert!(std::fs::read(kept).unwrap() == bytes, "an export changes nothing");
    let imported = scene.run(&["overlay", "import", file, "--json"]).exits(0);
    assert_eq!(lines(&imported, &IMPORTED)[0]["matched_by_id"], json!(3));
    assert_eq!(names(&scene, &["search", "later"]), ["Later", "Later"]);
    assert_eq!(show(&scene, ids[0], &[])["name"], json!("Kept"));
    scene.assert_consistent();
}

/// If a panel lists an item under another id, its edits follow it, wait, or are offered.
#[test]
fn edits_follow_items_to_other_ids() {
    let scene = Scene::synced(4710);
    let ids = scene.ids(Kind::Movies);
    let [certain, several] = [ids[3], ids[4]];
    for (id, name) in [(certain, "Only One Of Its Name"), (several, "One Of Several")] {
        scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", name));
    }
    scene.sync(&[]).exits(0);
    run(&scene, &format!("edit movies {certain} {several} note=mine favourite=yes"), 0);
    assert_eq!(run(&scene, "conflicts --waiting --json", 0).stdout, "");
    scene.panel.catalogue(|catalogue| {
        for (id, others) in [(certain, &[900_001][..]), (several, &[900_002, 900_003])] {
            let item = catalogue.item(Kind::Movies, id).unwrap().clone();
            let copy = |id: &i64| {
                let mut copy = item.clone();
                copy.set(Kind::Movies.id_key(), (*id).into());
                copy
            };
            let copies: Vec<_> = others.iter().map(copy).collect();
            catalogue.remove(Kind::Movies, id);
            catalogue.append(Kind::Movies, copies);
        }
    });
    let synced = scene.sync(&[]).exits(0);
    let told: Value = serde_json::from_str(&synced.stdout).unwrap();
    let moves = &told["kinds"]["movies"]["overlay"]["moves"];
    let expected = json!([{"from": certain, "to": 900_001, "name": "Only One Of Its Name", "certain": true}]);
    assert_eq!(*moves, expected);
    assert_eq!(show(&scene, 900_001, &[])["edits"]["note"]["local"], json!("mine"));
    assert_eq!(found(&scene, &["list", "movies", "--favourite"]).len(), 1);
    let waiting = objects(&scene, "conflicts --waiting", &["profile", "kind", "id", "name", "edits", "candidates"]);
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &json!(several)));
    assert_eq!((&waiting[0]["edits"], &waiting[0]["candidates"]), (&json!(2), &json!(2)));
    let text = run(&scene, "conflicts --waiting", 0);
    assert!(text.stdout.contains("2 edits; 2 items have its name"), "{text:?}");
    scene.assert_consistent();
}

/// An edit during a sync takes effect at once. Neither the edit nor the sync loses a change.
#[test]
fn an_edit_while_a_sync_runs_is_kept() {
    let scene = Scene::synced(4711);
    let id = scene.ids(Kind::Movies)[7];
    scene.panel.advance(&Step::ordinary());
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", "Theirs"));
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let running = scene.start_sync(&["--only", "movies"]);
    wait_until("it is in the middle", || gate.reached_count() == 1);
    run(&scene, &format!("edit movies {id} name=Mine note=x"), 0);
    assert_eq!(show(&scene, id, &[])["name"], json!("Mine"));
    gate.open();
    running.end().exits(0);
    scene.assert_true_of(Kind::Movies);
    let shown = show(&scene, id, &[]);
    assert_eq!((&shown["name"], &shown["edits"]["note"]["local"]), (&json!("Mine"), &json!("x")));
    assert_eq!(objects(&scene, "conflicts", &CONFLICT)[0]["panel"], json!("Theirs"));
    scene.assert_consistent();
}
