//! A usual simple program: the whole body as a `Vec` of JSON values, and one upsert per row.
//!
//! It has one advantage that such programs often lack: one transaction per kind. `--each` takes it away.

use std::path::Path;

use diesel::prelude::*;
use serde_json::Value;
use sync_tests::Kind;

use crate::bodies::actions;
use crate::database::{PROFILE, text};
use crate::{Outcome, floor};

/// Defines a table for diesel, its row, and the conversion of a JSON value to a row.
macro_rules! table {
    ($table:ident, $Row:ident, $id:ident; $($column:ident: $sql:ty, $rust:ty, $read:ident;)*) => {
        diesel::table! {
            $table (profile_id, $id) {
                profile_id -> Text,
                $id -> BigInt,
                $($column -> $sql,)*
                created_at -> BigInt,
                updated_at -> BigInt,
            }
        }

        #[derive(Insertable, AsChangeset)]
        #[diesel(table_name = $table, treat_none_as_null = true)]
        #[allow(clippy::struct_field_names, reason = "the columns have these names, in one of three tables")]
        struct $Row {
            profile_id: &'static str,
            $id: i64,
            $($column: $rust,)*
            created_at: i64,
            updated_at: i64,
        }

        impl $Row {
            fn upsert(item: &Value, connection: &mut SqliteConnection) -> QueryResult<usize> {
                let row = Self {
                    profile_id: PROFILE,
                    $id: integer(item, stringify!($id)).unwrap_or_default(),
                    $($column: $read(item, stringify!($column)),)*
                    created_at: 1,
                    updated_at: 1,
                };
                diesel::insert_into($table::table)
                    .values(&row)
                    .on_conflict(($table::profile_id, $table::$id))
                    .do_update()
                    .set(&row)
                    .execute(connection)
            }
        }
    };
}

table! {
    xtream_channels, Channel, stream_id;
    num: Nullable<BigInt>, Option<i64>, integer;
    name: Text, String, required;
    stream_type: Nullable<Text>, Option<String>, words;
    stream_icon: Nullable<Text>, Option<String>, words;
    thumbnail: Nullable<Text>, Option<String>, words;
    epg_channel_id: Nullable<Text>, Option<String>, words;
    added: Nullable<Text>, Option<String>, words;
    category_id: Nullable<Text>, Option<String>, words;
    category_ids: Nullable<Text>, Option<String>, list;
    custom_sid: Nullable<Text>, Option<String>, words;
    tv_archive: BigInt, i64, count;
    direct_source: Nullable<Text>, Option<String>, words;
    tv_archive_duration: BigInt, i64, count;
    is_adult: Nullable<BigInt>, Option<i64>, integer;
}

table! {
    xtream_movies, Movie, stream_id;
    num: Nullable<BigInt>, Option<i64>, integer;
    name: Text, String, required;
    title: Nullable<Text>, Option<String>, words;
    year: Nullable<Text>, Option<String>, words;
    stream_type: Nullable<Text>, Option<String>, words;
    stream_icon: Nullable<Text>, Option<String>, words;
    rating: Nullable<Double>, Option<f64>, real;
    rating_5based: Nullable<Double>, Option<f64>, real;
    genre: Nullable<Text>, Option<String>, words;
    added: Nullable<Text>, Option<String>, words;
    episode_run_time: Nullable<BigInt>, Option<i64>, integer;
    category_id: Nullable<Text>, Option<String>, words;
    category_ids: Nullable<Text>, Option<String>, list;
    container_extension: Nullable<Text>, Option<String>, words;
    custom_sid: Nullable<Text>, Option<String>, words;
    direct_source: Nullable<Text>, Option<String>, words;
    release_date: Nullable<Text>, Option<String>, words;
    cast: Nullable<Text>, Option<String>, words;
    director: Nullable<Text>, Option<String>, words;
    plot: Nullable<Text>, Option<String>, words;
    youtube_trailer: Nullable<Text>, Option<String>, words;
    tmdb_id: Nullable<Text>, Option<String>, words;
    imdb_id: Nullable<Text>, Option<String>, words;
    is_adult: Nullable<BigInt>, Option<i64>, integer;
}

table! {
    xtream_series, Series, series_id;
    num: Nullable<BigInt>, Option<i64>, integer;
    name: Text, String, required;
    title: Nullable<Text>, Option<String>, words;
    year: Nullable<Text>, Option<String>, words;
    stream_type: Nullable<Text>, Option<String>, words;
    cover: Nullable<Text>, Option<String>, words;
    plot: Nullable<Text>, Option<String>, words;
    cast: Nullable<Text>, Option<String>, words;
    director: Nullable<Text>, Option<String>, words;
    genre: Nullable<Text>, Option<String>, words;
    release_date: Nullable<Text>, Option<String>, words;
    added: Nullable<Text>, Option<String>, words;
    last_modified: Nullable<Text>, Option<String>, words;
    rating: Nullable<Text>, Option<String>, words;
    rating_5based: Nullable<Double>, Option<f64>, real;
    episode_run_time: Nullable<Text>, Option<String>, words;
    category_id: Nullable<Text>, Option<String>, words;
    category_ids: Nullable<Text>, Option<String>, list;
    youtube_trailer: Nullable<Text>, Option<String>, words;
    tmdb_id: Nullable<Text>, Option<String>, words;
    imdb_id: Nullable<Text>, Option<String>, words;
    is_adult: Nullable<BigInt>, Option<i64>, integer;
}

fn words(item: &Value, key: &str) -> Option<String> {
    match &item[key] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn required(item: &Value, key: &str) -> String {
    words(item, key).unwrap_or_default()
}

fn list(item: &Value, key: &str) -> Option<String> {
    item[key].as_array().filter(|ids| !ids.is_empty()).map(|_| item[key].to_string())
}

fn integer(item: &Value, key: &str) -> Option<i64> {
    item[key].as_i64().or_else(|| item[key].as_str()?.parse().ok())
}

fn count(item: &Value, key: &str) -> i64 {
    integer(item, key).unwrap_or(0)
}

fn real(item: &Value, key: &str) -> Option<f64> {
    item[key].as_f64().or_else(|| item[key].as_str()?.parse().ok())
}

/// Syncs into a database. It is created if it doesn't exist.
pub(crate) fn main(url: &str, database: &Path, each: bool) -> Outcome {
    if !database.exists() {
        drop(floor::create(database)?);
    }
    // The HTTP client needs to know which TLS it would use, even though it uses none here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut connection = SqliteConnection::establish(text(database)?)?;
    diesel::connection::SimpleConnection::batch_execute(
        &mut connection,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16384;",
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let client = reqwest::Client::new();
    for kind in Kind::ALL {
        let [_, action] = actions(kind);
        let address = format!("{url}/player_api.php?username=demo&password=demo-secret&action={action}");
        let items: Vec<Value> =
            runtime.block_on(async { client.get(address).send().await?.error_for_status()?.json().await })?;
        let upsert = match kind {
            Kind::Channels => Channel::upsert,
            Kind::Movies => Movie::upsert,
            Kind::Series => Series::upsert,
        };
        let all = |connection: &mut _| items.iter().try_for_each(|item| upsert(item, connection).map(drop));
        if each { all(&mut connection)? } else { connection.transaction(all)? }
    }
    Ok(())
}
