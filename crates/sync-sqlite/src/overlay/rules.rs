//! Reads and writes the tables of filters and rewrite rules.
//!
//! A row that is no rule, or whose pattern can't be used, is ignored and kept. A check names it.

use std::collections::BTreeSet;

use diesel::SqliteConnection;
use sync_core::overlay::{
    CompiledRules, Filter, FilterAction, FilterBy, FilterRule, MatchBy, NewCategories, OverlayRules, RewriteRule,
};
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::statement::{Record, execute, numbered, records};
use crate::search::Key;
use crate::tables::content::categories;

/// The tables of rules.
pub(crate) const TABLES: [&str; 3] = ["xtream_filters", "xtream_filter_rules", "xtream_rewrite_rules"];

/// Reads the rules of all kinds of a profile.
pub(crate) fn of_profile(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
    let mut rules = OverlayRules::default();
    for kind in ContentKind::ALL {
        (rules.filters[kind], rules.rewrites[kind]) = of_kind(conn, Key { profile, kind }, &mut 0)?;
    }
    Ok(rules)
}

/// Reads the rules of a kind and compiles them.
pub(crate) fn compiled(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(OverlayRules, CompiledRules), StoreError> {
    let mut rules = OverlayRules::default();
    (rules.filters[key.kind], rules.rewrites[key.kind]) = of_kind(conn, key, &mut 0)?;
    let compiled = compile(conn, key, &rules)?;
    Ok((rules, compiled))
}

/// Compiles the rules of a kind.
pub(crate) fn compile(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    rules: &OverlayRules,
) -> Result<CompiledRules, StoreError> {
    // Most kinds have no rules. The categories are not needed then.
    let listed = if rules.is_empty(key.kind) { Vec::new() } else { categories(conn, key.profile, key.kind)? };
    CompiledRules::new(rules, key.kind, &listed).map_err(|error| StoreError::Corrupt(format!("a rule: {error}")))
}

/// Reads the rules of a kind, and counts the rows that are no rules.
pub(crate) fn of_kind(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    unreadable: &mut u64,
) -> Result<(Filter, Vec<RewriteRule>), StoreError> {
    let mut filter = Filter::default();
    let sql = "SELECT otherwise,new_categories,known_categories,told_categories FROM xtream_filters WHERE profile_id=? AND kind=?";
    for mut row in records(conn, sql, &key.binds())? {
        let otherwise = word(&mut row, 0, FilterAction::from_name);
        let new = word(&mut row, 1, NewCategories::from_name);
        let mut set = |at: usize| {
            let set =
                row.optional_text(at).map(|text| text.map(|text| serde_json::from_str::<BTreeSet<String>>(&text)));
            set.ok().map(Option::transpose).and_then(Result::ok)
        };
        let (known, told) = (set(2), set(3));
        *unreadable += u64::from(otherwise.is_none() || new.is_none() || known.is_none() || told.is_none());
        filter.otherwise = otherwise.unwrap_or_default();
        filter.new_categories = new.unwrap_or_default();
        filter.known_categories = known.flatten();
        filter.told_categories = told.flatten().unwrap_or_default();
    }
    let sql = "SELECT action,looks_at,matches_by,pattern FROM xtream_filter_rules WHERE profile_id=? AND kind=? \
               ORDER BY position";
    for mut row in records(conn, sql, &key.binds())? {
        match filter_rule(&mut row, 0) {
            Some(rule) => filter.rules.push(rule),
            None => *unreadable += 1,
        }
    }
    let sql = "SELECT pattern,replacement FROM xtream_rewrite_rules WHERE profile_id=? AND kind=? ORDER BY position";
    let mut rewrites = Vec::new();
    for mut row in records(conn, sql, &key.binds())? {
        match rewrite_rule(&mut row, 0) {
            Some(rule) => rewrites.push(rule),
            None => *unreadable += 1,
        }
    }
    Ok((filter, rewrites))
}

/// Reads a rule from the columns of a row, beginning with the column `at`. Returns `None` if it is no rule.
fn filter_rule(row: &mut Record, at: usize) -> Option<FilterRule> {
    let action = word(row, at, FilterAction::from_name)?;
    let by = word(row, at + 1, FilterBy::from_name)?;
    let matches = word(row, at + 2, MatchBy::from_name)?;
    let pattern = row.text(at + 3).ok()?;
    FilterRule { action, by, matches, pattern }.checked().ok()
}

/// Reads a rule from the columns of a row, beginning with the column `at`. Returns `None` if it is no rule.
fn rewrite_rule(row: &mut Record, at: usize) -> Option<RewriteRule> {
    let (pattern, replacement) = (row.text(at).ok()?, row.text(at + 1).ok()?);
    RewriteRule { pattern, replacement }.checked().ok()
}

/// Deletes the rules of a kind from a table. Rows that are no rules move to negative positions, out of the way.
fn clear(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    table: &str,
    select: &str,
    is_rule: impl Fn(&mut Record) -> bool,
) -> Result<(), StoreError> {
    let [profile, kind] = key.binds();
    // A rule whose position is no number has no place in the order.
    let sql = format!("DELETE FROM {table} WHERE profile_id=? AND kind=? AND typeof(position)<>'integer'");
    execute(conn, &sql, &key.binds())?;
    for mut row in records(conn, select, &key.binds())? {
        let position = row.integer(0)?;
        let binds = [profile.clone(), kind.clone(), position.into()];
        if is_rule(&mut row) {
            let sql = format!("DELETE FROM {table} WHERE profile_id=? AND kind=? AND position=?");
            execute(conn, &sql, &binds)?;
        } else if position > 0 {
            let sql = format!(
                "UPDATE {table} SET position=(SELECT min(min(position),0)-1 FROM {table} WHERE profile_id=?1 AND \
                 kind=?2 AND typeof(position)='integer') WHERE profile_id=?1 AND kind=?2 AND position=?3"
            );
            let (sql, binds) = numbered(&sql, &binds);
            execute(conn, &sql, &binds)?;
        }
    }
    Ok(())
}

fn word<T>(row: &mut Record, at: usize, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(&row.text(at).ok()?)
}

/// Writes the rules of a kind. Rows that are no rules are kept behind the others. Unknown words are kept until another
/// value replaces them, because a newer version may have written them.
pub(crate) fn save(conn: &mut SqliteConnection, key: Key<'_>, rules: &OverlayRules) -> Result<(), StoreError> {
    let [_, of_filters, of_names] = TABLES;
    let sql =
        format!("SELECT position,action,looks_at,matches_by,pattern FROM {of_filters} WHERE profile_id=? AND kind=?");
    clear(conn, key, of_filters, &sql, |row| filter_rule(row, 1).is_some())?;
    let sql = format!("SELECT position,pattern,replacement FROM {of_names} WHERE profile_id=? AND kind=?");
    clear(conn, key, of_names, &sql, |row| rewrite_rule(row, 1).is_some())?;
    let (filter, rewrites) = (&rules.filters[key.kind], &rules.rewrites[key.kind]);
    let [profile, kind] = key.binds();
    if *filter == Filter::default() {
        let sql = "DELETE FROM xtream_filters WHERE profile_id=? AND kind=? AND otherwise IN ('include','exclude') AND \
                   new_categories IN ('include','exclude','tell')";
        execute(conn, sql, &key.binds())?;
    } else {
        let sql = "INSERT INTO xtream_filters (profile_id,kind,otherwise,new_categories,known_categories,\
                   told_categories) VALUES (?,?,?,?,?,?) ON CONFLICT (profile_id,kind) DO UPDATE SET \
                   otherwise=iif(excluded.otherwise='include' AND otherwise<>'exclude',otherwise,excluded.otherwise),\
                   new_categories=iif(excluded.new_categories='include' AND new_categories NOT IN ('exclude','tell'),\
                   new_categories,excluded.new_categories),known_categories=excluded.known_categories,\
                   told_categories=excluded.told_categories";
        let [known, told] = category_sets(filter)?;
        let binds = [
            profile.clone(),
            kind.clone(),
            filter.otherwise.as_str().into(),
            filter.new_categories.as_str().into(),
            known.into(),
            told.into(),
        ];
        execute(conn, sql, &binds)?;
    }
    for (position, rule) in (1i64..).zip(&filter.rules) {
        let sql = "INSERT INTO xtream_filter_rules (profile_id,kind,position,action,looks_at,matches_by,pattern) \
                   VALUES (?,?,?,?,?,?,?)";
        let words = [rule.action.as_str(), rule.by.as_str(), rule.matches.as_str(), rule.pattern.as_str()];
        let mut binds = vec![profile.clone(), kind.clone(), position.into()];
        binds.extend(words.map(Into::into));
        execute(conn, sql, &binds)?;
    }
    for (position, rule) in (1i64..).zip(rewrites) {
        let sql = "INSERT INTO xtream_rewrite_rules (profile_id,kind,position,pattern,replacement) VALUES (?,?,?,?,?)";
        let (pattern, replacement) = (rule.pattern.as_str(), rule.replacement.as_str());
        let binds = [profile.clone(), kind.clone(), position.into(), pattern.into(), replacement.into()];
        execute(conn, sql, &binds)?;
    }
    Ok(())
}

/// Writes the categories that the filter of a kind knows, and those that it has reported. Everything else about its
/// rules stays as it is.
pub(crate) fn save_categories(conn: &mut SqliteConnection, key: Key<'_>, filter: &Filter) -> Result<(), StoreError> {
    let [profile, kind] = key.binds();
    let [known, told] = category_sets(filter)?;
    let sql = "INSERT INTO xtream_filters (profile_id,kind,otherwise,new_categories,known_categories,told_categories) \
               VALUES (?,?,?,?,?,?) ON CONFLICT (profile_id,kind) DO UPDATE SET \
               known_categories=excluded.known_categories,told_categories=excluded.told_categories";
    let (otherwise, new) = (filter.otherwise.as_str().into(), filter.new_categories.as_str().into());
    execute(conn, sql, &[profile, kind, otherwise, new, known.into(), told.into()]).map(|_| ())
}

/// Returns the sets of categories of a filter, as their columns hold them.
fn category_sets(filter: &Filter) -> Result<[Option<String>; 2], StoreError> {
    let text = |set: Option<&BTreeSet<String>>| set.map(serde_json::to_string).transpose().map_err(StoreError::backend);
    let told = Some(&filter.told_categories).filter(|told| !told.is_empty());
    Ok([text(filter.known_categories.as_ref())?, text(told)?])
}
