//! The content of a correct cache. It is computed from the catalogue's values, never from the JSON that is served.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalogue::{Catalogue, Listing};
use crate::columns::{Class, Column, Rule, columns};
use crate::item::{Item, Kind};
use crate::json::{JsonForm, write_text};

/// The content of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// NULL.
    Null,
    /// An INTEGER column.
    Integer(i64),
    /// A REAL column.
    Real(f64),
    /// A TEXT column.
    Text(String),
    /// Elements of the same id disagree. Any value that the cache chose is right.
    AnyOf(Vec<Truth>),
}

impl Truth {
    /// Returns whether a cache that holds `cached` is right.
    pub fn accepts(&self, cached: &Self) -> bool {
        match self {
            Self::AnyOf(several) => several.iter().any(|one| one.accepts(cached)),
            Self::Real(own) => matches!(cached, Self::Real(other) if (own - other).abs() < 1e-9),
            other => other == cached,
        }
    }

    /// Returns the content as JSON, for people and for other programs.
    pub fn form(&self) -> JsonForm {
        match self {
            Self::Null => JsonForm::Null,
            Self::Integer(number) => JsonForm::Integer(*number),
            Self::Real(number) => JsonForm::number(number.to_string()),
            Self::Text(text) => JsonForm::text(text.clone()),
            Self::AnyOf(several) => JsonForm::object([("any_of", JsonForm::array(several.iter().map(Self::form)))]),
        }
    }
}

/// A row of the cache: column names and contents.
pub type Row = BTreeMap<&'static str, Truth>;

impl Catalogue {
    /// Returns the rows that a correct cache has after this version and all earlier ones, by id.
    pub fn truth(&self, kind: Kind) -> BTreeMap<i64, Row> {
        rows(self.listing(kind), None)
    }

    /// Returns the categories of a kind in the panel's order: id, name, parent.
    pub fn categories_truth(&self, kind: Kind) -> Vec<(String, String, Option<i64>)> {
        let categories = self.listing(kind).categories.iter();
        categories
            .filter_map(|category| {
                let parent = category.parent.as_ref().and_then(JsonForm::scalar_text);
                Some((category.id.scalar_text()?, category.name.clone(), parent.and_then(|text| text.parse().ok())))
            })
            .collect()
    }
}

/// Returns where `cached` is wrong, in one sentence for each row or column. Columns that don't count are left out.
pub fn disagreements(kind: Kind, truth: &BTreeMap<i64, Row>, cached: &BTreeMap<i64, Row>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, row) in truth {
        let Some(own) = cached.get(id) else {
            found.push(format!("{kind} {id}: not in the cache"));
            continue;
        };
        for column in columns(kind).iter().filter(|column| column.class != Class::Ignored) {
            let (right, actual) = (&row[column.name], own.get(column.name).unwrap_or(&Truth::Null));
            if !right.accepts(actual) {
                found.push(format!("{kind} {id}: {} is {actual:?}, should be {right:?}", column.name));
            }
        }
    }
    let surplus = cached.keys().filter(|id| !truth.contains_key(id));
    found.extend(surplus.map(|id| format!("{kind} {id}: in the cache, but not at the panel")));
    found
}

/// Returns the rows of the given ids, or of all ids. Elements without a readable id have no row.
pub(crate) fn rows(listing: &Listing, wanted: Option<&HashSet<i64>>) -> BTreeMap<i64, Row> {
    let mut elements: HashMap<i64, Vec<(usize, &Item)>> = HashMap::new();
    for (position, item) in listing.items.iter().enumerate() {
        if let Some(id) = item.id().filter(|id| wanted.is_none_or(|wanted| wanted.contains(id))) {
            elements.entry(id).or_default().push((position, item));
        }
    }
    elements.into_iter().map(|(id, elements)| (id, row(listing, id, &elements))).collect()
}

fn row(listing: &Listing, id: i64, elements: &[(usize, &Item)]) -> Row {
    let content = |column: &Column| {
        if column.rule == Rule::CategorySet {
            return category_set(elements);
        }
        let mut contents: Vec<Truth> = Vec::new();
        for (position, item) in elements {
            let content = single(listing, id, column, *position, item);
            if !contents.contains(&content) {
                contents.push(content);
            }
        }
        if contents.len() > 1 {
            contents.sort_by_key(|content| format!("{content:?}"));
            return Truth::AnyOf(contents);
        }
        contents.pop().expect("an id has at least one element")
    };
    columns(listing.kind).iter().map(|column| (column.name, content(column))).collect()
}

fn category_set(elements: &[(usize, &Item)]) -> Truth {
    let mut set: Vec<String> = elements.iter().flat_map(|(_, item)| item.category_set()).collect();
    set.sort_unstable();
    set.dedup();
    if set.is_empty() {
        return Truth::Null;
    }
    let mut json = vec![b'['];
    for (at, category) in set.iter().enumerate() {
        if at > 0 {
            json.push(b',');
        }
        write_text(&mut json, category, false);
    }
    json.push(b']');
    Truth::Text(String::from_utf8(json).expect("written from text"))
}

fn single(listing: &Listing, id: i64, column: &Column, position: usize, item: &Item) -> Truth {
    let sent = column.keys.iter().find_map(|key| item.get(key));
    if column.rule == Rule::Position && sent.is_none() {
        return Truth::Integer(listing.number_at(position));
    }
    let remembered = || listing.remembered.get(&(id, column.name));
    if column.name == "name" {
        let name = sent.and_then(JsonForm::scalar_text).or_else(|| remembered().and_then(JsonForm::scalar_text));
        return Truth::Text(name.unwrap_or_else(|| format!("#{id}")));
    }
    normalised(column.rule, sent.or_else(remembered).unwrap_or(&JsonForm::Null))
}

fn normalised(rule: Rule, value: &JsonForm) -> Truth {
    let text = || value.scalar_text();
    let truthy = matches!(value.meaning(), JsonForm::Bool(true));
    let integer = || text().and_then(|text| canonical_decimal(&text)).and_then(|text| text.parse().ok());
    match rule {
        Rule::Text | Rule::CategorySet => text().map_or(Truth::Null, Truth::Text),
        Rule::Decimal => text().map_or(Truth::Null, |text| Truth::Text(canonical_decimal(&text).unwrap_or(text))),
        Rule::Reference => match normalised(Rule::Decimal, value) {
            Truth::Text(text) if text == "0" => Truth::Null,
            other => other,
        },
        Rule::Integer | Rule::Position => integer().map_or(Truth::Null, Truth::Integer),
        Rule::Count => Truth::Integer(integer().unwrap_or(i64::from(truthy))),
        Rule::Flag => match (integer(), value.meaning()) {
            (Some(0), _) | (None, JsonForm::Bool(false)) => Truth::Integer(0),
            (Some(1), _) | (None, JsonForm::Bool(true)) => Truth::Integer(1),
            _ => Truth::Null,
        },
        Rule::Real => {
            text().and_then(|text| text.replace(',', ".").parse::<f64>().ok()).map_or(Truth::Null, Truth::Real)
        }
    }
}

/// Returns the shortest form of a decimal number, or `None` if the text is not a number.
pub(crate) fn canonical_decimal(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    let fraction = fraction.trim_end_matches('0');
    Some(match (whole, fraction) {
        ("0", "") => "0".to_owned(),
        (_, "") => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_canonical() {
        for (text, canonical) in [("7.50", "7.5"), ("8.0", "8"), ("-0.0", "0"), ("1700000000", "1700000000")] {
            assert_eq!(canonical_decimal(text).as_deref(), Some(canonical));
        }
        for text in ["", ".", "7.", "8,1", "N/A", "2026-02-02 15:08:55", "1e5"] {
            assert_eq!(canonical_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_normalised_by_rule() {
        assert_eq!(normalised(Rule::Real, &"8,1".into()), Truth::Real(8.1));
        assert_eq!(normalised(Rule::Decimal, &JsonForm::number("7.50")), Truth::Text("7.5".into()));
        assert_eq!(normalised(Rule::Decimal, &"8,1".into()), Truth::Text("8,1".into()));
        assert_eq!(normalised(Rule::Reference, &"0".into()), Truth::Null);
        assert_eq!(normalised(Rule::Reference, &603.into()), Truth::Text("603".into()));
        assert_eq!(normalised(Rule::Count, &JsonForm::Null), Truth::Integer(0));
        assert_eq!(normalised(Rule::Flag, &"".into()), Truth::Null);
        assert_eq!(normalised(Rule::Flag, &"1".into()), Truth::Integer(1));
        assert_eq!(normalised(Rule::Text, &"".into()), Truth::Null);
    }
}
