//! A panel with several addresses: the next address is used if one is dead or is not that of a panel.

use sync_core::{ProfileId, Profiles};
use sync_tests::{Account, Action, Behaviour, Catalogue, Gate, Kind, Panel, PanelConfig, Step};

use crate::program::{PASSWORD, Run, Running, USERNAME, command, wait_until};
use crate::scene::{HOME, Scene, panel_config, some_hundred, start_panel};

/// An address at which nothing listens.
const DEAD: &str = "http://127.0.0.1:9";

/// Gives the profile further addresses.
fn also_at(scene: &Scene, addresses: &[&str]) {
    let more: Vec<_> = addresses.iter().flat_map(|address| ["--url", address]).collect();
    scene.add(HOME, &scene.panel.base_url(), &more).exits(0);
}

/// Returns a panel with two addresses. Each is a server of its own with the same catalogue.
fn twice(seed: u64) -> (Scene, Panel) {
    let (scene, other) = (Scene::of(&some_hundred(seed)), start_panel(&some_hundred(seed)));
    also_at(&scene, &[&other.base_url()]);
    (scene, other)
}

fn host(panel: &Panel) -> String {
    panel.address().to_string()
}

fn warnings(run: &Run) -> String {
    run.report().0["warnings"].to_string()
}

/// Returns the address that the next sync asks first, as `status` prints it.
fn in_use(scene: &Scene) -> String {
    let run = scene.run(&["status", "--json"]).exits(0);
    let status: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    status["address"].as_str().unwrap().to_owned()
}

fn logins(panel: &Panel) -> usize {
    panel.request_count(Action::Account)
}

#[test]
fn a_dead_address_is_passed_over_and_all_rows_stay() {
    let (scene, other) = twice(1601);
    let run = scene.sync(&[]).exits(0);
    assert_eq!((warnings(&run), other.requests().len()), ("null".to_owned(), 0));
    let rows = Kind::ALL.map(|kind| scene.cache().raw_rows(HOME, kind));
    // The first address fails.
    scene.panel.in_front(Behaviour::status(502));
    scene.panel.forget_requests();
    let run = scene.sync(&[]).exits(0);
    assert_eq!((run.report().status(), run.report().outcomes()), ("completed", ["unchanged"; 3]));
    assert!(
        warnings(&run).contains(&format!("the address {} can't be used", host(&scene.panel))),
        "{}",
        warnings(&run)
    );
    assert!(warnings(&run).contains(&format!("{} is used instead", host(&other))), "{}", warnings(&run));
    assert!(run.stderr.contains("warning: "), "{}", run.stderr);
    assert_eq!(Kind::ALL.map(|kind| scene.cache().raw_rows(HOME, kind)), rows);
    assert!((4..=5).contains(&scene.panel.requests().len()), "four attempts, and one as another client");
    // The other address is remembered. The first one is not asked, and there is no warning.
    assert_eq!(in_use(&scene), other.base_url());
    let status = scene.run(&["status"]).exits(0).stdout;
    assert!(status.contains(&format!("learnt: the panel answers at {}", other.base_url())), "{status}");
    scene.panel.forget_requests();
    let run = scene.sync(&[]).exits(0);
    assert_eq!((warnings(&run), scene.panel.requests().len()), ("null".to_owned(), 0));
    // After a day, the order of the profile applies again.
    scene.panel.behave();
    scene.cache().execute(
        "UPDATE xtream_panel_facts SET value='1 '||substr(value,instr(value,' ')+1) WHERE fact='working_address'",
    );
    let run = scene.sync(&[]).exits(0);
    assert_eq!((warnings(&run), logins(&scene.panel)), ("null".to_owned(), 1));
    assert_eq!(in_use(&scene), scene.panel.base_url());
}

#[test]
fn the_remembered_address_may_die_as_well() {
    let (scene, other) = twice(1602);
    scene.panel.in_front(Behaviour::html_status(200, "This domain is for sale"));
    scene.sync(&[]).exits(0);
    assert_eq!(in_use(&scene), other.base_url());
    scene.panel.behave();
    other.in_front(Behaviour::ResetAfter(0));
    let run = scene.sync(&[]).exits(0);
    assert!(warnings(&run).contains(&format!("{} is used instead", host(&scene.panel))), "{}", warnings(&run));
    assert_eq!(in_use(&scene), scene.panel.base_url());
    scene.assert_true();
}

#[test]
fn a_refused_login_is_never_sent_to_another_address() {
    let (scene, other) = twice(1603);
    scene.sync(&[]).exits(0);
    for (status, password, exit) in [("Active", "another", 4), ("Expired", PASSWORD, 4), ("Banned", PASSWORD, 4)] {
        let mut account = Account::new(USERNAME, password);
        status.clone_into(&mut account.status);
        scene.panel.set_accounts(vec![account]);
        scene.panel.forget_requests();
        scene.sync(&[]).exits(exit);
        assert_eq!((scene.panel.requests().len(), other.requests().len()), (1, 0), "{status}");
    }
    scene.panel.in_front(Behaviour::status(401));
    scene.sync(&[]).exits(4);
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn if_no_address_answers_each_is_named_and_nothing_changes() {
    let (scene, other) = twice(1604);
    scene.sync(&[]).exits(0);
    let before = scene.cache().content(HOME);
    also_at(&scene, &[DEAD, &other.base_url()]);
    scene.panel.in_front(Behaviour::status(503));
    other.in_front(Behaviour::html_status(200, "parked"));
    let run = scene.sync(&["--attempts", "2"]).exits(5);
    let message = run.report().0["errors"][0]["message"].as_str().unwrap().to_owned();
    for address in [&host(&scene.panel), "127.0.0.1:9", &host(&other)] {
        assert!(message.contains(&format!("{address}: ")), "{message}");
    }
    assert_eq!(scene.cache().content(HOME), before);
    let tested = scene.run(&["profile", "test", HOME, "--json", "--attempts", "1"]).exits(5);
    assert!(tested.stdout.contains("\"login\":\"unreachable\""), "{}", tested.stdout);
}

#[test]
fn a_panel_that_dies_after_the_login_is_followed_to_its_other_address() {
    let (scene, other) = twice(1605);
    scene.sync(&[]).exits(0);
    let expected = scene.panel.advance(&Step::ordinary());
    other.advance(&Step::ordinary());
    // The channels come from the first address. After that, the first address fails.
    for action in [Action::VodCategories, Action::VodStreams, Action::SeriesCategories, Action::Series] {
        scene.panel.on(action, Behaviour::status(502));
    }
    scene.panel.forget_requests();
    let run = scene.sync(&[]).exits(0);
    let report = run.report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), scene.counts(&expected, kind), "{kind}");
    }
    scene.assert_true();
    assert!(warnings(&run).contains("is used instead"), "{}", warnings(&run));
    assert_eq!((logins(&scene.panel), logins(&other)), (1, 1), "each once");
    assert_eq!(other.request_count(Action::LiveStreams), 0);
    assert_eq!(scene.panel.request_count(Action::SeriesCategories), 0, "the dead one is left alone");
}

#[test]
fn a_list_that_was_cut_is_fetched_at_the_other_address_if_its_server_dies() {
    let (scene, other) = twice(1606);
    // The server sends the beginning of the list, and then fails.
    let dying = Behaviour::Sequence(vec![
        Behaviour::CutAfter(9_000),
        Behaviour::status(502),
        Behaviour::status(502),
        Behaviour::status(502),
    ]);
    scene.panel.on(Action::VodStreams, dying);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["completed"; 3]);
    assert_eq!(other.request_count(Action::VodStreams), 1);
    scene.assert_true();
}

/// A validator is sent only to the address that it came from.
#[test]
fn a_validator_is_not_sent_to_another_address() {
    let with_validators = || {
        let config = PanelConfig { validators: true, ..panel_config() };
        Panel::start(config, Catalogue::new(&some_hundred(1607))).unwrap()
    };
    let (scene, other) = (Scene::at(with_validators()), with_validators());
    also_at(&scene, &[&other.base_url()]);
    scene.sync(&[]).exits(0);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.kind(Kind::Movies)["not_modified"], true);
    scene.panel.in_front(Behaviour::status(502));
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["unchanged"; 3]);
    assert!(report.kind(Kind::Movies)["not_modified"].is_null(), "the whole list is fetched once");
    for request in other.requests() {
        let condition = request.header("if-none-match").or(request.header("if-modified-since"));
        assert!(condition.is_none(), "{request:?}");
    }
    // The validators of the other address are sent to that address.
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.kind(Kind::Movies)["not_modified"], true);
}

#[cfg(unix)]
#[test]
fn a_run_can_be_cancelled_or_killed_at_any_address() {
    let (scene, other) = twice(1608);
    scene.sync(&[]).exits(0);
    let before = scene.cache().content(HOME);
    // The server takes the request and never answers.
    let gate = Gate::new();
    scene.panel.on(Action::Account, Behaviour::Gate(0, gate.clone()));
    let running = scene.start_sync(&["--json"]);
    wait_until("the first address is asked", || logins(&scene.panel) > 1);
    let sent = std::process::Command::new("kill").args(["-INT", &running.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    running.end().exits(130);
    assert_eq!(other.requests().len(), 0, "nobody is asked after that");
    // The run is killed while the list comes from the other address.
    scene.panel.in_front(Behaviour::status(502));
    other.advance(&Step::ordinary());
    let gate = Gate::new();
    other.on(Action::LiveStreams, Behaviour::Gate(2_000, gate.clone()));
    let running = scene.start_sync(&["--json"]);
    wait_until("the other address is asked", || gate.reached_count() > 0);
    running.kill();
    assert_eq!(scene.cache().content(HOME), before);
    scene.assert_consistent();
    other.behave();
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.status(), "completed");
    for kind in Kind::ALL {
        crate::scene::assert_true(&mut scene.cache(), HOME, &other, kind);
    }
}

#[test]
fn a_login_test_names_the_address_and_the_password_command_runs_once() {
    let (scene, other) = twice(1609);
    scene.panel.in_front(Behaviour::status(502));
    let asked = scene.folder().join("asked");
    let secret = scene.folder().join("secret");
    std::fs::write(&secret, PASSWORD).unwrap();
    let words = format!("echo x >> '{}'; cat '{}'", asked.display(), secret.display());
    let args = ["profile", "add", HOME, "--password-command", &words];
    Running::start(command(&scene.database, &args)).end().exits(0);
    also_at(&scene, &[&other.base_url()]);
    let run = scene.run(&["profile", "test", HOME, "--json", "--backoff", "0.01"]).exits(0);
    assert!(run.stdout.contains(&format!("\"address\":\"{}\"", other.base_url())), "{}", run.stdout);
    assert!(run.stderr.contains("is used instead"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "x\n");
    assert_eq!(in_use(&scene), scene.panel.base_url(), "a test remembers nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_tries_the_other_addresses_as_well() {
    use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};
    let other = start_panel(&some_hundred(1610));
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("cache.db")).unwrap();
    let profile = sync_core::Profile {
        base_url: Some(DEAD.to_owned()),
        further_addresses: vec![other.base_url()],
        ..sync_core::Profile::new(ProfileId::new("seed").unwrap())
    };
    db.store().save_profile(&profile).await.unwrap();
    let cache = ContentCache::new(db.clone());
    let config = sync_xtream::XtreamConfig::new().system_proxy(false).backoff(std::time::Duration::from_millis(5));
    let scheduler = SyncScheduler::new(db).with_panel_config(config);
    let (_handle, progress, cancel) = SyncHandle::new("seed".to_owned());
    let sync = async |url: &str| {
        scheduler.run_incremental_sync("seed", url, USERNAME, PASSWORD, &cache, &progress, &cancel).await.unwrap()
    };
    let result = sync(&format!("{DEAD}/")).await;
    assert_eq!((result.status, result.movies.added), (SyncStatus::Completed, 400));
    // An address that the profile doesn't have is another panel's, so no other address is tried.
    let result = sync("http://127.0.0.1:7").await;
    assert_eq!(result.status, SyncStatus::Failed);
}
