//! The documents: each query in them runs on a large cache and looks up every row by its key, each program in them is
//! built, and the schema in them is that of the migrations.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use diesel::sql_types::Text;
use sync_core::HeldRemoval;
use sync_core::store::ScopeCommit;
use sync_core::testing::movie;
use sync_core::{Category, CategoryId, ContentId, ContentKind, HoldReason, Loss};

use crate::fixture::{Cache, added, index_of, lines};

/// Returns the folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The number of movies of a small panel.
const MOVIES: i64 = 20_000;
const CATEGORIES: i64 = 200;

/// The columns that all rows of a profile or of a kind share. A lookup by these alone reads all rows.
const SHARED: [&str; 3] = ["profile_id", "kind", "scope"];

/// A query of a document.
struct Query {
    document: PathBuf,
    sql: String,
}

/// A step of a plan, as SQLite describes it.
#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[tokio::test]
async fn every_query_of_the_documents_runs_on_twenty_thousand_movies_by_keys() {
    let cache = large().await;
    let queries = queries();
    assert!(queries.iter().any(|query| query.document.ends_with("docs/schema.md")), "docs/schema.md shows no query");
    let mut conn = SqliteConnection::establish(cache.path().to_str().unwrap()).unwrap();
    for Query { document, sql } in queries {
        let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut conn).unwrap();
        let plan: Vec<_> = plan.into_iter().map(|step| step.detail).collect();
        assert!(goes_through_one_table_only(&plan), "{}: {sql}\n{plan:#?}", document.display());
        let rows = lines(&cache.path(), &format!("SELECT count(*) AS line FROM ({sql})"));
        assert_eq!(rows.len(), 1);
        if sql.contains("AS movies") {
            let sizes = lines(&cache.path(), &format!("SELECT count(*) || ':' || sum(movies) AS line FROM ({sql})"));
            assert_eq!(sizes, [format!("{CATEGORIES}:{}", 2 * MOVIES)], "{sql}");
        }
    }
}

#[test]
fn a_plan_that_goes_through_a_table_for_each_row_of_another_is_noticed() {
    let plan = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
    for (steps, sound) in [
        (&["SCAN m"][..], true),
        (
            &[
                "SEARCH m USING INDEX i (profile_id=?)",
                "SCAN e VIRTUAL TABLE INDEX 1:",
                "SEARCH c USING INDEX j (profile_id=? AND category_id=?)",
            ],
            true,
        ),
        (
            &[
                "SEARCH c USING INDEX j (profile_id=?)",
                "SEARCH m USING INDEX i (profile_id=?)",
                "SCAN e VIRTUAL TABLE INDEX 1:",
            ],
            false,
        ),
        (&["SCAN c", "SCAN m"], false),
        (&["SEARCH l USING INDEX i (profile_id=? AND kind=? AND scope=?)", "SCAN m"], false),
        (&["SCAN c", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)", "USE TEMP B-TREE FOR ORDER BY"], true),
        (&["SCAN c", "SEARCH m USING AUTOMATIC COVERING INDEX (stream_id=?)"], false),
    ] {
        assert_eq!(goes_through_one_table_only(&plan(steps)), sound, "{steps:?}");
    }
}

/// Returns whether a plan looks up every table but the outermost by a key that an index has. A list of ids or
/// categories belongs to the row that contains it.
fn goes_through_one_table_only(plan: &[String]) -> bool {
    let tables = plan
        .iter()
        .filter(|step| (step.starts_with("SCAN ") || step.starts_with("SEARCH ")) && !step.contains(" VIRTUAL TABLE "));
    tables.skip(1).all(|step| {
        let (_, key) = step.split_once('(').unwrap_or_default();
        let mut columns =
            key.trim_end_matches(')').split(" AND ").filter_map(|term| term.split(['=', '>', '<']).next());
        !step.contains("AUTOMATIC") && columns.any(|column| !column.is_empty() && !SHARED.contains(&column))
    })
}

/// The documents show programs that are built: each paragraph is in the file that is named before it.
#[test]
fn the_documents_show_the_text_of_the_outside_programs() {
    let root = root();
    let trimmed = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for document in ["README.md", "docs/embedding.md"] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let mut parts = text.split("```rust\n");
        let mut before = parts.next().unwrap();
        let mut shown = 0;
        for part in parts {
            let (block, after) = part.split_once("```").unwrap();
            let path = before.rsplit("xtask/outside/").next().unwrap().split(')').next().unwrap();
            let program = trimmed(&fs::read_to_string(root.join("xtask/outside").join(path)).unwrap());
            for paragraph in trimmed(block).split("\n\n").map(str::trim) {
                assert!(program.contains(paragraph), "{document}: {path} has no\n{paragraph}");
            }
            (before, shown) = (after, shown + 1);
        }
        assert!(shown >= 3, "{document} shows {shown} programs");
    }
}

/// `docs/schema.md` has a heading for each table and view, and below it a row with the type of each column.
#[test]
fn the_document_of_the_schema_has_every_table_and_column_and_no_other() {
    let cache = Cache::new();
    let sql = "SELECT m.name || '.' || c.name || ' ' || c.type || iif(c.\"notnull\" OR c.pk, '', ', nullable') AS line \
               FROM sqlite_master m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
    let mut made: BTreeSet<_> = lines(&cache.path(), sql).into_iter().collect();
    // SQLite declares no types for the columns of a view.
    let sql = "SELECT m.name || '.' || c.name AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'view'";
    made.extend(lines(&cache.path(), sql));
    let text = fs::read_to_string(root().join("docs/schema.md")).unwrap();
    let (mut table, mut documented) = ("", BTreeSet::new());
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            table = heading.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or_default();
        } else if let Some((column, rest)) = line.strip_prefix("| `").and_then(|row| row.split_once("` | ")) {
            let (kind, meaning) = rest.split_once(" | ").unwrap_or_default();
            assert!(meaning.len() > 2, "{table}.{column} has no meaning");
            let of_view = format!("{table}.{column}");
            let line = if made.contains(&of_view) { of_view } else { format!("{of_view} {kind}") };
            assert!(documented.insert(line), "{table}.{column} is documented twice");
        }
    }
    let lacking: Vec<_> = made.difference(&documented).collect();
    let surplus: Vec<_> = documented.difference(&made).collect();
    assert!(lacking.is_empty() && surplus.is_empty(), "not documented: {lacking:#?}\nnot in the schema: {surplus:#?}");
}

/// Returns the texts between ```` ```sql ```` and ```` ``` ```` in the documents of the repository.
fn queries() -> Vec<Query> {
    let root = root();
    let mut documents = vec![root.join("README.md")];
    let below = |folder: &str| fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(below("crates").map(|folder| folder.join("README.md")));
    documents.extend(below("docs").filter(|file| file.extension().is_some_and(|kind| kind == "md")));
    let mut queries = Vec::new();
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let blocks = text.split("```sql").skip(1).map(|part| part.split("```").next().unwrap_or_default());
        for sql in blocks.flat_map(|block| block.split(';')).map(str::trim).filter(|sql| !sql.is_empty()) {
            queries.push(Query { document: document.clone(), sql: sql.to_owned() });
        }
    }
    queries
}

/// Returns a cache with movies in two categories each. Some of them are held, and some came later.
async fn large() -> Cache {
    let cache = Cache::new();
    let run = cache.start();
    let categories = (0..CATEGORIES)
        .map(|at| Category { id: CategoryId(at.to_string()), name: format!("Category {at}"), parent_id: None })
        .collect();
    let items = |ids: std::ops::Range<i64>| {
        ids.map(|id| {
            let own = [id % CATEGORIES, (id + 7) % CATEGORIES].map(|at| at.to_string());
            added(movie(id).in_categories(&[&own[0], &own[1]]))
        })
        .collect::<Vec<_>>()
    };
    let late = MOVIES - 100;
    let commit = run.commit(ContentKind::Movies);
    let ids: Vec<_> = (0..late).collect();
    let first = ScopeCommit { categories: Some(categories), index: index_of(&ids), first_load: true, ..commit };
    cache.apply(items(0..late), first).await.unwrap();
    cache.finish(run);
    let run = cache.start();
    let held = |id| HeldRemoval { id: ContentId(id), ..run.held(id, HoldReason::Loss(Loss::ShareLost), 5) };
    let ids: Vec<_> = (0..MOVIES).collect();
    let held = Some((0..50).map(held).collect());
    let second = ScopeCommit { index: index_of(&ids), held, ..run.commit(ContentKind::Movies) };
    cache.apply(items(late..MOVIES), second).await.unwrap();
    cache.finish(run);
    cache
}
