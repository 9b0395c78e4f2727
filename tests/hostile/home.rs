//! A panel, a cache, and the rows that the cache had at the last look. Every run is compared with them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use sync_tests::{Action, Behaviour, Expected, Kind, Step};

use crate::program::{Report, Run, Running, command};
use crate::scene::{HOME, Scene};
use crate::trial::Trial;

/// The rows of all kinds and their categories at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Snapshot {
    rows: [BTreeMap<i64, String>; 3],
    categories: [Vec<(String, String, Option<i64>)>; 3],
}

impl Snapshot {
    #[track_caller]
    fn assert_kept(&self, now: &Self, kinds: &[Kind]) {
        for kind in kinds {
            let at = *kind as usize;
            let differing = self.rows[at].iter().find(|(id, row)| now.rows[at].get(id) != Some(row));
            assert_eq!(differing, None, "a row of {kind} is not what it was");
            assert_eq!(now.rows[at].len(), self.rows[at].len(), "rows of {kind}");
            assert_eq!(now.categories[at], self.categories[at], "categories of {kind}");
        }
    }
}

/// A [`Scene`] whose runs are checked for lost rows and shown secrets.
pub(crate) struct Home<'t> {
    pub(crate) trial: &'t Trial,
    scene: Scene,
    /// The ids in the cache after the last run.
    ids: RefCell<[BTreeSet<i64>; 3]>,
    /// The ids of the rows that runs may remove.
    allowed: RefCell<[BTreeSet<i64>; 3]>,
    before: RefCell<Snapshot>,
}

impl Deref for Home<'_> {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl<'t> Home<'t> {
    pub(crate) fn new(trial: &'t Trial, scene: Scene) -> Self {
        let before = RefCell::new(snapshot(&scene));
        Self { trial, scene, ids: RefCell::default(), allowed: RefCell::default(), before }
    }

    /// Returns a home whose profile was synced once. The requests of this sync are forgotten.
    pub(crate) fn synced(trial: &'t Trial, scene: Scene) -> Self {
        scene.sync(&[]).exits(0);
        scene.panel.forget_requests();
        let home = Self::new(trial, scene);
        home.look();
        home
    }

    /// Runs `sync --json` with short waits, and checks the run: rows that are gone are counted, and errors need a hint.
    #[track_caller]
    pub(crate) fn sync(&self, more: &[&str]) -> Run {
        let always = ["sync", "--json", "--backoff", "0.01", "--requests-per-second", "1000"];
        self.watched(Running::start(command(&self.database, &[&always, more].concat())))
    }

    /// Waits for the end of a sync that is under way, and checks it.
    #[track_caller]
    pub(crate) fn watched(&self, running: Running) -> Run {
        let run = running.end();
        self.look();
        self.trial.note(&run, told(&run));
        for request in self.scene.panel.requests() {
            assert_eq!(request.method, "GET", "{request:?}");
            assert!(request.header("referer").is_none(), "the address, credentials included, is told to {request:?}");
        }
        run
    }

    /// Counts the rows that have gone since the last look and that no run may remove.
    pub(crate) fn look(&self) {
        let mut cache = self.scene.cache();
        let (mut ids, allowed) = (self.ids.borrow_mut(), self.allowed.borrow());
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            let now: BTreeSet<i64> = cache.row_ids(HOME, kind).into_keys().collect();
            let gone = ids[at].iter().filter(|id| !now.contains(id) && !allowed[at].contains(id)).count();
            self.trial.lost(gone as u64);
            ids[at] = now;
        }
    }

    /// Allows runs to remove these rows: the panel has removed them, and there is evidence or consent.
    pub(crate) fn may_go(&self, kind: Kind, ids: impl IntoIterator<Item = i64>) {
        self.allowed.borrow_mut()[kind as usize].extend(ids);
    }

    /// Advances the panel by a step, and allows runs to remove what the step removes.
    pub(crate) fn advance(&self, step: &Step) -> Expected {
        let expected = self.scene.panel.advance(step);
        for kind in Kind::ALL {
            self.may_go(kind, expected.of(kind).removed.iter().copied());
        }
        expected
    }

    /// Stores the present rows, with which [`Self::keeps`] compares.
    pub(crate) fn remember(&self) {
        *self.before.borrow_mut() = snapshot(&self.scene);
    }

    /// Asserts that the rows and the categories of these kinds are byte for byte as remembered.
    #[track_caller]
    pub(crate) fn keeps(&self, kinds: &[Kind]) {
        self.before.borrow().assert_kept(&snapshot(&self.scene), kinds);
    }

    /// Asserts that the rows and categories of all kinds are as remembered.
    #[track_caller]
    pub(crate) fn keeps_all(&self) {
        self.keeps(&Kind::ALL);
    }

    /// Syncs while the listing of one kind has this behaviour. Asserts that the kind fails with this code and keeps its
    /// rows, and that the other kinds succeed.
    #[track_caller]
    pub(crate) fn fails(&self, kind: Kind, behaviour: Behaviour, code: &str, more: &[&str]) -> Run {
        let before = snapshot(&self.scene);
        self.scene.panel.on(Action::listing(kind), behaviour);
        let run = self.sync(more).exits(3);
        let report = run.report();
        assert_eq!(report.status(), "partial");
        for other in Kind::ALL {
            if other == kind {
                assert_eq!((report.outcome(kind), report.error_code(kind)), ("failed", Some(code)), "{report:?}");
            } else {
                assert!(["unchanged", "completed"].contains(&report.outcome(other)), "{other}: {report:?}");
            }
        }
        before.assert_kept(&snapshot(&self.scene), &[kind]);
        run
    }

    /// Syncs, and asserts that every kind fails because of one error of the run, and that no row has changed.
    #[track_caller]
    pub(crate) fn fails_all(&self, exit: i32, code: &str, more: &[&str]) -> Run {
        let before = snapshot(&self.scene);
        let run = self.sync(more).exits(exit);
        let report = run.report();
        assert_eq!((report.status(), report.outcomes()), ("failed", ["failed"; 3]), "{report:?}");
        assert_eq!(report.0["errors"][0]["code"], code, "{report:?}");
        before.assert_kept(&snapshot(&self.scene), &Kind::ALL);
        run
    }

    /// Syncs while some rows of a kind are not listed. Asserts that their removals are held for this reason.
    #[track_caller]
    pub(crate) fn holds(&self, kind: Kind, reason: &str, held: usize, more: &[&str]) -> Report {
        let report = self.sync(more).exits(7).report();
        assert_eq!((report.status(), report.outcome(kind)), ("partial", "held"), "{report:?}");
        let counts = report.counts(kind);
        assert_eq!((counts.held, counts.removed), (held as u64, 0), "{report:?}");
        assert_eq!(self.reasons(kind), [reason], "{report:?}");
        report
    }

    /// Returns the reasons why removals of a kind are held, each once.
    pub(crate) fn reasons(&self, kind: Kind) -> Vec<String> {
        self.scene.cache().lines(&format!(
            "SELECT DISTINCT reason FROM xtream_held_removals WHERE kind='{kind}' AND profile_id='{HOME}' ORDER BY 1"
        ))
    }

    /// Lets the panel behave normally, syncs once, and asserts that the cache is right.
    #[track_caller]
    pub(crate) fn recovers(&self) -> Report {
        self.scene.panel.behave();
        let report = self.sync(&[]).exits(0).report();
        assert_eq!(report.status(), "completed");
        self.scene.assert_true();
        report
    }
}

/// Returns a short description of a run: which kinds failed, and which have held removals.
fn told(run: &Run) -> String {
    let Some(line) = run.stdout.lines().next().filter(|line| line.starts_with('{')) else {
        return run.stderr.lines().last().unwrap_or_default().to_owned();
    };
    let report = Report(serde_json::from_str(line).unwrap());
    let of = |kind: &Kind| match report.outcome(*kind) {
        "failed" => Some(format!("{kind} failed: {}", report.error_code(*kind).unwrap_or("?"))),
        "held" => Some(format!("{kind} held: {}", report.kind(*kind)["hold_reason"].as_str().unwrap_or("?"))),
        "skipped" => Some(format!("{kind} skipped")),
        _ => report.error_code(*kind).map(|code| format!("{kind} {}: {code}", report.outcome(*kind))),
    };
    let told: Vec<String> = Kind::ALL.iter().filter_map(of).collect();
    if report.outcomes() == ["failed"; 3] {
        return format!("failed: {}", report.0["errors"][0]["code"].as_str().unwrap_or("?"));
    }
    match told.is_empty() {
        true if report.outcomes() == ["unchanged"; 3] => "unchanged".to_owned(),
        true => report.status().to_owned(),
        false => told.join(", "),
    }
}

fn snapshot(scene: &Scene) -> Snapshot {
    let mut cache = scene.cache();
    Snapshot {
        rows: Kind::ALL.map(|kind| cache.raw_rows(HOME, kind)),
        categories: Kind::ALL.map(|kind| cache.categories(HOME, kind)),
    }
}
