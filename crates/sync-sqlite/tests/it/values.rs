//! Values come back as they were, whatever they are.

use sync_core::model::Extra;
use sync_core::store::{ContentStore, ScopeCommit, StagedItem};
use sync_core::{Change, ContentId, ContentKind, Item, Scope, Shape, Value};

use crate::fixture::{Cache, index_of};

const TEXTS: [&str; 7] = [
    "x",
    "'); DROP TABLE xtream_movies;--",
    "nul \0 inside",
    "\u{1b}[31m \u{202e}",
    "日本 😀 ᴴᴰ",
    " 7.50 ",
    "\"\\/\u{7f}\n",
];

/// Values that a field of this shape can have, normalised or not.
fn values(shape: Shape) -> Vec<Value> {
    let numbers = || [0, 1, -1, i64::MAX, i64::MIN, 1 << 53].map(Value::Integer).to_vec();
    match shape {
        Shape::Name => TEXTS.iter().map(|text| Value::Text((*text).into())).collect(),
        Shape::Text | Shape::Decimal | Shape::Reference => {
            TEXTS.iter().map(|text| Value::Text((*text).into())).chain([Value::Null]).collect()
        }
        Shape::Integer => [numbers(), vec![Value::Null]].concat(),
        Shape::Count => numbers(),
        Shape::Real => {
            [0.0, -1.5, 7.0, 1e300, f64::MIN_POSITIVE].map(Value::Real).into_iter().chain([Value::Null]).collect()
        }
        Shape::Flag => vec![Value::Integer(0), Value::Integer(1), Value::Null],
        Shape::Switch => vec![Value::Integer(0), Value::Integer(1)],
        Shape::Categories => vec![
            Value::Categories(TEXTS.iter().collect()),
            Value::Categories(["5"].iter().collect()),
            Value::Categories(std::iter::empty::<&str>().collect()),
        ],
        Shape::Extra => {
            let json = |text: &str| text.to_owned();
            let some: Extra = TEXTS
                .iter()
                .zip(["1", "\"a\\u0000\"", "null", "[1, 2.50]", "{\"k\":{}}", "-0", "true"])
                .map(|(key, value)| (json(key), json(value)))
                .collect();
            vec![Value::Extra(some), Value::Extra(Extra::new())]
        }
    }
}

/// One item for each value of each field.
fn items(kind: ContentKind) -> Vec<Item> {
    let mut items = Vec::new();
    for (at, field) in kind.fields().iter().enumerate() {
        for value in values(field.shape) {
            let mut item = Item::with_id(kind, ContentId(i64::try_from(items.len()).unwrap() * 1_000_003 - 77));
            item.set(kind.field("name").unwrap(), Value::Text("named".into()));
            item.set(at, value);
            items.push(item);
        }
    }
    items
}

#[tokio::test]
async fn every_field_of_every_kind_comes_back_from_staging_and_from_the_cache() {
    let cache = Cache::new();
    let run = cache.start();
    for kind in ContentKind::ALL {
        let items = items(kind);
        let ids: Vec<_> = items.iter().map(Item::id).collect();
        let put: Vec<_> = items
            .iter()
            .map(|item| StagedItem { item: item.clone(), change: Change::Added, rank: Some((9, -9)) })
            .collect();
        let mut staging = cache.store.stage(&cache.home, Scope::whole(kind)).await.unwrap();
        staging.put(put.clone()).await.unwrap();
        assert_eq!(staging.get(ids.clone()).await.unwrap(), put);
        let numbers: Vec<_> = ids.iter().map(|id| id.0).collect();
        let commit = ScopeCommit { index: index_of(&numbers), first_load: true, ..run.commit(kind) };
        cache.apply(put, commit).await.unwrap();
        let mut stored = cache.store.rows(&cache.home, kind, ids).await.unwrap();
        stored.sort_by_key(Item::id);
        assert_eq!(stored, items);
    }
}

#[test]
fn columns_and_fields_have_the_same_names() {
    let cache = Cache::new();
    for (kind, table) in ContentKind::ALL.into_iter().zip(["xtream_channels", "xtream_movies", "xtream_series"]) {
        let columns = cache.sql(&format!("SELECT name AS line FROM pragma_table_info('{table}')"));
        let own = ["id", "profile_id", kind.id_column(), "created_at", "updated_at"];
        let mut of_fields: Vec<_> = columns.iter().map(String::as_str).filter(|name| !own.contains(name)).collect();
        let mut fields: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
        of_fields.sort_unstable();
        fields.sort_unstable();
        assert_eq!(of_fields, fields);
    }
}
