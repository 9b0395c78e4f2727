//! How output looks: on a terminal with a width or as plain text, and with colours or without.
//!
//! `--color` decides whether there are colours. Without it, the conventions decide: `NO_COLOR`, `CLICOLOR_FORCE`,
//! `CLICOLOR`, `TERM=dumb`, and whether the output is a terminal.

use std::io::{self, IsTerminal};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

/// The width that is assumed if the terminal doesn't tell it.
const USUAL_WIDTH: usize = 80;

/// How output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The number of columns of the terminal; `None` if the output goes to a file or another program.
    pub(crate) width: Option<usize>,
    /// Whether text may be bold, dim or coloured.
    pub(crate) colour: bool,
}

/// A style of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Dim,
    /// For errors.
    Red,
    /// For texts that need attention.
    Yellow,
    /// For success.
    Green,
    /// For notes and hints.
    Cyan,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "\u{1b}[1m",
            Self::Dim => "\u{1b}[2m",
            Self::Red => "\u{1b}[1;31m",
            Self::Yellow => "\u{1b}[33m",
            Self::Green => "\u{1b}[32m",
            Self::Cyan => "\u{1b}[36m",
        }
    }
}

impl Look {
    /// The look of files and of the input of other programs: nothing is cut or coloured.
    pub(crate) const PLAIN: Self = Self { width: None, colour: false };

    /// Returns the look of standard output.
    pub(crate) fn of_stdout() -> Self {
        Self::of(&io::stdout())
    }

    /// Returns the look of standard error.
    pub(crate) fn of_stderr() -> Self {
        Self::of(&io::stderr())
    }

    fn of(stream: &(impl RawStream + IsTerminal + Measured)) -> Self {
        let colour = AutoStream::choice(stream) != ColorChoice::Never;
        if !IsTerminal::is_terminal(stream) {
            return Self { colour, ..Self::PLAIN };
        }
        let told = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = stream.columns().or_else(told).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH);
        Self { width: Some(width), colour }
    }

    /// Returns whether the output goes to a terminal.
    pub(crate) const fn is_terminal(self) -> bool {
        self.width.is_some()
    }

    /// Returns a text in bold.
    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(text, Style::Bold)
    }

    /// Returns a text in dim letters.
    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(text, Style::Dim)
    }

    /// Returns a text in a style.
    pub(crate) fn styled(self, text: &str, style: Style) -> String {
        if self.colour && !text.is_empty() { format!("{}{text}\u{1b}[0m", style.code()) } else { text.to_owned() }
    }
}

/// A stream whose terminal can be asked for its width.
trait Measured {
    fn columns(&self) -> Option<usize>;
}

impl Measured for io::Stdout {
    fn columns(&self) -> Option<usize> {
        terminal_size::terminal_size_of(self).map(|(width, _)| usize::from(width.0))
    }
}

impl Measured for io::Stderr {
    fn columns(&self) -> Option<usize> {
        terminal_size::terminal_size_of(self).map(|(width, _)| usize::from(width.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_look_with_colours_has_them() {
        let coloured = Look { width: Some(80), colour: true };
        assert_eq!(coloured.styled("x", Style::Red), "\u{1b}[1;31mx\u{1b}[0m");
        assert_eq!((coloured.bold(""), Look::PLAIN.bold("x")), (String::new(), "x".to_owned()));
    }
}
