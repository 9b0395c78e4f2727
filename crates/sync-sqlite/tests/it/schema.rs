//! The tables as a program with diesel reads them.

use diesel::prelude::*;
use sync_sqlite::schema::{xtream_changes, xtream_movies, xtream_sync_run_kinds, xtream_sync_runs};

use crate::fixture::Cache;

#[tokio::test]
async fn a_program_with_diesel_reads_a_cache() {
    let cache = Cache::new();
    cache.load([30, 7]).await;
    let mut conn = SqliteConnection::establish(cache.path().to_str().unwrap()).unwrap();
    let movies: Vec<(i64, Option<f64>)> = xtream_movies::table
        .filter(xtream_movies::profile_id.eq("home"))
        .order(xtream_movies::stream_id)
        .select((xtream_movies::stream_id, xtream_movies::rating))
        .load(&mut conn)
        .unwrap();
    assert_eq!(movies.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [7, 30]);
    let of_run = xtream_sync_run_kinds::run_id.eq(xtream_sync_runs::id);
    let kinds: Vec<(String, String, i64)> = xtream_sync_runs::table
        .inner_join(xtream_sync_run_kinds::table.on(of_run))
        .select((xtream_sync_runs::status, xtream_sync_run_kinds::kind, xtream_sync_run_kinds::added))
        .load(&mut conn)
        .unwrap();
    assert_eq!(kinds, [("completed".to_owned(), "movies".to_owned(), 2)]);
    let changes = xtream_changes::table.select((xtream_changes::change, xtream_changes::content_id));
    assert_eq!(changes.load::<(String, Option<i64>)>(&mut conn).unwrap(), [("loaded".to_owned(), None)]);
}
