//! Tests that elements are found wherever a body is cut into chunks.

use sync_core::ContentKind;

use super::*;
use crate::wire::limits::Limits;

fn limits(element_bytes: usize) -> Limits {
    Limits { element_bytes, elements: u64::MAX, nesting: 64 }
}

/// Splits a body that arrives in chunks of this size. Returns `key=element` per element.
fn split(body: &[u8], chunk: usize, limit: usize) -> Result<(Vec<String>, bool), AnswerFault> {
    let mut splitter = Splitter::new(limits(limit));
    let mut found = Vec::new();
    for part in body.chunks(chunk) {
        splitter
            .feed(part, |element| {
                let key = element.key.map(|key| format!("{}=", String::from_utf8_lossy(key)));
                found.push(key.unwrap_or_default() + &String::from_utf8_lossy(element.bytes));
                Ok(Verdict::Taken)
            })
            .map_err(|fault| fault.what)?;
    }
    let trailing = splitter.finish(true, |_| Ok(Verdict::Taken)).map_err(|fault| fault.what)?;
    Ok((found, trailing.trailing))
}

/// Asserts that the result is the same wherever the body is cut into chunks.
fn check(body: &[u8], expected: Result<(&[&str], bool), AnswerFault>) {
    let expected = expected.map(|(found, trailing)| (found.iter().map(ToString::to_string).collect(), trailing));
    for chunk in 1..=body.len().max(1) {
        assert_eq!(split(body, chunk, 1000), expected, "chunks of {chunk}: {}", String::from_utf8_lossy(body));
    }
}

#[test]
fn elements_of_a_list() {
    check(b"[]", Ok((&[], false)));
    check(b" [ ] \n", Ok((&[], false)));
    check(
        br#"[{"a":1},{"b":"x]}\\\""},{"c":[{}]}]"#,
        Ok((&[r#"{"a":1}"#, r#"{"b":"x]}\\\""}"#, r#"{"c":[{}]}"#], false)),
    );
    check(br#"[{"a":1},,{"b":2},]"#, Ok((&[r#"{"a":1}"#, "", r#"{"b":2}"#], false)));
    check(br#"[,{"a":1},,]"#, Ok((&["", r#"{"a":1}"#, ""], false)));
    check(br#"[null,{"a":1},7,"x",[1]]"#, Ok((&["null", r#"{"a":1}"#, "7", r#""x""#, "[1]"], false)));
    check(br#"["a\",{\"b\"]\\",{"a":1}]"#, Ok((&[r#""a\",{\"b\"]\\""#, r#"{"a":1}"#], false)));
    check(
        br#"[{"a":1},<b>Warning</b>: a "b" c{"b":2}]"#,
        Ok((&[r#"{"a":1}"#, r#"<b>Warning</b>: a "b" c"#, r#"{"b":2}"#], false)),
    );
}

#[test]
fn elements_of_a_list_that_is_an_object() {
    check(br#"{"0":{"a":1}, "17" : {"b":2}}"#, Ok((&[r#"0={"a":1}"#, r#"17={"b":2}"#], false)));
    check(br#"{"user_info":{"auth":0}}"#, Ok((&[r#"user_info={"auth":0}"#], false)));
    check(br#"{"error":"no","code":5}"#, Ok((&[r#"error="no""#, "code=5"], false)));
    check(b"{}", Ok((&[], false)));
    check(br#"{"5":,"6":{"a":1}}"#, Ok((&["5=", r#"6={"a":1}"#], false)));
    check(br#"{"5":,{"a":1},}"#, Ok((&["5=", r#"{"a":1}"#], false)));
    check(br#"{"5","6":}"#, Ok((&["5=", "6="], false)));
}

#[test]
fn a_bracket_that_words_have_opened_ends_no_list() {
    let words = "<b>x</b>: f() [<a href='f'>f</a>, [2]]: failed\n";
    let body = format!("[{{\"a\":1}},\n{words}{{\"b\":2}}]");
    check(body.as_bytes(), Ok((&[r#"{"a":1}"#, words, r#"{"b":2}"#], false)));
    check(br#"[{"a":1},x [y,{"b":2}]"#, Ok((&[r#"{"a":1}"#, "x [y,", r#"{"b":2}"#], false)));
    // If the words contain the end of the list, there is none.
    check(br#"[{"a":1},x [y]"#, Err(AnswerFault::Truncated));
    check(br#"[{"a":1},x ] y]"#, Ok((&[r#"{"a":1}"#, "x "], true)));
}

#[test]
fn a_list_without_its_end_is_cut_at_every_byte() {
    let body = br#"[{"a":"x\u00e9\"","b":[1,{"c":2}]},{"d":null}]"#;
    for cut in 1..body.len() {
        for chunk in [1, 3, 7, cut] {
            assert_eq!(split(&body[..cut], chunk, 1000), Err(AnswerFault::Truncated), "cut after {cut} bytes");
        }
    }
    assert!(split(body, 5, 1000).is_ok());
}

#[test]
fn bytes_around_the_list_are_skipped() {
    check(b"\xef\xbb\xbf[{}]", Ok((&["{}"], false)));
    check(b"[{}] <!-- 0.3s -->", Ok((&["{}"], true)));
    check(b"[{}][{}]", Ok((&["{}"], true)));
    check(
        b"<br />\n<b>Warning</b>:  Undefined array key [id] in <b>/a.php</b> on line <b>3</b><br />\n[{\"a\":1}]",
        Ok((&[r#"{"a":1}"#], false)),
    );
    check(b"Warning: x in y on line 2\n\n{\"3\":{}}", Ok((&["3={}"], false)));
}

#[test]
fn an_answer_that_is_no_list_has_its_own_error() {
    check(b"", Err(AnswerFault::Empty));
    check(b" \n ", Err(AnswerFault::Empty));
    check(b"<html><head><title>Just a moment...</title>[{", Err(AnswerFault::Html));
    check(b"<!DOCTYPE html>", Err(AnswerFault::Html));
    check(b"Blocked", Err(AnswerFault::NotJson));
    check(b"error code: 1015", Err(AnswerFault::NotJson));
    for body in ["null", "false", "0", "-1.5", "\"error\""] {
        check(body.as_bytes(), Err(AnswerFault::NotAList));
    }
}

#[test]
fn an_element_beyond_the_limit_is_dropped_and_not_kept() {
    let mut body = b"[{\"a\":1},{\"big\":\"".to_vec();
    body.extend(std::iter::repeat_n(b'x', 5000));
    body.extend(b"\"},{\"b\":2}]");
    for chunk in [1, 100, 999, 10_000] {
        let (found, _) = split(&body, chunk, 1000).unwrap();
        let beginning = format!(r#"{{"big":"{}"#, "x".repeat(992));
        assert_eq!(found, [r#"{"a":1}"#, &beginning, r#"{"b":2}"#], "chunks of {chunk}");
    }
    let mut splitter = Splitter::new(limits(1000));
    let mut cut = Vec::new();
    for part in body.chunks(100) {
        let note = |element: Element<'_>| {
            cut.push(element.cut);
            Ok(Verdict::Taken)
        };
        splitter.feed(part, note).unwrap();
        assert!(splitter.buffer.len() <= 1200, "{} bytes are kept", splitter.buffer.len());
    }
    assert_eq!(cut, [false, true, false]);
    // Its key is kept, too.
    let keyed = body.strip_prefix(b"[").unwrap();
    let keyed = [b"{\"1\":", &keyed[..8], b"\"2\":", &keyed[8..keyed.len() - 9], b"}"].concat();
    for chunk in [1, 100, 10_000] {
        let (found, _) = split(&keyed, chunk, 1000).unwrap();
        assert_eq!((found.len(), found[0].as_str()), (2, r#"1={"a":1}"#), "chunks of {chunk}");
        assert!(found[1].starts_with(r#"2={"big":"xxx"#), "chunks of {chunk}: {}", &found[1][..20]);
    }
}

#[test]
fn a_deep_element_is_flagged_and_the_others_are_read() {
    let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    let body = format!("[{},{},{},{{}}]", nested(64), nested(65), nested(10_000));
    for chunk in [1, 7, 100_000] {
        let mut splitter = Splitter::new(limits(100_000));
        let mut deep = Vec::new();
        for part in body.as_bytes().chunks(chunk) {
            let note = |element: Element<'_>| {
                deep.push(element.deep);
                Ok(Verdict::Taken)
            };
            splitter.feed(part, note).unwrap();
        }
        assert_eq!(splitter.finish(true, |_| Ok(Verdict::Taken)), Ok(Ending::default()));
        assert_eq!(deep, [false, true, true, false]);
    }
}

#[test]
fn a_bracket_of_the_other_kind_ends_no_list() {
    check(br#"[{"a":1}},{"b":2}]"#, Ok((&[r#"{"a":1}"#, "}", r#"{"b":2}"#], false)));
    check(br#"{"0":{"a":1}],"1":{"b":2}}"#, Ok((&[r#"0={"a":1}"#, "]", r#"1={"b":2}"#], false)));
    check(br#"[{"a":1}}"#, Err(AnswerFault::Truncated));
}

#[test]
fn an_element_without_an_end_is_not_kept() {
    let endless = |beginning: &[u8], filler: &[u8]| {
        let mut splitter = Splitter::new(limits(1000));
        let mut fed = splitter.feed(beginning, |_| Ok(Verdict::Taken));
        for _ in 0..2000 {
            fed = fed.and_then(|()| splitter.feed(filler, |_| Ok(Verdict::Taken)));
            assert!(splitter.buffer.len() <= 2 * KEY_MAX + 4 * filler.len(), "{} bytes", splitter.buffer.len());
            if fed.is_err() {
                break;
            }
        }
        fed.and_then(|()| splitter.finish(true, |_| Ok(Verdict::Taken)).map(drop)).unwrap_err().what
    };
    assert_eq!(endless(b"", &[b' '; 100]), AnswerFault::Empty);
    assert_eq!(endless(b"<br />", &[b'['; 100]), AnswerFault::Html);
    assert_eq!(endless(b"words", &[b'x'; 100]), AnswerFault::NotJson);
    let open: [&[u8]; 8] =
        [br#"[{"a":""#, br#"[""#, b"[", b"[{", br#"[{"a":["#, b"[null", b"[{},\n", br#"{"0":{"a":""#];
    for beginning in open {
        for filler in [b'x', b' ', b'\\', b'"', b'['] {
            let what = endless(beginning, &[filler; 101]);
            assert_eq!(what, AnswerFault::Truncated, "{} {filler}", String::from_utf8_lossy(beginning));
        }
    }
    assert_eq!(endless(br#"{""#, &[b'x'; 100]), AnswerFault::TooLarge);
    assert_eq!(endless(br#"{"0":"#, &[b' '; 100]), AnswerFault::TooLarge);
    assert_eq!(endless(br#"{"0":"#, &[b'x'; 100]), AnswerFault::Truncated);
}

#[test]
fn bytes_after_the_list_have_a_digest_without_surrounding_space() {
    let digest = |after: &str| {
        let body = format!("[]{after}");
        let digests = [1, 2, 5, 1000].map(|chunk| {
            let mut splitter = Splitter::new(limits(1000));
            body.as_bytes().chunks(chunk).for_each(|part| splitter.feed(part, |_| Ok(Verdict::Taken)).unwrap());
            let ending = splitter.finish(true, |_| Ok(Verdict::Taken)).unwrap();
            assert!(ending.trailing || ending.digest.is_none());
            ending.digest
        });
        assert!(digests.iter().all(|one| *one == digests[0]), "{after}");
        digests[0]
    };
    assert_eq!(digest(" \r\n\t"), None);
    assert_eq!(digest(" <!-- a b --> \n"), Some(xxhash_rust::xxh3::xxh3_64(b"<!-- a b -->")));
    assert_eq!(digest("<!-- a b -->"), digest("\n <!-- a b -->  "));
    assert_ne!(digest("<!-- a b -->"), digest("<!-- a  b -->"));
    assert_ne!(digest("[1]"), digest("[2]"));
    // Bytes that may be the rest of a list can't be recognised in another listing.
    for after in [": failed {\"stream_id\":2}]", "x{ \n\"a", "[ {"] {
        assert_eq!(digest(after), None, "{after}");
    }
    check(b"[]: failed {\"stream_id\":2}]", Ok((&[], true)));
}

/// Returns lists in which everything is wrong, each made of one repeated part.
fn spoilt_lists(length: usize) -> Vec<(String, Vec<u8>)> {
    let parts = [
        r#"{"a":[},"#,
        r#"{"stream_id":1,"name":"5" TV"},"#,
        r#"{"stream_id":1,"name":"lost},"#,
        r#"{"stream_id":1,"category_ids":[1,"#,
        r#"{"stream_id":1,"x":{"y":1,"#,
        r#""1":{"stream_id":1,"name":"a","#,
        r#"{"num":1,"x":[{"num":2},{"num":3"#,
        r#"{"stream_id":1},"name":"x"},"#,
        r#"{"stream_id":1}],"#,
        r#"{"stream_id":1}x,"2":"#,
        r#"{"stream_id":1,"1":{"stream_id":2,"x":}}x,"2":"#,
        r#"},{"num":"#,
        "\"",
        "[",
        "{",
        "\\\"",
        "{\"",
        "x\":",
    ];
    let part = |part: &str| (part.to_owned(), part.repeat(length / part.len()).into_bytes());
    parts.into_iter().map(part).collect()
}

/// Judges elements as the decoder does.
fn judged(element: Element<'_>) -> Verdict {
    let is_object = matches!(element.bytes.first(), Some(b'{' | b'['));
    let sound = element.cut || element.broken || crate::wire::structure::check(element.bytes).is_ok();
    if is_object && !sound { Verdict::Broken } else { Verdict::Taken }
}

/// Splits a list, and judges elements as the decoder does. Returns the greatest number of kept bytes.
fn kept(body: &[u8], chunk: usize) -> usize {
    let mut splitter = Splitter::recovering(limits(1000), ContentKind::Movies);
    let judge = |element: Element<'_>| Ok(judged(element));
    let mut most = 0;
    for part in body.chunks(chunk) {
        splitter.feed(part, judge).unwrap();
        most = most.max(splitter.buffer.len());
    }
    let _ = splitter.finish(true, judge);
    most
}

#[test]
fn broken_elements_are_not_kept() {
    for (name, part) in spoilt_lists(300_000) {
        for (open, close) in [("[", "]"), ("{\"0\":", "}")] {
            let body = [open.as_bytes(), &part, close.as_bytes()].concat();
            for chunk in [500, 10_000] {
                let most = kept(&body, chunk);
                assert!(most <= 5000 + chunk, "{open}{name}: {most} bytes are kept");
            }
        }
    }
}

#[test]
#[ignore = "takes long, and tells by its time"]
fn broken_lists_are_read_in_linear_time() {
    for (name, part) in spoilt_lists(4_000_000) {
        for (open, close) in [("[", "]"), ("{\"0\":", "}")] {
            let body = [open.as_bytes(), &part, close.as_bytes()].concat();
            for (limit, chunk) in [(1 << 20, 65_536), (1 << 20, body.len())] {
                let mut splitter = Splitter::recovering(limits(limit), ContentKind::Movies);
                let judge = |element: Element<'_>| Ok(judged(element));
                let began = std::time::Instant::now();
                for part in body.chunks(chunk) {
                    splitter.feed(part, judge).unwrap();
                }
                let _ = splitter.finish(true, judge);
                println!("{:>6} ms {open}{name} {chunk}", began.elapsed().as_millis());
            }
        }
    }
}
