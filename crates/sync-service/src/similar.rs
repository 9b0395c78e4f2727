//! Finds the word that a mistyped word was meant to be.

use sync_core::ContentKind;

/// The likeness from which on words are alike. It is 0 for nothing in common, and 1 for equal words.
const ALIKE: f64 = 0.8;

/// Other words that people have for a kind.
const OTHER_WORDS: [(&str, ContentKind); 15] = [
    ("channel", ContentKind::Channels),
    ("live", ContentKind::Channels),
    ("livetv", ContentKind::Channels),
    ("radio", ContentKind::Channels),
    ("tv", ContentKind::Channels),
    ("film", ContentKind::Movies),
    ("films", ContentKind::Movies),
    ("movie", ContentKind::Movies),
    ("vod", ContentKind::Movies),
    ("vods", ContentKind::Movies),
    ("serie", ContentKind::Series),
    ("serial", ContentKind::Series),
    ("show", ContentKind::Series),
    ("shows", ContentKind::Series),
    ("tvshows", ContentKind::Series),
];

/// Returns the name that is most like a word; `None` if no name is alike.
pub fn similar<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (likeness(word, name), name)).filter(|(score, _)| *score >= ALIKE);
    // Of several equally similar names, the first one is returned.
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}

/// Returns the kind that a word seems to stand for.
pub fn similar_kind(word: &str) -> Option<ContentKind> {
    let lower = word.trim().to_lowercase();
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == lower).map(|(_, kind)| *kind);
    other.or_else(|| similar(&lower, ContentKind::ALL.map(ContentKind::as_str))?.parse().ok())
}

/// Returns the likeness of two words, in any case of letters.
pub(crate) fn likeness(word: &str, name: &str) -> f64 {
    strsim::jaro_winkler(&word.trim().to_lowercase(), &name.trim().to_lowercase())
}

/// Returns whether words with this likeness are alike.
pub(crate) fn is_alike(likeness: f64) -> bool {
    likeness >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_is_recognised_and_a_different_one_is_not() {
        let names = ["home", "holiday", "office", "living-room"];
        for (word, name) in [
            ("hmoe", Some("home")),
            ("Home", Some("home")),
            ("homee", Some("home")),
            ("hom", Some("home")),
            (" holidays", Some("holiday")),
            ("offcie", Some("office")),
            ("living", Some("living-room")),
            ("livingroom", Some("living-room")),
            ("kitchen", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(similar(word, names), name, "{word}");
        }
        assert_eq!(similar("home", []), None);
        assert_eq!(similar("hom", ["home", "homf"]), Some("home"), "the first of two");
    }

    #[test]
    fn a_kind_has_other_names() {
        for (word, kind) in [
            ("film", Some(ContentKind::Movies)),
            ("MOVIE", Some(ContentKind::Movies)),
            ("moveis", Some(ContentKind::Movies)),
            ("live", Some(ContentKind::Channels)),
            ("chanels", Some(ContentKind::Channels)),
            ("serie", Some(ContentKind::Series)),
            ("seires", Some(ContentKind::Series)),
            ("music", None),
            ("", None),
        ] {
            assert_eq!(similar_kind(word), kind, "{word}");
        }
    }
}
