//! `filter`: rules about which items are shown.

use std::path::Path;

use sync_core::overlay::{Filter, FilterAction, FilterRule, NewCategories, RuleChange};
use sync_core::text::one_line;
use sync_core::{ContentKind, Profile};
use sync_service::{CountedFilter, FilterTrial, LeftOut, Login};

use super::args::{FilterCommand, FilterRuleArgs, RuleListArgs, RuleRemoveArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::one_profile::kinds_of;
use super::rules::{self, Opened};
use super::table::{Column, cell};
use super::terminal::{confirm, grouped, print_out};
use super::{json, refused};
use crate::json::{FilterDefaults, FilterExample, FilterLine, FilterRule as RuleLine, FilterTrial as TrialLine};

const COLUMNS: [Column; 6] = [
    Column::text("KIND"),
    Column::number("POSITION"),
    Column::text("ACTION"),
    Column::text("BY"),
    Column::text("PATTERN").cut_to(12),
    Column::number("MATCHES"),
];

/// Carries out a command about filters.
pub(crate) async fn run(database: &Path, command: &FilterCommand) -> Result<Exit, Failure> {
    match command {
        FilterCommand::List(args) => list(database, args).await,
        FilterCommand::Add(args) => add(database, args).await,
        FilterCommand::Test(args) => test(database, args).await,
        FilterCommand::Remove(RuleRemoveArgs { kind, position, of }) => {
            let done = format!("{kind}: rule {position} removed");
            change(database, *kind, of.id(), RuleChange::RemoveFilter(*position), &done).await
        }
        FilterCommand::Default { kind, action, of } => {
            let done = format!("{kind}: items that no rule matches are {}", fate(*action));
            change(database, *kind, of.id(), RuleChange::Otherwise(*action), &done).await
        }
        FilterCommand::New { kind, action, of } => {
            let done = format!("{kind}: items of new categories are {}", fate_of_new(*action));
            change(database, *kind, of.id(), RuleChange::NewCategories(*action), &done).await
        }
    }
}

/// Changes the rules of a kind, and prints how many items they leave out now.
async fn change(
    database: &Path,
    kind: ContentKind,
    id: Option<&str>,
    change: RuleChange,
    done: &str,
) -> Result<Exit, Failure> {
    let opened = Opened::to_change(database, id).await?;
    opened.change(kind, change).await?;
    confirm(&format!("{done}{}", left_out(&opened, kind).await.map(effect).unwrap_or_default()));
    Ok(Exit::Done)
}

/// Returns how many items are left out, or `None` if they can't be counted. The rules are saved by then, so this is no
/// error.
async fn left_out(opened: &Opened, kind: ContentKind) -> Option<LeftOut> {
    opened.service.left_out(&opened.profile.id, kind).await.ok()
}

/// Returns the end of a sentence that says how much is left out.
fn effect(LeftOut { left_out, items, .. }: LeftOut) -> String {
    match (left_out, items) {
        (_, 0) => String::new(),
        (0, _) => "; no item is left out now".to_owned(),
        (1, 1) => "; the only item is left out now".to_owned(),
        (left_out, items) if left_out == items => format!("; every one of {} items is left out now", grouped(items)),
        (1, items) => format!("; 1 of {} items is left out now", grouped(items)),
        (left_out, items) => format!("; {} of {} items are left out now", grouped(left_out), grouped(items)),
    }
}

/// Returns the rule that was typed. clap's own error would name all of the options in one line.
fn rule(args: &FilterRuleArgs) -> Result<FilterRule, Failure> {
    args.rule().ok_or_else(|| {
        let hint = "name one of --category-id, --category, --category-glob, --category-regex, --name, --name-glob and \
                    --name-regex";
        Failure::usage("nothing says which items the rule matches", hint)
    })
}

async fn add(database: &Path, args: &FilterRuleArgs) -> Result<Exit, Failure> {
    let rule = rule(args)?;
    let opened = Opened::to_change(database, args.of.id()).await?;
    let (profile, kind) = (&opened.profile, args.kind);
    let rules = opened.change(kind, RuleChange::AddFilter(rule, args.at)).await?;
    let position = args.at.unwrap_or(rules.filters[kind].rules.len());
    // The rule is saved. If its items can't be counted, the command has not failed.
    let counted = opened.service.filter_rules(&profile.id, kind).await.unwrap_or_default();
    let counts = left_out(&opened, kind).await;
    let effect = counts.map(effect).unwrap_or_default();
    match counted.into_iter().find(|rule| rule.position == position) {
        None => confirm(&format!("{kind}: rule {position} added{effect}")),
        Some(added) if args.json => {
            let pattern = opened.login.blank(&added.rule.pattern);
            let left_out = counts.map(|counts| counts.left_out);
            json::print_out(&FilterLine::Rule(RuleLine { left_out, ..line(profile, kind, &added, &pattern) }));
        }
        Some(added) => {
            let matches = grouped(added.matches);
            confirm(&format!("{kind}: rule {position} added; by itself it matches {matches} {kind}{effect}"));
        }
    }
    Ok(Exit::Done)
}

async fn list(database: &Path, args: &RuleListArgs) -> Result<Exit, Failure> {
    let opened = Opened::to_read(database, args.of.id()).await?;
    let (service, profile, login) = (&opened.service, &opened.profile, &opened.login);
    let all = opened.cache.rules(&profile.id).await?;
    let (mut rows, mut defaults) = (Vec::new(), Vec::new());
    for kind in kinds_of(args.kind) {
        let rules = service.filter_rules(&profile.id, kind).await.map_err(refused::overlay)?;
        for rule in &rules {
            if args.json {
                json::print_out(&FilterLine::Rule(line(profile, kind, rule, &login.blank(&rule.rule.pattern))));
            }
            rows.push(row(kind, rule, login));
        }
        let filter = &all.filters[kind];
        if *filter == Filter::default() {
            continue;
        }
        let counts = service.left_out(&profile.id, kind).await.map_err(refused::overlay)?;
        if args.json {
            let (default, new) = (filter.otherwise.as_str(), filter.new_categories.as_str());
            json::print_out(&FilterLine::Defaults(FilterDefaults {
                profile: profile.id.as_str().into(),
                kind: kind.as_str().into(),
                default: default.into(),
                new: new.into(),
                left_out: counts.left_out,
            }));
        }
        let (other, new) = (fate(filter.otherwise), fate_of_new(filter.new_categories));
        let effect = effect(counts);
        defaults.push(format!("{kind}: other items are {other}, those of new categories are {new}{effect}"));
    }
    if args.json {
        return Ok(Exit::Done);
    }
    rules::print(&COLUMNS, &rows, "note: there is no filter rule; see `xtream-sync filter add --help`");
    for line in defaults {
        print_out(&line);
    }
    Ok(Exit::Done)
}

fn line<'a>(profile: &'a Profile, kind: ContentKind, counted: &CountedFilter, pattern: &'a str) -> RuleLine<'a> {
    let CountedFilter { position, rule, matches, .. } = counted;
    RuleLine {
        profile: profile.id.as_str().into(),
        kind: kind.as_str().into(),
        position: *position as u64,
        action: rule.action.as_str().into(),
        by: rule.by.as_str().into(),
        r#match: rule.matches.as_str().into(),
        pattern: pattern.into(),
        matches: *matches,
        left_out: None,
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
    let rule = rule(args)?;
    let Opened { service, profile, login, .. } = Opened::to_read(database, args.of.id()).await?;
    let trial = service.try_filter(&profile.id, args.kind, rule, args.at).await.map_err(refused::overlay)?;
    if args.json {
        json::print_out(&trial_line(&profile, args.kind, &login, &trial));
        return Ok(Exit::Done);
    }
    let FilterTrial { shown, hidden, would_show, would_hide, examples, .. } = &trial;
    print_out(&format!("{}: {} are shown now, {} are not", args.kind, grouped(*shown), grouped(*hidden)));
    print_out(&format!("the rule would hide {} and show {}", grouped(*would_hide), grouped(*would_show)));
    for example in examples {
        let word = if example.would_show { "show" } else { "hide" };
        print_out(&format!("  {word}  {} {}", example.id.0, one_line(&login.blank(&example.name))));
    }
    let more = (would_show + would_hide).saturating_sub(examples.len() as u64);
    if more > 0 {
        print_out(&format!("  and {} more", grouped(more)));
    }
    Ok(Exit::Done)
}

fn trial_line<'a>(profile: &'a Profile, kind: ContentKind, login: &Login, trial: &FilterTrial) -> TrialLine<'a> {
    let examples = trial.examples.iter().map(|item| FilterExample {
        id: item.id.0,
        name: login.blank(&item.name).into_owned().into(),
        would: if item.would_show { "show" } else { "hide" }.into(),
    });
    TrialLine {
        profile: profile.id.as_str().into(),
        kind: kind.as_str().into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reports_how_many_items_are_left_out() {
        let of = |left_out, items| {
            let mut counts = LeftOut::default();
            (counts.left_out, counts.items) = (left_out, items);
            effect(counts)
        };
        assert_eq!(of(0, 0), "");
        assert_eq!(of(0, 5), "; no item is left out now");
        assert_eq!(of(1, 5), "; 1 of 5 items is left out now");
        assert_eq!(of(1_200, 230_000), "; 1,200 of 230,000 items are left out now");
        assert_eq!(of(2_000, 2_000), "; every one of 2,000 items is left out now");
    }
}
