//! The lines of `--json`, read with the types of `sync_app::json`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_app::json::{
    Applied, Change, ChangedItem, CheckLine, ConflictLine, ExportedItem, FilterLine, FilterTrial, FoundItem, Imported,
    ListedProfile, LoginTest, NewItem, ProfileSettings, Report, RewriteRule, RewrittenName, Run, ShownItem,
    SizedCategory, Status, UndoLine, WaitingEdits,
};

/// The commands that print lines of JSON.
const COMMANDS: [&str; 22] = [
    "sync",
    "watch",
    "status",
    "check",
    "list",
    "search",
    "show",
    "export",
    "categories",
    "changes",
    "new",
    "history",
    "undo",
    "edit",
    "favourite",
    "hide",
    "tag",
    "watched",
    "conflicts",
    "filter",
    "rewrite",
    "overlay",
];

/// Fails unless the type reads a line, and knows every member of it.
#[track_caller]
pub fn is_whole<T: DeserializeOwned + Serialize>(line: &str) {
    let name = std::any::type_name::<T>();
    let read: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}\n{line}"));
    // A panel sends numbers that `Value` can't hold. The types keep them, but they can't be compared.
    if let Ok(value) = serde_json::from_str::<Value>(line) {
        assert_eq!(serde_json::to_value(read).unwrap(), value, "{name} doesn't know every member");
    }
}

/// Fails unless every whole line that a command has printed with `--json` is of the type that is documented for it.
#[track_caller]
pub(crate) fn check(args: &[String], stdout: &str) {
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let Some(at) = args.iter().position(|arg| arg == "profile" || COMMANDS.contains(&arg.as_str())) else { return };
    let is_export = args[at] == "export" && args.get(at + 1).is_some_and(|format| format == "json");
    if !(is_export || has("--json")) || has("--help") {
        return;
    }
    // A command that was killed, or whose reader has gone, may have begun a line.
    for line in stdout.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        match args[at].as_str() {
            "sync" | "watch" => is_whole::<Report<'static>>(line),
            "status" => is_whole::<Status<'static>>(line),
            "check" => is_whole::<CheckLine<'static>>(line),
            "list" | "search" => is_whole::<FoundItem<'static>>(line),
            "show" => is_whole::<ShownItem<'static>>(line),
            "export" => is_whole::<ExportedItem<'static>>(line),
            "categories" => is_whole::<SizedCategory<'static>>(line),
            "changes" if has("apply") => is_whole::<Applied<'static>>(line),
            "changes" => is_whole::<Change<'static>>(line),
            "new" => is_whole::<NewItem<'static>>(line),
            "history" => is_whole::<Run<'static>>(line),
            "undo" => is_whole::<UndoLine<'static>>(line),
            "conflicts" if has("--waiting") => is_whole::<WaitingEdits<'static>>(line),
            "conflicts" if !has("resolve") => is_whole::<ConflictLine<'static>>(line),
            "edit" | "favourite" | "hide" | "tag" | "watched" | "conflicts" => is_whole::<ChangedItem<'static>>(line),
            "filter" if has("test") => is_whole::<FilterTrial<'static>>(line),
            "filter" => is_whole::<FilterLine<'static>>(line),
            "rewrite" if has("test") => is_whole::<RewrittenName<'static>>(line),
            "rewrite" => is_whole::<RewriteRule<'static>>(line),
            "overlay" => is_whole::<Imported<'static>>(line),
            "profile" if has("test") => is_whole::<LoginTest<'static>>(line),
            "profile" if has("show") => is_whole::<ProfileSettings<'static>>(line),
            _ => is_whole::<ListedProfile<'static>>(line),
        }
    }
}
