//! The positions of the fields that rules refer to. They are found when the program is compiled.

use super::field::FieldSpec;

/// Positions of fields in the table of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldPositions {
    pub(crate) num: usize,
    pub(crate) name: usize,
    pub(crate) added: usize,
    pub(crate) category_id: usize,
    pub(crate) category_ids: usize,
    pub(crate) listed_category_ids: usize,
    pub(crate) extra: usize,
    /// Some kinds lack this field and the next one.
    pub(crate) last_modified: Option<usize>,
    pub(crate) tmdb_id: Option<usize>,
    /// The address of the image.
    pub(crate) image: Option<usize>,
}

impl FieldPositions {
    /// Returns the positions in a table.
    pub(crate) const fn new(table: &[FieldSpec]) -> Self {
        Self {
            num: known(table, "num"),
            name: known(table, "name"),
            added: known(table, "added"),
            category_id: known(table, "category_id"),
            category_ids: known(table, "category_ids"),
            listed_category_ids: known(table, "listed_category_ids"),
            extra: known(table, "extra"),
            last_modified: find(table, "last_modified"),
            tmdb_id: find(table, "tmdb_id"),
            image: match find(table, "stream_icon") {
                None => find(table, "cover"),
                found => found,
            },
        }
    }
}

const fn known(table: &[FieldSpec], name: &str) -> usize {
    find(table, name).expect("every kind has it")
}

const fn find(table: &[FieldSpec], name: &str) -> Option<usize> {
    let mut at = 0;
    while at < table.len() {
        if same(table[at].name.as_bytes(), name.as_bytes()) {
            return Some(at);
        }
        at += 1;
    }
    None
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::same;
    use crate::model::ContentKind;

    #[test]
    fn a_name_that_begins_with_another_is_not_the_same() {
        for (a, b, expected) in [("ab", "ab", true), ("ab", "abc", false), ("abc", "ab", false), ("ab", "ac", false)] {
            assert_eq!(same(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }

    #[test]
    fn every_position_is_that_of_its_name() {
        for kind in ContentKind::ALL {
            let positions = kind.field_positions();
            let named = [
                ("num", positions.num),
                ("name", positions.name),
                ("added", positions.added),
                ("category_id", positions.category_id),
                ("category_ids", positions.category_ids),
                ("listed_category_ids", positions.listed_category_ids),
                ("extra", positions.extra),
            ];
            for (name, at) in named {
                assert_eq!(kind.field(name), Some(at), "{kind}.{name}");
            }
            assert_eq!(kind.field("last_modified"), positions.last_modified);
            assert_eq!(kind.field("tmdb_id"), positions.tmdb_id);
            assert_eq!(kind.field("stream_icon").or_else(|| kind.field("cover")), positions.image);
        }
    }
}
