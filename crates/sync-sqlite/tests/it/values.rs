//! Values of every kind are read back as they were written.

use sync_core::model::Extra;
use sync_core::store::{ContentStore, ScopeCommit, StagedItem};
use sync_core::{Change, ContentId, ContentKind, Item, Profile, Scope, Shape, StoreError, SyncMode, Value};

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

/// Returns values that a field of this shape can have, normalised or not.
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

/// Returns one item for each value of each field.
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
            .map(|item| StagedItem { item: item.clone(), change: Change::Added, rank: Some((9, -9)), hash: None })
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

/// SQLite stores any value in any column.
#[tokio::test]
async fn a_value_that_a_column_cannot_hold_is_damage_and_names_the_column() {
    let cache = Cache::new();
    cache.load([7]).await;
    cache.execute("UPDATE xtream_sync_runs SET started_at='yesterday'");
    let told = |error: StoreError| match error {
        StoreError::Corrupt(text) => text,
        other => panic!("{other}"),
    };
    let text = told(cache.store.runs_blocking(&cache.home, 9).unwrap_err());
    assert_eq!(text, "the column `started_at` holds what it can't hold");
    cache.execute("UPDATE xtream_sync_runs SET started_at=1000");
    cache.execute("UPDATE xtream_sync_run_kinds SET added=-1");
    assert!(told(cache.store.runs_blocking(&cache.home, 9).unwrap_err()).contains("`added`"));
    cache.execute("UPDATE xtream_profiles SET base_url=x'00'");
    assert!(told(cache.store.profile_blocking(&cache.home).unwrap_err()).contains("`base_url`"));
}

/// A later version knows more words. Each reader decides what an unknown word means.
#[tokio::test]
async fn an_unknown_word_is_refused_or_ignored() {
    let cache = Cache::new();
    cache.load([7]).await;
    cache.execute("UPDATE xtream_sync_run_kinds SET mode='sideways', error_code='novel', error_message='odd'");
    let record = cache.store.runs_blocking(&cache.home, 9).unwrap().remove(0).kinds.remove(0);
    assert_eq!((record.mode, record.error.unwrap().code.as_str()), (SyncMode::Auto, "novel"));
    cache.execute("UPDATE xtream_sync_run_kinds SET outcome='dreamt'");
    let told = cache.store.runs_blocking(&cache.home, 9).unwrap_err();
    assert!(matches!(told, StoreError::Corrupt(text) if text == "`dreamt` is no outcome"));
    cache.execute("UPDATE xtream_content_sync SET sync_status='dreaming'");
    assert_eq!(cache.store.content_status_blocking(&cache.home).unwrap().sync_status, None);
    cache.execute("UPDATE xtream_changes SET kind='radio'");
    let told = cache.store.feed_page_blocking(&cache.home, 0, 9).unwrap_err();
    assert!(matches!(told, StoreError::Corrupt(text) if text == "`radio` is no kind of content"));
    cache.execute("DELETE FROM xtream_sync_settings");
    assert_eq!(cache.store.profile_blocking(&cache.home).unwrap(), Some(Profile::new(cache.home.clone())));
}
