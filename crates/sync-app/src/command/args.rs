//! The arguments of the command.
//!
//! Their comments are the text of `--help`: imperative, without a full stop, with unit, default and range. Every
//! command has an example in `args/examples.rs`, and every `--help` is in a snapshot (see `args/help.rs`).

mod examples;
mod feed;
#[cfg(test)]
mod help;
mod overlay;
mod panel;
mod profile;
mod read;
mod service;
mod watch;

use std::path::PathBuf;

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use sync_core::ContentKind;
use sync_service::similar_kind;

use super::colour::{self, When};
use super::failure::Failure;
use super::logging::LogFormat;

pub(crate) use feed::{ApplyArgs, ChangesArgs, ChangesCommand, ExportChangesArgs, HistoryArgs, NewArgs, UndoArgs};
pub(crate) use overlay::{
    ChosenArgs, ConflictsArgs, ConflictsCommand, EditArgs, FavouriteArgs, FilterCommand, FilterRuleArgs, HideArgs,
    OverlayCommand, ResolveArgs, RewriteCommand, RuleListArgs, RuleRemoveArgs, TagArgs, WatchedArgs,
};
pub(crate) use panel::PanelArgs;
pub(crate) use profile::{
    AddArgs, Answer, OtherHosts, PasswordArgs, ProfileCommand, SetArgs, ShowProfileArgs, TestArgs,
};
pub(crate) use read::{CategoriesArgs, ExportArgs, Format, ListArgs, SearchArgs, ShowArgs, ViewArgs, WhichArgs};
pub(crate) use service::WatchCommand;
pub(crate) use watch::WatchArgs;

/// The environment variable that names the cache file.
const DATABASE: &str = "XTREAM_SYNC_DATABASE";

/// Keep a local SQLite cache in step with IPTV panels (Xtream Codes API).
#[derive(Debug, Parser)]
#[command(name = "xtream-sync", version, styles = colour::styles(), after_help = format!("{}\n\n{EXIT_CODES}", examples::ROOT))]
pub(crate) struct Args {
    /// Use this cache file [default: xtream-sync/cache.db in the platform's data folder]
    #[arg(long, global = true, value_name = "PATH", env = DATABASE, hide_env_values = true)]
    database: Option<PathBuf>,

    /// Print more on stderr: -v for what is done, -vv for every request, -vvv for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print on stderr only errors and held removals, and no report of what was done; lists, --json and files stay
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Use colours: auto (on a terminal, unless the environment forbids it), always or never
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_possible_values = true)]
    pub(crate) color: When,

    /// Write the lines on stderr as text for people, or as one JSON object per line: text or json
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = true)]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 internal error, 2 usage, 3 partial, 4 login refused or account \
expired, 5 panel unreachable, 6 answer unusable, 7 removals held: a person decides, 8 local store, 9 cache made by a \
newer version, 11 another run holds the profile, 12 position gone, nothing to undo, or a change set that does not fit, 130 cancelled.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add, change, list and remove profiles (a profile is one account at one panel)
    #[command(after_help = examples::PROFILE)]
    Profile {
        #[command(subcommand)]
        command: ProfileCommand,
    },
    /// Sync profiles with their panels
    #[command(after_help = examples::SYNC)]
    Sync(SyncArgs),
    /// Sync profiles by their schedules, until a signal ends it
    #[command(after_help = examples::WATCH)]
    Watch(WatchCommand),
    /// Delete the cached content of a profile, and keep the profile and its settings
    #[command(after_help = examples::CLEAR)]
    Clear {
        /// Profile to clear
        id: String,
    },
    /// Check the cache for inconsistencies, and mark them for the next sync to repair
    #[command(after_help = format!("{}\n\n{CHECK_ENDS}", examples::CHECK))]
    Check(CheckArgs),
    /// Copy the cache, with the passwords in it, into a file; this works during a sync
    #[command(after_help = examples::BACKUP)]
    Backup {
        /// File to write
        file: PathBuf,
        /// Replace the file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Replace the cache with a backup, and keep the old cache beside it under another name
    #[command(after_help = examples::RESTORE)]
    Restore {
        /// Backup to restore
        file: PathBuf,
    },
    /// List the items of a kind, in the panel's order or another one
    #[command(after_help = examples::LIST)]
    List(ListArgs),
    /// Search the names, titles, casts, directors and genres of all items
    #[command(after_help = examples::SEARCH)]
    Search(SearchArgs),
    /// Show an item with all its fields, its categories, and its last changes
    #[command(after_help = examples::SHOW)]
    Show(ShowArgs),
    /// List the categories of a kind, with the number of their items
    #[command(after_help = examples::CATEGORIES)]
    Categories(CategoriesArgs),
    /// Write all items with all their fields to standard output, or into a file
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Change fields of items: your values are shown, and no sync overwrites them
    #[command(after_help = examples::EDIT)]
    Edit(EditArgs),
    /// Make items favourites
    #[command(after_help = examples::FAVOURITE)]
    Favourite(FavouriteArgs),
    /// Hide items from lists, searches and exports
    #[command(after_help = examples::HIDE)]
    Hide(HideArgs),
    /// Give items tags
    #[command(after_help = examples::TAG)]
    Tag(TagArgs),
    /// Mark items as watched now, to the end or up to a position
    #[command(after_help = examples::WATCHED)]
    Watched(WatchedArgs),
    /// Show and answer conflicts: values that both you and the panel have changed
    #[command(after_help = examples::CONFLICTS, args_conflicts_with_subcommands = true)]
    Conflicts {
        #[command(subcommand)]
        command: Option<ConflictsCommand>,
        #[command(flatten)]
        list: ConflictsArgs,
    },
    /// Say by rules which items are shown; no rule has a part in a sync
    #[command(after_help = examples::FILTER)]
    Filter {
        #[command(subcommand)]
        command: FilterCommand,
    },
    /// Change by rules how names are shown; the cache keeps the panel's names
    #[command(after_help = examples::REWRITE)]
    Rewrite {
        #[command(subcommand)]
        command: RewriteCommand,
    },
    /// Write your edits and rules into a file, and read them from one
    #[command(after_help = examples::OVERLAY)]
    Overlay {
        #[command(subcommand)]
        command: OverlayCommand,
    },
    /// Show what has changed, with values, oldest first; or carry it to another cache as a file
    #[command(after_help = examples::CHANGES, args_conflicts_with_subcommands = true)]
    Changes {
        #[command(subcommand)]
        command: Option<ChangesCommand>,
        #[command(flatten)]
        list: ChangesArgs,
    },
    /// Show what is new in the catalogue, newest first
    #[command(after_help = examples::NEW)]
    New(NewArgs),
    /// Show the runs of a profile, newest first
    #[command(after_help = examples::HISTORY)]
    History(HistoryArgs),
    /// Put the cache back as it was before a run
    #[command(after_help = examples::UNDO)]
    Undo(UndoArgs),
    /// Print a script that completes commands, options and profiles in a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// Shell of the script
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write manual pages, one per command, into a folder
    #[command(after_help = examples::MAN)]
    Man {
        /// Folder of the pages; it is created if necessary
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Show the last run, the counts, the held removals, the account, and facts about the panel
    #[command(after_help = format!("{}\n\n{STATUS_ENDS}", examples::STATUS))]
    Status(StatusArgs),
}

/// The shells that a script is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

#[derive(Debug, Arguments)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct SyncArgs {
    /// Profiles to sync, in this order; all profiles if none is named
    pub(crate) ids: Vec<String>,
    /// Sync this many profiles at once, 1 to 16; profiles with the same host and user name are synced one after the
    /// other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) jobs: u8,
    /// Decode and compare every item, even if the panel sends it as in the last list
    #[arg(long)]
    pub(crate) full: bool,
    /// Sync only these kinds, separated by commas: channels, movies, series; also one that is switched off (kinds.off)
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    pub(crate) only: Vec<ContentKind>,
    /// Fetch and compare, print what a sync would do, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agree to the removals that `status` shows as held; other missing items are removed only if their loss
    /// is plausible
    #[arg(long)]
    pub(crate) accept_removals: bool,
    /// Print one JSON object per profile, each on its own line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

/// The exit codes of `status --check`.
const STATUS_ENDS: &str = "\
Exit codes with --check: 0 in order, 4 the account has ended or the login is refused, 7 removals are held, 3 a kind is \
stale or its last sync has failed; the first of them that applies. A kind that is switched off, or that the panel \
doesn't offer, doesn't count.";

#[derive(Debug, Arguments)]
pub(crate) struct StatusArgs {
    /// Profile to show; all profiles if none is named
    pub(crate) id: Option<String>,
    /// Say only what is wrong, also by the exit code; for monitoring
    #[arg(long)]
    pub(crate) check: bool,
    /// Take a kind for stale after this time without a complete list: 90m, 36h, 7d [default: 36h, or one and a half of
    /// its intervals if that is longer]
    #[arg(long, value_name = "AGE", value_parser = max_age, requires = "check")]
    pub(crate) max_age: Option<i64>,
    /// Print one JSON object per profile, each on its own line
    #[arg(long)]
    pub(crate) json: bool,
}

fn max_age(text: &str) -> Result<i64, String> {
    sync_service::age(text.trim()).ok_or_else(|| "this is no age: use 90m, 36h or 7d".to_owned())
}

/// What a check does, and its exit codes.
const CHECK_ENDS: &str = "\
A check runs SQLite's integrity check on the file and compares every table with the others. It names each \
inconsistency and marks its kind: the next sync compares every item of a marked kind and repairs it. No item is \
deleted.

Exit codes: 0 consistent, 3 an inconsistency was found or the panel differs, 8 the file is damaged or is no cache, \
9 the cache was made by a newer version. With --panel also the exit codes of a sync.";

#[derive(Debug, Arguments)]
pub(crate) struct CheckArgs {
    /// Profile to check; all profiles if none is named
    pub(crate) id: Option<String>,
    /// Fetch the panel's lists as well, and compare every item with them; no item is written
    #[arg(long = "panel")]
    pub(crate) with_panel: bool,
    /// Print one JSON object per profile, each on its own line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

pub(crate) fn kind(text: &str) -> Result<ContentKind, String> {
    text.trim().parse().map_err(|_| {
        let meant = similar_kind(text).map(|kind| format!("did you mean {kind}? ")).unwrap_or_default();
        format!("this is no kind of content: {meant}use channels, movies or series")
    })
}

impl Args {
    /// Returns the path of the cache file: the named one, or the usual one of the platform.
    pub(crate) fn database(&self) -> Result<PathBuf, Failure> {
        match &self.database {
            Some(path) => Ok(path.clone()),
            None => Self::usual_place(),
        }
    }

    /// Returns the path of the cache file if the command line names none.
    pub(crate) fn usual_database() -> Result<PathBuf, Failure> {
        match std::env::var_os(DATABASE).filter(|path| !path.is_empty()) {
            Some(path) => Ok(path.into()),
            None => Self::usual_place(),
        }
    }

    fn usual_place() -> Result<PathBuf, Failure> {
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
    fn kinds_are_a_comma_separated_list() {
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
