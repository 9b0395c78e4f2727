//! Shows values of edits to people. Categories are shown by name, because people don't know their ids.

use std::collections::BTreeMap;

use sync_core::Category;
use sync_core::overlay::{EditField, EditValue};

/// The names of categories, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryNames(BTreeMap<String, String>);

impl CategoryNames {
    /// Returns the names of these categories. If two have the same id, the first one counts.
    pub fn of(categories: &[Category]) -> Self {
        Self::of_pairs(categories.iter().map(|category| (category.id.0.as_str(), category.name.as_str())))
    }

    /// Returns the names of these pairs of id and name. If two have the same id, the first one counts.
    pub fn of_pairs<'a>(pairs: impl DoubleEndedIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.rev().map(|(id, name)| (id.to_owned(), name.to_owned())).collect())
    }

    /// Returns a category as `name (id)`, or the id alone if it has no name.
    pub fn of_id(&self, id: &str) -> String {
        self.0.get(id).filter(|name| !name.is_empty()).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// Returns a value as people read it.
    pub fn value(&self, field: EditField, value: &EditValue) -> String {
        match (field, value) {
            (EditField::Category, EditValue::List(ids)) => {
                ids.iter().map(|id| self.of_id(id)).collect::<Vec<_>>().join(", ")
            }
            _ => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_has_its_name_and_its_id() {
        let names = CategoryNames::of_pairs([("7", "News"), ("8", ""), ("7", "Other")].into_iter());
        let list = EditValue::list(["7", "8", "9"]).unwrap();
        assert_eq!(names.value(EditField::Category, &list), "News (7), 8, 9");
        assert_eq!(names.value(EditField::Tags, &list), "7,8,9");
    }
}
