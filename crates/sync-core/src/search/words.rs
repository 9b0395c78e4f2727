//! The words of a search: the typed text, split into words. Any text is a search, and no text is an error.

use super::fold::{fold, fold_words, is_unspaced};

/// The largest number of words that are searched one by one. The exact name is searched with all words.
const WORDS_MAX: usize = 64;

/// The words for which a person searches.
///
/// Every word is searched as the beginning of a word, in any order. Words in double quotes are searched as a phrase.
/// With [`Self::with_exclusions`], a word after a `-` must not occur. Other signs have no meaning, and a text without
/// any word finds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// All words of the text, folded. A name that equals them fits exactly.
    pub(super) plain: String,
    pub(super) wanted: Vec<Word>,
    /// Needles that begin with a blank.
    pub(super) phrases: Vec<String>,
    /// Groups of words: an item that has all words of a group is left out.
    pub(super) excluded: Vec<Vec<Word>>,
}

/// A folded word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word with a blank before it. It has no blank if it is also found within words.
    pub(super) needle: String,
}

impl Word {
    pub(super) fn new(word: &str) -> Self {
        let needle = if word.chars().any(is_unspaced) { word.to_owned() } else { format!(" {word}") };
        Self { needle }
    }

    /// Returns the word without the blank.
    pub(super) fn letters(&self) -> &str {
        self.needle.trim_start_matches(' ')
    }

    /// Returns whether the word is also found within words.
    pub(super) fn is_unspaced(&self) -> bool {
        !self.needle.starts_with(' ')
    }
}

impl Words {
    /// Splits a text. Every word of it is wanted, so that a name as it stands finds its item.
    pub fn new(text: &str) -> Self {
        Self::take_apart(text, false)
    }

    /// Splits a text in which a word or quoted words after a `-` are excluded. A text of exclusions only is taken as it
    /// stands.
    pub fn with_exclusions(text: &str) -> Self {
        Self::take_apart(text, true)
    }

    fn take_apart(text: &str, excludes: bool) -> Self {
        let mut words = Self {
            text: text.to_owned(),
            plain: fold(text),
            wanted: Vec::new(),
            phrases: Vec::new(),
            excluded: Vec::new(),
        };
        for (part, is_quoted, is_excluded) in parts(text) {
            let found = words_of(part);
            if found.is_empty() {
                continue;
            }
            if is_excluded && excludes {
                words.excluded.push(found);
            } else {
                if is_quoted {
                    words.phrases.push(format!(" {}", fold(part)));
                }
                words.wanted.extend(found);
            }
        }
        if words.wanted.is_empty() {
            // The text has only exclusions, so it is taken as it stands.
            words.wanted = std::mem::take(&mut words.excluded).concat();
        }
        words.wanted.truncate(WORDS_MAX);
        words.phrases.truncate(WORDS_MAX);
        words.excluded.truncate(WORDS_MAX);
        words
    }

    /// Returns the text as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether there is no word to search for.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }
}

fn words_of(part: &str) -> Vec<Word> {
    fold_words(part).iter().map(|word| Word::new(word)).collect()
}

/// Returns the parts of a text, each with whether it was in quotes and whether it is excluded.
fn parts(text: &str) -> Vec<(&str, bool, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return parts;
        }
        let (is_excluded, body) = match rest.strip_prefix('-') {
            Some(body) if !body.starts_with(char::is_whitespace) => (true, body),
            _ => (false, rest),
        };
        if let Some((quoted, behind)) = quoted(body) {
            parts.push((quoted, true, is_excluded));
            rest = behind;
        } else {
            // A sign that closes nothing has no meaning.
            let body = body.trim_start_matches(is_quote);
            let end = body.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(body.len());
            let (word, behind) = body.split_at(end);
            parts.push((word, false, is_excluded));
            rest = behind;
        }
    }
}

/// Returns the text between quotes at the start of a text, and the text after them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_prefix(is_quote)?;
    let (quoted, behind) = body.split_once(is_quote)?;
    Some((quoted, behind))
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '＂')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts<'a> = (&'a str, Vec<&'a str>, Vec<&'a str>, Vec<Vec<&'a str>>);

    fn taken_apart(words: &Words) -> Parts<'_> {
        (
            &words.plain,
            words.wanted.iter().map(|word| word.needle.as_str()).collect(),
            words.phrases.iter().map(String::as_str).collect(),
            words.excluded.iter().map(|group| group.iter().map(|word| word.needle.as_str()).collect()).collect(),
        )
    }

    #[test]
    fn a_text_is_taken_apart() {
        let cases: [(&str, Parts<'_>); 17] = [
            ("Spider-Man", ("spider man", vec![" spider", " man"], vec![], vec![])),
            ("ocean's 11", ("ocean s 11", vec![" ocean", " s", " 11"], vec![], vec![])),
            ("24/7", ("24 7", vec![" 24", " 7"], vec![], vec![])),
            ("c++", ("c++", vec![" c++"], vec![], vec![])),
            ("star -wars", ("star wars", vec![" star"], vec![], vec![vec![" wars"]])),
            ("star - wars", ("star wars", vec![" star", " wars"], vec![], vec![])),
            ("-30-", ("30", vec![" 30"], vec![], vec![])),
            (
                "x -\"star wars\" -a-b",
                ("x star wars a b", vec![" x"], vec![], vec![vec![" star", " wars"], vec![" a", " b"]]),
            ),
            ("\"Star Wars\" a", ("star wars a", vec![" star", " wars", " a"], vec![" star wars"], vec![])),
            ("„Das Boot“", ("das boot", vec![" das", " boot"], vec![" das boot"], vec![])),
            ("a \"odd quote", ("a odd quote", vec![" a", " odd", " quote"], vec![], vec![])),
            ("東京 x", ("東京 x", vec!["東京", " x"], vec![], vec![])),
            ("AND NEAR( *", ("and near", vec![" and", " near"], vec![], vec![])),
            ("% _ \" ' 😀", ("", vec![], vec![], vec![])),
            ("", ("", vec![], vec![], vec![])),
            ("\"\"", ("", vec![], vec![], vec![])),
            ("--x", ("x", vec![" x"], vec![], vec![])),
        ];
        for (text, expected) in cases {
            let words = Words::with_exclusions(text);
            assert_eq!(taken_apart(&words), expected, "{text}");
            assert_eq!(words.is_empty(), expected.1.is_empty());
            let plain = Words::new(text);
            assert!(plain.excluded.is_empty() && plain.plain == words.plain, "{text}");
            assert!(plain.wanted.len() >= words.wanted.len(), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_to_some_words() {
        let words = Words::new(&"word ".repeat(2_000));
        assert_eq!((words.wanted.len(), words.plain.len()), (WORDS_MAX, 9_999));
    }

    proptest! {
        #[test]
        fn any_text_is_a_search(text in "\\PC{0,80}|.{0,80}") {
            let words = Words::new(&text);
            prop_assert_eq!(words.is_empty(), words.plain.is_empty());
            prop_assert!(words.wanted.iter().all(|word| !word.letters().is_empty()));
        }
    }
}
