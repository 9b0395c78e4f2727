//! How results look: on a terminal of some width, or plain.

use std::io::{self, IsTerminal as _};

/// The width of a terminal that doesn't tell it.
const USUAL_WIDTH: usize = 80;

/// How results look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The columns of the terminal; `None` if the results go to a file or another program.
    pub(crate) width: Option<usize>,
    /// Whether the terminal shows bold and dim text.
    pub(crate) colour: bool,
}

impl Look {
    /// For files and other programs: nothing is cut, and nothing is coloured.
    pub(crate) const PLAIN: Self = Self { width: None, colour: false };

    /// Returns what standard output is.
    pub(crate) fn of_stdout() -> Self {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return Self::PLAIN;
        }
        let told = || std::env::var("COLUMNS").ok()?.parse().ok();
        let measured = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
        let width = measured.or_else(told).filter(|width| *width > 0).unwrap_or(USUAL_WIDTH);
        let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        Self { width: Some(width), colour }
    }

    /// Returns whether the results go to a terminal.
    pub(crate) const fn is_terminal(self) -> bool {
        self.width.is_some()
    }

    /// A text that stands out.
    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(text, "\u{1b}[1m")
    }

    /// A text that stands back.
    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(text, "\u{1b}[2m")
    }

    fn styled(self, text: &str, begin: &str) -> String {
        if self.colour && !text.is_empty() { format!("{begin}{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
