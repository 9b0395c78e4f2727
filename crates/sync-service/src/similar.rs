//! What a mistyped word was meant to be.

/// Words are alike from this measure on, which is 0 for nothing in common and 1 for the same.
const ALIKE: f64 = 0.8;

/// Returns the name that is most like a word, if one is.
pub fn similar<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (likeness(word, name), name)).filter(|(score, _)| *score >= ALIKE);
    // The first of several that are equally alike.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

/// Returns how alike two words are, in any case of letters.
fn likeness(word: &str, name: &str) -> f64 {
    strsim::jaro_winkler(&word.trim().to_lowercase(), &name.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_is_recognised_and_another_one_is_not() {
        let names = ["home", "holiday", "office"];
        for (word, name) in [("hmoe", Some("home")), ("Homee", Some("home")), ("kitchen", None), ("", None)] {
            assert_eq!(similar(word, names), name, "{word}");
        }
    }
}
