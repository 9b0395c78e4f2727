//! `filter`: rules about which items are shown.

use std::path::Path;

use serde::Serialize;
use sync_core::overlay::{FilterAction, FilterRule, NewCategories, RuleChange};
use sync_core::text::one_line;
use sync_core::{ContentKind, Profile};
use sync_service::{CountedFilter, FilterTrial, Login};

use super::args::{FilterCommand, FilterRuleArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::look::Look;
use super::one_profile::{self, kinds_of};
use super::table::{Column, Table, cell};
use super::terminal::{complain, confirm, grouped, say};
use super::{json, refused, wiring};

const COLUMNS: [Column; 6] = [
    Column::text("KIND"),
    Column::number("POSITION"),
    Column::text("ACTION"),
    Column::text("BY"),
    Column::text("PATTERN").cut_to(12),
    Column::number("MATCHES"),
];

/// One line of `filter list --json` and `filter add --json`.
#[derive(Serialize)]
struct Line<'a> {
    profile: &'a str,
    kind: &'static str,
    position: usize,
    action: &'static str,
    by: &'static str,
    r#match: &'static str,
    pattern: &'a str,
    matches: u64,
}

/// The object of `filter test --json`.
#[derive(Serialize)]
struct TrialLine<'a> {
    profile: &'a str,
    kind: &'static str,
    shown: u64,
    hidden: u64,
    would_show: u64,
    would_hide: u64,
    examples: Vec<Example>,
}

#[derive(Serialize)]
struct Example {
    id: i64,
    name: String,
    would: &'static str,
}

/// Carries out a command about filters.
pub(crate) async fn run(database: &Path, command: &FilterCommand) -> Result<Exit, Failure> {
    match command {
        FilterCommand::List { kind, profile, json } => list(database, *kind, profile.as_deref(), *json).await,
        FilterCommand::Add(args) => add(database, args).await,
        FilterCommand::Test(args) => test(database, args).await,
        FilterCommand::Remove { kind, position, profile } => {
            let done = format!("{kind}: rule {position} removed");
            change(database, *kind, profile.as_deref(), RuleChange::RemoveFilter(*position), &done).await
        }
        FilterCommand::Default { kind, action, profile } => {
            let done = format!("{kind}: items that no rule matches are {}", fate(*action));
            change(database, *kind, profile.as_deref(), RuleChange::Otherwise(*action), &done).await
        }
        FilterCommand::New { kind, action, profile } => {
            let done = format!("{kind}: items of new categories are {}", fate_of_new(*action));
            change(database, *kind, profile.as_deref(), RuleChange::NewCategories(*action), &done).await
        }
    }
}

/// Changes the rules of a kind.
async fn change(
    database: &Path,
    kind: ContentKind,
    profile: Option<&str>,
    change: RuleChange,
    done: &str,
) -> Result<Exit, Failure> {
    let cache = one_profile::cache_to_change(database, profile)?;
    let profile = one_profile::find(&wiring::service(&cache), profile).await?;
    cache.change_rules(&profile.id, kind, vec![change]).await.map_err(refused::overlay)?;
    confirm(done);
    Ok(Exit::Done)
}

async fn add(database: &Path, args: &FilterRuleArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache_to_change(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let change = RuleChange::AddFilter(args.rule(), args.at);
    let rules = cache.change_rules(&profile.id, args.kind, vec![change]).await.map_err(refused::overlay)?;
    let position = args.at.unwrap_or(rules.filters[args.kind].rules.len());
    // The rule is saved. That its items can't be counted is no reason to call it failed.
    let counted = service.filter_rules(&profile.id, args.kind).await.unwrap_or_default();
    let Some(added) = counted.into_iter().find(|rule| rule.position == position) else {
        confirm(&format!("{}: rule {position} added", args.kind));
        return Ok(Exit::Done);
    };
    if args.json {
        json::say(&line(&profile, args.kind, &added, &one_profile::login(&profile).blank(&added.rule.pattern)));
    } else {
        let matches = grouped(added.matches);
        confirm(&format!("{}: rule {position} added; by itself it matches {matches} {}", args.kind, args.kind));
    }
    Ok(Exit::Done)
}

async fn list(database: &Path, kind: Option<ContentKind>, id: Option<&str>, as_json: bool) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, id)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, id).await?;
    let login = one_profile::login(&profile);
    let all = cache.rules(&profile.id).await?;
    let (mut rows, mut defaults) = (Vec::new(), Vec::new());
    for kind in kinds_of(kind) {
        let rules = service.filter_rules(&profile.id, kind).await.map_err(refused::overlay)?;
        for rule in &rules {
            if as_json {
                json::say(&line(&profile, kind, rule, &login.blank(&rule.rule.pattern)));
            }
            rows.push(row(kind, rule, &login));
        }
        let filter = &all.filters[kind];
        if !all.is_empty(kind) {
            let (other, new) = (fate(filter.otherwise), fate_of_new(filter.new_categories));
            defaults.push(format!("{kind}: other items are {other}, those of new categories are {new}"));
        }
    }
    if as_json {
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        complain("note: there is no filter rule; see `xtream-sync filter add --help`");
    } else {
        let table = Table::new(Look::of_stdout(), &COLUMNS, 0, 2, &rows);
        say(&table.header());
        for row in &rows {
            say(&table.line(row));
        }
    }
    for line in defaults {
        say(&line);
    }
    Ok(Exit::Done)
}

fn line<'a>(profile: &'a Profile, kind: ContentKind, counted: &CountedFilter, pattern: &'a str) -> Line<'a> {
    let CountedFilter { position, rule, matches, .. } = counted;
    Line {
        profile: profile.id.as_str(),
        kind: kind.as_str(),
        position: *position,
        action: rule.action.as_str(),
        by: rule.by.as_str(),
        r#match: rule.matches.as_str(),
        pattern,
        matches: *matches,
    }
}

fn row(kind: ContentKind, counted: &CountedFilter, login: &Login) -> Vec<String> {
    let CountedFilter { position, rule, matches, .. } = counted;
    let by = format!("{} {}", rule.by.as_str(), rule.matches.as_str());
    let pattern = cell(&login.blank(&rule.pattern));
    let action = rule.action.as_str().to_owned();
    vec![kind.to_string(), position.to_string(), action, by, pattern, grouped(*matches)]
}

/// Returns a rule in words.
pub(crate) fn in_words(rule: &FilterRule, login: &Login) -> String {
    let (by, matches) = (rule.by.as_str(), rule.matches.as_str());
    format!("{} by {by} {matches} `{}`", rule.action.as_str(), one_line(&login.blank(&rule.pattern)))
}

async fn test(database: &Path, args: &FilterRuleArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let trial = service.try_filter(&profile.id, args.kind, args.rule(), args.at).await.map_err(refused::overlay)?;
    if args.json {
        json::say(&trial_line(&profile, args.kind, &login, &trial));
        return Ok(Exit::Done);
    }
    let FilterTrial { shown, hidden, would_show, would_hide, examples, .. } = &trial;
    say(&format!("{}: {} are shown now, {} are not", args.kind, grouped(*shown), grouped(*hidden)));
    say(&format!("the rule would hide {} and show {}", grouped(*would_hide), grouped(*would_show)));
    for example in examples {
        let word = if example.would_show { "show" } else { "hide" };
        say(&format!("  {word}  {} {}", example.id.0, one_line(&login.blank(&example.name))));
    }
    let more = (would_show + would_hide).saturating_sub(examples.len() as u64);
    if more > 0 {
        say(&format!("  and {} more", grouped(more)));
    }
    Ok(Exit::Done)
}

fn trial_line<'a>(profile: &'a Profile, kind: ContentKind, login: &Login, trial: &FilterTrial) -> TrialLine<'a> {
    let examples = trial.examples.iter().map(|item| Example {
        id: item.id.0,
        name: login.blank(&item.name).into_owned(),
        would: if item.would_show { "show" } else { "hide" },
    });
    TrialLine {
        profile: profile.id.as_str(),
        kind: kind.as_str(),
        shown: trial.shown,
        hidden: trial.hidden,
        would_show: trial.would_show,
        would_hide: trial.would_hide,
        examples: examples.collect(),
    }
}

const fn fate(action: FilterAction) -> &'static str {
    match action {
        FilterAction::Include => "shown",
        FilterAction::Exclude => "left out",
    }
}

const fn fate_of_new(action: NewCategories) -> &'static str {
    match action {
        NewCategories::Exclude => "left out",
        NewCategories::IncludeAndTell => "shown, and reports name the categories",
        _ => "shown",
    }
}
