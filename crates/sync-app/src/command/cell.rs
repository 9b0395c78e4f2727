//! Text from outside the program, within the columns of a terminal.
//!
//! A character as a person sees it can consist of several code points, and it can take no column, one or two. Text is
//! cut and counted by such characters. Text that a terminal would show in another place than where it is written is
//! isolated from its surroundings.

use std::borrow::Cow;

use sync_core::text::one_line;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

/// The sign in the place of text that was cut off.
const CUT: &str = "…";

/// Returns a text on one line, without control characters and invisible characters.
pub(crate) fn clean(text: &str) -> String {
    let line = one_line(text);
    if line.is_ascii() {
        return line;
    }
    // Terminals disagree about the width of these characters.
    let is_unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
            || matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
    };
    if line.contains(is_unseen) { one_line(&line.replace(is_unseen, "")) } else { line }
}

/// Returns the number of columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // The width is counted character by character, because terminals don't join several letters into one.
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Returns a text that takes at most `room` columns. The text that doesn't fit is cut off.
pub(crate) fn fitted(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let (kept, _) = split(text, room.saturating_sub(CUT.width()));
    Cow::Owned(if room == 0 { String::new() } else { format!("{}{CUT}", kept.trim_end()) })
}

/// Returns the beginning of a text that takes at most `room` columns, and the rest.
fn split(text: &str, room: usize) -> (&str, &str) {
    let mut taken = 0;
    for (at, character) in text.grapheme_indices(true) {
        taken += character.width();
        if taken > room {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// Returns a text as lines that take at most `room` columns. A longer word is broken, and so is text without spaces.
pub(crate) fn wrapped(text: &str, room: usize) -> Vec<String> {
    // The widest character takes two columns.
    let room = room.max(2);
    let mut lines = Vec::new();
    let (mut line, mut taken) = (String::new(), 0);
    for mut word in text.split_whitespace() {
        if !line.is_empty() && taken + 1 + width(word) <= room {
            line.push(' ');
            line.push_str(word);
            taken += 1 + width(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > room {
            let (head, tail) = split(word, room);
            if head.is_empty() {
                // The character is wider than any room.
                break;
            }
            lines.push(head.to_owned());
            word = tail;
        }
        (line, taken) = (word.to_owned(), width(word));
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Returns a text that is isolated from its surroundings if it has letters that are written from right to left. Without
/// isolation, a terminal would change the order of the text and of its neighbours.
pub(crate) fn isolated(text: &str) -> Cow<'_, str> {
    const FIRST_STRONG: char = '\u{2068}';
    const POP: char = '\u{2069}';
    if text.chars().any(is_right_to_left) { Cow::Owned(format!("{FIRST_STRONG}{text}{POP}")) } else { text.into() }
}

/// Returns whether a character is of a script that is written from right to left.
const fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_columns_that_a_terminal_gives_it() {
        for (text, columns) in [
            ("", 0),
            ("The Matrix", 10),
            ("日本語", 6),
            ("한국", 4),
            ("e\u{301}a\u{308}\u{323}", 2),
            ("👩‍👩‍👧 x", 4),
            ("🇩🇪", 2),
            ("שלום", 4),
            ("سلام", 4),
            ("a\u{200d}b", 2),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, room, cut) in [
            ("Matrix", 6, "Matrix"),
            ("Matrix", 5, "Matr…"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("ae\u{301}io", 3, "ae\u{301}…"),
            ("a b", 2, "a…"),
            ("ab cd", 4, "ab…"),
            ("👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            let cut_off = fitted(text, room);
            assert_eq!(cut_off, cut, "{text} {room}");
            assert!(width(&cut_off) <= room);
        }
    }

    #[test]
    fn invisible_characters_are_removed() {
        assert_eq!(clean("a\u{1b}[31m\tb\u{202e}c\u{ad}d\u{200b}\u{feff} \u{3164} e"), "a [31m bcd e");
        assert_eq!(clean("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }

    #[test]
    fn a_text_is_wrapped_at_spaces_and_within_long_words() {
        let wrap = |text: &str, room| wrapped(text, room).join("|");
        assert_eq!(wrap("one two three", 7), "one two|three");
        assert_eq!(wrap("abcdefgh ij", 4), "abcd|efgh|ij");
        assert_eq!(wrap("日本語日本語 x", 5), "日本|語日|本語 x".replace("本語 x", "本語|x"));
        assert_eq!(wrap("", 5), "");
        assert_eq!(wrap("日本", 0), "日|本");
        let text = "Ein Mann geht in die Stadt, 日本語 שלום e\u{301}, und kommt nicht wieder.";
        for room in 2..60 {
            assert!(wrapped(text, room).iter().all(|line| width(line) <= room), "{room}");
        }
    }

    #[test]
    fn text_from_right_to_left_is_kept_apart() {
        assert_eq!(isolated("abc 日本"), "abc 日本");
        assert_eq!(isolated("שלום 3"), "\u{2068}שלום 3\u{2069}");
        assert_eq!(width(&isolated("سلام")), 4);
    }
}
