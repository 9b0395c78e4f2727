//! Makes foreign texts fit for a line of a terminal or a log.

/// Returns whether a character changes the direction of the text around it.
const fn turns(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Removes everything by which a panel could control a terminal. Control characters and separators of lines and
/// paragraphs become spaces. Marks that change the direction of text are removed.
pub fn printable(text: &str) -> String {
    let space = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().filter(|c| !turns(*c)).map(space).collect()
}

/// Does the same as [`printable`], joins white space into single spaces, and trims.
pub fn one_line(text: &str) -> String {
    let text = printable(text);
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Asserts the promises of [`printable`] and [`one_line`] for any text. It is for property tests and fuzzers.
///
/// # Panics
///
/// Panics if a promise is broken.
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub fn check(text: &str) {
    let (shown, line) = (printable(text), one_line(text));
    for made in [&shown, &line] {
        assert!(!made.chars().any(|c| c.is_control() || turns(c)), "{made:?}");
        assert!(!made.contains(['\u{2028}', '\u{2029}']), "{made:?}");
    }
    assert_eq!(printable(&shown), shown, "clean text stays as it is");
    assert_eq!(one_line(&line), line);
    assert!(line.trim() == line && !line.contains("  "), "{line:?}");
    let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    assert_eq!(kept(text), kept(&line), "no letter is lost");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_becomes_printable(text in ".*|[\u{0}-\u{9f}\u{200e}-\u{206f} a]{0,40}") {
            check(&text);
        }
    }

    #[test]
    fn characters_that_control_a_terminal_are_removed() {
        assert_eq!(printable("a\u{1b}[31mb\r\nc\u{202e}d\u{9b}e\u{2028}f\u{61c}"), "a [31mb  cd e f");
        assert_eq!(printable("日本 ┃UK┃"), "日本 ┃UK┃");
    }

    #[test]
    fn a_line_has_single_spaces() {
        assert_eq!(one_line(" a\n\t b\u{202e}\u{0}c \u{3000}"), "a b c");
        assert_eq!(one_line(" \n "), "");
    }
}
