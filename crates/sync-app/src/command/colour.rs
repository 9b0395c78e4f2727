//! `--color`: whether output has colours. The option is read before all other arguments, because errors in them have
//! colours, too.

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::Styles;
use clap::builder::styling::AnsiColor;

/// When output has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` say otherwise; elsewhere with `CLICOLOR_FORCE`
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Finds the choice among all arguments. An invalid choice is left to the parser of the arguments, which reports
    /// it.
    pub(crate) fn among(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut found = Self::default();
        let mut words = words.into_iter().take_while(|word| word != "--");
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            let value = match text.strip_prefix("--color") {
                Some("") => words.next().map(|value| value.to_string_lossy().into_owned()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            if let Some(when) = value.and_then(|value| Self::from_str(&value, false).ok()) {
                found = when;
            }
        }
        found
    }

    /// Sets the choice for all output of this process.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Returns the colours of `--help` and of usage errors.
pub(crate) const fn styles() -> Styles {
    Styles::styled()
        .header(AnsiColor::Green.on_default().bold())
        .usage(AnsiColor::Green.on_default().bold())
        .literal(AnsiColor::Cyan.on_default().bold())
        .placeholder(AnsiColor::Cyan.on_default())
        .error(AnsiColor::Red.on_default().bold())
        .valid(AnsiColor::Green.on_default())
        .invalid(AnsiColor::Yellow.on_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_found_among_all_arguments() {
        for (words, expected) in [
            (&["sync"][..], When::Auto),
            (&["sync", "--color", "always"], When::Always),
            (&["--color=never", "sync"], When::Never),
            (&["--color", "never", "sync", "--color=always"], When::Always),
            (&["sync", "--color"], When::Auto),
            (&["sync", "--color=sometimes"], When::Auto),
            (&["search", "--", "--color", "never"], When::Auto),
            (&["sync", "--colors=never"], When::Auto),
        ] {
            assert_eq!(When::among(words.iter().map(OsString::from)), expected, "{words:?}");
        }
    }
}
