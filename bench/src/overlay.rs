//! The cost of edits and filters: a new filter over a large kind, pages of a view compared with pages of its table, and
//! applies with and without edits.
//!
//! The cache is made here, so that the figures need only this program.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use rusqlite::{Connection, Statement};
use serde::{Deserialize, Serialize};
use sync_core::overlay::{
    EditField, EditOp, EditValue, FilterAction, FilterBy, FilterRule, MatchBy, RewriteRule, RuleChange,
};
use sync_core::store::{ContentStore, ScopeCommit, StagedItem};
use sync_core::testing::{movie, profile, staged};
use sync_core::{
    Category, CategoryId, Change, ContentId, ContentKind, Digest, DigestScheme, EditRequest, FieldSet, KindOutcome,
    KindRecord, ListingIndex, ProfileId, Scope, SyncMode,
};
use sync_sqlite::SqliteStore;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::Outcome;

const KIND: ContentKind = ContentKind::Movies;
const CATEGORIES: i64 = 200;
const FILTERS: i64 = 20;

/// The number of rows of a page.
const PAGE: i64 = 100;

/// The number of times that each page is read.
const PAGES: usize = 2_000;

/// The number of times that an apply is measured. The fastest counts.
const TRIES: usize = 9;

#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Movies of the cache
    #[arg(long, default_value_t = 230_000)]
    items: i64,
    /// Edited movies
    #[arg(long, default_value_t = 10_000)]
    edits: i64,
}

/// The figures, in seconds, unless a name says otherwise.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    items: i64,
    edits: i64,
    filters: i64,
    /// A filter that leaves out half of the items, by category and by name, and the slowest of 20 filters.
    first_filter: f64,
    first_name_filter: f64,
    pub(crate) slowest_filter: f64,
    /// A rewrite rule that changes a tenth of the names, and one that changes all.
    rewrite_tenth: f64,
    rewrite_all: f64,
    edit_one: f64,
    edit_all: f64,
    excluded: i64,
    /// The milliseconds of a page of 100 rows.
    table: Quantiles,
    view: Quantiles,
    /// The view. Only the columns of the table are read.
    view_columns: Quantiles,
    /// The table, with as many more columns as the view has. Each of them is a constant.
    table_more_columns: Quantiles,
    pub(crate) view_by_table: Quantiles,
    /// An apply that writes nothing, and one that writes a thousandth of the rows.
    unchanged_plain: f64,
    unchanged_edited: f64,
    changed_plain: f64,
    changed_edited: f64,
}

/// The median and the 95th percentile.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
}

struct Bench {
    runtime: Runtime,
    store: SqliteStore,
    home: ProfileId,
    items: i64,
}

pub(crate) fn main(args: &Args) -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cache.db");
    let home = profile("home");
    let store = SqliteStore::open(&path)?;
    store.ensure_profile_blocking(&home)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let bench = Bench { runtime, store, home, items: args.items };
    let mut found = Figures { items: args.items, edits: args.edits, filters: FILTERS, ..Figures::default() };
    bench.load()?;
    (found.unchanged_plain, found.changed_plain) = bench.applies()?;

    found.first_filter = timed(|| bench.rule(filter(FilterBy::Category, MatchBy::Regex, "[02468]$")))?;
    bench.rule(RuleChange::RemoveFilter(1))?;
    found.first_name_filter = timed(|| bench.rule(filter(FilterBy::Name, MatchBy::Regex, "[02468]$")))?;
    bench.rule(RuleChange::RemoveFilter(1))?;
    found.rewrite_tenth = timed(|| bench.rule(rewrite("Movie (.*)7$")))?;
    bench.rule(RuleChange::RemoveRewrite(1))?;
    found.rewrite_all = timed(|| bench.rule(rewrite("Movie (.*)$")))?;
    bench.rule(RuleChange::RemoveRewrite(1))?;
    for at in 0..FILTERS {
        // Each rule leaves out one category of 200, or a few names.
        let change = if at % 2 == 0 {
            filter(FilterBy::Category, MatchBy::Name, &format!("category {}", at * 7))
        } else {
            filter(FilterBy::Name, MatchBy::Glob, &format!("*{at}{at}{at}"))
        };
        found.slowest_filter = found.slowest_filter.max(timed(|| bench.rule(change))?);
    }

    found.edit_one = timed(|| bench.edit(1..2))?;
    let step = (args.items / args.edits.max(1)).max(1);
    found.edit_all = timed(|| {
        let ids: Vec<_> = (0..args.edits).map(|at| 1 + at * step).collect();
        ids.chunks(1_000).try_for_each(|ids| bench.edit(ids.iter().copied()))
    })?;
    let conn = Connection::open(&path)?;
    found.excluded = conn.query_row("SELECT COUNT(*) FROM xtream_shown WHERE excluded<>0", [], |row| row.get(0))?;
    [found.table, found.view, found.view_columns, found.table_more_columns] = pages(&path, &conn, args.items)?;
    let ratio = |of: fn(Quantiles) -> f64| of(found.view) / of(found.table);
    found.view_by_table = Quantiles { p50: ratio(|it| it.p50), p95: ratio(|it| it.p95) };
    (found.unchanged_edited, found.changed_edited) = bench.applies()?;
    println!("{}", serde_json::to_string_pretty(&found)?);
    Ok(())
}

fn timed(work: impl FnOnce() -> Outcome) -> Outcome<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

fn filter(by: FilterBy, matches: MatchBy, pattern: &str) -> RuleChange {
    let rule = FilterRule { action: FilterAction::Exclude, by, matches, pattern: pattern.to_owned() };
    RuleChange::AddFilter(rule, None)
}

fn rewrite(pattern: &str) -> RuleChange {
    let rule = RewriteRule { pattern: pattern.to_owned(), replacement: "Film $1".to_owned() };
    RuleChange::AddRewrite(rule, None)
}

/// Reads a page. Returns the milliseconds that it took.
fn page(statement: &mut Statement<'_>, after: i64) -> Outcome<f64> {
    let start = Instant::now();
    let columns = statement.column_count();
    let mut rows = statement.query([after, PAGE])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column)?);
        }
        read += 1;
    }
    if read == PAGE { Ok(start.elapsed().as_secs_f64() * 1_000.0) } else { Err("a page is short".into()) }
}

/// Reads pages all over the kind, in each of four ways. Each way has a connection of its own, so that the pages that it
/// has read are not in the page cache of another one.
fn pages(path: &Path, conn: &Connection, items: i64) -> Outcome<[Quantiles; 4]> {
    let columns = |table: &str| -> Outcome<Vec<String>> {
        let mut names = conn.prepare("SELECT '\"'||name||'\"' FROM pragma_table_info(?)")?;
        Ok(names.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    let (of_table, of_view) = (columns("xtream_movies")?, columns("xtream_movies_shown")?);
    let shown = "FROM xtream_movies_shown WHERE NOT hidden AND NOT excluded AND";
    let statements = [
        "SELECT * FROM xtream_movies WHERE".to_owned(),
        format!("SELECT * {shown}"),
        format!("SELECT {} {shown}", of_table.join(",")),
        format!("SELECT *{} FROM xtream_movies WHERE", ",NULL".repeat(of_view.len() - of_table.len())),
    ];
    let mut taken: [Vec<f64>; 4] = Default::default();
    let connections =
        [Connection::open(path)?, Connection::open(path)?, Connection::open(path)?, Connection::open(path)?];
    let mut prepared = Vec::new();
    for (conn, select) in connections.iter().zip(statements) {
        prepared
            .push(conn.prepare(&format!("{select} profile_id='home' AND stream_id>?1 ORDER BY stream_id LIMIT ?2"))?);
    }
    for at in (0_i64..).take(PAGES) {
        let after = (at * 7_919) % (items - 2 * PAGE).max(1);
        for (statement, taken) in prepared.iter_mut().zip(&mut taken) {
            taken.push(page(statement, after)?);
        }
    }
    Ok(taken.map(quantiles))
}

fn quantiles(mut took: Vec<f64>) -> Quantiles {
    took.sort_by(f64::total_cmp);
    Quantiles { p50: took[took.len() / 2], p95: took[took.len() * 95 / 100] }
}

fn film(id: i64, plot: &str) -> sync_core::testing::ItemBuilder {
    let category = (id % CATEGORIES).to_string();
    movie(id)
        .in_categories(&[&category])
        .with("category_id", &category)
        .with("year", &(1950 + id % 75).to_string())
        .with("stream_icon", &format!("http://images.example/posters/{id}.jpg"))
        .with("cast", "Somebody Known, Somebody Else, And Many More People")
        .with("director", "A Director")
        .with("genre", "Drama, Crime")
        .with("plot", plot)
        .with("tmdb_id", &(id + 100_000).to_string())
        .with("container_extension", "mkv")
}

impl Bench {
    fn load(&self) -> Outcome {
        let category =
            |at: i64| Category { id: CategoryId(at.to_string()), name: format!("Category {at}"), parent_id: None };
        let items = (1..=self.items).map(|id| staged(film(id, &"A plot of some length. ".repeat(10)), Change::Added));
        self.apply(items, Some((0..CATEGORIES).map(category).collect()), true).map(|_| ())
    }

    /// Measures an apply that writes nothing, and one that writes some rows. The fastest of several counts.
    fn applies(&self) -> Outcome<(f64, f64)> {
        let (mut unchanged, mut changed) = (f64::INFINITY, f64::INFINITY);
        let mut fields = FieldSet::EMPTY;
        fields.add(KIND.field("plot").expect("movies have plots"));
        for attempt in 0..TRIES {
            unchanged = unchanged.min(self.apply(std::iter::empty(), None, false)?);
            let plot = format!("Plot {attempt} of {:?}", Instant::now());
            let items = (1..=self.items / 1_000).map(|at| staged(film(at * 997, &plot), Change::Updated(fields)));
            changed = changed.min(self.apply(items, None, false)?);
        }
        Ok((unchanged, changed))
    }

    /// Stages and applies, in a run of its own. Returns the seconds of the apply.
    fn apply(
        &self,
        items: impl Iterator<Item = StagedItem>,
        categories: Option<Vec<Category>>,
        first_load: bool,
    ) -> Outcome<f64> {
        let lease = self.store.lease_blocking(&self.home)?;
        let run = self.store.start_run_blocking(&self.home, lease.fence, 1000)?;
        let entries = (1..=self.items).map(|id| (ContentId(id), Digest(id.unsigned_abs())));
        let index = Arc::new(ListingIndex::new(DigestScheme(u32::MAX), entries)?);
        let record = KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(KIND, SyncMode::Incremental) };
        let commit = ScopeCommit {
            categories,
            index: Some(index),
            held: Some(Vec::new()),
            watermark: 1400,
            first_load,
            ..ScopeCommit::new(run, lease.fence, 1_700_000_000, record)
        };
        self.runtime.block_on(async {
            let mut staging = self.store.stage(&self.home, Scope::whole(KIND)).await?;
            let mut items = items.peekable();
            while items.peek().is_some() {
                staging.put(items.by_ref().take(1_000).collect()).await?;
            }
            let start = Instant::now();
            staging.apply(commit, CancellationToken::new()).await?;
            Ok(start.elapsed().as_secs_f64())
        })
    }

    fn rule(&self, change: RuleChange) -> Outcome {
        self.store.change_rules_blocking(&self.home, KIND, vec![change])?;
        Ok(())
    }

    fn edit(&self, ids: impl Iterator<Item = i64>) -> Outcome {
        let ops = vec![
            EditOp::Set(EditField::Name, EditValue::Text("A name of mine".to_owned())),
            EditOp::Set(EditField::Favourite, EditValue::Flag(true)),
        ];
        let request = EditRequest { kind: KIND, ids: ids.map(ContentId).collect(), ops, at: 1_700_000_100 };
        self.store.edit_blocking(&self.home, &request)?;
        Ok(())
    }
}
