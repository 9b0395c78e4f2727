//! Messages of ours that may quote the panel.
//!
//! What a panel says may repeat the login. So its words have a type of their own, [`Quote`], which can't be printed:
//! only [`Message::shown`], which takes the credentials, makes a text of it. Our own words are not searched for the
//! login: a user name may be an ordinary word.

use std::fmt;

use crate::credentials::Credentials;

/// How much of a message is shown, in characters.
const SHOWN: usize = 160;

/// Words of the panel, printable and on one line.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Quote {
    text: String,
    /// Whether the text may end in the middle of a word.
    unfinished: bool,
}

impl Quote {
    /// Takes words of the panel that are fit for a line of a terminal.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { text: line.into(), unfinished: false }
    }

    /// Two quotes as one, so that a login that is spread over both is found.
    pub(crate) fn pair(key: &Self, value: &Self) -> Self {
        Self { text: format!("{}: {}", key.text, value.text), unfinished: value.unfinished }
    }

    /// The same words, of which not all may have arrived: the end may be the beginning of a login.
    pub(crate) fn unfinished(self) -> Self {
        Self { unfinished: true, ..self }
    }

    /// The words without the login, cut to so many characters. They are cut last: a cut in the middle of a password
    /// would hide it from the search.
    pub(crate) fn shown(&self, credentials: &Credentials, max: usize) -> String {
        credentials.redact_cut(&self.text, self.unfinished).chars().take(max).collect()
    }

    /// The words as they came, for tests and fuzzers that look at what was read.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn as_it_came(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quote(…)")
    }
}

/// A message: words of ours, and quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Ours(String),
    Panel(Quote),
}

impl Message {
    /// The message, followed by words of the panel.
    pub(crate) fn quoting(mut self, quote: Quote) -> Self {
        self.0.push(Part::Panel(quote));
        self
    }

    /// The message, followed by words of ours.
    pub(crate) fn and(mut self, words: impl Into<String>) -> Self {
        self.0.push(Part::Ours(words.into()));
        self
    }

    /// The message as it may be shown.
    pub(crate) fn shown(&self, credentials: &Credentials) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Ours(words) => text.push_str(words),
                Part::Panel(quote) => text.push_str(&quote.shown(credentials, SHOWN)),
            }
        }
        text.chars().take(SHOWN).collect()
    }

    /// The message as it came, for tests and fuzzers.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn as_it_came(&self) -> String {
        let text = |part: &Part| match part {
            Part::Ours(words) => words.clone(),
            Part::Panel(quote) => quote.as_it_came().to_owned(),
        };
        self.0.iter().map(text).collect()
    }
}

impl From<&str> for Message {
    fn from(words: &str) -> Self {
        Self::default().and(words)
    }
}

impl From<String> for Message {
    fn from(words: String) -> Self {
        Self::default().and(words)
    }
}

impl From<Quote> for Message {
    fn from(quote: Quote) -> Self {
        Self::default().quoting(quote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_14_only_the_panels_words_are_searched_for_the_login() {
        let ours = "none of 5 elements is one of channels: the test of a live list of one";
        for user in ["ann", "one", "the", "test", "live", "list", "elements"] {
            let credentials = Credentials::new(user, "canary-word");
            assert_eq!(Message::from(ours).shown(&credentials), ours, "{user}");
            let quoting = Message::from("the list: ").quoting(Quote::new(format!("no {user}, canary-word"))).and("!");
            assert_eq!(quoting.shown(&credentials), "the list: no ***, ***!", "{user}");
        }
    }

    #[test]
    fn a_login_that_is_spread_over_two_quotes_is_found() {
        let credentials = Credentials::new("somebody", "left: right");
        let pair = Quote::pair(&Quote::new("left"), &Quote::new("right"));
        assert_eq!(Message::from(pair).shown(&credentials), "***");
    }

    #[test]
    fn the_end_of_unfinished_words_may_be_the_beginning_of_a_login() {
        let credentials = Credentials::new("somebody", "canary-word");
        let quote = Quote::new("no canar");
        assert_eq!(quote.shown(&credentials, 100), "no canar");
        assert_eq!(quote.unfinished().shown(&credentials, 100), "no ***");
    }

    #[test]
    fn nothing_prints_a_quote_and_no_message_is_long() {
        let quote = Quote::new("canary-word");
        assert_eq!(format!("{quote:?}"), "Quote(…)");
        assert!(!format!("{:?}", Message::from("x").quoting(quote)).contains("canary"));
        let credentials = Credentials::new("somebody", "canary-word");
        let long = Message::from("long: ").quoting(Quote::new("canary-word ".repeat(100)));
        let shown = long.shown(&credentials);
        assert_eq!((shown.chars().count(), shown.contains("canary")), (SHOWN, false));
    }
}
