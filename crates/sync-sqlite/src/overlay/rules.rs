//! The tables of filters and rewrite rules.
//!
//! A row that is no rule, or whose pattern can't be used, is passed over; a check names it.

use std::collections::BTreeSet;

use diesel::SqliteConnection;
use sync_core::overlay::{
    CompiledRules, Filter, FilterAction, FilterBy, FilterRule, MatchBy, NewCategories, OverlayRules, RewriteRule,
};
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::statement::{Record, execute, records};
use crate::search::Key;
use crate::tables::content::categories;

/// The tables of rules.
pub(crate) const TABLES: [&str; 3] = ["xtream_filters", "xtream_filter_rules", "xtream_rewrite_rules"];

/// The rules of all kinds of a profile.
pub(crate) fn of_profile(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
    let mut rules = OverlayRules::default();
    for kind in ContentKind::ALL {
        (rules.filters[kind], rules.rewrites[kind]) = of_kind(conn, Key { profile, kind }, &mut 0)?;
    }
    Ok(rules)
}

/// The rules of a kind, ready for its items.
pub(crate) fn compiled(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(OverlayRules, CompiledRules), StoreError> {
    let mut rules = OverlayRules::default();
    (rules.filters[key.kind], rules.rewrites[key.kind]) = of_kind(conn, key, &mut 0)?;
    let compiled = compile(conn, key, &rules)?;
    Ok((rules, compiled))
}

/// Makes the rules of a kind ready for its items.
pub(crate) fn compile(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    rules: &OverlayRules,
) -> Result<CompiledRules, StoreError> {
    // Most kinds have no rules, and need no categories then.
    let listed = if rules.is_empty(key.kind) { Vec::new() } else { categories(conn, key.profile, key.kind)? };
    CompiledRules::new(rules, key.kind, &listed).map_err(|error| StoreError::Corrupt(format!("a rule: {error}")))
}

/// Reads the rules of a kind; counts the rows that are none.
pub(crate) fn of_kind(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    unreadable: &mut u64,
) -> Result<(Filter, Vec<RewriteRule>), StoreError> {
    let mut filter = Filter::default();
    let sql = "SELECT otherwise,new_categories,known_categories FROM xtream_filters WHERE profile_id=? AND kind=?";
    for mut row in records(conn, sql, &key.binds())? {
        let otherwise = word(&mut row, 0, FilterAction::from_name);
        let new = word(&mut row, 1, NewCategories::from_name);
        let known = row.optional_text(2).map(|text| text.map(|text| serde_json::from_str::<BTreeSet<String>>(&text)));
        let known = known.ok().map(Option::transpose).and_then(Result::ok);
        *unreadable += u64::from(otherwise.is_none() || new.is_none() || known.is_none());
        filter.otherwise = otherwise.unwrap_or_default();
        filter.new_categories = new.unwrap_or_default();
        filter.known_categories = known.flatten();
    }
    let sql = "SELECT action,looks_at,matches_by,pattern FROM xtream_filter_rules WHERE profile_id=? AND kind=? \
               ORDER BY position";
    for mut row in records(conn, sql, &key.binds())? {
        match filter_rule(&mut row) {
            Some(rule) => filter.rules.push(rule),
            None => *unreadable += 1,
        }
    }
    let sql = "SELECT pattern,replacement FROM xtream_rewrite_rules WHERE profile_id=? AND kind=? ORDER BY position";
    let mut rewrites = Vec::new();
    for mut row in records(conn, sql, &key.binds())? {
        match row.text(0).ok().zip(row.text(1).ok()) {
            Some((pattern, replacement)) => match (RewriteRule { pattern, replacement }).checked() {
                Ok(rule) => rewrites.push(rule),
                Err(_) => *unreadable += 1,
            },
            None => *unreadable += 1,
        }
    }
    Ok((filter, rewrites))
}

fn filter_rule(row: &mut Record) -> Option<FilterRule> {
    let action = word(row, 0, FilterAction::from_name)?;
    let by = word(row, 1, FilterBy::from_name)?;
    let matches = word(row, 2, MatchBy::from_name)?;
    let pattern = row.text(3).ok()?;
    FilterRule { action, by, matches, pattern }.checked().ok()
}

fn word<T>(row: &mut Record, at: usize, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(&row.text(at).ok()?)
}

/// Writes the rules of a kind.
pub(crate) fn save(conn: &mut SqliteConnection, key: Key<'_>, rules: &OverlayRules) -> Result<(), StoreError> {
    for table in TABLES {
        execute(conn, &format!("DELETE FROM {table} WHERE profile_id=? AND kind=?"), &key.binds())?;
    }
    let (filter, rewrites) = (&rules.filters[key.kind], &rules.rewrites[key.kind]);
    let [profile, kind] = key.binds();
    if *filter != Filter::default() {
        let known = filter.known_categories.as_ref().map(serde_json::to_string).transpose();
        let sql =
            "INSERT INTO xtream_filters (profile_id,kind,otherwise,new_categories,known_categories) VALUES (?,?,?,?,?)";
        let binds = [
            profile.clone(),
            kind.clone(),
            filter.otherwise.as_str().into(),
            filter.new_categories.as_str().into(),
            known.map_err(StoreError::backend)?.into(),
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
