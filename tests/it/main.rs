//! End to end: the command and the library against the simulated panel, compared with the content that the panel knows.

#![expect(clippy::unwrap_used, reason = "a test that can't go on is to stop there, its fixture as well")]

#[cfg(unix)]
use sync_test_support::pseudo_terminal;
use sync_test_support::{cache, program, scene};

mod socks;

mod addresses;
mod backups;
mod cancelling;
mod change_sets;
mod changes;
mod checking;
mod clock;
mod consent;
mod dry_run;
mod edits;
#[cfg(unix)]
mod feed;
mod first;
mod followers;
mod housekeeping;
mod ids;
mod login;
mod newer;
mod output;
mod parallel;
mod partial;
mod pipes;
mod points;
mod policy;
mod probes;
mod progress;
mod quiet;
mod removals;
mod scheduler;
mod settings;
mod slow;
mod transport;
mod truncation;
mod undo;
mod validators;
mod volatile;

#[cfg(unix)]
mod killing;
#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod live;
#[cfg(unix)]
mod newcomer;
#[cfg(unix)]
mod overlay;
#[cfg(unix)]
mod paces;
#[cfg(unix)]
mod reading;
#[cfg(unix)]
mod set_up;
#[cfg(unix)]
mod showing;
#[cfg(unix)]
mod side_by_side;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod watch;
#[cfg(unix)]
mod watch_telling;
