//! Wrong arguments, told without what was typed: it may be a password in the wrong place.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// What stands for what was typed.
const HIDDEN: &str = "…";

/// Takes the user's own words out of an error.
pub(crate) fn without_values(mut error: Error) -> Error {
    let typed = match error.kind() {
        ErrorKind::UnknownArgument => &[ContextKind::InvalidArg, ContextKind::InvalidValue][..],
        _ => &[ContextKind::InvalidValue, ContextKind::InvalidSubcommand],
    };
    for kind in typed {
        if let Some(ContextValue::String(text)) = error.get(*kind) {
            let shown = ContextValue::String(flag(text).unwrap_or(HIDDEN).to_owned());
            error.insert(*kind, shown);
        }
    }
    // `to pass … as a value, use -- …`
    if matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand) {
        error.remove(ContextKind::Suggested);
    }
    if is_of(&error, "--pass") {
        // The nearest one would be `--password-env`, which wants no password either.
        error.remove(ContextKind::SuggestedArg);
        let tip = "a password is never an argument; `xtream-sync profile add --help` says where it may come from";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Whether an error is of an unknown flag that begins like this.
fn is_of(error: &Error, flag: &str) -> bool {
    let shown = error.get(ContextKind::InvalidArg);
    error.kind() == ErrorKind::UnknownArgument
        && matches!(shown, Some(ContextValue::String(shown)) if shown.starts_with(flag))
}

/// The name of a flag, without what was written to it.
fn flag(text: &str) -> Option<&str> {
    let name = text.split(['=', ' ']).next()?;
    let letters = name.strip_prefix("--").filter(|letters| !letters.is_empty())?;
    letters.chars().all(|c| c == '-' || c.is_ascii_lowercase()).then_some(name)
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
    fn nothing_that_was_typed_is_repeated() {
        let address = format!("http://panel.example/get.php?username=ann&password={CANARY}");
        let (equals, letters) = (format!("--password={CANARY}"), format!("-p{CANARY}"));
        for args in [
            &[&*address][..],
            &[CANARY],
            &["sync", "--password", CANARY],
            &["sync", &equals],
            &["sync", &letters],
            &["sync", "--only", CANARY],
            &["sync", "--attempts", CANARY],
            &["sync", "--json=Kanarie9x7"],
            &["sync", "--requests-per-second", CANARY],
            &["status", "home", CANARY],
            &["profile", CANARY],
            &["profile", "add", "home", &address],
            &["profile", "add", "home", "--url", &address, CANARY],
            &["profile", "add", "home", "--url", &address, "--username", "ann", &equals],
            &["profile", "add", "home", "--url", &address, "--policy", CANARY],
            &["profile", "add", "home", "--url", &address, "--verify-tls", CANARY],
            &["profile", "add", "home", "--password-env", "not a name: Kanarie9x7"],
            &["profile", "add", "home", "--removal-share", CANARY],
            &["profile", "add", "home", "--password-file", CANARY, "--password-command", CANARY],
            &["profile", "add", "--url", &address],
        ] {
            let told = told(args);
            assert!(told.starts_with("error: ") && !told.contains(CANARY), "{args:?}: {told}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_all_the_same() {
        assert!(told(&["sync", "--ful"]).contains("unexpected argument '--ful'"), "{}", told(&["sync", "--ful"]));
        assert!(told(&["sync", "--ful"]).contains("'--full'"));
        let told_of_password = told(&["profile", "add", "x", "--password", "y"]);
        assert!(told_of_password.contains("tip: a password is never an argument"), "{told_of_password}");
        assert!(told(&["snyc"]).contains("'sync'"), "{}", told(&["snyc"]));
        assert!(told(&["sync", "--only", "films"]).contains("use channels, movies or series"));
        assert!(told(&["profile", "add", "x", "--verify-tls", "maybe"]).contains("yes, no"));
    }
}
