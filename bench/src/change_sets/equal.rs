//! Compares the content of two caches: every significant column, the categories, and the order of the listings.

use std::path::Path;

use rusqlite::Connection;
use sync_core::{ContentKind, FieldClass};

use crate::Outcome;
use crate::database::text;

/// Compares a cache with the one that it follows, by plain SQL.
pub(super) fn verify(sender: &Path, follower: &Path) -> Outcome {
    let connection = Connection::open(sender)?;
    connection.execute("ATTACH ?1 AS follower", [text(follower)?])?;
    for kind in ContentKind::ALL {
        let significant = kind.of_class(FieldClass::Significant);
        let columns: Vec<_> = significant.names(kind.fields()).map(|name| format!("\"{name}\"")).collect();
        let rows = format!("{},{} FROM %.xtream_{kind}", kind.id_column(), columns.join(","));
        let of_kind = match kind {
            ContentKind::Channels => "channel",
            ContentKind::Movies => "movie",
            ContentKind::Series => "series",
        };
        let categories = format!("position,category_id,category_name,parent_id FROM %.xtream_{of_kind}_categories");
        let order = format!("ids FROM %.xtream_listing_index WHERE kind='{kind}' AND scope=''");
        for (what, sql) in [("rows", rows), ("categories", categories), ("order", order)] {
            for (one, other) in [("main", "follower"), ("follower", "main")] {
                let [left, right] = [one, other].map(|schema| format!("SELECT {}", sql.replace('%', schema)));
                let count = format!("SELECT count(*) FROM ({left} EXCEPT {right})");
                let alone: i64 = connection.query_row(&count, [], |row| row.get(0))?;
                if alone > 0 {
                    return Err(format!("{kind}, {what}: {alone} of {one} are not in {other}").into());
                }
            }
        }
    }
    Ok(())
}
