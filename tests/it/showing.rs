//! `show`, `categories` and `export`: whole items, and the logins inside their values.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use sync_tests::Kind;

use crate::program::{PASSWORD, USERNAME, command, is_shown};
use crate::reading::{found, lines, object};
use crate::scene::Scene;

const SHOWN: [&str; 11] =
    ["profile", "kind", "id", "name", "categories", "created_at", "updated_at", "held", "fields", "extra", "changes"];

/// The members about the user's changes, which come last.
const OWN: [&str; 4] = ["edits", "shown", "hidden", "excluded"];

fn shown(scene: &Scene, kind: Kind, id: i64) -> Value {
    let run = scene.run(&["show", kind.name(), &id.to_string(), "--json"]).exits(0);
    object(run.stdout.trim_end(), &[&SHOWN[..], &OWN].concat())
}

#[test]
fn an_item_is_shown_with_all_known_facts() {
    let scene = Scene::synced(2808);
    for kind in Kind::ALL {
        let truth = scene.panel.catalogue(|catalogue| catalogue.truth(kind));
        let id = scene.ids(kind)[4];
        let value = shown(&scene, kind, id);
        assert_eq!((&value["id"], &value["kind"]), (&id.into(), &kind.name().into()));
        assert_eq!(value["name"], value["fields"]["name"]);
        assert!(value["created_at"].is_i64() && value["updated_at"].is_i64() && value["held"].is_null());
        assert!(value["extra"].is_object() && value["fields"].get("extra").is_none());
        assert!(truth.len() > 4);
        let ids: Vec<_> = value["categories"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        assert_eq!(Value::from(ids), value["fields"]["category_ids"]);
    }
    let id = scene.ids(Kind::Movies)[4];
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", "Another name"));
    scene.sync(&[]).exits(0);
    let value = shown(&scene, Kind::Movies, id);
    assert_eq!(value["changes"][0]["fields"]["name"]["after"], "Another name");
    let changes = scene.run(&["changes", "--json", "--since", "run:1"]).exits(0);
    assert_eq!(value["changes"][0], serde_json::from_str::<Value>(changes.stdout.trim_end()).unwrap());
    let text = scene.run(&["show", "movies", &id.to_string()]).exits(0).stdout;
    assert!(text.starts_with("Another name\n") && text.contains("  changes\n"), "{text}");
    // A removed item is shown as long as its tombstone exists.
    scene.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, id));
    scene.sync(&[]).exits(0);
    let run = scene.run(&["show", "movies", &id.to_string(), "--json"]).exits(0);
    let gone = object(run.stdout.trim_end(), &[&SHOWN[..], &["removed_at"], &OWN].concat());
    assert!(gone["removed_at"].is_i64() && gone["fields"].is_null(), "{gone}");
    assert_eq!((&gone["name"], &gone["changes"][0]["change"]), (&"Another name".into(), &"removed".into()));
    assert!(scene.run(&["show", "movies", &id.to_string()]).exits(0).stdout.contains("removed"));
}

#[test]
fn a_held_item_is_listed_and_shown_as_held() {
    let scene = Scene::synced(2809);
    scene.panel.on(sync_tests::Action::Series, sync_tests::Behaviour::Empty);
    scene.sync(&[]).exits(7);
    let held = found(&scene, &["list", "series", "--held"]);
    assert_eq!(held.len(), scene.ids(Kind::Series).len());
    let value = shown(&scene, Kind::Series, held[0]["id"].as_i64().unwrap());
    assert_eq!(value["held"]["reason"], "empty_listing");
    assert!(value["held"]["since"].is_i64());
    assert_eq!(value["held"].as_object().unwrap().len(), 2);
}

#[test]
fn categories_are_the_panels_with_the_number_of_their_items() {
    let scene = Scene::synced(2810);
    let members = ["profile", "kind", "id", "name", "parent_id", "position", "items"];
    let run = scene.run(&["categories", "movies", "--json"]).exits(0);
    let rows = lines(&run, &members);
    let sql = "SELECT id FROM (SELECT category_id AS id FROM xtream_movie_categories ORDER BY position)";
    let told: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told[..scene.cache().lines(sql).len()], scene.cache().lines(sql));
    for row in rows.iter().take(5) {
        let id = row["id"].as_str().unwrap();
        assert_eq!(row["items"].as_u64(), Some(found(&scene, &["list", "movies", "--category", id]).len() as u64));
    }
    assert_eq!(scene.run(&["categories", "movies"]).exits(0).stdout.lines().count(), rows.len() + 1);
}

#[test]
fn an_export_has_every_row_as_it_is_shown() {
    let scene = Scene::synced(2811);
    let members = ["profile", "kind", "id", "name", "categories", "fields", "extra"];
    let rows = lines(&scene.run(&["export", "json"]).exits(0), &members);
    assert_eq!(rows.len(), Kind::ALL.map(|kind| scene.ids(kind).len()).iter().sum::<usize>());
    let movie = rows.iter().find(|row| row["kind"] == "movies").unwrap();
    let value = shown(&scene, Kind::Movies, movie["id"].as_i64().unwrap());
    for member in ["name", "categories", "fields", "extra"] {
        assert_eq!(movie[member], value[member], "{member}");
    }
    let run = scene.run(&["export", "csv", "--kind", "movies", "--kind", "series"]).exits(0);
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    let table: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(table.len(), scene.ids(Kind::Movies).len() + scene.ids(Kind::Series).len());
    let row = table.iter().find(|row| row["kind"] == "movies").unwrap();
    assert_eq!(row["name"], movie["fields"]["name"].as_str().unwrap());
    assert_eq!(row["plot"], movie["fields"]["plot"].as_str().unwrap_or_default());
}

fn rights(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_exported_file_appears_when_it_is_complete() {
    let scene = Scene::synced(2812);
    let folder = scene.folder().join("exports");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("all.jsonl");
    let path = file.to_str().unwrap();
    let run = scene.run(&["export", "json", "-o", path]).exits(0);
    assert_eq!(run.stdout, "");
    let whole = std::fs::read_to_string(&file).unwrap();
    assert_eq!(whole, scene.run(&["export", "json"]).exits(0).stdout);
    assert_ne!(rights(&file) & 0o044, 0, "as the user's mask says");
    scene.run(&["export", "csv", "-o", path]).exits(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    scene.run(&["export", "csv", "-o", path, "--force"]).exits(0);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("profile,kind,id,"));
    scene.run(&["export", "csv", "-o", folder.join("no/such/folder.csv").to_str().unwrap()]).exits(2);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["all.jsonl"], "nothing else is left");
}

/// Runs a command that may print the password.
fn with_secrets(scene: &Scene, args: &[&str], stdout: Stdio) -> Output {
    let output = command(&scene.database, args).stdout(stdout).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Returns a scene with a movie whose values have the login in all its places.
fn scene_with_logins(seed: u64) -> (Scene, i64, String) {
    let scene = Scene::synced(seed);
    let id = scene.ids(Kind::Movies)[3];
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
    let (user, password) = (encode(USERNAME), encode(PASSWORD));
    let addresses = [
        format!("http://panel.example/movie/{user}/{password}/7.mp4"),
        format!("http://panel.example/get.php?username={user}&password={password}"),
        format!("http://{user}:{password}@panel.example/x"),
    ]
    .join(" ");
    let text = |text: &str| text.replace('\'', "''");
    let words = text(&format!("Joanna of {USERNAME}: {PASSWORD}"));
    let extra = text(&serde_json::json!({"url": addresses, "word": PASSWORD}).to_string());
    scene.cache().execute(&format!(
        "UPDATE xtream_movies SET direct_source='{addresses}', name='{words}', plot='{words}', extra='{extra}' \
         WHERE stream_id={id}"
    ));
    // The search text doesn't have the change, so a search has to read the rows.
    scene.cache().execute("UPDATE xtream_search_state SET complete=0");
    scene.cache().execute(&format!("UPDATE xtream_movie_categories SET category_name='{words}' WHERE position=0"));
    (scene, id, addresses)
}

/// Every output is searched for the password, in all spellings.
#[test]
fn no_output_shows_the_login_unless_it_is_asked_for() {
    let (scene, id, addresses) = scene_with_logins(2813);
    let named = id.to_string();
    for args in [
        &["list", "movies"][..],
        &["list", "movies", "--limit", "1000"],
        &["list", "movies", "--json"],
        &["list", "movies", "--csv"],
        &["search", "joanna"],
        &["search", "joanna", "--json"],
        &["search", "joanna", "--csv"],
        &["show", "movies", &named],
        &["show", "movies", &named, "--json"],
        &["categories", "movies"],
        &["categories", "movies", "--json"],
        &["export", "json"],
        &["export", "csv"],
    ] {
        scene.run(args).exits(0);
    }
    assert_eq!(found(&scene, &["search", "joanna"])[0]["id"], id);
    scene.run(&["list", "movies", "--category", "joanna"]).exits(2);
    let value = shown(&scene, Kind::Movies, id);
    let blanked = "http://panel.example/movie/{username}/{password}/7.mp4 \
                   http://panel.example/get.php?username={username}&password={password} \
                   http://{username}:{password}@panel.example/x";
    assert_eq!(value["fields"]["direct_source"], blanked);
    assert_eq!(value["extra"]["url"], blanked);
    assert_eq!(value["name"], format!("Joanna of {USERNAME}: {{password}}"), "ordinary words stay");
    let file = scene.folder().join("shown.json");
    let to_file = Stdio::from(std::fs::File::create(&file).unwrap());
    with_secrets(&scene, &["show", "movies", &named, "--json", "--secrets"], to_file);
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((told["fields"]["direct_source"].as_str(), rights(&file)), (Some(addresses.as_str()), 0o600));
    let file = scene.folder().join("all.csv");
    with_secrets(&scene, &["export", "csv", "--secrets", "-o", file.to_str().unwrap()], Stdio::piped());
    assert!(is_shown(&std::fs::read_to_string(&file).unwrap()));
    assert_eq!(rights(&file), 0o600);
    let output = with_secrets(&scene, &["export", "json", "--secrets"], Stdio::piped());
    assert!(is_shown(&String::from_utf8(output.stdout).unwrap()));
}
