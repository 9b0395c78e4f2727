//! Rewrite rules: how names are shown. The rows keep the panel's names.

use regex::Regex;

use super::field::NAME_MAX;
use super::pattern::{InvalidPattern, MatchBy, PATTERN_MAX, compile};

/// A rule that changes names as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RewriteRule {
    /// A regular expression, in the given case. Every place that it matches is replaced.
    pub pattern: String,
    /// The replacement; `$1` and `${name}` stand for groups of the pattern.
    pub replacement: String,
}

impl RewriteRule {
    /// Returns the rule if its pattern can be used.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] says why it can't.
    pub fn checked(self) -> Result<Self, InvalidPattern> {
        let pattern = compile(MatchBy::Regex, &self.pattern)?;
        if self.replacement.len() > PATTERN_MAX {
            return Err(InvalidPattern::TooLong);
        }
        if self.replacement.contains(char::is_control) {
            return Err(InvalidPattern::ControlCharacter);
        }
        let unknown = groups(&self.replacement).find(|group| !has_group(&pattern, group)).map(str::to_owned);
        unknown.map_or(Ok(self), |group| Err(InvalidPattern::NoGroup(group)))
    }
}

/// Returns the names of the groups to which a replacement refers: `$1`, `$name` and `${name}`. `$$` is a plain dollar
/// sign.
fn groups(replacement: &str) -> impl Iterator<Item = &str> {
    let mut rest = replacement;
    std::iter::from_fn(move || {
        loop {
            let (_, behind) = rest.split_once('$')?;
            if let Some(behind) = behind.strip_prefix('$') {
                rest = behind;
                continue;
            }
            let (group, behind) = match behind.strip_prefix('{') {
                Some(braced) => braced.split_once('}')?,
                None => behind
                    .split_at(behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len())),
            };
            rest = behind;
            if !group.is_empty() {
                return Some(group);
            }
        }
    })
}

fn has_group(pattern: &Regex, group: &str) -> bool {
    match group.parse::<usize>() {
        Ok(number) => number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|name| name == group),
    }
}

/// Rules that are prepared to rewrite names. Each rule gets the name that the rules before it have made.
#[derive(Debug, Clone, Default)]
pub struct CompiledRewrites {
    rules: Vec<(Regex, String)>,
}

impl CompiledRewrites {
    /// Prepares rules.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] if a rule was not checked.
    pub fn new(rules: &[RewriteRule]) -> Result<Self, InvalidPattern> {
        let compiled = rules.iter().map(|rule| Ok((compile(MatchBy::Regex, &rule.pattern)?, rule.replacement.clone())));
        Ok(Self { rules: compiled.collect::<Result<_, InvalidPattern>>()? })
    }

    /// Returns the name as it is shown; `None` if it is unchanged. A name stays unchanged if the rules would leave it
    /// empty, or make it longer than a name may be.
    pub fn rewritten(&self, name: &str) -> Option<String> {
        let mut shown = None::<String>;
        for (pattern, replacement) in &self.rules {
            let present = shown.as_deref().unwrap_or(name);
            if !pattern.is_match(present) {
                continue;
            }
            let next = pattern.replace_all(present, replacement.as_str()).into_owned();
            if next.len() > NAME_MAX.max(name.len()) {
                return None;
            }
            shown = Some(next);
        }
        let shown = shown?.trim().to_owned();
        (!shown.is_empty() && shown != name).then_some(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_rewrite_one_after_the_other() {
        let rule = |pattern: &str, replacement: &str| {
            RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() }.checked().unwrap()
        };
        let rules = [rule(r"^[A-Z]{2}\| ", ""), rule(r"^(?<a>.*), (The)$", "$2 $a")];
        let rules = CompiledRewrites::new(&rules).unwrap();
        let cases =
            [("FR| Heat", Some("Heat")), ("FR| Matrix, The", Some("The Matrix")), ("Heat", None), ("FR| ", None)];
        for (name, shown) in cases {
            assert_eq!(rules.rewritten(name).as_deref(), shown, "{name}");
        }
        let growing = CompiledRewrites::new(&[rule("a", &"x".repeat(400)), rule("b", "")]).unwrap();
        assert_eq!(growing.rewritten("aab"), None);
        let wrong = |pattern: &str, replacement: &str| {
            RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() }.checked().unwrap_err()
        };
        assert!(matches!(wrong("(", ""), InvalidPattern::Syntax(_)));
        assert_eq!(wrong("a", "b\nc"), InvalidPattern::ControlCharacter);
        for (pattern, replacement, group) in [("a", "$1", "1"), ("(?P<y>a)", "$yx", "yx"), ("(a)", "${z}", "z")] {
            assert_eq!(wrong(pattern, replacement), InvalidPattern::NoGroup(group.to_owned()));
        }
        rule("(?P<y>a)(b)", "${y}x $2 $$9 $0");
    }
}
