//! The arguments of the command. Their comments are the text of `--help`.

#![expect(clippy::doc_markdown, reason = "the comments are shown on terminals, where backticks are noise")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use sync_core::{ContentKind, PolicyChoice};

use super::failure::Failure;

/// Keeps a local SQLite cache in step with IPTV panels (Xtream Codes API).
#[derive(Debug, Parser)]
#[command(name = "xtream-sync", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// The cache file [default: xtream-sync/cache.db in the platform's data folder]
    #[arg(long, global = true, value_name = "PATH", env = "XTREAM_SYNC_DATABASE", hide_env_values = true)]
    database: Option<PathBuf>,

    /// Says more on stderr: -v what is done, -vv every request, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 internal error, 2 usage, 3 partial, 4 login refused or account \
expired, 5 panel unreachable, 6 answer unusable, 7 removals held: a person decides, 8 local store, 9 cache made by a \
newer version, 11 another run holds the profile, 130 cancelled.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Adds, lists and removes profiles: accounts at panels
    Profile {
        #[command(subcommand)]
        command: ProfileCommand,
    },
    /// Brings the cache in step with the panel; all profiles when none is named
    Sync(SyncArgs),
    /// Empties the cached content of a profile; keeps the profile and its settings
    Clear {
        /// The profile
        id: String,
    },
    /// Shows last runs, counts, what is held, and the account
    Status {
        /// The profile; all when none is named
        id: Option<String>,
        /// Prints one JSON object a profile, a line each
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Adds a profile, or changes the one with this id
    ///
    /// Of a profile that is there, what is not named stays as it is.
    ///
    /// The password comes from --password-file, from the environment variable
    /// XTREAM_SYNC_PASSWORD, from a pasted address, or from a prompt; never from an argument, where
    /// other users of the machine could read it.
    Add(AddArgs),
    /// Lists the profiles
    List {
        /// Prints one JSON object a profile, a line each
        #[arg(long)]
        json: bool,
    },
    /// Removes a profile and everything cached for it
    Remove {
        /// The profile
        id: String,
    },
}

#[derive(Debug, Arguments)]
pub(crate) struct AddArgs {
    /// A name of your choice
    pub(crate) id: String,
    /// The panel's address; pasted player_api.php and get.php addresses are understood
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// The user name at the panel
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// A file whose first line is the password; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// What to say to the panel one is; some panels serve only players they know
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// What makes an item an updated one [default: fingerprint]
    #[arg(long, value_enum)]
    pub(crate) policy: Option<Policy>,
    /// Holds removals of more than this share of a kind, in percent [default: 30]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) removal_share: Option<u8>,
    /// … and of more than this many items [default: 50]
    #[arg(long, value_name = "ITEMS")]
    pub(crate) removal_floor: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Policy {
    /// Its fields differ
    Fingerprint,
    /// Its own date is newer than the last sync; edits that the panel doesn't date are not seen
    Timestamp,
}

impl From<Policy> for PolicyChoice {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Fingerprint => Self::Fingerprint,
            Policy::Timestamp => Self::Timestamp,
        }
    }
}

#[derive(Debug, Arguments)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct SyncArgs {
    /// The profiles; all when none is named
    pub(crate) ids: Vec<String>,
    /// Decodes and compares every item, instead of trusting what is known of the last listing
    #[arg(long)]
    pub(crate) full: bool,
    /// Syncs these kinds only: channels, movies, series
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    pub(crate) only: Vec<ContentKind>,
    /// Fetches and compares, and writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agrees to the removals that `status` shows as held: to these, and no others
    #[arg(long)]
    pub(crate) accept_removals: bool,
    /// Prints one JSON object a profile, a line each
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

/// How the panel is talked to.
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Network (times in seconds)")]
pub(crate) struct PanelArgs {
    /// Until a connection stands
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub(crate) connect_timeout: Duration,
    /// Until the answer begins; panels build their lists in memory first
    #[arg(long, value_name = "S", default_value = "120", value_parser = seconds)]
    pub(crate) first_byte_timeout: Duration,
    /// Between two pieces of the answer
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub(crate) idle_timeout: Duration,
    /// For a whole answer
    #[arg(long, value_name = "S", default_value = "1200", value_parser = seconds)]
    pub(crate) total_timeout: Duration,
    /// How often a request is tried
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) attempts: u32,
    /// Before the second attempt; twice as long before each further one
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub(crate) backoff: Duration,
}

fn kind(text: &str) -> Result<ContentKind, String> {
    text.trim().parse().map_err(|error: sync_core::UnknownKind| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is no number of seconds"))
}

impl Args {
    /// The cache file: the one that was named, or the platform's usual place.
    pub(crate) fn database(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.database {
            return Ok(path.clone());
        }
        let folders = directories::ProjectDirs::from("", "", "xtream-sync");
        let folders = folders
            .ok_or_else(|| Failure::usage("there is no data folder for this user", "name a file with --database"))?;
        Ok(folders.data_dir().join("cache.db"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_password_is_no_argument() {
        let parsed = Args::try_parse_from(["xtream-sync", "profile", "add", "x", "--url", "u", "--password", "p"]);
        assert!(parsed.is_err());
    }

    #[test]
    fn kinds_come_as_a_list() {
        let args = Args::try_parse_from(["xtream-sync", "sync", "--only", "movies,series", "home"]).unwrap();
        let Command::Sync(sync) = args.command else { panic!("sync") };
        assert_eq!(sync.only, [ContentKind::Movies, ContentKind::Series]);
        assert_eq!(sync.ids, ["home"]);
        assert!(Args::try_parse_from(["xtream-sync", "sync", "--only", "films"]).is_err());
    }
}
