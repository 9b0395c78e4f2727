//! Finds a secret in a text, in any spelling of each of its characters: plain, and as in an address, a form, JSON or a
//! web page.

use std::fmt::Write as _;

/// The mark at which a text was cut. It is used for nothing else. Half a secret may be before it.
pub(crate) const CUT: char = '…';

/// The least number of bytes at a cut that count as part of a secret. Fewer may be part of a word.
const TOLD_FROM: usize = 3;

/// Returns a text without these secrets, and without what may be the beginning of one before a cut. Upper and lower
/// case count the same, as in most of the spellings.
pub(super) fn without(text: &str, secrets: &[String], cut_at_end: bool) -> String {
    let lower = text.to_ascii_lowercase();
    let mut hidden = vec![false; text.len()];
    for secret in secrets {
        let spellings: Vec<_> = secret.to_ascii_lowercase().chars().map(spellings).collect();
        for from in lower.char_indices().map(|(at, _)| at) {
            for to in ends(&lower, from, &spellings, cut_at_end) {
                hidden[from..to].fill(true);
            }
        }
    }
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if !hidden[at] {
            shown.push(c);
        } else if at == 0 || !hidden[at - 1] {
            shown.push_str("***");
        }
    }
    shown
}

/// Returns all positions at which a secret that begins at `from` may end. There may be several, because one text can be
/// read in two ways.
fn ends(text: &str, from: usize, spellings: &[Vec<String>], cut_at_end: bool) -> Vec<usize> {
    let is_cut = |at: usize| match text.get(at..) {
        Some("") => cut_at_end && at - from >= TOLD_FROM,
        Some(rest) => at > from && rest.starts_with(CUT),
        None => false,
    };
    let (mut reached, mut ends) = (vec![from], Vec::new());
    for spellings in spellings {
        let mut next = Vec::new();
        for at in reached {
            let rest = &text[at..];
            if is_cut(at) {
                ends.push(at);
            }
            for spelling in spellings {
                if rest.starts_with(spelling.as_str()) {
                    next.push(at + spelling.len());
                    continue;
                }
                // The spelling of a character may be cut itself.
                let same = rest.bytes().zip(spelling.bytes()).take_while(|(one, other)| one == other).count();
                let cut = at + same;
                if same > 0 && is_cut(cut) {
                    ends.push(cut);
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        reached = next;
        if reached.is_empty() {
            return ends;
        }
    }
    ends.extend(reached);
    ends
}

/// Returns the ways to write a character, in lower case.
fn spellings(c: char) -> Vec<String> {
    let (mut percent, mut json) = (String::new(), String::new());
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(percent, "%{byte:02x}");
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(json, "\\u{unit:04x}");
    }
    let code = u32::from(c);
    let mut spellings = vec![c.to_string(), percent, json];
    spellings.extend([
        format!("&#{code};"),
        format!("&#{code:03};"),
        format!("&#x{code:x};"),
        format!("&#x{code:02x};"),
    ]);
    let others: &[&str] = match c {
        ' ' => &["+", "&nbsp;"],
        '"' => &["\\\"", "&quot;"],
        '\\' => &["\\\\"],
        '/' => &["\\/", "&sol;"],
        '\'' => &["\\'", "&apos;"],
        '&' => &["&amp;"],
        '<' => &["&lt;"],
        '>' => &["&gt;"],
        '\n' => &["\\n"],
        '\t' => &["\\t"],
        CUT => &["..."],
        _ => &[],
    };
    spellings.extend(others.iter().map(|&other| other.to_owned()));
    spellings
}
