//! The times of searches and pages in a program that holds the cache open: a fixed set of queries, and the first and
//! the last page of every order, alone and with each filter.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sync_core::catalogue::{AnsweredBy, Filter, Selected, Selection, Sort};
use sync_core::search::fold;
use sync_core::{CategoryId, ContentKind, ProfileId, Words};
use sync_sqlite::SqliteStore;

use crate::Outcome;

/// The number of results of a search, and of rows of a page.
const SHOWN: u32 = 50;
const PAGE: u32 = 100;

/// The number of times that a page is asked for.
const TIMES: usize = 40;

/// The number of times that a query is asked for. The fastest counts, because other programs use the machine as well.
const TRIES: usize = 3;

/// The number of queries.
const QUERIES: usize = 500;

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) most: f64,
}

/// The figures of the searches in a cache.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Searching {
    /// The first search, which reads the text.
    pub(crate) first: f64,
    /// All queries, in a program that has searched before.
    pub(crate) queries: Times,
    /// The slowest of these queries.
    pub(crate) slowest: Vec<(String, f64)>,
    /// Pages by order, filter, and whether it is the last one.
    pub(crate) pages: Vec<(String, Times)>,
    /// The slowest page of an order alone or with a category, and with any other filter.
    pub(crate) plain_pages: f64,
    pub(crate) filtered_pages: f64,
    /// The seconds for all rows of all kinds, in one page each.
    pub(crate) all_rows: f64,
}

pub(crate) fn main(database: &Path, profile: &str) -> Outcome {
    let profile = ProfileId::new(profile)?;
    let store = SqliteStore::open_read_only(database)?;
    let names = names(database)?;
    let bench = Bench { store, profile };
    println!("{}", serde_json::to_string(&bench.run(&names)?)?);
    Ok(())
}

struct Bench {
    store: SqliteStore,
    profile: ProfileId,
}

impl Bench {
    fn run(&self, names: &[String]) -> Outcome<Searching> {
        let queries = queries(names);
        let mut found = Searching { first: self.timed(&search("the"))?.1, ..Searching::default() };
        let mut took = Vec::new();
        for query in &queries {
            let tries = (0..TRIES).map(|_| Ok(self.timed(&search(query))?.1)).collect::<Outcome<Vec<f64>>>()?;
            took.push((query.clone(), tries.into_iter().fold(f64::INFINITY, f64::min)));
        }
        found.queries = times(took.iter().map(|(_, took)| *took).collect());
        took.sort_by(|a, b| b.1.total_cmp(&a.1));
        took.truncate(5);
        found.slowest = took;
        let category = self.largest_category()?;
        let filters = [
            ("", Filter::none()),
            ("category", Filter::none().in_category(ContentKind::Movies, category)),
            ("years", Filter::none().of_years(2000, 2010)),
            ("rating", Filter::none().rated_at_least(7.0)),
            ("added", Filter::none().added_since(1_600_000_000)),
            ("held", Filter::none().only_held()),
        ];
        for sort in [Sort::Panel, Sort::Name, Sort::Added, Sort::Year, Sort::Rating] {
            for (name, filter) in &filters {
                for is_last in [false, true] {
                    let took = self.pages(sort, filter, is_last)?;
                    let worst = match *name {
                        "" | "category" => &mut found.plain_pages,
                        _ => &mut found.filtered_pages,
                    };
                    *worst = worst.max(took.p95);
                    let place = if is_last { "last" } else { "first" };
                    found.pages.push((format!("{sort:?} {name} {place}").to_lowercase().replace("  ", " "), took));
                }
            }
        }
        let start = Instant::now();
        for kind in ContentKind::ALL {
            self.select(&Selection::of_kind(kind, u32::MAX))?;
        }
        found.all_rows = start.elapsed().as_secs_f64();
        Ok(found)
    }

    fn select(&self, selection: &Selection) -> Outcome<Selected> {
        let found = self.store.select_blocking(&self.profile, selection)?;
        if found.answered_by == AnsweredBy::SearchText { Ok(found) } else { Err("the rows were read".into()) }
    }

    fn timed(&self, selection: &Selection) -> Outcome<(Selected, f64)> {
        let start = Instant::now();
        let found = self.select(selection)?;
        Ok((found, start.elapsed().as_secs_f64() * 1e3))
    }

    fn pages(&self, sort: Sort, filter: &Filter, is_last: bool) -> Outcome<Times> {
        let query = |limit| Selection::of_kind(ContentKind::Movies, limit).sorted(sort).filtered(filter.clone());
        let mut page = query(PAGE);
        if is_last {
            let mut all = self.select(&query(u32::MAX))?.rows;
            let behind = all.len().checked_sub(PAGE as usize + 1).map(|at| all.swap_remove(at).cursor);
            page = behind.map_or_else(|| query(PAGE), |cursor| query(PAGE).behind(cursor));
        }
        // The memory that was needed to find the last page is free by then.
        self.select(&page)?;
        let took = (0..TIMES).map(|_| Ok(self.timed(&page)?.1)).collect::<Outcome<Vec<_>>>()?;
        Ok(times(took))
    }

    fn largest_category(&self) -> Outcome<CategoryId> {
        let sizes = self.store.sized_categories_blocking(&self.profile, ContentKind::Movies)?;
        let largest = sizes.into_iter().max_by_key(|category| category.items);
        largest.map(|category| category.id).ok_or_else(|| "there is no category".into())
    }
}

fn search(words: &str) -> Selection {
    Selection::of_words(Words::new(words), SHOWN)
}

fn times(mut took: Vec<f64>) -> Times {
    took.sort_by(f64::total_cmp);
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    Times { p50: at(50), p95: at(95), most: at(100) }
}

fn names(database: &Path) -> Outcome<Vec<String>> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(database, flags)?;
    let sql = "SELECT name FROM xtream_channels UNION ALL SELECT name FROM xtream_movies UNION ALL SELECT name FROM \
               xtream_series";
    let mut rows = connection.prepare(sql)?;
    Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Returns the queries: every prefix of one or two letters of the 50 commonest words, 100 names, 100 misses, words of
/// other scripts, and pairs of words.
fn queries(names: &[String]) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for name in names {
        fold(name)
            .split(' ')
            .filter(|word| !word.is_empty())
            .for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
    }
    let mut words: Vec<_> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let common: Vec<_> = words.iter().take(50).map(|(word, _)| word.as_str()).collect();
    let mut queries = Vec::new();
    for word in &common {
        queries.extend((1..=2).map(|letters| word.chars().take(letters).collect::<String>()));
    }
    queries.sort_unstable();
    queries.dedup();
    let step = (names.len() / 100).max(1);
    queries.extend(names.iter().step_by(step).take(100).cloned());
    queries.extend(common.iter().flat_map(|word| [format!("zq{word}x"), format!("{word} qqxz")]));
    let scripts =
        ["東京", "京", "기생", "생충", "война", "вой", "ελλαδα", "محمد", "شا", "กรุง", "שלום", "नमस्ते", "ガンダム"];
    queries.extend(scripts.map(str::to_owned));
    // Some words are rare. They are paired with common ones.
    let rare = words.iter().skip(50).step_by((words.len() / 300).max(1));
    let pairs =
        rare.zip(common.iter().cycle()).flat_map(|((rare, _), common)| [rare.clone(), format!("{common} {rare}")]);
    queries.extend(pairs);
    queries.truncate(QUERIES);
    queries
}
