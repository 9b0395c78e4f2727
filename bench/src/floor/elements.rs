//! Finds the elements of an array of objects, wherever the bytes are cut.

/// A scan that continues at the place where it stopped.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    depth: u32,
    in_string: bool,
    /// The number of bytes that were scanned.
    at: usize,
    /// The beginning of the current element.
    start: usize,
}

impl Elements {
    /// Shows each element that ends in `bytes`. The bytes before `at` were there the last time.
    pub(crate) fn scan<'a>(&mut self, bytes: &'a [u8], mut show: impl FnMut(&'a [u8])) {
        let mut at = self.at;
        while at < bytes.len() {
            if self.in_string {
                at = string_stop(bytes, at);
                match bytes.get(at) {
                    None => break,
                    Some(b'"') => {
                        self.in_string = false;
                        at += 1;
                    }
                    // The escaped character has to be there as well.
                    Some(_) if at + 2 > bytes.len() => break,
                    Some(_) => at += 2,
                }
                continue;
            }
            match bytes[at] {
                b'"' => self.in_string = true,
                b'{' => {
                    self.start = if self.depth == 0 { at } else { self.start };
                    self.depth += 1;
                }
                b'}' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        show(&bytes[self.start..=at]);
                    }
                }
                // Brackets within an element need not be counted.
                _ => {}
            }
            at += 1;
        }
        self.at = at;
    }

    /// Returns the number of scanned bytes that are no longer needed. The bytes after them have to come first the next
    /// time.
    pub(crate) fn forget(&mut self) -> usize {
        let keep = if self.depth > 0 { self.start } else { self.at };
        self.at -= keep;
        self.start -= self.start.min(keep);
        keep
    }
}

/// Returns the position of the next quote or backslash, or the end if there is none.
///
/// Eight bytes are compared at once. Most strings are too short for `memchr` to be fast.
fn string_stop(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = (zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')))) & HIGHS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_wherever_the_bytes_are_cut() {
        let body = br#"[{"a":"}{\"\\"},{"b":[{"c":"]"}],"d":{}},{}]"#;
        for chunk in 1..=body.len() {
            let (mut elements, mut found, mut buffer) = (Elements::default(), Vec::new(), Vec::new());
            for part in body.chunks(chunk) {
                buffer.extend_from_slice(part);
                elements.scan(&buffer, |element| found.push(String::from_utf8_lossy(element).into_owned()));
                buffer.drain(..elements.forget());
            }
            assert_eq!(found, [r#"{"a":"}{\"\\"}"#, r#"{"b":[{"c":"]"}],"d":{}}"#, "{}"], "chunks of {chunk}");
        }
    }
}
