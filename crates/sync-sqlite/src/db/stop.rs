//! Failpoints: named places at which a test can stop the program, and limits that a test can set.
//!
//! They exist only under the feature `failpoints`. Without the feature a failpoint does nothing, and the variables are
//! never read.
//!
//! - `XTREAM_SYNC_STOP_AT=POINT:N=ACTION` stops when the point is passed for the N-th time (1 if left out). `wait`, the
//!   default action, prints `stopped at POINT:N` to stderr and waits until the file exists that `XTREAM_SYNC_GO` names,
//!   or for ever if there is no such variable. `abort` ends the program at once, without cleaning up. `panic` panics.
//! - `XTREAM_SYNC_MAX_PAGES=N`: the disk is full when the database has N pages.
//! - `XTREAM_SYNC_CACHE_PAGES=N`: N pages are kept in memory; the rest of a transaction goes to the log early.
//! - `XTREAM_SYNC_PATIENCE=MS`: a caller waits MS milliseconds for the right to write.

#[cfg(feature = "failpoints")]
pub use points::{CACHE_PAGES, GO, MAX_PAGES, PATIENCE, POINTS, STOP_AT};
#[cfg(feature = "failpoints")]
pub(crate) use points::{Limits, at, patience, tune};

/// Does nothing.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn at(_point: &str) {}

#[cfg(feature = "failpoints")]
mod points {
    use std::io::Write;
    use std::path::Path;
    use std::str::FromStr;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
    use std::time::Duration;

    use diesel::SqliteConnection;
    use diesel::connection::SimpleConnection;
    use sync_core::StoreError;

    use crate::db::fault;

    /// The variable with the failpoint at which the program stops.
    pub const STOP_AT: &str = "XTREAM_SYNC_STOP_AT";
    /// The variable with the path of the file that ends the wait once it exists.
    pub const GO: &str = "XTREAM_SYNC_GO";
    /// The variable with the number of pages that the database may have.
    pub const MAX_PAGES: &str = "XTREAM_SYNC_MAX_PAGES";
    /// The variable with the number of pages that are kept in memory.
    pub const CACHE_PAGES: &str = "XTREAM_SYNC_CACHE_PAGES";
    /// The variable with the milliseconds for which a caller waits for the right to write.
    pub const PATIENCE: &str = "XTREAM_SYNC_PATIENCE";

    /// Every failpoint, in the order in which a program passes them that creates a cache and syncs into it.
    pub const POINTS: [&str; 34] = [
        "open.created",
        "open.ready",
        "migrate.begun",
        "migrate.step",
        "migrate.before-commit",
        "migrate.committed",
        "lease.taken",
        "start.begun",
        "start.before-commit",
        "start.committed",
        "apply.before-begin",
        "apply.begun",
        "apply.categories",
        "apply.items",
        "apply.removals",
        "apply.held",
        "apply.index",
        "apply.bookkeeping",
        "apply.before-commit",
        "apply.committed",
        "finish.begun",
        "finish.before-commit",
        "finish.committed",
        "finish.tidied",
        "edit.begun",
        "edit.written",
        "edit.before-commit",
        "edit.committed",
        "undo.begun",
        "undo.page",
        "undo.rows",
        "undo.kind",
        "undo.before-commit",
        "undo.committed",
    ];

    #[derive(Debug, PartialEq, Eq)]
    enum Action {
        Wait,
        Abort,
        Panic,
    }

    /// The failpoint that the environment names.
    #[derive(Debug, PartialEq, Eq)]
    struct Stop {
        point: String,
        time: u64,
        action: Action,
    }

    impl FromStr for Stop {
        type Err = ();

        fn from_str(text: &str) -> Result<Self, ()> {
            let (place, action) = text.split_once('=').unwrap_or((text, "wait"));
            let (point, time) = place.split_once(':').unwrap_or((place, "1"));
            let action = match action {
                "wait" => Action::Wait,
                "abort" => Action::Abort,
                "panic" => Action::Panic,
                _ => return Err(()),
            };
            let known = POINTS.contains(&point);
            let time = time.parse().ok().filter(|time| *time > 0 && known).ok_or(())?;
            Ok(Self { point: point.to_owned(), time, action })
        }
    }

    fn from_environment<T: FromStr>(variable: &str) -> Option<T> {
        let text = std::env::var(variable).ok()?;
        // A misspelled failpoint would prove nothing, so this panics.
        Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not understood: {text}")))
    }

    /// Stops here, if the environment names this failpoint.
    pub(crate) fn at(point: &str) {
        static STOP: OnceLock<Option<Stop>> = OnceLock::new();
        static PASSED: AtomicU64 = AtomicU64::new(0);
        debug_assert!(POINTS.contains(&point), "{point} is none of the points");
        let Some(stop) = STOP.get_or_init(|| from_environment(STOP_AT)) else { return };
        if stop.point != point || PASSED.fetch_add(1, Ordering::SeqCst) + 1 != stop.time {
            return;
        }
        match stop.action {
            Action::Wait => {
                let _ = writeln!(std::io::stderr().lock(), "stopped at {point}:{}", stop.time);
                wait();
            }
            Action::Abort => std::process::abort(),
            Action::Panic => panic!("stopped"),
        }
    }

    fn wait() {
        let go = std::env::var_os(GO);
        while !go.as_ref().is_some_and(|go| Path::new(go).exists()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns the time for which a caller waits for the right to write, if the environment sets it.
    pub(crate) fn patience() -> Option<Duration> {
        from_environment(PATIENCE).map(Duration::from_millis)
    }

    /// Sets the limits of the environment on a new connection.
    pub(crate) fn tune(conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if let Some(pages) = from_environment::<u32>(CACHE_PAGES) {
            batch(conn, &format!("PRAGMA cache_size={pages}"))?;
        }
        match from_environment::<u32>(MAX_PAGES) {
            Some(pages) => batch(conn, &format!("PRAGMA max_page_count={pages}")),
            None => Ok(()),
        }
    }

    fn batch(conn: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
        conn.batch_execute(sql).map_err(fault::of_diesel)
    }

    /// The limits of one store.
    #[derive(Debug, Default)]
    pub(crate) struct Limits {
        /// The number of pages that the database may have; zero for no limit.
        pages: AtomicU32,
    }

    impl Limits {
        pub(crate) fn set_pages(&self, pages: Option<u32>) {
            self.pages.store(pages.unwrap_or_default(), Ordering::SeqCst);
        }

        pub(crate) fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
            match self.pages.load(Ordering::SeqCst) {
                0 => Ok(()),
                pages => batch(conn, &format!("PRAGMA max_page_count={pages}")),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_failpoint_has_a_point_a_number_and_an_action() {
            let stop = |point: &str, time, action| Ok(Stop { point: point.to_owned(), time, action });
            assert_eq!("apply.items".parse(), stop("apply.items", 1, Action::Wait));
            assert_eq!("apply.items:7".parse(), stop("apply.items", 7, Action::Wait));
            assert_eq!("finish.tidied=abort".parse(), stop("finish.tidied", 1, Action::Abort));
            assert_eq!("apply.items:2=panic".parse(), stop("apply.items", 2, Action::Panic));
            for wrong in ["", "apply", "apply.items:0", "apply.items:x", "apply.items=sleep", "apply.items:2:3"] {
                assert_eq!(wrong.parse::<Stop>(), Err(()), "{wrong}");
            }
        }

        /// A failpoint that no code passes is never tested.
        #[test]
        fn every_point_occurs_exactly_once() {
            let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
            let mut sources = String::new();
            while let Some(folder) = folders.pop() {
                for file in std::fs::read_dir(folder).unwrap() {
                    let path = file.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if !path.ends_with("stop.rs") {
                        sources.push_str(&std::fs::read_to_string(path).unwrap());
                    }
                }
            }
            for point in POINTS {
                assert_eq!(sources.matches(&format!("stop::at(\"{point}\")")).count(), 1, "{point}");
            }
            assert_eq!(sources.matches("stop::at(").count(), POINTS.len());
        }
    }
}
