//! The examples at the end of every `--help`.
//!
//! A line is a command, then at least two spaces, then its purpose. A test parses every command.

pub(super) const ROOT: &str = "\
Examples:
  xtream-sync profile add home --url http://panel.example:8080 --username ann
  xtream-sync sync home     Fetch the lists of the panel, and write what has changed
  xtream-sync status home   Show the last run, the counts and the held removals";

pub(super) const PROFILE: &str = "\
Examples:
  xtream-sync profile add home --url http://panel.example:8080 --username ann
  xtream-sync profile list
  xtream-sync profile remove home";

pub(super) const PROFILE_ADD: &str = "\
Examples:
  xtream-sync profile add home --url http://panel.example:8080 --username ann
  xtream-sync profile add home --password-command 'pass show panel'
  xtream-sync profile add home --removal-share 50 --release-days 3";

pub(super) const PROFILE_LIST: &str = "\
Examples:
  xtream-sync profile list          Show names and addresses
  xtream-sync profile list --json   Print all settings";

pub(super) const PROFILE_REMOVE: &str = "\
Example:
  xtream-sync profile remove home";

pub(super) const SYNC: &str = "\
Examples:
  xtream-sync sync                                        Sync all profiles
  xtream-sync sync home --only movies,series              Sync two kinds of one profile
  xtream-sync sync home --dry-run                         Show what a sync would do
  xtream-sync sync home --accept-removals --only movies   Remove the movies that are held";

pub(super) const CLEAR: &str = "\
Example:
  xtream-sync clear home";

pub(super) const CHECK: &str = "\
Examples:
  xtream-sync check               Check the tables of all profiles
  xtream-sync check home --panel  Compare every item of one profile with its panel as well";

pub(super) const BACKUP: &str = "\
Examples:
  xtream-sync backup cache-copy.db           Write a new file
  xtream-sync backup cache-copy.db --force   Replace an older copy";

pub(super) const RESTORE: &str = "\
Example:
  xtream-sync restore cache-copy.db";

pub(super) const STATUS: &str = "\
Examples:
  xtream-sync status              Show all profiles
  xtream-sync status home --json  Print one profile for a script";
