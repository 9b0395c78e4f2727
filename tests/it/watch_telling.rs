//! The outputs of `watch`: metrics, hooks, a webhook, and its log; and the command that is asked before a sync. No
//! output may contain the login, and none may delay a sync.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use prometheus_parse::{Scrape, Value as Figure};
use serde_json::Value;
use sync_app::json::Told;
use sync_test_support::shapes::is_whole;
use sync_tests::{Account, Action, Behaviour, Kind, Step};

use crate::program::{PASSWORD, Running, USERNAME, command, command_without_log, wait_until};
use crate::scene::{HOME, Scene, some_hundred};

const SECOND: [&str; 2] = ["--schedule", "every 1s"];

/// Starts a watch with its usual log.
fn watch(scene: &Scene, more: &[&str]) -> Running {
    Running::start(command_without_log(&scene.database, &[&["watch", "--json", "--backoff", "0.01"], more].concat()))
}

/// Syncs once, when something is due, and returns the result.
fn sync_once(scene: &Scene, more: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut result = None;
    wait_until("something is due", || {
        let mut once = command(&scene.database, &["watch", "--json", "--once-due"]);
        once.args(SECOND).args(more).envs(variables.iter().copied());
        let run = Running::start(once).end().exits(0);
        result = run.stdout.lines().next().map(|line| serde_json::from_str(line).unwrap());
        result.is_some()
    });
    result.unwrap()
}

/// Ends a watch, and returns its log.
fn stop(watch: Running) -> String {
    let sent = Command::new("kill").args(["-TERM", &watch.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    let began = Instant::now();
    let run = watch.end().exits(0);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    run.stderr
}

/// Waits for this number of results.
#[track_caller]
fn wait_for_results(watch: &Running, count: usize) {
    wait_until("enough runs have ended", || watch.stdout_so_far().matches('\n').count() >= count);
}

/// Adds a movie to the panel whose name is an address with the login.
fn add_login(scene: &Scene) {
    scene.panel.catalogue(|catalogue| {
        let id = catalogue.ids(Kind::Movies)[0];
        catalogue.edit(Kind::Movies, id, "name", format!("http://x.example/movie/{USERNAME}/{PASSWORD}/1.mp4"));
    });
}

/// Returns a command that prints the password.
fn print_password(scene: &Scene) -> String {
    let file = scene.folder().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    format!("cat '{}'", file.display())
}

fn assert_no_login(text: &str) {
    assert!(!text.contains(PASSWORD) && !text.contains(&format!("/{USERNAME}/")), "{text}");
}

/// Sends a request to the listener. Returns head and body of its answer.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Returns the address on which a watch serves metrics.
fn address_of_metrics(watch: &mut Running) -> String {
    watch.wait_for("/metrics");
    let said = watch.stderr_so_far();
    let address = said.split_once("http://").and_then(|(_, rest)| rest.split_once("/metrics"));
    address.unwrap_or_else(|| panic!("{said}")).0.to_owned()
}

fn figure(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let wanted = |sample: &&prometheus_parse::Sample| {
        sample.metric == name && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    match scrape.samples.iter().find(wanted).map(|sample| &sample.value) {
        Some(Figure::Counter(value) | Figure::Gauge(value)) => *value,
        other => panic!("{name} {labels:?}: {other:?}\n{text}"),
    }
}

#[test]
fn metrics_are_scraped_while_panels_are_synced() {
    let scene = Scene::of(&some_hundred(4401));
    let mut watch = watch(&scene, &[&["--metrics", "0"], &SECOND[..]].concat());
    let address = address_of_metrics(&mut watch);
    wait_for_results(&watch, 1);
    scene.panel.advance(&Step::ordinary());
    add_login(&scene);
    wait_for_results(&watch, 4);
    let completed = [("profile", HOME), ("outcome", "completed")];
    wait_until("the runs are counted", || {
        let (head, text) = get(&address, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        figure(&text, "xtream_sync_runs_total", &completed) > 2.5
    });
    let (_, text) = get(&address, "/metrics");
    assert_no_login(&text);
    for kind in Kind::ALL {
        let of_kind = [("profile", HOME), ("kind", kind.name())];
        let items = figure(&text, "xtream_sync_items", &of_kind);
        let listed = scene.ids(kind).len();
        assert!((items - f64::from(u32::try_from(listed).unwrap())).abs() < 0.5, "{kind}: {items}, not {listed}");
        assert!(figure(&text, "xtream_sync_received_bytes_total", &of_kind) > 1000.0);
        assert!(figure(&text, "xtream_sync_requests_total", &of_kind) > 1.5);
        assert!((0.0..90.0).contains(&figure(&text, "xtream_sync_age_seconds", &of_kind)));
        assert!(figure(&text, "xtream_sync_next_run_timestamp_seconds", &of_kind) > 1.0e9);
    }
    let added = [("profile", HOME), ("kind", "movies"), ("outcome", "added")];
    assert!(figure(&text, "xtream_sync_changes_total", &added) > 399.5);
    assert!(get(&address, "/healthz").0.starts_with("HTTP/1.1 200"));
    assert!(get(&address, "/").0.starts_with("HTTP/1.1 404"));
    // A port that is in use is a usage error, and nothing is synced.
    let other = Scene::of(&some_hundred(4402));
    let refused = other.run(&["watch", "--metrics", &address]).exits(2);
    assert!(refused.stderr.contains("--metrics"), "{}", refused.stderr);
    assert_eq!(other.panel.request_count(Action::VodStreams), 0);
    // Clients that send nothing delay no other client.
    let silent: Vec<_> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let results = watch.stdout_so_far().matches('\n').count();
    wait_for_results(&watch, results + 2);
    drop(silent);
    stop(watch);
}

/// Starts a reader of a named pipe. It ends when no process has the pipe open for writing.
fn until_nobody_writes(pipe: &Path) -> std::thread::JoinHandle<()> {
    let made = Command::new("mkfifo").arg(pipe).status().unwrap();
    assert!(made.success());
    let pipe = pipe.to_owned();
    std::thread::spawn(move || {
        std::fs::File::open(pipe).unwrap().read_to_end(&mut Vec::new()).unwrap();
    })
}

#[test]
fn a_hook_that_hangs_holds_up_nothing_and_is_ended_with_the_watch() {
    let scene = Scene::of(&some_hundred(4403));
    let (told, pipe) = (scene.folder().join("told"), scene.folder().join("pipe"));
    let gone = until_nobody_writes(&pipe);
    let hook = format!("exec 3>'{}'; cat >> '{}'; sleep 1000 & sleep 1000", pipe.display(), told.display());
    let watch = watch(&scene, &[&["--on-change", &hook], &SECOND[..]].concat());
    for round in 1..4 {
        wait_for_results(&watch, round);
        scene.panel.advance(&Step::ordinary());
    }
    wait_for_results(&watch, 5);
    let log = stop(watch);
    assert!(log.matches("run ended").count() >= 5, "{log}");
    // One result is told at a time. The others wait, and the newest one replaces the rest.
    assert_eq!(std::fs::read_to_string(&told).unwrap().lines().count(), 1);
    gone.join().unwrap();
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[test]
fn a_signal_ends_the_wait_for_a_hook_after_the_last_sync() {
    let scene = Scene::of(&some_hundred(4412));
    let (told, pipe) = (scene.folder().join("told"), scene.folder().join("pipe"));
    let gone = until_nobody_writes(&pipe);
    let hook = format!("exec 3>'{}'; cat > '{}'; sleep 1000 & sleep 1000", pipe.display(), told.display());
    scene.panel.on(Action::VodStreams, Behaviour::html());
    let once = Running::start(command(&scene.database, &["watch", "--json", "--once-due", "--on-change", &hook]));
    wait_until("the hook is told", || std::fs::read_to_string(&told).is_ok_and(|text| text.ends_with('\n')));
    let sent = Command::new("kill").args(["-TERM", &once.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    // The exit code is that of the runs, and no process of the hook is left.
    once.end().exits(3);
    gone.join().unwrap();
}

#[test]
fn a_hook_is_told_what_has_changed_and_nothing_of_the_login() {
    let scene = Scene::synced(4404);
    let told = scene.folder().join("told");
    let hook = format!("env > '{0}.env'; cat >> '{0}'", told.display());
    scene.run(&["profile", "set", HOME, &format!("hook.on-change={hook}")]).exits(0);
    let shown = scene.run(&["profile", "show", HOME, "--json"]).exits(0);
    assert!(!shown.stdout.contains("cat >>") && shown.stdout.contains("(hidden)"), "{}", shown.stdout);
    scene.panel.advance(&Step::ordinary());
    add_login(&scene);
    let report = sync_once(&scene, &[], &[]);
    let text = std::fs::read_to_string(&told).unwrap();
    assert_no_login(&text);
    assert!(text.contains("/movie/{username}/{password}/1.mp4"), "{text}");
    is_whole::<Told<'static>>(&text);
    let object: Value = serde_json::from_str(&text).unwrap();
    for (member, value) in report.as_object().unwrap() {
        assert_eq!(object[member], *value, "{member}");
    }
    for kind in Kind::ALL.map(Kind::name) {
        for sort in ["added", "updated", "removed"] {
            let named = object["changes"][kind][sort].as_array().unwrap();
            let all = report["kinds"][kind][sort].as_u64().unwrap();
            assert_eq!(named.len() as u64 + object["more"][kind][sort].as_u64().unwrap(), all, "{kind} {sort}");
            assert!(named.len() <= 20 && named.iter().all(|item| item["id"].is_i64() && item["name"].is_string()));
        }
    }
    let line = object["text"].as_str().unwrap();
    assert!(line.starts_with("home: ") && line.contains(" new movies: "), "{line}");
    let environment = std::fs::read_to_string(told.with_extension("env")).unwrap();
    assert!(!environment.contains("movies"), "nothing of the panel is in the environment");
    // A sync without changes is told only if the setting asks for it.
    sync_once(&scene, &[], &[]);
    assert_eq!(std::fs::read_to_string(&told).unwrap(), text);
    sync_once(&scene, &["--always"], &[]);
    assert_eq!(std::fs::read_to_string(&told).unwrap().lines().count(), 2);
}

#[test]
fn a_password_that_a_command_prints_is_blanked_too() {
    let scene = Scene::synced(4411);
    let told = scene.folder().join("told");
    let asked = scene.folder().join("asked");
    let command = format!("echo x >> '{}'; {}", asked.display(), print_password(&scene));
    scene.run(&["profile", "edit", HOME, "--password-command", &command]).exits(0);
    scene.panel.advance(&Step::ordinary());
    add_login(&scene);
    let before = std::fs::read_to_string(&asked).unwrap_or_default().lines().count();
    sync_once(&scene, &["--on-change", &format!("cat > '{}'", told.display())], &[]);
    let text = std::fs::read_to_string(&told).unwrap();
    assert_no_login(&text);
    assert!(text.contains("/movie/{username}/{password}/1.mp4"), "{text}");
    let after = std::fs::read_to_string(&asked).unwrap().lines().count();
    assert_eq!(after - before, 1, "the command runs for the panel alone");
}

#[test]
fn commands_of_hooks_get_no_secret_of_the_environment() {
    let scene = Scene::synced(4410);
    // Variables with secrets of all profiles are kept from commands, also those of profiles that are not watched.
    scene.add("away", &scene.panel.base_url(), &["--password-env", "AWAY_PASSWORD"]).exits(0);
    scene.run(&["profile", "set", "away", "hook.webhook-env=AWAY_HOOK"]).exits(0);
    scene.run(&["profile", "edit", HOME, "--password-env", "HOME_PASSWORD"]).exits(0);
    scene.panel.advance(&Step::ordinary());
    let folder = scene.folder();
    let [on_change, before] =
        ["on-change.env", "before.env"].map(|name| format!("env > '{}'", folder.join(name).display()));
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/canary-of-the-option", server.local_addr().unwrap());
    let variables = [
        ("HOME_PASSWORD", PASSWORD),
        ("AWAY_PASSWORD", "canary-of-away"),
        ("AWAY_HOOK", "http://127.0.0.1:9/canary-of-the-setting"),
        ("HOOK_ADDRESS", &address),
        ("XTREAM_SYNC_PASSWORD", "canary-of-the-variable"),
        ("ANOTHER", "stays"),
    ];
    let listener = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let options = [HOME, "--on-change", &on_change, "--before", &before, "--webhook-env", "HOOK_ADDRESS"];
    sync_once(&scene, &options, &variables);
    listener.join().unwrap();
    for name in ["on-change.env", "before.env"] {
        let environment = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(environment.contains("ANOTHER=stays") && environment.contains("PATH="), "{name}: {environment}");
        assert!(!environment.contains("canary") && !environment.contains(PASSWORD), "{name}: {environment}");
    }
}

#[test]
fn a_webhook_that_is_down_holds_up_nothing_and_its_address_is_not_told() {
    let scene = Scene::of(&some_hundred(4405));
    let secret = "canary-of-the-webhook";
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = scene.folder().join("webhook");
    std::fs::write(&file, format!("http://{}/{secret}\n", free.local_addr().unwrap())).unwrap();
    drop(free);
    let arguments = ["-vvv", "watch", "--json", "--backoff", "0.01", "--webhook-file", file.to_str().unwrap()];
    let mut watch = Running::start(command_without_log(&scene.database, &[&arguments[..], &SECOND].concat()));
    watch.wait_for("hook failed");
    scene.panel.advance(&Step::ordinary());
    wait_for_results(&watch, 4);
    let log = stop(watch);
    assert!(log.contains("127.0.0.1 could not be reached") && !log.contains(secret), "{log}");
}

#[test]
fn a_webhook_is_posted_to() {
    let scene = Scene::synced(4406);
    scene.panel.advance(&Step::ordinary());
    add_login(&scene);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", server.local_addr().unwrap());
    let listener = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let (mut request, mut piece) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"}\n") {
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0);
            request.extend_from_slice(&piece[..length]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    });
    sync_once(&scene, &["--webhook-env", "HOOK_ADDRESS"], &[("HOOK_ADDRESS", &address)]);
    let request = listener.join().unwrap();
    assert_no_login(&request);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n") && head.contains("application/json"), "{head}");
    is_whole::<Told<'static>>(body);
    let object: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&object["profile"], &object["trigger"]), (&HOME.into(), &"once_due".into()));
}

#[test]
fn a_command_before_a_sync_postpones_it() {
    let scene = Scene::of(&some_hundred(4407));
    let free = scene.folder().join("free");
    let before = format!("test \"$XTREAM_SYNC_PROFILE\" = home && test -e '{}'", free.display());
    let mut watch = watch(&scene, &[&["--before", &before], &SECOND[..]].concat());
    watch.wait_for("run postponed");
    let log = watch.stderr_so_far();
    assert!(log.contains("reason=\"before_command\"") && log.contains("ended with 1"), "{log}");
    assert_eq!(scene.panel.requests().len(), 0, "the panel was not asked");
    std::fs::write(&free, "").unwrap();
    // SIGHUP ends the pause.
    let sent = Command::new("kill").args(["-HUP", &watch.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    wait_for_results(&watch, 1);
    stop(watch);
    scene.assert_true();
}

#[test]
fn the_log_is_one_object_per_line() {
    let scene = Scene::of(&some_hundred(4408));
    add_login(&scene);
    // The messages of commands are not JSON objects.
    let command = format!("echo no object >&2; {}", print_password(&scene));
    scene.run(&["profile", "edit", HOME, "--password-command", &command]).exits(0);
    let hooks = ["--before", "echo no object >&2", "--on-change", "cat >&2", "--always"];
    let json = ["--log-format", "json", "--metrics", "0"];
    let watch = watch(&scene, &[&json[..], &hooks, &SECOND].concat());
    wait_for_results(&watch, 2);
    scene.panel.on(Action::VodStreams, Behaviour::html());
    wait_until("a run has failed in part", || watch.stdout_so_far().contains("partial"));
    let log = stop(watch);
    assert_no_login(&log);
    let objects: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(|it| ["timestamp", "level", "message"].iter().all(|name| it[*name].is_string())));
    let with = |message: &str| objects.iter().filter(|it| it["message"] == message).cloned().collect::<Vec<_>>();
    let ended = with("run ended");
    assert_eq!((&ended[0]["status"], &ended[0]["added"]), (&"completed".into(), &670.into()));
    let partial = ended.iter().find(|it| it["status"] == "partial").unwrap();
    assert_eq!((&partial["level"], &partial["error"]), (&"WARN".into(), &"html_page".into()));
    assert!(with("next sync").iter().any(|it| it["reason"] == "schedule" && it["kinds"].is_string()));
}

#[test]
fn status_says_what_is_wrong() {
    let scene = Scene::of(&some_hundred(4409));
    let check = |code: i32| {
        let run = scene.run(&["status", "--check", "--json"]).exits(code);
        let line: Value = serde_json::from_str(&run.stdout).unwrap();
        let problems = line["check"].as_array().unwrap().clone();
        problems.iter().map(|it| format!("{} {}", it["problem"], it["kind"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(check(3), ["stale channels", "stale movies", "stale series"]);
    scene.sync(&[]).exits(0);
    assert_eq!(check(0), [""; 0]);
    let run = scene.run(&["status", "--check"]).exits(0);
    assert_eq!(run.stdout, "home: in order\n");
    let status = scene.run(&["status", "--json"]).exits(0);
    let line: Value = serde_json::from_str(&status.stdout).unwrap();
    let movies = &line["schedule"]["movies"];
    assert!(movies["next"].is_i64() && movies["why"].as_str().unwrap().contains("new titles come"), "{line}");
    assert!(line["details"].is_null() && line["conflicts"] == 0 && line.get("check").is_none(), "{line}");
    let status = scene.run(&["status"]).exits(0);
    assert!(status.stdout.contains("UTC, because new titles come"), "{}", status.stdout);
    scene.panel.on(Action::Series, Behaviour::Empty);
    scene.panel.on(Action::VodStreams, Behaviour::html());
    scene.sync(&[]).exits(7);
    assert_eq!(check(7), ["failing movies", "held series"]);
    scene.run(&["profile", "set", HOME, "kinds.off=movies,series"]).exits(0);
    assert_eq!(check(0), [""; 0], "what is switched off doesn't count");
    scene.panel.set_accounts(vec![Account::new("somebody", "else")]);
    scene.sync(&[]).exits(4);
    assert_eq!(check(4), ["login_refused null"]);
}
