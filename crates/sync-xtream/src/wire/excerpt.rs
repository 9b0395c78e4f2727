//! Quotes of an answer.

use sync_core::text::one_line;

use crate::credentials::CUT;
use crate::words::Quote;

/// The number of characters of an answer that are quoted. Fewer are shown, after the credentials are removed.
const QUOTED: usize = 600;

/// The number of bytes of an answer that are examined for a quote.
const LOOKED_AT: usize = 1024;

/// Returns the beginning of an answer as a quote, with [`CUT`] at its end if there was more.
pub(crate) fn excerpt(bytes: &[u8]) -> Quote {
    Quote::new(beginning_of(bytes))
}

fn beginning_of(bytes: &[u8]) -> String {
    let Some(beginning) = bytes.get(..LOOKED_AT) else { return shorten(&String::from_utf8_lossy(bytes), QUOTED) };
    let line = shorten(&String::from_utf8_lossy(beginning), QUOTED);
    if line.ends_with(CUT) {
        return line;
    }
    // The last character may be cut in two.
    let mut line = line.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned();
    line.push(CUT);
    line
}

/// Returns a text on one line, cut to this number of characters. A [`CUT`] in the text itself is written as three
/// points.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    let line = one_line(text).replace(CUT, "...");
    match line.char_indices().nth(max) {
        Some((at, _)) => format!("{}{CUT}", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;

    #[test]
    fn an_excerpt_is_on_one_line_and_shows_no_half_of_a_word() {
        assert_eq!(beginning_of(b" Access \r\n\x1b[31m denied\xff "), "Access [31m denied\u{fffd}");
        assert_eq!(beginning_of("x".repeat(10_000).as_bytes()), format!("{}…", "x".repeat(QUOTED)));
        assert_eq!(beginning_of("x… ".repeat(3).as_bytes()), "x... x... x...");
        assert_eq!(beginning_of("é".repeat(LOOKED_AT).as_bytes()), format!("{}…", "é".repeat(LOOKED_AT / 2)));
    }

    #[test]
    fn no_part_of_a_password_is_quoted_wherever_the_cut_falls() {
        let credentials = Credentials::new("somebody", "canary-pässword");
        for secret in ["canary-pässword", "canary-p%c3%a4ssword", "canary-p&#228;ssword"] {
            for space in (0..20).chain(900..1100) {
                let body = format!("x{}{}", " ".repeat(space), secret.repeat(100));
                let shown = excerpt(body.as_bytes()).shown(&credentials, usize::MAX);
                assert_eq!(shown.replace(['*', ' '], "").replace(CUT, ""), "x", "{space}: {shown}");
            }
        }
        for words in 550..620 {
            let shown =
                excerpt(format!("{}canary-pässword", "x".repeat(words)).as_bytes()).shown(&credentials, usize::MAX);
            assert_eq!(shown.replace(['*', 'x'], "").replace(CUT, ""), "", "{words}: {shown}");
        }
    }
}
