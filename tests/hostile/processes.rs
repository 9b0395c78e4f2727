//! Cases 84 to 87: kills in the middle of a run, two runs at once, and clocks that jump.

use std::time::Duration;

use sync_core::{ContentKind, HoldReason, KindOutcome, Loss, SyncOptions};
use sync_tests::{Account, Action, Behaviour, CatalogueConfig, Gate, JsonForm, Kind, Step, disagreements};

use crate::library::{DAY, Library};
use crate::program::{PASSWORD, USERNAME, wait_until};
use crate::programme::{Scenario, case};
use crate::scene::HOME;
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("84", "mid-run password change", "two kinds well, then auth 0", refused_in_the_middle),
    case("85", "crash mid-sync", "killed in the middle of a list, and of an apply", killed),
    case("86", "two syncs at once", "the same profile started twice", twice),
    case("87", "clock skew", "the local clock two years off", two_years_off),
];

fn refused_in_the_middle(trial: &Trial) {
    let home = trial.home();
    let expected = home.panel.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
    for kind in [Kind::Channels, Kind::Movies] {
        home.may_go(kind, expected.of(kind).removed.iter().copied());
    }
    home.panel.on(Action::SeriesCategories, Behaviour::Refused);
    home.panel.on(Action::Series, Behaviour::Refused);
    home.panel.forget_requests();
    let report = home.sync(&[]).exits(4).report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["completed", "completed", "failed"]));
    assert_eq!(report.error_code(Kind::Series), Some("login_refused"));
    home.assert_true_of(Kind::Channels);
    home.assert_true_of(Kind::Movies);
    home.keeps(&[Kind::Series]);
    let of_series = home.panel.request_count(Action::SeriesCategories) + home.panel.request_count(Action::Series);
    assert_eq!(of_series, 1, "once is enough");
    home.may_go(Kind::Series, expected.series.removed.iter().copied());
    home.recovers();
}

fn killed(trial: &Trial) {
    let config = CatalogueConfig { seed: 85, channels: 20, movies: 8_000, series: 20, items_per_category: 400 };
    let home = trial.home_of(&config);
    let only = ["--only", "movies"];
    // A kill in the middle of the list.
    let step = Step { updated_percent: 50.0, removed_percent: 8.0, added_percent: 8.0, ..Step::default() };
    let step = Step { kinds: vec![Kind::Movies], ..step };
    let truth = || home.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));
    let mut old = truth();
    home.advance(&step);
    let gate = Gate::new();
    home.panel.on(Action::VodStreams, Behaviour::Gate(3_000_000, gate.clone()));
    let running = home.start_sync(&only);
    wait_until("the list is half there", || gate.reached_count() == 1);
    running.kill();
    gate.open();
    home.panel.behave();
    home.look();
    home.keeps_all();
    // A kill in the middle of the apply leaves either all old rows or all new rows. On a busy machine a kill may come
    // late, so the test tries several times.
    let (mut olds, mut wait) = (0, 0);
    for _ in 0..6 {
        let new = truth();
        let mut running = home.start_sync(&only);
        running.wait_for("movies: applying");
        wait_until("the transaction begins", || home.cache().is_locked() || running.has_ended());
        std::thread::sleep(Duration::from_millis(wait));
        running.kill();
        let mut cache = home.cache();
        cache.assert_sound();
        let rows = cache.rows(HOME, Kind::Movies);
        let [from_old, from_new] = [&old, &new].map(|truth| disagreements(Kind::Movies, truth, &rows).len());
        assert!((from_old == 0) != (from_new == 0), "{from_old} from the old, {from_new} from the new");
        olds += usize::from(from_old == 0);
        home.look();
        if olds >= 2 {
            break;
        }
        if from_new == 0 {
            old = new;
            home.advance(&step);
        }
        wait += 10;
    }
    assert!(olds >= 1, "no kill came before the commit");
    home.sync(&[]).exits(0);
    home.assert_true();
    trial.outcome("killed; wholly old or new, then completed");
}

fn twice(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let gate = Gate::new();
    home.panel.on(Action::VodStreams, Behaviour::Gate(10_000, gate.clone()));
    let first = home.start_sync(&["--json"]);
    wait_until("the first is in the middle", || gate.reached_count() == 1);
    let asked = home.panel.requests().len();
    let run = home.sync(&[]).exits(11);
    assert_eq!(run.report().0["errors"][0]["code"], "profile_busy");
    assert_eq!(home.panel.requests().len(), asked, "the second asks the panel nothing");
    gate.open();
    home.watched(first).exits(0);
    home.assert_true();
}

fn two_years_off(trial: &Trial) {
    let home = trial.home();
    let mut account = Account::new(USERNAME, PASSWORD);
    // By the panel's clock the account has a year left. By the local clock it would have ended.
    account.expires = JsonForm::text((home.panel.panel_time() + 365 * DAY).to_string());
    home.panel.set_accounts(vec![account]);
    let gone: Vec<i64> = home.ids(Kind::Movies)[..200].to_vec();
    home.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 200));
    let library = Library::new(&home);
    let held = |reason| {
        let report = library.run(&SyncOptions::default());
        let movies = report.kind(ContentKind::Movies);
        assert_eq!((movies.outcome, movies.hold_reason), (KindOutcome::Held, Some(reason)), "{report:?}");
        assert_eq!((movies.counts.held, movies.counts.removed), (200, 0));
        home.keeps_all();
    };
    held(HoldReason::Loss(Loss::ShareLost));
    // The local clock jumps two years ahead, while the panel's advances by an hour per run. This is no evidence over
    // seven days.
    library.pass_here(2 * 365 * DAY);
    for _ in 0..3 {
        library.pass(3600);
        held(HoldReason::Loss(Loss::ShareLost));
    }
    // The local clock is set back again, and the panel's advances by days.
    library.pass_here(-2 * 365 * DAY);
    library.pass(4 * DAY);
    held(HoldReason::Loss(Loss::ShareLost));
    library.pass(4 * DAY);
    home.may_go(Kind::Movies, gone);
    let report = library.run(&SyncOptions::default());
    assert_eq!(report.kind(ContentKind::Movies).counts.removed, 200, "{report:?}");
    home.assert_true();
    trial.outcome("movies held: share_lost; nothing by a clock that jumps");
}
