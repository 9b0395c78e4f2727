//! `sync`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use sync_core::text::printable;
use sync_core::{ContentKind, KindOutcome, PerKind, Profile, ProfileId, SyncMode, SyncOptions, SyncReport, Trigger};
use sync_service::{Added, OverlayNews, PanelAccount, Service, options_of, side_by_side};

use super::args::SyncArgs;
use super::bars::Bars;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::panel::Panels;
use super::terminal::{grouped, is_quiet, print_err};
use super::{held, json, one_profile, overlay_news, report, wiring};
use crate::SyncError;
use crate::json::Report;

/// Syncs the named profiles, or all of them, as many at once as the arguments allow.
pub(crate) async fn run(database: &Path, args: &SyncArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    if !database.exists() {
        return Err(args.ids.first().map_or_else(Failure::no_profile, |id| Failure::unknown_profile(id)));
    }
    let cache = if args.dry_run { wiring::open_read_only(database)? } else { wiring::open(database)? };
    let service = wiring::service(&cache);
    let ids = args.ids.iter().map(ProfileId::new).collect::<Result<Vec<_>, _>>().map_err(SyncError::from)?;
    let mut profiles = service.profiles(&ids).await?;
    if profiles.is_empty() {
        return Err(Failure::no_profile());
    }
    if ids.is_empty() {
        profiles.retain(Profile::has_login);
    }
    if profiles.is_empty() {
        print_err("note: there is nothing to sync: no profile has a login, and change sets fill them");
        print_err("  hint: `xtream-sync changes apply FILE --profile ID` applies one");
        return Ok(Exit::Done);
    }
    let accounts: Vec<_> = profiles.iter().map(PanelAccount::of).collect();
    let at_once = NonZeroUsize::new(args.jobs.into()).unwrap_or(NonZeroUsize::MIN);
    let several = at_once.get() > 1 && profiles.len() > 1;
    let mut exit = Exit::Done;
    let begin = |at: usize| one(&service, &profiles[at], several, args, interrupt);
    // Nothing is awaited while a result is printed, so the results of several profiles are not mixed.
    side_by_side(&accounts, at_once, begin, |at, ended| {
        // An error of one profile doesn't keep the others from being synced.
        let ended = match ended {
            Ok(synced) => synced.print(args.json),
            Err(failure) => {
                let failure = if several { failure.of_profile(profiles[at].id.as_str()) } else { failure };
                failure.print();
                failure.exit()
            }
        };
        exit = exit.or(ended);
    })
    .await;
    Ok(exit)
}

/// The result of the run of one profile, with everything that is printed about it.
struct Synced {
    report: SyncReport,
    /// The kinds that are switched off and were not asked for.
    off: Vec<ContentKind>,
    added: PerKind<Added>,
    /// The findings of the run in the overlay.
    overlay: PerKind<OverlayNews>,
    /// The held removals, as lines for stderr.
    held: Vec<String>,
}

async fn one(
    service: &Service,
    profile: &Profile,
    several: bool,
    args: &SyncArgs,
    interrupt: &Interrupt,
) -> Result<Synced, Failure> {
    let usual = options_of(profile);
    let options = SyncOptions {
        mode: if args.full { SyncMode::Full } else { SyncMode::Auto },
        // A kind that the command line names is synced even if it is switched off.
        kinds: if args.only.is_empty() { usual.kinds.clone() } else { args.only.clone() },
        accept_removals: args.accept_removals,
        dry_run: args.dry_run,
        trigger: Trigger::Manual,
        ..usual
    };
    let off: Vec<_> = profile.kinds_off.iter().copied().filter(|kind| !options.kinds.contains(kind)).collect();
    let before = service.feed_before(&profile.id).await?;
    let (panels, bars) = (Panels::new(&args.panel, interrupt), Arc::new(Bars::new(args.json, several)));
    let report = service.sync(profile, &options, &panels, Arc::clone(&bars) as _, &interrupt.token).await;
    bars.clear();
    let report = report?;
    let mut added = PerKind::from_fn(|_| Added::default());
    let login = one_profile::login(profile);
    let overlay = service.overlay_news(&report, usize::MAX, &login).await;
    if !args.json && !is_quiet() {
        // The run is done. If its names can't be read, it has not failed.
        let named = service.added(&report, before, report::NAMES, &login).await;
        added = named.unwrap_or(added);
    }
    let held = held_lines(service, profile, &report).await;
    Ok(Synced { report, off, added, overlay, held })
}

impl Synced {
    /// Prints the result. Returns the exit code of the run.
    fn print(&self, as_json: bool) -> Exit {
        if as_json {
            json::print_out(&Report::from(&self.report).with_overlay(&self.overlay).with_off(&self.off));
        } else if !is_quiet() {
            report::print(&self.report, &self.added);
            report::print_off(&self.off);
        }
        report::notes(&self.report);
        overlay_news::notes(&self.report.profile, &self.overlay);
        self.held.iter().for_each(|line| print_err(line));
        Exit::of_report(&self.report)
    }
}

/// Returns the held removals as lines, with what to do about them.
async fn held_lines(service: &Service, profile: &Profile, report: &SyncReport) -> Vec<String> {
    let id = printable(profile.id.as_str());
    let is_held = |kind: ContentKind| report.kind(kind).outcome == KindOutcome::Held;
    let mut lines = Vec::new();
    if !ContentKind::ALL.into_iter().any(is_held) {
        return lines;
    }
    if !report.dry_run
        && let Ok(status) = service.cache().content_status(&profile.id).await
    {
        for kind in status.kinds.values().filter(|status| is_held(status.kind)) {
            for group in &kind.held {
                for (at, line) in held::paragraph(profile, kind.kind, group).into_iter().enumerate() {
                    // The first line names the profile and the kind.
                    lines.push(if at == 0 { format!("held: {id}: {}: {line}", kind.kind) } else { line });
                }
            }
        }
        return lines;
    }
    // A dry run records no held removals, and a cache that can't be read shows none. In both cases, their number comes
    // from the report.
    for record in report.kinds.values().filter(|record| is_held(record.kind)) {
        let reason = record.hold_reason.map(|reason| format!(", because {reason}")).unwrap_or_default();
        lines.push(format!("held: {id}: {}: {} removals{reason}", record.kind, grouped(record.counts.held)));
    }
    lines
}
