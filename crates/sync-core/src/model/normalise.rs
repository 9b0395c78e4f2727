//! Normalisation: equal values have one spelling.
//!
//! Panels change between `7`, `"7"` and `"7.0"` from one release to the next. Values that are equal by their field's
//! shape must be the same text and the same number. Otherwise every such change looks like an edit.

use std::borrow::Cow;

use super::field::{Shape, Value};
use super::sets::{CategorySet, Extra};

impl Shape {
    /// Returns the normal form of a value in this shape. A value that doesn't fit becomes nothing.
    pub fn normalise(self, value: Value) -> Value {
        self.fit(value).unwrap_or_else(|_| self.nothing())
    }

    /// Does the same as [`Self::normalise`], but returns a value that this shape can't hold unchanged, as an error.
    pub fn fit(self, value: Value) -> Result<Value, Value> {
        let read = match self {
            Self::Name | Self::Text => return Ok(text(value)),
            Self::Decimal => return Ok(decimal(value)),
            Self::Reference => {
                return Ok(match decimal(value) {
                    Value::Text(zero) if zero == "0" => Value::Null,
                    other => other,
                });
            }
            Self::Categories | Self::Extra => {
                return Ok(match (self, value) {
                    (Self::Categories, Value::Categories(set)) => Value::Categories(set),
                    (Self::Extra, Value::Extra(extra)) => Value::Extra(extra),
                    _ => self.nothing(),
                });
            }
            Self::Integer | Self::Count => integer(&value).map(Value::Integer),
            Self::Real => real(&value).map(Value::Real),
            Self::Flag | Self::Switch => flag(&value).map(|yes| Value::Integer(i64::from(yes))),
        };
        match read {
            Some(read) => Ok(read),
            None if is_blank(&value) => Ok(self.nothing()),
            None => Err(value),
        }
    }

    /// Returns the form of an absent value.
    fn nothing(self) -> Value {
        match self {
            Self::Count | Self::Switch => Value::Integer(0),
            Self::Categories => Value::Categories(CategorySet::default()),
            Self::Extra => Value::Extra(Extra::new()),
            _ => Value::Null,
        }
    }
}

/// Returns whether a value is empty.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn text(value: Value) -> Value {
    match value {
        Value::Text(text) if !text.is_empty() => Value::Text(text),
        Value::Integer(number) => Value::Text(number.into()),
        Value::Real(number) if number.is_finite() => Value::Text(number.to_string().into()),
        _ => Value::Null,
    }
}

fn decimal(value: Value) -> Value {
    let Value::Text(text) = text(value) else { return Value::Null };
    let other = match canonical_decimal(&text) {
        Some(Cow::Owned(other)) => other.into(),
        // A text that is no number stays as it is.
        Some(Cow::Borrowed(_)) | None => text,
    };
    Value::Text(other)
}

/// Returns the normal spelling of a decimal number, or `None` if the text is no number. It has no sign but a minus, no
/// needless zeros, and no exponent if the number is whole and below 2^53. It is borrowed if the text is normal already.
pub fn canonical_decimal(text: &str) -> Option<Cow<'_, str>> {
    if is_canonical(text.as_bytes()) {
        return Some(Cow::Borrowed(text));
    }
    let trimmed = text.trim();
    let (negative, unsigned) = match trimmed.as_bytes().first()? {
        b'-' => (true, &trimmed[1..]),
        b'+' => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return exponent(trimmed).map(Cow::Owned);
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let mut out = String::with_capacity(trimmed.len());
    if negative && !(whole.is_empty() && fraction.is_empty()) {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    Some(Cow::Owned(out))
}

/// Returns whether a text is a number in normal form: digits, perhaps after a minus and with a fraction, without
/// needless zeros.
fn is_canonical(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let whole = unsigned.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(unsigned.len());
    let (whole, fraction) = unsigned.split_at(whole);
    let leading = matches!(whole, [b'1'..=b'9', ..]) || (whole == b"0" && text != b"-0");
    let trailing = match fraction {
        [] => true,
        [b'.', digits @ .., b'1'..=b'9'] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    leading && trailing
}

/// The limit below which every whole number has its own `f64`.
const WHOLE_LIMIT: f64 = 9_007_199_254_740_992.0;

fn exponent(text: &str) -> Option<String> {
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'e' | b'E' | b'+' | b'-' | b'.')) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // The sum turns minus zero into zero. Minus zero would be a second spelling.
    (number.is_finite() && number.abs() < WHOLE_LIMIT).then(|| (number + 0.0).to_string())
}

/// Reads an exact whole number, such as `12`, `" 12 "`, `"00012"`, `12.0`, `1e5`, but not `12.5` and not 2^63.
pub fn exact_integer(text: &str) -> Option<i64> {
    // Nearly every text is a number and nothing else.
    let plain = text.parse().or_else(|_| text.trim().parse());
    plain.ok().or_else(|| canonical_decimal(text.trim())?.parse().ok())
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => {
            exact_integer(text).or_else(|| real(value).filter(|_| !has_groups(text)).and_then(to_integer))
        }
        Value::Real(number) => to_integer(*number),
        _ => None,
    }
}

/// Returns whether the comma of a number may separate thousands: `1,234`.
fn has_groups(text: &str) -> bool {
    text.trim().rsplit_once(',').is_some_and(|(_, behind)| behind.len() == 3)
}

/// Returns a number as an integer, if that is exact.
fn to_integer(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and cutting the fraction is meant")]
    (number.is_finite() && number.abs() < WHOLE_LIMIT).then_some(number as i64)
}

fn real(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "ratings are small")]
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        // Some panels write the decimal comma of their country.
        Value::Text(text) => text.parse().or_else(|_| text.trim().replace(',', ".").parse()).ok()?,
        _ => return None,
    };
    // The sum turns minus zero into zero. The two are equal and must have one digest.
    number.is_finite().then_some(number + 0.0)
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Integer(number) => Some(*number != 0),
        Value::Real(number) => Some(*number != 0.0),
        Value::Text(text) => {
            let text = text.trim();
            let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            match exact_integer(text) {
                Some(number) => Some(number != 0),
                None if is(&["true", "yes", "on", "y", "enabled"]) => Some(true),
                None => is(&["false", "no", "off", "n", "disabled"]).then_some(false),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn a_decimal_has_one_spelling() {
        let cases = [
            ("7", "7"),
            ("7.0", "7"),
            ("7.50", "7.5"),
            (" 7.5 ", "7.5"),
            ("007", "7"),
            (".5", "0.5"),
            ("-0.0", "0"),
            ("-0e0", "0"),
            ("-1e-330", "0"),
            ("-7.10", "-7.1"),
            ("-7.0", "-7"),
            ("-.50", "-0.5"),
            ("+3", "3"),
            ("1.7e9", "1700000000"),
            ("9007199254740991e0", "9007199254740991"),
            // A long number is kept digit by digit.
            ("99999999999999999999", "99999999999999999999"),
            ("+99999999999999999999", "99999999999999999999"),
            ("-099999999999999999999.0", "-99999999999999999999"),
            ("099999999999999999999.", "99999999999999999999"),
        ];
        for (sent, kept) in cases {
            assert_eq!(canonical_decimal(sent).as_deref(), Some(kept), "{sent}");
        }
        for sent in ["", " ", "-", ".", "8,1", "N/A", "1.2.3", "2024-01-01", "1e400", "inf", "NaN", "0x10"] {
            assert_eq!(canonical_decimal(sent), None, "{sent}");
        }
        for sent in ["1e300", "9007199254740992e0", "-9007199254740992e0"] {
            assert_eq!(canonical_decimal(sent), None, "{sent} is not exact");
        }
    }

    #[test]
    fn a_decimal_that_has_its_spelling_is_not_copied() {
        for sent in ["0", "7", "10", "-7", "7.5", "0.05", "-0.5", "20240202100000"] {
            assert!(matches!(canonical_decimal(sent), Some(Cow::Borrowed(kept)) if kept == sent), "{sent}");
        }
        for sent in ["00", "07", "-0", "7.", "7.0", ".5", "+7", " 7", "0.50", "-0.0"] {
            assert!(matches!(canonical_decimal(sent), Some(Cow::Owned(kept)) if kept != sent), "{sent}");
        }
    }

    #[test]
    fn an_id_is_an_exact_whole_number() {
        let cases = [
            ("12", Some(12)),
            (" 12 ", Some(12)),
            ("00123", Some(123)),
            ("12.0", Some(12)),
            ("1e5", Some(100_000)),
            ("-1", Some(-1)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
            ("12.5", None),
            ("1e400", None),
            ("abc", None),
            ("", None),
            ("12abc", None),
            ("--1", None),
        ];
        for (sent, read) in cases {
            assert_eq!(exact_integer(sent), read, "{sent}");
        }
    }

    #[test]
    fn field_30_a_value_that_doesnt_fit_is_told_from_an_empty_one() {
        for shape in [Shape::Integer, Shape::Count, Shape::Real, Shape::Flag, Shape::Switch] {
            let nothing = shape.normalise(Value::Null);
            for blank in [Value::Null, text(""), text(" \n")] {
                assert_eq!(shape.fit(blank), Ok(nothing.clone()), "{shape:?}");
            }
            for unread in ["n/A", "18+", "1:30", "None", "inf", "NaN"] {
                assert_eq!(shape.fit(text(unread)), Err(text(unread)), "{shape:?}");
                assert_eq!(shape.normalise(text(unread)), nothing, "{shape:?}");
            }
            assert!(shape.fit(text("1")).is_ok() && shape.fit(Value::Integer(7)).is_ok(), "{shape:?}");
        }
        for shape in [Shape::Name, Shape::Text, Shape::Decimal, Shape::Reference] {
            assert_eq!(shape.fit(text("n/A")), Ok(text("n/A")), "{shape:?}");
        }
    }

    #[test]
    fn equal_values_of_different_types_become_the_same_value() {
        assert_eq!(Shape::Text.normalise(text("")), Value::Null);
        assert_eq!(Shape::Text.normalise(Value::Integer(7)), text("7"));
        assert_eq!(Shape::Text.normalise(Value::Real(7.5)), text("7.5"));
        assert_eq!(Shape::Text.normalise(Value::Real(f64::NAN)), Value::Null);
        assert_eq!(Shape::Decimal.normalise(text("8.0")), Shape::Decimal.normalise(Value::Integer(8)));
        assert_eq!(Shape::Decimal.normalise(Value::Real(7.5)), text("7.5"));
        assert_eq!(Shape::Decimal.normalise(text("2024-02-02 10:00:00")), text("2024-02-02 10:00:00"));
        assert_eq!(Shape::Reference.normalise(text("0")), Value::Null);
        assert_eq!(Shape::Reference.normalise(Value::Integer(603)), text("603"));
        assert_eq!(Shape::Real.normalise(text("8,1")), Value::Real(8.1));
        assert_eq!(Shape::Real.normalise(text("N/A")), Value::Null);
        assert_eq!(Shape::Integer.normalise(text("12.9")), Value::Integer(12));
        assert_eq!(Shape::Count.normalise(Value::Null), Value::Integer(0));
        assert_eq!(Shape::Switch.normalise(text("1")), Value::Integer(1));
        assert_eq!(Shape::Switch.normalise(text("")), Value::Integer(0));
        assert_eq!(Shape::Flag.normalise(text("None")), Value::Null);
        assert_eq!(Shape::Flag.normalise(text("0")), Value::Integer(0));
        for (sent, kept) in [(7.9, Some(7)), (-7.9, Some(-7)), (WHOLE_LIMIT, None), (f64::NAN, None)] {
            let kept = kept.map_or(Value::Null, Value::Integer);
            assert_eq!(Shape::Integer.normalise(Value::Real(sent)), kept, "{sent}");
        }
        assert_eq!(Shape::Integer.normalise(Value::Integer(i64::MIN)), Value::Integer(i64::MIN));
        assert_eq!(Shape::Count.normalise(Value::Real(5.0)), Value::Integer(5));
        assert_eq!(Shape::Real.normalise(Value::Integer(7)), Value::Real(7.0));
        assert_eq!(Shape::Real.normalise(Value::Real(7.5)), Value::Real(7.5));
        assert_eq!(Shape::Real.normalise(Value::Real(f64::INFINITY)), Value::Null);
        let Value::Real(zero) = Shape::Real.normalise(Value::Real(-0.0)) else { panic!("a number") };
        assert!(zero.is_sign_positive());
        let yes = [Value::Integer(2), Value::Real(0.5), text("2"), text(" TRUE"), text("yes"), text("On")];
        let no = [Value::Integer(0), Value::Real(0.0), text("0.0"), text("False "), text("no"), text("OFF")];
        for (sent, kept) in yes.map(|it| (it, 1)).into_iter().chain(no.map(|it| (it, 0))) {
            assert_eq!(Shape::Flag.normalise(sent.clone()), Value::Integer(kept), "{sent:?}");
            assert_eq!(Shape::Switch.normalise(sent.clone()), Value::Integer(kept), "{sent:?}");
        }
        for sent in ["1,234", "-1,234"] {
            assert_eq!(Shape::Integer.normalise(text(sent)), Value::Null, "{sent}: a thousand, or one?");
        }
        assert_eq!(Shape::Integer.normalise(text("12,9")), Value::Integer(12));
        let set = Value::Categories(["3", "7"].iter().collect());
        assert_eq!(Shape::Categories.normalise(set.clone()), set);
        assert_eq!(Shape::Extra.normalise(set), Value::Extra(Extra::new()));
        let extra = Value::Extra([("a", "1")].into());
        assert_eq!(Shape::Extra.normalise(extra.clone()), extra);
    }
}
