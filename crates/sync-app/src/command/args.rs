//! The arguments of the command. Their comments are the text of `--help`.

mod feed;
mod panel;
mod profile;

use std::path::PathBuf;

use clap::{Args as Arguments, Parser, Subcommand};
use sync_core::ContentKind;

use super::failure::Failure;

pub(crate) use feed::{ChangesArgs, HistoryArgs, NewArgs, UndoArgs};
pub(crate) use panel::PanelArgs;
pub(crate) use profile::{AddArgs, Answer, OtherHosts, PasswordArgs, ProfileCommand};

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
newer version, 11 another run holds the profile, 12 position gone or nothing to undo, 130 cancelled.";

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
    /// Looks whether the cache is sound, and has the next sync mend what isn't
    #[command(after_help = CHECK_ENDS)]
    Check(CheckArgs),
    /// Copies the cache into a file, passwords included, also while a sync is running
    Backup {
        /// The file to write
        file: PathBuf,
        /// Replaces the file when it is there
        #[arg(long)]
        force: bool,
    },
    /// Puts a backup into the place of the cache, which is kept beside it under another name
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Show what has changed, with values, oldest first
    #[command(after_help = feed::CHANGES_HELP)]
    Changes(ChangesArgs),
    /// Show what is new in the catalogue, newest first
    New(NewArgs),
    /// Show the runs of a profile, newest first
    History(HistoryArgs),
    /// Put the cache back as it was before a run
    #[command(after_help = feed::UNDO_HELP)]
    Undo(UndoArgs),
    /// Shows last runs, counts, what is held, what was learnt of the panel, and the account
    Status {
        /// The profile; all when none is named
        id: Option<String>,
        /// Prints one JSON object a profile, a line each
        #[arg(long)]
        json: bool,
    },
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
    /// Fetches and compares, shows what would be done, and writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agrees to the removals that `status` shows as held; whatever else is missing goes only where it is
    /// plausible by itself
    #[arg(long)]
    pub(crate) accept_removals: bool,
    /// Prints one JSON object a profile, a line each
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

/// What a check does, and how it ends.
const CHECK_ENDS: &str = "\
What is looked at: the file as SQLite has it, and every table against the others. What doesn't fit is named, and
its kind is marked: the next sync compares every item of it. Nothing is thrown away.

Exit codes: 0 all is well, 3 something was found or the panel has other things, 8 the file is damaged or no
cache, 9 it was made by a newer version. With --panel also those of a sync.";

#[derive(Debug, Arguments)]
pub(crate) struct CheckArgs {
    /// The profile; all when none is named
    pub(crate) id: Option<String>,
    /// Fetches the lists as well and compares every item; no item is written
    #[arg(long = "panel")]
    pub(crate) with_panel: bool,
    /// Prints one JSON object a profile, a line each
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

pub(crate) fn kind(text: &str) -> Result<ContentKind, &'static str> {
    text.trim().parse().map_err(|_| "this is no kind of content: use channels, movies or series")
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

    /// `docs/guide.md` has a row for each option of a sync and each setting of a profile, with its default.
    #[test]
    fn the_guide_has_every_option_with_its_default() {
        use clap::CommandFactory;
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide.md");
        let guide = std::fs::read_to_string(guide).unwrap().replace(['`', ','], "");
        let command = Args::command();
        let subcommand = |command: &clap::Command, name| command.find_subcommand(name).unwrap().clone();
        let (sync, add) = (subcommand(&command, "sync"), subcommand(&subcommand(&command, "profile"), "add"));
        for (arg, long) in
            sync.get_arguments().chain(add.get_arguments()).filter_map(|arg| Some((arg, arg.get_long()?)))
        {
            let row = guide.lines().find(|row| row.starts_with(&format!("| --{long} ")));
            let row = row.unwrap_or_else(|| panic!("the guide has no row for --{long}"));
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let told = help.split_once("[default: ").and_then(|(_, default)| default.split(']').next());
            if let Some(default) = arg.get_default_values().first().and_then(|value| value.to_str()).or(told) {
                let has_default = row.split('|').any(|cell| cell.trim() == default);
                assert!(has_default || !arg.get_action().takes_values(), "the default is {default}: {row}");
            }
        }
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

    #[test]
    fn a_password_has_one_source() {
        let add = |more: &[&str]| Args::try_parse_from([&["xtream-sync", "profile", "add", "x"], more].concat());
        let sources = [
            &["--password-file", "f"][..],
            &["--password-prompt"],
            &["--password-env", "HOME_PASSWORD"],
            &["--password-path", "f"],
            &["--password-command", "pass show home"],
        ];
        for (at, source) in sources.iter().enumerate() {
            assert!(add(source).is_ok(), "{source:?}");
            let other = sources[(at + 1) % sources.len()];
            let error = add(&[source, other].concat()).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict, "{source:?} {other:?}");
        }
        for wrong in [["--password-env", "A=b"], ["--password-env", ""], ["--password-path", "-"]] {
            assert!(add(&wrong).is_err(), "{wrong:?}");
        }
    }
}
