//! `rewrite`: rules about how names are shown.

use std::path::Path;

use sync_core::overlay::{RewriteRule, RuleChange};
use sync_core::text::one_line;
use sync_core::{ContentKind, Profile};
use sync_service::Rewritten;

use super::args::{RewriteCommand, RuleListArgs, RuleRemoveArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::one_profile::kinds_of;
use super::results::Results;
use super::rules::{self, Opened};
use super::table::{Column, cell};
use super::terminal::{confirm, grouped, print_err};
use super::{json, refused};
use crate::json::{RewriteRule as Line, RewrittenName as TestLine};

/// The number of names that are shown if the command line names no number.
const LIMIT: usize = 50;

const COLUMNS: [Column; 5] = [
    Column::text("KIND"),
    Column::number("POSITION"),
    Column::text("REGEX").cut_to(12),
    Column::text("REPLACEMENT").cut_to(12),
    Column::number("MATCHES"),
];

/// Carries out a command about rewrite rules.
pub(crate) async fn run(database: &Path, command: &RewriteCommand) -> Result<Exit, Failure> {
    match command {
        RewriteCommand::List(args) => list(database, args).await,
        RewriteCommand::Add { kind, pattern, replacement, at, of } => {
            let rule = rule(pattern, replacement);
            change(database, *kind, of.id(), RuleChange::AddRewrite(rule, *at), "added").await
        }
        RewriteCommand::Remove(RuleRemoveArgs { kind, position, of }) => {
            change(database, *kind, of.id(), RuleChange::RemoveRewrite(*position), "removed").await
        }
        RewriteCommand::Test { kind, pattern, replacement, at, limit, of, json } => {
            let tried = pattern.as_ref().zip(replacement.as_ref());
            let tried = tried.map(|(pattern, replacement)| (rule(pattern, replacement), *at));
            let most = limit.unwrap_or(if *json { usize::MAX } else { LIMIT });
            test(database, *kind, tried, most, of.id(), *json).await
        }
    }
}

fn rule(pattern: &str, replacement: &str) -> RewriteRule {
    RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() }
}

async fn change(
    database: &Path,
    kind: ContentKind,
    id: Option<&str>,
    change: RuleChange,
    done: &str,
) -> Result<Exit, Failure> {
    let rules = Opened::to_change(database, id).await?.change(kind, change).await?;
    let left = match rules.rewrites[kind].len() {
        0 => "there is none now".to_owned(),
        1 => "there is 1 now".to_owned(),
        count => format!("there are {count} now"),
    };
    confirm(&format!("{kind}: rewrite rule {done}; {left}"));
    Ok(Exit::Done)
}

async fn list(database: &Path, args: &RuleListArgs) -> Result<Exit, Failure> {
    let Opened { service, profile, login, .. } = Opened::to_read(database, args.of.id()).await?;
    let mut rows = Vec::new();
    for kind in kinds_of(args.kind) {
        for counted in service.rewrite_rules(&profile.id, kind).await.map_err(refused::overlay)? {
            let rule = &counted.rule;
            let (pattern, replacement) = (login.blank(&rule.pattern), login.blank(&rule.replacement));
            if args.json {
                json::print_out(&Line {
                    profile: profile.id.as_str().into(),
                    kind: kind.as_str().into(),
                    position: counted.position as u64,
                    pattern: (&*pattern).into(),
                    replacement: (&*replacement).into(),
                    matches: counted.matches,
                });
            }
            let position = counted.position.to_string();
            rows.push(vec![kind.to_string(), position, cell(&pattern), cell(&replacement), grouped(counted.matches)]);
        }
    }
    if !args.json {
        rules::print(&COLUMNS, &rows, "note: there is no rewrite rule; see `xtream-sync rewrite add --help`");
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
    let Opened { service, profile, login, .. } = Opened::to_read(database, id).await?;
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
            (0, _) => print_err("note: no name would change"),
            (_, 0) => {}
            (_, more) => print_err(&format!("note: {} more names; name a larger --limit", grouped(more))),
        }
    }
    Ok(Exit::Done)
}

fn test_line<'a>(profile: &'a Profile, kind: ContentKind, id: i64, before: &'a str, after: &'a str) -> TestLine<'a> {
    let (profile, kind) = (profile.id.as_str().into(), kind.as_str().into());
    TestLine { profile, kind, id, before: before.into(), after: after.into() }
}
