//! Cases 73 to 75, 78 and 79: filters, limits, redirects and addresses.

use std::net::{IpAddr, Ipv6Addr};

use sync_tests::{Action, Behaviour, Catalogue, CatalogueConfig, Condition, Kind, Panel, PanelConfig, Step};

use crate::home::Home;
use crate::program::{PASSWORD, USERNAME};
use crate::programme::{Scenario, case};
use crate::scene::{HOME, Scene, panel_config};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("73", "UA filter", "200 HTML or 403 to all but players", players_only),
    case("74", "one connection only", "403, 458 or 401 to a second request at once", one_connection),
    case("75", "redirect chain", "relative, other host, other port, chains, loops, schemes", redirects),
    case("78", "HEAD/OPTIONS trap", "200 empty to any verb but GET and POST", verbs),
    case("79", "base URL zoo", "pasted addresses, /c/, sub-paths, IPv6, no scheme", addresses),
];

/// Returns the user agents of all requests so far, each once.
fn agents(home: &Home<'_>) -> Vec<String> {
    let requests = home.panel.requests();
    let mut agents: Vec<String> =
        requests.iter().map(|request| request.header("user-agent").unwrap_or("").to_owned()).collect();
    agents.dedup();
    agents
}

fn players_only(trial: &Trial) {
    for code in [403, 200] {
        let home = trial.home();
        home.advance(&Step::ordinary());
        home.panel.forget_requests();
        home.panel.in_front(Behaviour::players_only(code, &["VLC"]));
        let report = home.sync(&[]).exits(0).report();
        assert_eq!(report.status(), "completed");
        home.assert_true();
        let [own, player] = &agents(&home)[..] else { panic!("{:?}", agents(&home)) };
        assert!(own.starts_with("xtream-sync/") && player.contains("VLC"), "{own} {player}");
        assert_eq!(home.panel.requests().iter().filter(|request| request.header("user-agent") == Some(own)).count(), 1);
        // The user agent is remembered, and the next run uses it from its first request on.
        home.panel.forget_requests();
        home.sync(&[]).exits(0);
        assert_eq!(agents(&home), std::slice::from_ref(player), "{code}");
    }
    // The panel lets in another player only. The run makes one more attempt, then its error asks a person.
    let home = trial.home();
    home.panel.in_front(Behaviour::players_only(403, &["TiviMate"]));
    home.panel.forget_requests();
    let run = home.fails_all(6, "http_status", &[]);
    assert!(run.stderr.contains("user agent"), "{}", run.stderr);
    assert_eq!(home.panel.requests().len(), 2);
    home.add(HOME, &home.panel.base_url(), &["--user-agent", "TiviMate/5.1.0"]).exits(0);
    home.panel.forget_requests();
    home.sync(&[]).exits(0);
    assert_eq!(agents(&home), ["TiviMate/5.1.0"]);
}

fn one_connection(trial: &Trial) {
    let home = trial.home();
    for status in [401, 403, 458] {
        home.advance(&Step { updated_percent: 5.0, added_percent: 2.0, ..Step::default() });
        home.panel.forget_requests();
        home.panel.in_front(Behaviour::status(status).when(Condition::Parallel));
        let report = home.sync(&[]).exits(0).report();
        assert_eq!(report.outcomes(), ["completed"; 3], "{status}");
        assert_eq!(home.panel.max_parallel(), 1);
        home.assert_true();
    }
}

fn redirects(trial: &Trial) {
    let home = trial.home();
    let port = home.panel.address().port();
    let changed = || home.advance(&Step { updated_percent: 2.0, ..Step::default() });
    let onward = |to: &str| Behaviour::Forward(302, to.to_owned());
    // A chain of five relative redirects is followed. The new place is not used in later runs.
    changed();
    home.panel.on_next(Action::VodStreams, 5, &onward(""));
    home.sync(&[]).exits(0);
    home.assert_true();
    // A redirect to another name of the same host counts as another host, and the run warns.
    changed();
    home.panel.forget_requests();
    home.panel.on_next(Action::VodStreams, 1, &Behaviour::Forward(301, format!("http://localhost:{port}")));
    let run = home.sync(&[]).exits(0);
    assert!(run.stderr.contains("warning:") && run.stderr.contains("localhost"), "{}", run.stderr);
    home.assert_true();
    let hosts: Vec<String> = home.panel.requests().iter().map(|one| one.header("host").unwrap().to_owned()).collect();
    let elsewhere: Vec<usize> = (0..hosts.len()).filter(|at| hosts[*at].starts_with("localhost")).collect();
    assert_eq!(elsewhere.len(), 1, "only the request that was sent there goes there: {hosts:?}");
    // A redirect to another port leads to a load balancer with the same catalogue.
    let other = Panel::start(panel_config(), home.panel.catalogue(|catalogue| catalogue.clone())).unwrap();
    changed();
    other.catalogue(|catalogue| *catalogue = home.panel.catalogue(|catalogue| catalogue.clone()));
    home.panel.on(Action::VodStreams, onward(&other.base_url()));
    home.sync(&[]).exits(0);
    assert_eq!(other.request_count(Action::VodStreams), 1);
    home.assert_true();
    home.panel.behave();
    home.remember();

    // A loop, a chain of six, other schemes and a redirect without a usable address are refused with an error.
    changed();
    for (behaviour, times) in [
        (onward(""), 6),
        (Behaviour::Sequence(vec![onward(""); 6]), 6),
        (Behaviour::Redirect("ftp://127.0.0.1/list".to_owned()), 1),
        (Behaviour::Redirect("file:///etc/passwd".to_owned()), 1),
        (Behaviour::Redirect("javascript:alert(1)".to_owned()), 1),
        (Behaviour::status(302), 1),
        (Behaviour::Redirect("http://[".to_owned()), 1),
    ] {
        home.panel.forget_requests();
        let run = home.fails(Kind::Movies, behaviour, "redirect_refused", &[]);
        assert!(home.panel.request_count(Action::VodStreams) <= times, "{}", run.stderr);
        assert!(!run.stderr.contains("etc/passwd"), "{}", run.stderr);
        home.panel.behave();
    }
    // A redirect adds no credentials to the new address.
    let bare = Behaviour::Redirect(format!("{}/player_api.php?action=get_vod_streams", other.base_url()));
    home.panel.on(Action::VodStreams, bare);
    other.forget_requests();
    let report = home.sync(&[]).report();
    assert_eq!(report.outcome(Kind::Movies), "failed");
    home.keeps(&[Kind::Movies]);
    let arrived = &other.requests()[0];
    assert!(arrived.param("password").is_none() && arrived.header("authorization").is_none(), "{arrived:?}");
    // A profile can refuse redirects to other hosts.
    home.panel.behave();
    home.add(HOME, &home.panel.base_url(), &["--other-hosts", "refuse"]).exits(0);
    let away = Behaviour::Forward(302, format!("http://localhost:{port}"));
    home.fails(Kind::Movies, away, "redirect_refused", &[]);
    home.recovers();
}

fn verbs(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for kind in Kind::ALL {
        home.panel.on_next(Action::listing(kind), 1, &Behaviour::ResetAfter(100));
        home.panel.on_next(Action::categories(kind), 1, &Behaviour::status(503));
    }
    home.sync(&[]).exits(0);
    home.assert_true();
    home.sync(&["--full"]).exits(0);
    home.run(&["status"]).exits(0);
    // Every run of a home is checked for this. Here the assertion shows that there were requests to check.
    assert!(home.panel.requests().len() > 14);
    assert!(home.panel.requests().iter().all(|request| request.method == "GET"));
}

fn addresses(trial: &Trial) {
    let config = PanelConfig { sub_path: "/panel".to_owned(), ..panel_config() };
    let scene = Scene::without_profile(Panel::start(config, Catalogue::new(&CatalogueConfig::small(79))).unwrap());
    let address = scene.panel.address();
    let encoded = |text: &str| -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect()
    };
    let login = format!("username={}&password={}", encoded(USERNAME), encoded(PASSWORD));
    let port = address.port();
    let mut runs = 0;
    for (at, (pasted, path)) in [
        (format!("http://{address}/"), "/player_api.php"),
        (format!("http://{address}//"), "/player_api.php"),
        (format!("{address}"), "/player_api.php"),
        (format!("localhost:{port}"), "/player_api.php"),
        (format!("  http://{address} \t"), "/player_api.php"),
        (format!("\"http://{address}\""), "/player_api.php"),
        (format!("HTTP://LOCALHOST:{port}/"), "/player_api.php"),
        (format!("http://{address}/player_api.php?{login}"), "/player_api.php"),
        (format!("http://{address}/get.php?{login}&type=m3u_plus&output=ts"), "/player_api.php"),
        (format!("http://{address}/xmltv.php?{login}"), "/player_api.php"),
        (format!("http://{address}/c/"), "/player_api.php"),
        (format!("http://{address}/stalker_portal/c/"), "/player_api.php"),
        (format!("http://{address}/#top"), "/player_api.php"),
        (format!("http://{address}/panel/"), "/panel/player_api.php"),
        (format!("http://{address}/panel/player_api.php?{login}"), "/panel/player_api.php"),
    ]
    .into_iter()
    .enumerate()
    {
        let profile = format!("pasted{at}");
        scene.add(&profile, &pasted, &[]).exits(0);
        scene.panel.forget_requests();
        let run = scene.sync(&[&profile]).exits(0);
        trial.note(&run, "completed".to_owned());
        assert!(scene.panel.requests().iter().all(|request| request.path == path), "{pasted}");
        assert_eq!(scene.panel.requests().len(), 7, "{pasted}");
        for kind in Kind::ALL {
            crate::scene::assert_true(&mut scene.cache(), &profile, &scene.panel, kind);
        }
        runs += 1;
    }
    let listed = scene.run(&["profile", "list", "--json"]).exits(0).stdout;
    assert_eq!(listed.lines().count(), runs);
    for wrong in ["http://user:secret@127.0.0.1:1", "ftp://127.0.0.1", "", "http://", "http://127.0.0.1:99999"] {
        let run = scene.add("wrong", wrong, &[]).exits(2);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
    // The stored address keeps any port, and an IPv6 address keeps its brackets.
    scene.add("port", "panel.example:25461", &[]).exits(0);
    scene.add("six", &format!("http://[::1]:{port}/sub"), &[]).exits(0);
    let stored = scene.cache().lines("SELECT base_url FROM xtream_profiles WHERE profile_id IN ('port','six')");
    assert_eq!(stored, ["http://panel.example:25461".to_owned(), format!("http://[::1]:{port}/sub")]);
    // If this machine has IPv6, a panel at an IPv6 address is reached.
    let config = PanelConfig { host: IpAddr::V6(Ipv6Addr::LOCALHOST), ..panel_config() };
    if let Ok(panel) = Panel::start(config, Catalogue::new(&CatalogueConfig::small(80))) {
        let six = trial.new_home(panel);
        six.sync(&[]).exits(0);
        six.assert_true();
    }
}
