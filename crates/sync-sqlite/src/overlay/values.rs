//! Converts values of edits to text, and back.

use sync_core::overlay::{EditField, EditShape, EditValue};

/// Writes a value for its column: a flag as `1`, a list as a JSON array.
pub(super) fn to_text(value: &EditValue) -> String {
    match value {
        EditValue::Flag(_) => "1".to_owned(),
        EditValue::Number(number) => number.to_string(),
        EditValue::Text(text) => text.clone(),
        EditValue::List(texts) => serde_json::Value::from(texts.as_slice()).to_string(),
    }
}

/// Reads a value of the panel. Returns `None` if the text is no value of the field.
pub(super) fn from_text(field: EditField, text: &str) -> Option<EditValue> {
    match field.shape() {
        EditShape::Flag => (text == "1").then_some(EditValue::Flag(true)),
        EditShape::Number => text.parse().ok().map(EditValue::Number),
        EditShape::Text => (!text.is_empty()).then(|| EditValue::Text(text.to_owned())),
        EditShape::List => {
            let texts = serde_json::from_str::<Vec<String>>(text).ok();
            texts.filter(|texts| !texts.is_empty()).map(EditValue::List)
        }
        _ => None,
    }
}

/// Reads a value of the user. Returns `None` if the text is no value of the field, or if the value exceeds a limit.
pub(super) fn local(field: EditField, text: &str) -> Option<EditValue> {
    from_text(field, text)?.checked(field).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_and_read_back() {
        let cases = [
            (EditField::Hidden, EditValue::Flag(true), "1"),
            (EditField::Position, EditValue::Number(90), "90"),
            (EditField::Name, EditValue::Text("[\"a\"]".to_owned()), "[\"a\"]"),
            (EditField::Tags, EditValue::List(vec!["a\"b".to_owned(), "ä".to_owned()]), "[\"a\\\"b\",\"ä\"]"),
        ];
        for (field, value, text) in cases {
            assert_eq!(to_text(&value), text);
            assert_eq!((from_text(field, text), local(field, text)), (Some(value.clone()), Some(value)));
        }
    }

    #[test]
    fn a_text_that_is_no_value_is_not_read() {
        let cases = [
            (EditField::Hidden, "0"),
            (EditField::Number, "x"),
            (EditField::Number, "-1"),
            (EditField::Name, ""),
            (EditField::Tags, "a"),
            (EditField::Tags, "[]"),
            (EditField::Tags, "[1]"),
            (EditField::Name, "a\nb"),
        ];
        for (field, text) in cases {
            assert_eq!(local(field, text), None, "{field} {text}");
        }
    }
}
