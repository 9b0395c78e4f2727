//! Folding: the form of a text in which it is searched and sorted.
//!
//! Case, diacritics and the width of letters make no difference, and the characters between words become one blank. The
//! same function folds the text of items and the words of a query, so that both always agree.

use std::str::Chars;

use memchr::{memchr, memchr2, memchr3};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// The version of the folding. Text that was folded under another version is folded anew. Raise it with every change
/// that folds some text differently, and with every change of what an [`Entry`](super::Entry) has of an item.
pub const FOLDING: u32 = 2;

/// Returns a text in the form in which it is searched: lower case, without diacritics, with one blank between words,
/// and with no blank at the ends.
///
/// Letters without a decomposition become the letters that people type for them: `ß` is `ss`, `ø` is `o`, `ı` is `i`,
/// `æ` is `ae`. Vowel signs of Indic and Thai scripts, voicing marks of kana and syllables of Hangul stay, because
/// words without them are other words. A `+` at the end of a word stays: `c++`, `canal+`.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// Returns the words of a text, folded.
pub(super) fn fold_words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Appends those words of a text that contain a sign, each written as one word: `spiderman` for `Spider-Man`, `oceans`
/// for `Ocean's`, `swat` for `S.W.A.T.`. Each has a blank before it.
pub(super) fn fold_joined_into(text: &str, out: &mut String) {
    if !has_joiner(text) {
        return;
    }
    for chunk in text.split(char::is_whitespace).filter(|chunk| chunk.contains(is_joiner)) {
        let start = out.len();
        let (mut parts, mut letters) = (0, String::new());
        for part in chunk.split(is_joiner) {
            let before = letters.len();
            fold_into(part, &mut letters);
            parts += usize::from(letters.len() > before);
        }
        if parts > 1 && !letters.contains(' ') {
            out.push(' ');
            out.push_str(&letters);
        } else {
            out.truncate(start);
        }
    }
}

/// Returns whether a text contains such a sign. Most texts contain none. In UTF-8, those beyond ASCII begin with one of
/// five bytes.
fn has_joiner(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr3(b'-', b'\'', b'.', bytes).is_some()
        || memchr(b'`', bytes).is_some()
        || ((memchr3(0xe2, 0xe3, 0xef, bytes).is_some() || memchr2(0xc2, 0xca, bytes).is_some())
            && text.contains(is_joiner))
}

/// Returns whether a character is a sign within a word that people leave out or replace by a blank.
const fn is_joiner(c: char) -> bool {
    matches!(c,
        '-' | '\'' | '.' | '`' | '´' | '\u{2bc}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201b}' | '\u{2032}'
        | '\u{2212}' | '·' | '・' | '･' | '\u{ff07}' | '\u{ff0d}')
}

/// Appends the folded text.
pub(super) fn fold_into(text: &str, out: &mut String) {
    let start = out.len();
    if text.is_ascii() {
        fold_ascii(text.as_bytes(), start, out);
    } else {
        fold_unicode(text, start, out);
    }
    if out.len() > start && out.ends_with(' ') {
        out.pop();
    }
}

/// The bytes that are folded in one piece.
const PIECE: usize = 256;

fn fold_ascii(bytes: &[u8], start: usize, out: &mut String) {
    for (number, piece) in bytes.chunks(PIECE).enumerate() {
        let after = bytes.get((number + 1) * PIECE).copied();
        let mut folded = [0; PIECE];
        let mut length = 0;
        let mut in_word = ends_word(out, start);
        for (position, byte) in piece.iter().enumerate() {
            let next = || piece.get(position + 1).copied().or(after);
            let letter = match ASCII_LETTERS[usize::from(*byte)] {
                0 if *byte == b'+' && in_word && !follows(next()) => b'+',
                0 if in_word => b' ',
                0 => continue,
                letter => letter,
            };
            folded[length] = letter;
            length += 1;
            in_word = letter != b' ';
        }
        out.push_str(str::from_utf8(&folded[..length]).expect("ASCII is UTF-8"));
    }
}

/// Each letter and digit of ASCII in lower case, and 0 for every other byte.
const ASCII_LETTERS: [u8; 256] = {
    let mut letters = [0; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            letters[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    letters
};

/// Returns whether a letter follows a `+`, so that the `+` is between two words.
fn follows(next: Option<u8>) -> bool {
    next.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

fn ends_word(out: &str, start: usize) -> bool {
    out.len() > start && !out.ends_with(' ')
}

fn blank(out: &mut String, start: usize) {
    if ends_word(out, start) {
        out.push(' ');
    }
}

fn fold_unicode(text: &str, start: usize, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let ends_with_plus = out.len() > start && out.ends_with('+');
        if !ends_with_plus && memchr(b'+', &rest.as_bytes()[..plain]).is_none() {
            fold_ascii(&rest.as_bytes()[..plain], start, out);
        } else {
            for (at, c) in rest[..plain].char_indices() {
                fold_char(c, &rest[at + 1..], start, out);
            }
        }
        rest = &rest[plain..];
        while let Some(c) = rest.chars().next().filter(|c| !c.is_ascii()) {
            rest = &rest[c.len_utf8()..];
            fold_char(c, rest, start, out);
        }
    }
}

/// Appends a character, folded, which `rest` follows.
fn fold_char(c: char, rest: &str, start: usize, out: &mut String) {
    if c == '+' && ends_word(out, start) && !is_letter_next(rest.chars()) {
        out.push('+');
    } else if c.is_ascii_alphanumeric() {
        push_letter(c.to_ascii_lowercase(), start, out);
    } else if is_hangul_syllable(c) {
        push_letter(c, start, out);
    } else if c.is_ascii() {
        blank(out, start);
    } else {
        decompose_compatible(c, |part| push(part, start, out));
    }
}

/// Returns whether the next character that is not left out is a letter or a digit.
fn is_letter_next(chars: Chars<'_>) -> bool {
    let mut kept = chars.skip_while(|c| is_ignored(*c) || is_dropped_mark(*c));
    kept.next().is_some_and(char::is_alphanumeric)
}

/// Appends a letter of a word. Behind a `+`, which ends a word, another word begins: `Disney+™` is `disney+ tm`.
fn push_letter(c: char, start: usize, out: &mut String) {
    if out.len() > start && out.ends_with('+') && c.is_alphanumeric() {
        out.push(' ');
    }
    out.push(c);
}

/// Appends a letter of a decomposed text, folded.
fn push(c: char, start: usize, out: &mut String) {
    if is_ignored(c) {
        return;
    }
    if let Some(letters) = letters_for(c) {
        letters.chars().for_each(|letter| push_letter(letter, start, out));
    } else if is_common_letter(c) || is_kept_mark(c) || (c.is_alphanumeric() && !is_dropped_mark(c)) {
        for lower in c.to_lowercase() {
            match letters_for(lower) {
                Some(letters) => letters.chars().for_each(|letter| push_letter(letter, start, out)),
                None if is_dropped_mark(lower) => {}
                None => push_letter(lower, start, out),
            }
        }
    } else if !is_dropped_mark(c) {
        blank(out, start);
    }
}

/// Returns whether a character is one of the letters that titles have most. The functions of the standard library have
/// to search their tables for each character.
const fn is_common_letter(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | 'Α'..='Ρ' | 'Σ'..='Ω' | 'α'..='ω' | '\u{400}'..='\u{481}'
        | '\u{5d0}'..='\u{5ea}' | '\u{621}'..='\u{63f}' | '\u{641}'..='\u{64a}' | '\u{4e00}'..='\u{9fff}')
}

/// Returns the letters that people type for a letter that has no decomposition.
const fn letters_for(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'ø' | 'Ø' => "o",
        'ı' | 'İ' => "i",
        'ł' | 'Ł' => "l",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ħ' | 'Ħ' => "h",
        'ŧ' | 'Ŧ' => "t",
        'ŋ' | 'Ŋ' => "n",
        'ə' | 'Ə' => "e",
        'ς' => "σ",
        'ى' | 'ی' => "ي",
        'ة' => "ه",
        'ک' => "ك",
        'ٱ' => "ا",
        _ => return None,
    })
}

/// Returns whether a character within words has no meaning: joiners, soft hyphens, marks of direction, variation
/// selectors, and the Arabic tatweel.
const fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{180b}'..='\u{180e}')
}

/// Returns whether a character is a mark without which a word is another word.
const fn is_kept_mark(c: char) -> bool {
    let is_danda = matches!(c, '\u{964}' | '\u{965}' | '\u{970}' | '\u{e2f}' | '\u{e4f}' | '\u{e5a}' | '\u{e5b}');
    let is_point = matches!(c, '\u{104a}'..='\u{104f}' | '\u{17d4}'..='\u{17da}' | '\u{df4}' | '\u{e3f}');
    let in_script = matches!(c, '\u{900}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}');
    (in_script && !is_danda && !is_point) || matches!(c, '\u{3099}' | '\u{309a}')
}

/// Returns whether a character is a mark that only decorates a letter: accents, Hebrew points, Arabic vowels.
fn is_dropped_mark(c: char) -> bool {
    is_combining_mark(c) && !is_kept_mark(c)
}

const fn is_hangul_syllable(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7a3}')
}

/// Returns whether a character belongs to a script without blanks between words. A word of such a script is found
/// anywhere in a text, not only at the beginning of a word.
pub(super) const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_diacritics_and_width_make_no_difference() {
        for (text, folded) in [
            ("The GOOD, the Bad & the Ugly", "the good the bad the ugly"),
            ("  Ocean's 11  ", "ocean s 11"),
            ("Spider-Man", "spider man"),
            ("Straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("Smørrebrød", "smorrebrod"),
            ("Kızıl İstanbul", "kizil istanbul"),
            ("Łódź", "lodz"),
            ("Æon Œuvre", "aeon oeuvre"),
            ("Amélie à Nîmes", "amelie a nimes"),
            ("Ame\u{301}lie", "amelie"),
            ("Ελλάδα ς", "ελλαδα σ"),
            ("Ёлки Война", "елки воина"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("שָׁלוֹם", "שלום"),
            ("ＡＢＣ１２", "abc12"),
            ("ガンダム", "カ\u{3099}ンタ\u{3099}ム"),
            ("기생충", "기생충"),
            ("東京物語", "東京物語"),
            ("नमस्ते", "नमस्ते"),
            ("24/7", "24 7"),
            ("C++ & c+", "c++ c+"),
            ("a+b +18", "a b 18"),
            ("é+", "e+"),
            ("Disney+™ é", "disney+ tm e"),
            ("x+℀", "x+ a c"),
            ("0+\u{fe00}a", "0 a"),
            ("a+\u{301}b", "a b"),
            ("a+\u{200b}기", "a 기"),
            ("a+\u{301}\u{200b} b", "a+ b"),
            ("S.W.A.T.", "s w a t"),
            ("ﬁlm²", "film2"),
            ("★ ☆", ""),
            ("😀", ""),
            ("a\u{200d}b\u{ad}c", "abc"),
            ("", ""),
            ("%_*\"'", ""),
            ("nul\0nul", "nul nul"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn words_with_a_sign_in_them_are_also_one_word() {
        for (text, joined) in [
            ("Spider-Man", " spiderman"),
            ("Ocean's 11", " oceans"),
            ("S.W.A.T. (2003)", " swat"),
            ("EN - Dune", ""),
            ("Spider\u{2011}Man and X-Men", " spiderman xmen"),
            ("L’Été", " lete"),
            ("スター・ウォーズ", " スターウォース\u{3099}"),
            ("a/b - c", ""),
            ("-30-", ""),
            ("a:b-c", ""),
        ] {
            let mut out = String::new();
            fold_joined_into(text, &mut out);
            assert_eq!(out, joined, "{text}");
        }
    }

    #[test]
    fn common_letters_are_letters() {
        for c in ('\0'..=char::MAX).filter(|c| is_common_letter(*c)) {
            assert!(c.is_alphanumeric() && !is_dropped_mark(c), "{c:?}");
        }
    }

    #[test]
    fn signs_within_words_are_noticed() {
        for c in '\0'..=char::MAX {
            assert_eq!(has_joiner(&format!("a{c}é")), is_joiner(c), "{c:?}");
            assert_eq!(c.is_ascii() && has_joiner(&format!("a{c}")), c.is_ascii() && is_joiner(c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn words_are_separated_by_one_blank(text in ".{0,60}") {
            let folded = fold(&text);
            prop_assert!(!folded.contains("  ") && !folded.starts_with(' ') && !folded.ends_with(' '), "{folded:?}");
            prop_assert!(!folded.contains(['\n', '\0']));
        }

        /// Runs of plain characters are folded together. The result is that of one character after the other.
        #[test]
        fn runs_are_folded_like_single_characters(text in "([a-c+ é°ß±한]|\\PC){0,40}") {
            let (mut runs, mut single) = (String::new(), String::new());
            fold_unicode(&text, 0, &mut runs);
            text.char_indices().for_each(|(at, c)| fold_char(c, &text[at + c.len_utf8()..], 0, &mut single));
            prop_assert_eq!(runs, single);
        }

        #[test]
        fn a_folded_text_stays_as_it_is(text in ".{0,60}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn plain_text_is_folded_the_same_in_both_ways(text in "([ -~]{0,40}|[ +a]{240,530})", before in "(|x|x )") {
            let (mut ascii, mut unicode, mut single) = (before.clone(), before.clone(), before.clone());
            let start = before.len();
            fold_ascii(text.as_bytes(), start, &mut ascii);
            fold_unicode(&text, start, &mut unicode);
            text.char_indices().for_each(|(at, c)| fold_char(c, &text[at + 1..], start, &mut single));
            prop_assert_eq!(&ascii, &unicode);
            prop_assert_eq!(ascii, single);
        }
    }
}
