//! The categories of a kind. They are small lists, read as a whole and leniently.

use std::collections::HashSet;

use sync_core::source::AnswerFault;
use sync_core::{Category, CategoryId};

use crate::wire::Fault;
use crate::wire::charset::Charset;
use crate::wire::json::{Json, document};

/// Reads a list of categories: an array, or an object of objects. If several have one id, the first counts. One without
/// an id is left out, because nothing can refer to it.
pub(crate) fn read(body: &[u8], charset: Charset) -> Result<Vec<Category>, Fault> {
    let answer = document(body, charset)?;
    let elements: Vec<&Json> = match &answer {
        Json::Array(elements) => elements.iter().collect(),
        Json::Object(members) => {
            if let Some(fault) = no_list(&answer, members) {
                return Err(fault);
            }
            members.iter().map(|(_, element)| element).collect()
        }
        _ => return Err(Fault::new(AnswerFault::NotAList, "JSON, but no list of categories")),
    };
    let mut met = HashSet::new();
    let categories: Vec<_> =
        elements.iter().filter_map(|element| category(element)).filter(|one| met.insert(one.id.clone())).collect();
    if categories.is_empty() && !elements.is_empty() {
        return Err(Fault::new(AnswerFault::WrongItems, "a list in which nothing is a category"));
    }
    Ok(categories)
}

/// Returns the error for an object that is not a keyed list, or `None`.
fn no_list(answer: &Json, members: &[(String, Json)]) -> Option<Fault> {
    let refused = |object: &Json| object.get("auth").is_some_and(Json::is_false);
    match answer.get("user_info") {
        Some(user) if refused(user) => Some(Fault::refused("it no longer accepts user name and password")),
        Some(_) => Some(Fault::new(AnswerFault::AccountObject, "the account instead of a list of categories")),
        None if members.is_empty() => Some(Fault::new(AnswerFault::NotAList, "an empty object")),
        None if members.iter().any(|(_, element)| matches!(element, Json::Object(_))) => None,
        None => Some(Fault::new(AnswerFault::ErrorObject, "an object instead of a list of categories")),
    }
}

fn category(element: &Json) -> Option<Category> {
    let id = element.get("category_id")?.as_text()?;
    let id = id.trim();
    if id.is_empty() {
        return None;
    }
    Some(Category {
        name: element.get("category_name").and_then(Json::as_text).unwrap_or_else(|| format!("#{id}")),
        parent_id: element.get("parent_id").and_then(Json::as_integer),
        id: CategoryId(id.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Vec<Category>, Fault> {
        super::read(body, Charset::default())
    }

    fn read_text(body: &str) -> Vec<(String, String, Option<i64>)> {
        let categories = read(body.as_bytes()).unwrap();
        categories.into_iter().map(|one| (one.id.0, one.name, one.parent_id)).collect()
    }

    fn row(id: &str, name: &str, parent_id: Option<i64>) -> (String, String, Option<i64>) {
        (id.to_owned(), name.to_owned(), parent_id)
    }

    #[test]
    fn a_list_is_read_leniently() {
        let body = r#"[{"category_id":"7","category_name":"News","parent_id":0},
            {"category_id":2356443347,"category_name":"","parent_id":"3"},
            {"category_id":"x","category_name":null,"parent_id":null},
            {"category_id":"","category_name":"lost"}, {"category_id":null}, {"category_name":"lost"}, null, 5, "a",
            {"category_id":7,"category_name":"Again"}]"#;
        let expected = [row("7", "News", Some(0)), row("2356443347", "#2356443347", Some(3)), row("x", "#x", None)];
        assert_eq!(read_text(body), expected);
    }

    #[test]
    fn a_keyed_object_is_a_list_too() {
        let body = r#"{"0":{"category_id":"9","category_name":"B"},"2":{"category_id":"1","category_name":"A"}}"#;
        assert_eq!(read_text(body), [row("9", "B", None), row("1", "A", None)]);
        assert_eq!(read_text("[]"), []);
    }

    #[test]
    fn an_answer_that_is_no_list_has_its_own_error() {
        let cases = [
            ("", AnswerFault::Empty),
            ("null", AnswerFault::NotAList),
            ("{}", AnswerFault::NotAList),
            ("false", AnswerFault::NotAList),
            ("Blocked", AnswerFault::NotJson),
            ("<!DOCTYPE html><html></html>", AnswerFault::Html),
            (r#"{"user_info":{"auth":1},"server_info":{}}"#, AnswerFault::AccountObject),
            (r#"{"error":"Unauthorized"}"#, AnswerFault::ErrorObject),
            (r#"[{"stream_id":1},{"stream_id":2}]"#, AnswerFault::WrongItems),
            (r#"[{"category_id":"1"}"#, AnswerFault::Truncated),
        ];
        for (body, fault) in cases {
            assert_eq!(read(body.as_bytes()).unwrap_err().what, fault, "{body}");
        }
        assert!(read(br#"{"user_info":{"auth":"0"}}"#).unwrap_err().refused);
    }
}
