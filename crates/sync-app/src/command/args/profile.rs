//! The arguments of `profile`.

#![expect(clippy::doc_markdown, reason = "the comments are shown on terminals, where backticks are noise")]

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as Arguments, Subcommand, ValueEnum};
use sync_core::PolicyChoice;

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Adds a profile, or changes the one with this id
    ///
    /// Of a profile that is there, what is not named stays as it is.
    ///
    /// A password is never an argument, because other users of the machine can read arguments.
    /// It is read once and kept in the cache, from --password-file, from the environment variable
    /// XTREAM_SYNC_PASSWORD, from a pasted address, or from a prompt. Or it is not kept at all, but
    /// looked up at each sync: with --password-env, --password-path or --password-command.
    Add(Box<AddArgs>),
    /// Lists the profiles
    List {
        /// Prints one JSON object a profile, a line each, with all settings
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
    /// The panel's address; pasted addresses of the API, of playlists and of streams are understood
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The user name at the panel
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) panel: PanelSettings,
    #[command(flatten)]
    pub(crate) changes: ChangeSettings,
}

/// Where the password comes from: one of these, or what there is.
#[derive(Debug, Default, Arguments)]
#[command(next_help_heading = "Password")]
#[group(multiple = false)]
#[expect(clippy::struct_field_names, reason = "the names are those of the flags")]
pub(crate) struct PasswordArgs {
    /// Keeps the first line of this file in the cache; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Asks for the password, and keeps it in the cache
    #[arg(long)]
    pub(crate) password_prompt: bool,
    /// Takes the password from this environment variable at each sync; keeps none
    #[arg(long, value_name = "VARIABLE", value_parser = variable)]
    pub(crate) password_env: Option<String>,
    /// Reads the first line of this file at each sync; keeps none
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub(crate) password_path: Option<PathBuf>,
    /// Runs this command in a shell at each sync and takes the first line that it prints; keeps none
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) password_command: Option<String>,
}

impl PasswordArgs {
    /// Whether none of them is given.
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
    /// What to say to the panel one is; some panels serve only players they know
    #[arg(long, value_name = "TEXT", value_parser = user_agent)]
    pub(crate) user_agent: Option<String>,
    /// Whether the panel has to prove who it is over https. Without that, whoever is on the way can
    /// read the password; every sync warns [default: yes]
    #[arg(long, value_enum, value_name = "YES_NO")]
    pub(crate) verify_tls: Option<Answer>,
    /// What to do when the panel sends on to another host, which then learns the password if the
    /// panel says it [default: follow]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) other_hosts: Option<OtherHosts>,
    /// Requests under way at once; more than the account allows gets it banned [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) parallel_requests: Option<u32>,
}

#[derive(Debug, Arguments)]
#[command(next_help_heading = "Changes and removals")]
pub(crate) struct ChangeSettings {
    /// What makes an item an updated one [default: fingerprint]
    #[arg(long, value_enum)]
    pub(crate) policy: Option<Policy>,
    /// Holds removals of more than this share of a kind, in percent [default: 30]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) removal_share: Option<u8>,
    /// … and of more than this many items [default: 50]
    #[arg(long, value_name = "ITEMS")]
    pub(crate) removal_floor: Option<u32>,
    /// Holds the removals of a category that had so many items and now has none; 0 looks at no
    /// category [default: 20]
    #[arg(long, value_name = "ITEMS")]
    pub(crate) removal_category: Option<u32>,
    /// Releases what is held when so many complete listings have missed it [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) release_listings: Option<u32>,
    /// … over at least so many days [default: 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub(crate) release_days: Option<u32>,
    /// Remembers removed items for so many days, and knows them again when they return [default: 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub(crate) tombstone_days: Option<u32>,
    /// Keep the change log for so many days; the newest run is always kept [default: 90]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub(crate) feed_days: Option<u32>,
    /// Keep so many entries of the change log at most; the newest run is always kept [default: 500000]
    #[arg(long, value_name = "N")]
    pub(crate) feed_entries: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherHosts {
    /// Goes there, and says so
    Follow,
    /// Takes it as an unusable answer
    Refuse,
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

fn variable(text: &str) -> Result<String, &'static str> {
    let letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(letter) {
        return Err("the name of a variable is expected: letters, digits and `_`");
    }
    Ok(text.to_owned())
}

fn path(text: &str) -> Result<PathBuf, &'static str> {
    match text {
        "" => Err("a path is expected"),
        "-" => Err("standard input is not there at each sync; --password-file reads it once"),
        path => Ok(path.into()),
    }
}

fn user_agent(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| !(' '..='~').contains(&c)) {
        return Err("letters, digits and signs of ASCII are expected");
    }
    Ok(text.to_owned())
}
