//! Patterns of filters and rewrite rules, with limits on their length and their cost.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// The longest pattern or replacement, in bytes.
pub const PATTERN_MAX: usize = 500;

/// The largest memory of a compiled pattern, in bytes. Matching takes linear time in any case.
const COMPILED_MAX: usize = 1 << 20;

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MatchBy {
    /// The id of a category, exactly.
    Id,
    /// The whole name, in any case.
    Name,
    /// The whole name, in any case; `*` stands for any characters, `?` for one, and `\` makes the next character plain.
    Glob,
    /// A regular expression, in the given case, anywhere in the name.
    Regex,
}

impl MatchBy {
    /// Every way to compare.
    pub const ALL: [Self; 4] = [Self::Id, Self::Name, Self::Glob, Self::Regex];

    /// Returns the word for it, in tables, arguments and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Glob => "glob",
            Self::Regex => "regex",
        }
    }

    /// Returns the way with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name)
    }
}

/// A pattern that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPattern {
    /// The pattern is empty.
    Empty,
    /// The pattern is longer than [`PATTERN_MAX`].
    TooLong,
    /// The compiled pattern would take too much memory.
    TooLarge,
    /// The pattern is no regular expression. The text says why.
    Syntax(String),
    /// A replacement has a line break or another control character.
    ControlCharacter,
    /// A replacement refers to a group that the pattern doesn't have.
    NoGroup(String),
    /// Items are not compared by id.
    IdOfItem,
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the pattern is empty"),
            Self::TooLong => write!(f, "the pattern or its replacement is longer than {PATTERN_MAX} bytes"),
            Self::TooLarge => f.write_str("the pattern takes too much memory"),
            Self::Syntax(problem) => write!(f, "the pattern is no regular expression: {problem}"),
            Self::ControlCharacter => f.write_str("the replacement has a line break or another control character"),
            Self::NoGroup(group) => write!(
                f,
                "the pattern has no group `{group}`; write `${{1}}x` for group 1 with an x behind it, and `$$` for a plain $"
            ),
            Self::IdOfItem => f.write_str("only categories are matched by id; hide a single item in place of a filter"),
        }
    }
}

impl std::error::Error for InvalidPattern {}

/// Compiles a pattern that compares names.
pub(crate) fn compile(by: MatchBy, pattern: &str) -> Result<Regex, InvalidPattern> {
    if pattern.is_empty() {
        return Err(InvalidPattern::Empty);
    }
    if pattern.len() > PATTERN_MAX {
        return Err(InvalidPattern::TooLong);
    }
    let (text, ignores_case) = match by {
        MatchBy::Id | MatchBy::Name => (format!("^(?:{})$", regex::escape(pattern)), by == MatchBy::Name),
        MatchBy::Glob => (format!("^(?:{})$", of_glob(pattern)), true),
        MatchBy::Regex => (pattern.to_owned(), false),
    };
    let mut builder = RegexBuilder::new(&text);
    builder.case_insensitive(ignores_case).size_limit(COMPILED_MAX).dfa_size_limit(COMPILED_MAX);
    if by != MatchBy::Regex {
        builder.dot_matches_new_line(true);
    }
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => InvalidPattern::TooLarge,
        other => InvalidPattern::Syntax(reason(&other.to_string())),
    })
}

/// Returns the regular expression of a glob. Brackets are plain characters, because many names of panels contain them.
fn of_glob(glob: &str) -> String {
    let mut text = String::with_capacity(glob.len() * 2);
    let mut chars = glob.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '\\' => text.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            plain => text.push_str(&regex::escape(plain.encode_utf8(&mut [0; 4]))),
        }
    }
    text
}

/// Returns the last line of a message with several lines. This line says what is wrong.
fn reason(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let cases = [
            (MatchBy::Id, "12", "12", true),
            (MatchBy::Id, "1", "12", false),
            (MatchBy::Id, "a", "A", false),
            (MatchBy::Name, "FR| Sport", "fr| SPORT", true),
            (MatchBy::Name, "FR", "FR| Sport", false),
            (MatchBy::Glob, "fr|*", "FR| Cinéma", true),
            (MatchBy::Glob, "*CINÉMA", "FR| Cinéma", true),
            (MatchBy::Glob, "fr", "FR| Sport", false),
            (MatchBy::Glob, "[4K] *", "[4K] Films", true),
            (MatchBy::Glob, "[4K]*", "K films", false),
            (MatchBy::Glob, "a?c", "AbC", true),
            (MatchBy::Glob, "a?c", "ac", false),
            (MatchBy::Glob, r"\*", "*", true),
            (MatchBy::Glob, r"\*", "x", false),
            (MatchBy::Glob, r"a\", r"a\", true),
            (MatchBy::Glob, "*", "two\nlines", true),
            (MatchBy::Regex, r"^(FR|BE)\b", "FR| Sport", true),
            (MatchBy::Regex, "sport", "FR| Sport", false),
            (MatchBy::Regex, "(?i)sport", "FR| Sport", true),
        ];
        for (by, pattern, name, expected) in cases {
            assert_eq!(compile(by, pattern).unwrap().is_match(name), expected, "{by:?} {pattern} {name}");
        }
    }

    #[test]
    fn patterns_have_limits() {
        let error = |pattern: &str| compile(MatchBy::Regex, pattern).unwrap_err();
        assert_eq!(error(""), InvalidPattern::Empty);
        assert_eq!(error(&"x".repeat(PATTERN_MAX + 1)), InvalidPattern::TooLong);
        assert_eq!(error(r"(\w{900}){90}"), InvalidPattern::TooLarge);
        let InvalidPattern::Syntax(text) = error("(a") else { panic!("it is no regular expression") };
        assert_eq!(text, "unclosed group");
        assert!(compile(MatchBy::Glob, "(a").is_ok());
    }
}
