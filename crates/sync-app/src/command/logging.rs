//! Logs, to stderr.
//!
//! Only the crates of this workspace are logged: lines of an HTTP library may contain addresses, and
//! addresses contain passwords.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::terminal::Stderr;

const OURS: [&str; 6] = ["sync_core", "sync_xtream", "sync_sqlite", "sync_service", "sync_app", "xtream_sync"];

/// Starts logging; `verbose` is how often `-v` was given.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => Level::ERROR,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let ours = Targets::new().with_targets(OURS.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Stderr).with_ansi(false).with_target(false);
    // Who closes stderr wants to hear of nothing, and least of all that it is closed.
    let lines = lines.log_internal_errors(false);
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
}
