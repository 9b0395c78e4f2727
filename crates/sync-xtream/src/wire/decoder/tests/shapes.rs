//! Tests of every field of every kind in every JSON type. A value of the wrong type costs that value, and nothing else.

use super::*;
use sync_core::Shape;

/// A number, a numeric text, an empty text, null, an array, an object, yes and no, some of them in more than one form.
const FORMS: [&str; 13] =
    ["7", "\"7\"", "\"\"", "null", "[7]", "[]", "[[null],{}]", "{\"a\":7}", "{}", "true", "false", "-1.5e3", "NaN"];

/// Returns a good value for a shape.
fn good(shape: Shape) -> &'static str {
    match shape {
        Shape::Name | Shape::Text => "\"text\"",
        Shape::Decimal => "\"1700000000\"",
        Shape::Reference => "603",
        Shape::Integer | Shape::Count => "5",
        Shape::Real => "\"8,3\"",
        Shape::Flag | Shape::Switch => "\"1\"",
        Shape::Categories => "[\"1\",2]",
        Shape::Extra => unreachable!("it has no key of its own"),
    }
}

/// Returns an element with all its fields, one of them in another form.
fn element(kind: ContentKind, id: &str, odd: Option<(usize, &str)>) -> String {
    let named = kind.fields().iter().enumerate().filter(|(_, spec)| spec.shape != Shape::Extra);
    let members = named.map(|(at, spec)| {
        let form = odd.filter(|odd| odd.0 == at).map_or_else(|| good(spec.shape), |odd| odd.1);
        format!(r#","{}":{form}"#, spec.name)
    });
    format!(r#"{{"{}":{id}{}}}"#, kind.id_column(), members.collect::<String>())
}

#[test]
fn a_field_of_any_type_costs_no_item_no_listing_and_no_other_field() {
    for kind in ContentKind::ALL {
        let reference = decode(kind, &format!("[{}]", element(kind, "5", None))).unwrap().0;
        let reference = listed(&reference[0]);
        for (at, spec) in kind.fields().iter().enumerate().filter(|(_, spec)| spec.shape != Shape::Extra) {
            for form in FORMS {
                let what = format!("{kind}.{} = {form}", spec.name);
                let body = format!("[{},{}]", element(kind, "5", Some((at, form))), element(kind, "6", None));
                let (entries, end) = decode(kind, &body).unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
                assert_eq!(ids(&entries), [5, 6], "{what}");
                assert_eq!(end, Completeness::default(), "{what}");
                let odd = listed(&entries[0]);
                let others = kind.fields().iter().enumerate().filter(|(other, _)| *other != at);
                for (other, other_spec) in others {
                    if let ValueRef::Extra(kept) = odd.item.value(other) {
                        // A value that can't be read stays beside the fields.
                        assert!(kept.iter().all(|(key, _)| key == spec.name), "{what}: {kept:?}");
                        continue;
                    }
                    assert_eq!(odd.item.value(other), reference.item.value(other), "{what}: {}", other_spec.name);
                    assert_eq!(odd.present.has(other), reference.present.has(other), "{what}: {}", other_spec.name);
                }
                // An unusable value counts as an absent key, so the stored value stays.
                let cleared = matches!(form, "\"\"" | "null" | "[]" | "{}" | "NaN");
                assert!(odd.present.has(at) || !cleared, "{what}: a key that is there and empty clears");
                let neighbour = listed(&entries[1]);
                for other in 0..kind.fields().len() {
                    assert_eq!(neighbour.item.value(other), reference.item.value(other), "{what}: the neighbour");
                }
            }
        }
    }
}

#[test]
fn an_id_of_any_type_costs_at_most_its_item() {
    for kind in ContentKind::ALL {
        for form in FORMS {
            let body = format!("[{},{}]", element(kind, form, None), element(kind, "6", None));
            let (entries, end) = decode(kind, &body).unwrap_or_else(|fault| panic!("{kind} {form}: {fault:?}"));
            let expected: &[i64] = match form {
                "7" | "\"7\"" => &[7, 6],
                "-1.5e3" => &[-1500, 6],
                _ => &[6],
            };
            assert_eq!(ids(&entries), expected, "{kind} {form}");
            assert_eq!(end.unreadable, 2 - expected.len() as u64, "{kind} {form}");
        }
    }
}

#[test]
fn an_id_is_exact_or_it_is_none() {
    let cases = [
        ("2356443347", Some(2_356_443_347)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("\"9007199254740993\"", Some(9_007_199_254_740_993)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("\"00123\"", Some(123)),
        ("\" 12 \"", Some(12)),
        ("12.0", Some(12)),
        ("1e5", Some(100_000)),
        ("-1", Some(-1)),
        ("0", Some(0)),
        ("12.5", None),
        ("\"abc\"", None),
        ("\"12abc\"", None),
        ("\"0x12\"", None),
        ("1e400", None),
    ];
    for (form, expected) in cases {
        let body = format!(r#"[{{"stream_id":{form}}},{{"stream_id":77}}]"#);
        let (entries, _) = decode(ContentKind::Channels, &body).unwrap();
        assert_eq!(ids(&entries), expected.into_iter().chain([77]).collect::<Vec<_>>(), "{form}");
    }
}
