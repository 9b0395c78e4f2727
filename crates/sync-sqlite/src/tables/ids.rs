//! Converts ids to and from a JSON array, and digests to and from bytes: the two columns of an index.
//!
//! The code is written by hand, because these values are the longest of the cache and every run reads them.

/// Writes ids as a JSON array.
pub(crate) fn to_json(ids: &[i64]) -> String {
    let mut text = Vec::with_capacity(ids.len() * 8 + 2);
    let mut digits = [0; 20];
    for id in ids {
        text.push(if text.is_empty() { b'[' } else { b',' });
        if *id < 0 {
            text.push(b'-');
        }
        let mut rest = id.unsigned_abs();
        let mut first = digits.len();
        loop {
            first -= 1;
            // The digit is the remainder of a division by ten.
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        text.extend_from_slice(&digits[first..]);
    }
    text.extend_from_slice(if text.is_empty() { b"[]" } else { b"]" });
    String::from_utf8(text).expect("digits, signs and commas are text")
}

/// Reads a JSON array of whole numbers, about `expected` of them. Returns `None` if the text is no such array.
pub(crate) fn from_json(text: &str, expected: usize) -> Option<Vec<i64>> {
    let inner = inner(text)?;
    // An id takes at least two bytes.
    read(inner, Vec::with_capacity(expected.min(inner.len() / 2 + 1)), usize::MAX)
}

/// Reads a part of such an array: at most `limit` numbers after the first `skipped` ones. The rest of the text is not
/// examined.
pub(crate) fn part_of_json(text: &str, skipped: usize, limit: usize) -> Option<Vec<i64>> {
    let inner = inner(text)?;
    let rest = match skipped.checked_sub(1) {
        None => inner,
        Some(commas) => match inner.iter().enumerate().filter(|(_, byte)| **byte == b',').nth(commas) {
            Some((comma, _)) => &inner[comma + 1..],
            None => return Some(Vec::new()),
        },
    };
    read(rest, Vec::with_capacity(limit.min(rest.len() / 2 + 1)), limit)
}

/// Returns what is between the brackets of an array.
fn inner(text: &str) -> Option<&[u8]> {
    Some(text.trim_ascii().strip_prefix('[')?.strip_suffix(']')?.as_bytes())
}

/// Reads at most `limit` numbers, which commas separate, into an empty list.
fn read(inner: &[u8], mut ids: Vec<i64>, limit: usize) -> Option<Vec<i64>> {
    if inner.trim_ascii().is_empty() {
        return Some(ids);
    }
    let mut at = 0;
    loop {
        if ids.len() == limit {
            return Some(ids);
        }
        let (id, end) = match short(inner, at) {
            Some(found) => found,
            None => other(inner, at)?,
        };
        ids.push(id);
        match inner.get(end) {
            None => return Some(ids),
            Some(b',') => at = end + 1,
            Some(_) => return None,
        }
    }
}

/// Reads an id of at most eighteen digits and nothing else, which is the usual form. Also returns where the id ends.
fn short(text: &[u8], from: usize) -> Option<(i64, usize)> {
    let mut id = 0i64;
    let mut at = from;
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        id = id.wrapping_mul(10).wrapping_add(i64::from(digit));
        at += 1;
    }
    let ends = matches!(text.get(at), None | Some(b','));
    (ends && (1..=18).contains(&(at - from))).then_some((id, at))
}

/// Reads an id that has a sign, spaces around it, or more digits.
fn other(text: &[u8], from: usize) -> Option<(i64, usize)> {
    let rest = &text[from..];
    let length = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
    let id = std::str::from_utf8(&rest[..length]).ok()?.trim_ascii().parse().ok()?;
    Some((id, from + length))
}

/// Writes digests as the stored blob: 8 bytes each, little endian.
pub(crate) fn to_bytes(digests: &[u64]) -> Vec<u8> {
    let mut bytes = vec![0; digests.len() * 8];
    for (eight, digest) in bytes.as_chunks_mut().0.iter_mut().zip(digests) {
        *eight = digest.to_le_bytes();
    }
    bytes
}

/// Reads digests from such a blob. Returns `None` if the bytes are no digests.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Vec<u64>> {
    let (digests, rest) = bytes.as_chunks();
    rest.is_empty().then(|| digests.iter().map(|eight| u64::from_le_bytes(*eight)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_a_json_array_and_read_back() {
        for ids in [vec![], vec![7], vec![i64::MIN, -1, 0, 10, 99, 1_234_567_890_123, i64::MAX]] {
            let text = to_json(&ids);
            assert_eq!(serde_json::from_str::<Vec<i64>>(&text).unwrap(), ids);
            assert_eq!(from_json(&text, 0), Some(ids));
        }
        assert_eq!(from_json(" [ 1 , 2 ] ", 2), Some(vec![1, 2]));
        assert_eq!(from_json(" [ ] ", 2), Some(vec![]));
        for text in ["", "[", "1,2", "[1,]", "[,1]", "[1,x]", "[1 2]", "[[1]]", "[1e3]", "[9223372036854775808]"] {
            assert_eq!(from_json(text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_part_of_an_array_is_read() {
        let text = "[5, -6,7,8 ]";
        let all = from_json(text, 4).unwrap();
        for skipped in 0..=5 {
            for limit in 0..=5 {
                let part: Vec<_> = all.iter().copied().skip(skipped).take(limit).collect();
                assert_eq!(part_of_json(text, skipped, limit), Some(part), "{skipped}, {limit}");
            }
        }
        assert_eq!(part_of_json("[]", 0, 3), Some(vec![]));
        assert_eq!(part_of_json("[]", 1, 3), Some(vec![]));
        assert_eq!(part_of_json("[1,x]", 0, 1), Some(vec![1]), "the rest is not examined");
        assert_eq!(part_of_json("[1,x]", 1, 1), None);
    }

    #[test]
    fn plain_ids_are_read_without_a_json_parser() {
        let eighteen = "123456789012345678";
        assert_eq!(short(b"12,345", 0), Some((12, 2)));
        assert_eq!(short(b"12,345", 3), Some((345, 6)));
        assert_eq!(short(eighteen.as_bytes(), 0), Some((123_456_789_012_345_678, 18)));
        for text in ["", ",1", "-1", " 1", "1 ", "1x", "1234567890123456789"] {
            assert_eq!(short(text.as_bytes(), 0), None, "{text}");
        }
    }

    #[test]
    fn digests_are_bytes_and_read_back() {
        let digests = [0, 1, u64::MAX, 0x0102_0304_0506_0708];
        let bytes = to_bytes(&digests);
        assert_eq!(bytes[24..], [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(from_bytes(&bytes), Some(digests.to_vec()));
        assert_eq!(from_bytes(&bytes[1..]), None);
    }
}
