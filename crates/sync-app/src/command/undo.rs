//! `undo`.

use std::path::Path;

use sync_core::text::{one_line, printable};
use sync_core::{Profile, Refused, RunId, StoreError, UndoOutcome, UndoRefusal, UndoReport};
use sync_service::Login;

use super::args::UndoArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::json;
use super::one_profile::{self, kinds_of};
use super::terminal::{grouped, print_err, print_out, quoted};
use super::wiring;
use crate::json::{ChangedLater, RefusedUndo, Undo, UndoCounts, UndoLine};

/// Takes a run back.
pub(crate) async fn run(database: &Path, args: &UndoArgs) -> Result<Exit, Failure> {
    // This call makes sure that there is a cache. It refuses an older cache instead of upgrading it for nothing.
    let looked = one_profile::cache(database, args.profile.as_deref())?;
    let cache = if args.dry_run { looked } else { wiring::open(database)? };
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let outcome = service.undo(&profile.id, args.run.map(RunId), &kinds_of(args.kind), args.dry_run).await;
    let outcome = outcome.map_err(|error| match (error, args.run) {
        (StoreError::Refused(_), Some(run)) => {
            Failure::usage(format!("there is no run {run}"), "see `xtream-sync history`")
        }
        (error, _) => error.into(),
    })?;
    Ok(match outcome {
        UndoOutcome::Done(report) => {
            tell(&profile, &report, args);
            Exit::Done
        }
        UndoOutcome::Refused(refusal) => {
            refuse(&profile, &login, &refusal, args.json);
            Exit::Gone
        }
    })
}

fn tell(profile: &Profile, report: &UndoReport, args: &UndoArgs) {
    if args.json {
        let counts = |it: sync_core::UndoCounts| UndoCounts {
            added: it.added,
            updated: it.updated,
            removed: it.removed,
            held: it.held,
        };
        let kinds = report.kinds.iter().filter_map(|(kind, it)| Some((kind.as_str(), counts((*it)?))));
        return json::print_out(&UndoLine::Done(Undo {
            profile: profile.id.as_str().into(),
            run: report.run.map(|run| run.0),
            of: report.of.0,
            kinds: kinds.collect(),
        }));
    }
    let id = printable(profile.id.as_str());
    let would = if report.run.is_none() { "would be undone" } else { "is undone" };
    print_out(&format!("{id}: run {} {would}", report.of.0));
    for (kind, counts) in report.kinds.iter() {
        let Some(counts) = counts else { continue };
        let (added, updated) = (grouped(counts.added), grouped(counts.updated));
        print_out(&format!(
            "  {:<9} {added} back, {updated} as before, {} gone again",
            kind.as_str(),
            grouped(counts.removed)
        ));
    }
    if let Some(run) = report.run {
        let id = quoted(profile.id.as_str());
        if profile.has_login() {
            print_err(
                "the next sync takes what the panel still lists as ordinary changes, and holds what it no longer lists",
            );
        } else {
            print_err("the set that was undone fits again, and later ones only after it");
        }
        print_err(&format!("to take the undo back: xtream-sync undo --profile {id} --run {}", run.0));
    }
}

fn refuse(profile: &Profile, login: &Login, refusal: &UndoRefusal, as_json: bool) {
    let UndoRefusal { of, refused, items } = refusal;
    let name = |name: &Option<String>| name.as_deref().map(|name| login.blank(name).into_owned());
    if as_json {
        json::print_out(&UndoLine::Refused(RefusedUndo {
            profile: profile.id.as_str().into(),
            of: of.map(|run| run.0),
            refused: refused.as_str().into(),
            items: items
                .iter()
                .map(|item| ChangedLater {
                    kind: item.kind.as_str().into(),
                    id: item.id.0,
                    name: name(&item.name).map(Into::into),
                    run: item.run.map(|run| run.0),
                })
                .collect(),
        }));
    }
    let run = of.map_or_else(String::new, |run| format!("run {} can't be undone: ", run.0));
    print_err(&format!("error: {}: {run}{}", printable(profile.id.as_str()), reason(*refused)));
    for item in items.iter().take(5) {
        let by = item.run.map_or_else(|| "by hand".to_owned(), |run| format!("by run {}", run.0));
        let title = name(&item.name).unwrap_or_default();
        print_err(&format!("  {} {} {}: changed {by}", item.kind, item.id.0, one_line(&title)));
    }
    if items.len() > 5 {
        print_err(&format!("  and {} more", items.len() - 5));
    }
    print_err(&format!("  hint: {}", hint(*refused)));
}

const fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::Nothing => "there is nothing to undo",
        Refused::LaterRun => "something later changed the same items. Nothing was changed",
        Refused::LaterEdit => "a later edit changed a field that the undo would change. Nothing was changed",
        Refused::FirstLoad => "it was the first load. Nothing was changed",
        Refused::NoValues => "it was made by a version that kept no values. Nothing was changed",
        Refused::Pruned => "its entries are no longer in the change log. Nothing was changed",
        _ => "it can't be restored exactly. Nothing was changed",
    }
}

const fn hint(refused: Refused) -> &'static str {
    match refused {
        Refused::LaterRun => "undo the later run first, or narrow the undo with --kind",
        Refused::FirstLoad => "`clear` empties the cached content of a profile",
        Refused::Pruned => "`profile add ID --feed-days N` keeps the change log for longer from now on",
        _ => "`history` shows the runs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_words() {
        for refused in Refused::ALL {
            assert!(!reason(refused).is_empty() && !hint(refused).is_empty());
            assert_ne!(reason(refused), "it can't be restored exactly. Nothing was changed", "{refused:?}");
        }
    }
}
