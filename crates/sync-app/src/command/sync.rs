//! `sync`.

use std::path::Path;
use std::sync::Arc;

use sync_app::SyncError;
use sync_core::text::printable;
use sync_core::{ContentKind, KindOutcome, Profile, ProfileId, SyncMode, SyncOptions, SyncReport, Trigger};
use sync_service::{Service, options_of};

use super::args::SyncArgs;
use super::bars::Bars;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::panel::Panels;
use super::terminal::{complain, grouped};
use super::{held, json, report, wiring};

/// Syncs the named profiles, or all of them, one after the other.
pub(crate) async fn run(database: &Path, args: &SyncArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    if !database.exists() {
        return Err(args.ids.first().map_or_else(Failure::no_profile, |id| Failure::unknown_profile(id)));
    }
    let cache = if args.dry_run { wiring::open_read_only(database)? } else { wiring::open(database)? };
    let service = wiring::service(&cache);
    let ids = args.ids.iter().map(ProfileId::new).collect::<Result<Vec<_>, _>>().map_err(SyncError::from)?;
    let profiles = service.profiles(&ids).await?;
    if profiles.is_empty() {
        return Err(Failure::no_profile());
    }
    let mut exit = Exit::Done;
    for profile in profiles {
        // An error of one profile doesn't keep the others from being synced.
        let ended = one(&service, &profile, args, interrupt).await.unwrap_or_else(|failure| {
            failure.print();
            failure.exit()
        });
        exit = exit.or(ended);
    }
    Ok(exit)
}

async fn one(service: &Service, profile: &Profile, args: &SyncArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let usual = options_of(profile);
    let options = SyncOptions {
        mode: if args.full { SyncMode::Full } else { SyncMode::Auto },
        // A kind that is named is synced although it is switched off.
        kinds: if args.only.is_empty() { usual.kinds.clone() } else { args.only.clone() },
        accept_removals: args.accept_removals,
        dry_run: args.dry_run,
        trigger: Trigger::Manual,
        ..usual
    };
    let off: Vec<_> = profile.kinds_off.iter().copied().filter(|kind| !options.kinds.contains(kind)).collect();
    let (panels, bars) = (Panels::new(&args.panel, interrupt), Arc::new(Bars::new(args.json)));
    let report = service.sync(profile, &options, &panels, Arc::clone(&bars) as _, &interrupt.token).await?;
    bars.clear();
    if args.json {
        json::say(&json::Report::from(&report).with_off(&off));
    } else {
        report::print(&report);
        report::print_off(&off);
    }
    report::notes(&report);
    tell_held(service, profile, &report).await;
    Ok(Exit::of_report(&report))
}

/// Prints the held removals to stderr, and what to do about them.
async fn tell_held(service: &Service, profile: &Profile, report: &SyncReport) {
    let id = printable(profile.id.as_str());
    let is_held = |kind: ContentKind| report.kind(kind).outcome == KindOutcome::Held;
    if !ContentKind::ALL.into_iter().any(is_held) {
        return;
    }
    if !report.dry_run
        && let Ok(status) = service.cache().content_status(&profile.id).await
    {
        for kind in status.kinds.values().filter(|status| is_held(status.kind)) {
            for group in &kind.held {
                for (at, line) in held::paragraph(profile, kind.kind, group).into_iter().enumerate() {
                    // The first line names the profile and the kind.
                    complain(&if at == 0 { format!("held: {id}: {}: {line}", kind.kind) } else { line });
                }
            }
        }
        return;
    }
    // A dry run records no held removals, and a cache that can't be read shows none. The report has their number.
    for record in report.kinds.values().filter(|record| is_held(record.kind)) {
        let reason = record.hold_reason.map(|reason| format!(", because {reason}")).unwrap_or_default();
        complain(&format!("held: {id}: {}: {} removals{reason}", record.kind, grouped(record.counts.held)));
    }
}
