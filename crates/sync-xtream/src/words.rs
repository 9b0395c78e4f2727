//! Messages that may quote the panel.
//!
//! A panel may repeat the login in its answer. So its words have a type of their own, [`Quote`], which can't be
//! printed. Only [`Message::shown`], which takes the credentials, makes a text of it. Our own words are not searched
//! for the login, because a user name may be an ordinary word.

use std::fmt;

use crate::credentials::Credentials;

/// The greatest length of a message that is shown, in characters.
const SHOWN: usize = 160;

/// Words of the panel, printable and on one line.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Quote {
    text: String,
    /// Whether the text may end in the middle of a word.
    unfinished: bool,
}

impl Quote {
    /// Takes words of the panel that are already printable and on one line.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { text: line.into(), unfinished: false }
    }

    /// Joins two quotes, so that a login that is spread over both is found.
    pub(crate) fn pair(key: &Self, value: &Self) -> Self {
        Self { text: format!("{}: {}", key.text, value.text), unfinished: value.unfinished }
    }

    /// Marks the words as incomplete. Their end may be the beginning of a login.
    pub(crate) fn unfinished(self) -> Self {
        Self { unfinished: true, ..self }
    }

    /// Returns the words without the login, cut to this number of characters. They are cut last, because a cut in the
    /// middle of a password would hide it from the search.
    pub(crate) fn shown(&self, credentials: &Credentials, max: usize) -> String {
        credentials.redact_cut(&self.text, self.unfinished).chars().take(max).collect()
    }

    /// Returns the unchanged words, for tests and fuzzers of the reading code.
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

/// A message: our own words, and quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Ours(String),
    Panel(Quote),
}

impl Message {
    /// Adds words of the panel to the message.
    pub(crate) fn quoting(mut self, quote: Quote) -> Self {
        self.0.push(Part::Panel(quote));
        self
    }

    /// Adds words of our own to the message.
    pub(crate) fn and(mut self, words: impl Into<String>) -> Self {
        self.0.push(Part::Ours(words.into()));
        self
    }

    /// Returns the message without the login.
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

    /// Returns the unchanged message, for tests and fuzzers.
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
