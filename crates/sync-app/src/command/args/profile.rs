//! The arguments of `profile`.

#![expect(clippy::doc_markdown, reason = "the comments are shown on terminals, where backticks are noise")]

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as Arguments, Subcommand, ValueEnum};
use sync_core::{PolicyChoice, SearchFields};

use super::{PanelArgs, examples};
use crate::command::settings;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Add a profile, or change the settings of an existing one
    ///
    /// If the profile exists, settings that are not named keep their values.
    ///
    /// A password is never an argument, because other users of the computer can read arguments. These
    /// sources are read once, and the password is kept in the cache: --password-file, --password-prompt,
    /// the environment variable XTREAM_SYNC_PASSWORD, and a pasted address. These are read at each sync,
    /// and no password is kept: --password-env, --password-path and --password-command.
    ///
    /// At a terminal, the command asks for what is missing: address, user name, password. Then it logs in and
    /// says what it has found. If that fails, try again, keep the profile all the same, or give up. Without a
    /// terminal nothing is asked; without --test nothing is tried then.
    #[command(after_help = examples::PROFILE_ADD)]
    Add(Box<AddArgs>),
    /// Change an existing profile: its addresses, its login, its settings
    ///
    /// It is the same as `profile add`, but no profile is added. What is not named keeps its value. The settings of
    /// `profile set` have more than these options.
    #[command(after_help = examples::PROFILE_EDIT)]
    Edit(Box<AddArgs>),
    /// Change settings of a profile by KEY=VALUE: all that are named, or none
    #[command(after_help = format!("{}\n\n{}", examples::PROFILE_SET, settings::help()))]
    Set(SetArgs),
    /// Show the settings of a profile, with their defaults, and no secret
    #[command(after_help = examples::PROFILE_SHOW)]
    Show(ShowProfileArgs),
    /// Test the login of a profile, and count its categories; no list is fetched, and nothing is written
    ///
    /// The exit code is 0 if the panel lets the account in and answers for its kinds, 4 if the login is refused or the
    /// account has ended, 5 if the panel can't be reached, and 6 if its answer is not usable.
    #[command(after_help = examples::PROFILE_TEST)]
    Test(Box<TestArgs>),
    /// List the profiles
    #[command(after_help = examples::PROFILE_LIST)]
    List {
        /// Print one JSON object per profile, each on its own line, with all settings and no password
        #[arg(long)]
        json: bool,
    },
    /// Remove a profile and everything cached for it
    #[command(after_help = examples::PROFILE_REMOVE)]
    Remove {
        /// Profile to remove
        id: String,
    },
}

#[derive(Debug, Arguments)]
pub(crate) struct AddArgs {
    /// Name of the profile, of your choice
    pub(crate) id: String,
    /// Use this address of the panel; addresses of its API, of playlists and of streams work as well. Repeat it for
    /// further addresses of the same panel, in order; together they replace those of before
    #[arg(long, value_name = "URL")]
    pub(crate) url: Vec<String>,
    /// Log in with this user name
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Log in before the profile is saved; if that fails, save nothing (exit codes 4, 5 and 6)
    #[arg(long)]
    pub(crate) test: bool,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) panel: PanelSettings,
    #[command(flatten)]
    pub(crate) changes: ChangeSettings,
    #[command(flatten)]
    pub(crate) reading: ReadingSettings,
}

#[derive(Debug, Arguments)]
pub(crate) struct TestArgs {
    /// Profile to test
    pub(crate) id: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct SetArgs {
    /// Profile to change
    pub(crate) id: String,
    /// Settings; KEY= restores the default
    #[arg(value_name = "KEY=VALUE", required = true)]
    pub(crate) settings: Vec<String>,
}

#[derive(Debug, Arguments)]
pub(crate) struct ShowProfileArgs {
    /// Profile to show
    pub(crate) id: String,
    /// Print one JSON object: each setting with its value and its default
    #[arg(long)]
    pub(crate) json: bool,
}

/// The source of the password: at most one of these.
#[derive(Debug, Default, Arguments)]
#[command(next_help_heading = "Password")]
#[group(multiple = false)]
#[expect(clippy::struct_field_names, reason = "the names are those of the flags")]
pub(crate) struct PasswordArgs {
    /// Read the password once from the first line of this file, and keep it in the cache; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Ask for the password, and keep it in the cache
    #[arg(long)]
    pub(crate) password_prompt: bool,
    /// Read the password from this environment variable at each sync; keep none in the cache
    #[arg(long, value_name = "VARIABLE", value_parser = variable)]
    pub(crate) password_env: Option<String>,
    /// Read the password from the first line of this file at each sync; keep none in the cache
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub(crate) password_path: Option<PathBuf>,
    /// Run this command in a shell at each sync, and read the password from the first line that it prints; keep none in
    /// the cache
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) password_command: Option<String>,
}

impl PasswordArgs {
    /// Returns whether no source of a password is named.
    pub(crate) fn names_none(&self) -> bool {
        let Self { password_file, password_prompt, password_env, password_path, password_command } = self;
        !password_prompt
            && password_file.is_none()
            && password_env.is_none()
            && password_path.is_none()
            && password_command.is_none()
    }
}

#[derive(Debug, Arguments)]
#[command(next_help_heading = "Panel")]
pub(crate) struct PanelSettings {
    /// Send this user agent; some panels serve only players that they know [default: xtream-sync/VERSION]
    #[arg(long, value_name = "TEXT", value_parser = user_agent)]
    pub(crate) user_agent: Option<String>,
    /// Require a valid certificate from the panel. With "no", anybody on the way to the panel can read the
    /// password, and every sync warns [default: yes]
    #[arg(long, value_enum, value_name = "YES_NO")]
    pub(crate) verify_tls: Option<Answer>,
    /// Follow or refuse a redirect to another host. The other host learns the password if the panel puts it
    /// into the address [default: follow]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) other_hosts: Option<OtherHosts>,
    /// Send at most this many requests at once, 1 to 16; more than the account allows may get it banned [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) parallel_requests: Option<u32>,
}

#[derive(Debug, Arguments)]
#[command(next_help_heading = "Changes and removals")]
pub(crate) struct ChangeSettings {
    /// Choose when an item counts as updated [default: fingerprint]
    #[arg(long, value_enum)]
    pub(crate) policy: Option<Policy>,
    /// Hold removals if more than this percentage of a kind is missing, 0 to 100, and also more items than
    /// --removal-floor [default: 30]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) removal_share: Option<u8>,
    /// Hold removals if more than this many items of a kind are missing, and also a larger share than
    /// --removal-share [default: 50]
    #[arg(long, value_name = "ITEMS")]
    pub(crate) removal_floor: Option<u32>,
    /// Hold the removals of a category that had at least this many items and now has none; 0 turns this
    /// off [default: 20]
    #[arg(long, value_name = "ITEMS")]
    pub(crate) removal_category: Option<u32>,
    /// Release a held removal after this many complete lists without the item, 1 to 1000 [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) release_listings: Option<u32>,
    /// Release a held removal only if those lists span at least this many days, 0 to 3650 [default: 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub(crate) release_days: Option<u32>,
    /// Remember a removed item for this many days, 0 to 3650, and recognise it if it returns [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub(crate) tombstone_days: Option<u32>,
    /// Keep the change log for so many days; the newest run is always kept [default: 90]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub(crate) feed_days: Option<u32>,
    /// Keep so many entries of the change log at most; the newest run is always kept [default: 500000]
    #[arg(long, value_name = "N")]
    pub(crate) feed_entries: Option<u32>,
}

#[derive(Debug, Arguments)]
#[command(next_help_heading = "Search")]
pub(crate) struct ReadingSettings {
    /// Keep the text of these fields for searches; the next sync writes it [default: all]
    #[arg(long, value_enum, value_name = "FIELDS")]
    pub(crate) search: Option<SearchedFields>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SearchedFields {
    /// Name, title, cast, director and genre
    All,
    /// Name and title
    Names,
    /// None: a search reads all rows, which is slower
    Off,
}

impl From<SearchedFields> for SearchFields {
    fn from(fields: SearchedFields) -> Self {
        match fields {
            SearchedFields::All => Self::All,
            SearchedFields::Names => Self::Names,
            SearchedFields::Off => Self::Off,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherHosts {
    /// Send the request to the other host, and log it
    Follow,
    /// Treat the redirect as an unusable answer (exit code 6)
    Refuse,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Policy {
    /// A significant field differs
    Fingerprint,
    /// The panel's date of the item is newer than the last sync; changes without a new date are missed
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

pub(super) fn variable(text: &str) -> Result<String, &'static str> {
    let letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(letter) {
        return Err("the name of an environment variable is needed: letters, digits and `_`");
    }
    Ok(text.to_owned())
}

fn path(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "" => Err("a path is needed"),
        "-" => Err("standard input can't be read at each sync; --password-file reads it once"),
        path => Ok(path.into()),
    }
}

fn user_agent(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| !(' '..='~').contains(&c)) {
        return Err("a text of printable ASCII characters is needed");
    }
    Ok(text.to_owned())
}
