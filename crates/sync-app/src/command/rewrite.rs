//! `rewrite`: rules about how names are shown.

use std::path::Path;

use serde::Serialize;
use sync_core::overlay::{RewriteRule, RuleChange};
use sync_core::text::one_line;
use sync_core::{ContentKind, Profile};
use sync_service::Rewritten;

use super::args::RewriteCommand;
use super::exit::Exit;
use super::failure::Failure;
use super::look::Look;
use super::one_profile::{self, kinds_of};
use super::results::Results;
use super::table::{Column, Table, cell};
use super::terminal::{complain, confirm, grouped, say};
use super::{json, refused, wiring};

/// Names that are shown where no number is named.
const LIMIT: usize = 50;

const COLUMNS: [Column; 5] = [
    Column::text("KIND"),
    Column::number("POSITION"),
    Column::text("REGEX").cut_to(12),
    Column::text("REPLACEMENT").cut_to(12),
    Column::number("MATCHES"),
];

/// One line of `rewrite list --json`.
#[derive(Serialize)]
struct Line<'a> {
    profile: &'a str,
    kind: &'static str,
    position: usize,
    pattern: &'a str,
    replacement: &'a str,
    matches: u64,
}

/// One line of `rewrite test --json`.
#[derive(Serialize)]
struct TestLine<'a> {
    profile: &'a str,
    kind: &'static str,
    id: i64,
    before: &'a str,
    after: &'a str,
}

/// Carries out a command about rewrite rules.
pub(crate) async fn run(database: &Path, command: &RewriteCommand) -> Result<Exit, Failure> {
    match command {
        RewriteCommand::List { kind, profile, json } => list(database, *kind, profile.as_deref(), *json).await,
        RewriteCommand::Add { kind, pattern, replacement, at, profile } => {
            let rule = rule(pattern, replacement);
            change(database, *kind, profile.as_deref(), RuleChange::AddRewrite(rule, *at), "added").await
        }
        RewriteCommand::Remove { kind, position, profile } => {
            change(database, *kind, profile.as_deref(), RuleChange::RemoveRewrite(*position), "removed").await
        }
        RewriteCommand::Test { kind, pattern, replacement, at, limit, profile, json } => {
            let tried = pattern.as_ref().zip(replacement.as_ref());
            let tried = tried.map(|(pattern, replacement)| (rule(pattern, replacement), *at));
            let most = limit.unwrap_or(if *json { usize::MAX } else { LIMIT });
            test(database, *kind, tried, most, profile.as_deref(), *json).await
        }
    }
}

fn rule(pattern: &str, replacement: &str) -> RewriteRule {
    RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() }
}

async fn change(
    database: &Path,
    kind: ContentKind,
    profile: Option<&str>,
    change: RuleChange,
    done: &str,
) -> Result<Exit, Failure> {
    let cache = one_profile::cache_to_change(database, profile)?;
    let profile = one_profile::find(&wiring::service(&cache), profile).await?;
    let rules = cache.change_rules(&profile.id, kind, vec![change]).await.map_err(refused::overlay)?;
    confirm(&format!("{kind}: rewrite rule {done}; there are {} now", rules.rewrites[kind].len()));
    Ok(Exit::Done)
}

async fn list(database: &Path, kind: Option<ContentKind>, id: Option<&str>, as_json: bool) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, id)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, id).await?;
    let login = one_profile::login(&profile);
    let mut rows = Vec::new();
    for kind in kinds_of(kind) {
        for counted in service.rewrite_rules(&profile.id, kind).await.map_err(refused::overlay)? {
            let rule = &counted.rule;
            let (pattern, replacement) = (login.blank(&rule.pattern), login.blank(&rule.replacement));
            if as_json {
                json::say(&Line {
                    profile: profile.id.as_str(),
                    kind: kind.as_str(),
                    position: counted.position,
                    pattern: &pattern,
                    replacement: &replacement,
                    matches: counted.matches,
                });
            }
            let position = counted.position.to_string();
            rows.push(vec![kind.to_string(), position, cell(&pattern), cell(&replacement), grouped(counted.matches)]);
        }
    }
    if as_json {
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        complain("note: there is no rewrite rule; see `xtream-sync rewrite add --help`");
        return Ok(Exit::Done);
    }
    let table = Table::new(Look::of_stdout(), &COLUMNS, 0, 2, &rows);
    say(&table.header());
    for row in &rows {
        say(&table.line(row));
    }
    Ok(Exit::Done)
}

async fn test(
    database: &Path,
    kind: ContentKind,
    tried: Option<(RewriteRule, Option<usize>)>,
    most: usize,
    id: Option<&str>,
    as_json: bool,
) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, id)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, id).await?;
    let login = one_profile::login(&profile);
    let all = service.try_rewrite(&profile.id, kind, tried).await.map_err(refused::overlay)?;
    let mut results = Results::stdout();
    results.write(|mut out| {
        all.iter().take(most).try_for_each(|one| {
            let Rewritten { id, before, after, .. } = one;
            let (before, after) = (login.blank(before), login.blank(after));
            if as_json {
                return json::write_line(&mut out, &test_line(&profile, kind, id.0, &before, &after));
            }
            writeln!(out, "{}  {} → {}", id.0, one_line(&before), one_line(&after))
        })
    })?;
    results.end()?;
    if !as_json {
        match (all.len(), all.len().saturating_sub(most) as u64) {
            (0, _) => complain("note: no name would change"),
            (_, 0) => {}
            (_, more) => complain(&format!("note: {} more names; name a larger --limit", grouped(more))),
        }
    }
    Ok(Exit::Done)
}

fn test_line<'a>(profile: &'a Profile, kind: ContentKind, id: i64, before: &'a str, after: &'a str) -> TestLine<'a> {
    TestLine { profile: profile.id.as_str(), kind: kind.as_str(), id, before, after }
}
