//! The log on stderr.
//!
//! Only the crates of this workspace are logged. Lines of an HTTP library may contain addresses, and addresses contain
//! passwords.

use clap::ValueEnum;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::terminal::Stderr;
use super::{terminal, watch_log};

const OURS: [&str; 6] = ["sync_core", "sync_xtream", "sync_sqlite", "sync_service", "sync_app", "xtream_sync"];

/// The form of the lines on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging. `verbose` is the number of `-v` on the command line.
pub(crate) fn start(verbose: u8, quiet: bool, format: LogFormat) {
    terminal::write_json(format == LogFormat::Json);
    let _ = subscriber(verbose, quiet, format, || Stderr).try_init();
}

/// Returns the subscriber that writes the log.
pub(crate) fn subscriber<W>(verbose: u8, quiet: bool, format: LogFormat, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = match verbose {
        0 => Level::ERROR,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    // No person sits at the terminal of a service, so its log is its report.
    let of_watch = if quiet { Level::ERROR } else { level.max(Level::INFO) };
    let ours = OURS.map(|target| (target, level)).into_iter().chain([(watch_log::TARGET, of_watch)]);
    // A user who closes stderr wants no messages, and no message about the closed stderr.
    let lines = tracing_subscriber::fmt::layer().with_writer(to).with_ansi(false).with_target(false);
    let lines = lines.log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(lines).with(Targets::new().with_targets(ours))
}
