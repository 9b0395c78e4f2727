//! Errors in the arguments. They repeat as little as possible of the typed text, because it may be a misplaced
//! password.
//!
//! They show the name of an unknown command or option, and the rejected value of an option that takes a number, a kind
//! or a fixed word. Everything else is hidden.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// The replacement for hidden text.
const HIDDEN: &str = "…";

/// The longest name that is shown. No command or option has a longer one, so a longer text may be something else.
const NAME_MAX: usize = 20;

/// The longest value that is shown. Mistyped numbers and words are shorter.
const VALUE_MAX: usize = 40;

/// The names in `--help` of the values that are numbers, kinds or fixed words.
const NUMBERS_AND_KINDS: [&str; 10] =
    ["<N>", "<SECONDS>", "<PERCENT>", "<ITEMS>", "<KINDS>", "<KIND>", "<YEARS>", "<RATING>", "<ACTION>", "<POSITION>"];

/// Hides the typed text in an error, except for the parts that may be shown.
pub(crate) fn without_values(mut error: Error) -> Error {
    let is_unknown_option = error.kind() == ErrorKind::UnknownArgument;
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidValue, ContextKind::InvalidSubcommand] {
        // In other errors, this text is the name of a known option.
        if kind == ContextKind::InvalidArg && !is_unknown_option {
            continue;
        }
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        let shown = match kind {
            ContextKind::InvalidArg => option(text),
            ContextKind::InvalidSubcommand => Some(text.as_str()).filter(|text| is_name(text)),
            _ => Some(text.as_str()).filter(|text| !is_unknown_option && may_be_shown(text, &error)),
        };
        let shown = ContextValue::String(shown.unwrap_or(HIDDEN).to_owned());
        error.insert(kind, shown);
    }
    // This hides clap's tip `to pass … as a value, use -- …`, which repeats the text.
    if matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand) {
        error.remove(ContextKind::Suggested);
    }
    if is_of(&error, "--pass") || is_of(&error, "-p") {
        // clap would suggest `--password-env`, whose value is not a password either.
        error.remove(ContextKind::SuggestedArg);
        let tip = "a password is never an argument; `xtream-sync profile add --help` says where it may come from";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Returns whether a rejected value may be shown: the option takes a number, a kind or a fixed word, and the value
/// doesn't look like an address.
fn may_be_shown(value: &str, error: &Error) -> bool {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return false };
    let has_words =
        matches!(error.get(ContextKind::ValidValue), Some(ContextValue::Strings(words)) if !words.is_empty());
    let takes_these = has_words || NUMBERS_AND_KINDS.iter().any(|value| option.contains(value));
    takes_these
        && !option.starts_with("--pass")
        && value.chars().count() <= VALUE_MAX
        && !value.chars().any(char::is_control)
        && !["://", "@", "="].iter().any(|part| value.contains(part))
}

/// Returns whether a text looks like the name of a command or an option.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_MAX && text.chars().all(|c| c == '-' || c.is_ascii_lowercase())
}

/// Returns whether an error is about an unknown option that begins with this text.
fn is_of(error: &Error, flag: &str) -> bool {
    let shown = error.get(ContextKind::InvalidArg);
    error.kind() == ErrorKind::UnknownArgument
        && matches!(shown, Some(ContextValue::String(shown)) if shown.starts_with(flag))
}

/// Returns the name of an option without its value, if the name may be shown.
fn option(text: &str) -> Option<&str> {
    let name = text.split(['=', ' ']).next()?;
    let Some(letters) = name.strip_prefix("--") else {
        // More letters may be a value, as in `-psecret`.
        let is_letter = name.len() == 2 && name.starts_with('-') && name.ends_with(|c: char| c.is_ascii_lowercase());
        return is_letter.then_some(name);
    };
    match letters {
        "pass" | "passwd" | "password" => Some(name),
        // The rest of the text may be the password.
        _ if letters.starts_with("pass") => Some("--pass…"),
        _ => is_name(letters).then_some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::Args;
    use clap::Parser;

    const CANARY: &str = "Kanarie9x7";

    fn told(args: &[&str]) -> String {
        let error = Args::try_parse_from([&["xtream-sync"], args].concat()).unwrap_err();
        without_values(error).to_string()
    }

    #[test]
    fn a_possible_secret_is_not_repeated() {
        let address = format!("http://panel.example/get.php?username=ann&password={CANARY}");
        let (equals, letters) = (format!("--password={CANARY}"), format!("-p{CANARY}"));
        for args in [
            &[&*address][..],
            &[CANARY],
            &["sync", "--password", CANARY],
            &["sync", &equals],
            &["sync", &letters],
            &["sync", "--json=Kanarie9x7"],
            &["status", "home", CANARY],
            &["profile", CANARY],
            &["profile", "add", "home", &address],
            &["profile", "add", "home", "--url", &address, CANARY],
            &["profile", "add", "home", "--url", &address, "--username", "ann", &equals],
            &["profile", "add", "home", "--password-env", "not a name: Kanarie9x7"],
            &["profile", "add", "home", "--user-agent", "Kanarie9x7\u{e9}"],
            &["profile", "add", "home", "--password-file", CANARY, "--password-command", CANARY],
            &["profile", "add", "--url", &address],
            &["profile", "set", CANARY],
            &["profile", "set", "home", "--password", CANARY],
            &["profile", "set", "home", "attempts=1", &equals],
            &["profile", "show", "home", CANARY],
            &["profile", "edit", "home", "--url", &address, CANARY],
            &["sync", "--password-timeout", CANARY],
            &["sync", "--limit-rate", CANARY],
            &["sync", "--only", &address],
            &["sync", "--attempts", "ann:Kanarie9x7@panel"],
            &["sync", "--attempts", "password=Kanarie9x7"],
            &["profile", "add", "home", "--policy", &CANARY.repeat(5)],
            &["list", "movies", CANARY],
            &["list", "movies", "--category", "x", &address],
            &["list", &address],
            &["list", "movies", "--sort", "ann:Kanarie9x7@panel"],
            &["list", "movies", "--year", "password=Kanarie9x7"],
            &["list", "movies", "--added-since", CANARY],
            &["list", "movies", "--limit", &address],
            &["search", "x", "--kind", &address],
            &["search", "x", "--json=Kanarie9x7"],
            &["search", "x", "--rating-min", "Kanarie9x7@panel"],
            &["search", "x", "--json", "--csv", &equals],
            &["show", "movies", CANARY],
            &["show", "movies", "7", CANARY],
            &["categories", "movies", CANARY],
            &["export", &address],
            &["export", "json", CANARY],
            &["export", "csv", "--force", &letters],
            &["filter", "default", "movies", "ann:Kanarie9x7@panel"],
            &["filter", "remove", "movies", &address],
            &["tag", "movies", "kids", "7", &equals],
        ] {
            let told = told(args);
            assert!(told.starts_with("error: ") && !told.contains(CANARY), "{args:?}: {told}");
        }
        // The same holds for a secret that looks like the name of an option.
        for args in [
            &["status", "home", "kanarie"][..],
            &["sync", "home", "-pkanarie"],
            &["sync", "--pass", "kanarie"],
            &["sync", "--passkanarie"],
            &["sync", "--password-kanarie"],
            &["sync", "-kanarie"],
            &["kanarie-kanarie-kanarie"],
            &["profile", "kanarie@kanarie"],
            &["clear", "home", "kanarie"],
        ] {
            assert!(!told(args).contains("kanarie"), "{args:?}: {}", told(args));
        }
    }

    #[test]
    fn a_mistyped_name_or_value_is_shown() {
        for (args, shown) in [
            (&["snyc"][..], "'snyc'"),
            (&["profile", "ad"], "'ad'"),
            (&["help", "snyc"], "'snyc'"),
            (&["sync", "--ful"], "'--ful'"),
            (&["sync", "--ful=yes"], "'--ful'"),
            (&["sync", "-x"], "'-x'"),
            (&["sync", "--only", "films"], "'films'"),
            (&["sync", "--only", "movies,films"], "'films'"),
            (&["sync", "--attempts", "four"], "'four'"),
            (&["sync", "--attempts", "99"], "'99'"),
            (&["sync", "--connect-timeout", "ten"], "'ten'"),
            (&["sync", "--requests-per-second", "0"], "'0'"),
            (&["profile", "add", "x", "--verify-tls", "maybe"], "'maybe'"),
            (&["profile", "add", "x", "--policy", "dates"], "'dates'"),
            (&["profile", "add", "x", "--removal-share", "101"], "'101'"),
            (&["profile", "add", "x", "--removal-floor", "some"], "'some'"),
            (&["profile", "add", "x", "--search", "most"], "'most'"),
            (&["list", "films"], "'films'"),
            (&["list", "movies", "--sort", "size"], "'size'"),
            (&["list", "movies", "--year", "nineties"], "'nineties'"),
            (&["list", "movies", "--rating-min", "11"], "'11'"),
            (&["search", "x", "--limit", "few"], "'few'"),
            (&["export", "xml"], "'xml'"),
            (&["filter", "default", "movies", "hide"], "'hide'"),
            (&["filter", "new", "movies", "ask"], "'ask'"),
            (&["filter", "add", "movies", "drop", "--name", "x"], "'drop'"),
            (&["filter", "remove", "movies", "first"], "'first'"),
            (&["rewrite", "remove", "films", "1"], "'films'"),
            (&["conflicts", "--kind", "films"], "'films'"),
            (&["watched", "movies", "7", "--position", "half"], "'half'"),
            (&["sync", "--password", "x"], "'--password'"),
        ] {
            assert!(told(args).contains(shown), "{args:?}: {}", told(args));
        }
    }

    #[test]
    fn errors_of_usage_are_shown_with_suggestions() {
        assert!(told(&["sync", "--ful"]).contains("unexpected argument '--ful'"), "{}", told(&["sync", "--ful"]));
        assert!(told(&["sync", "--ful"]).contains("'--full'"));
        let told_of_password = told(&["profile", "add", "x", "--password", "y"]);
        assert!(told_of_password.contains("tip: a password is never an argument"), "{told_of_password}");
        assert!(told(&["snyc"]).contains("'sync'"), "{}", told(&["snyc"]));
        assert!(told(&["sync", "--only", "films"]).contains("use channels, movies or series"));
        assert!(told(&["profile", "add", "x", "--verify-tls", "maybe"]).contains("yes, no"));
    }
}
