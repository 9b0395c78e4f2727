//! `changes export` and `changes apply`.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sync_app::SyncError;
use sync_core::change_set::Place;
use sync_core::text::printable;
use sync_core::{Cache, ContentKind, Counts, Feed, PerKind, Profile, ProfileId};
use sync_service::{
    ApplyError, ApplyOutcome, ApplyReport, ApplyRequest, ChangeSetExport, ExportError, ExportRequest, Login,
    OverlayNews, Refusal, Since, WriteError,
};

use sync_xtream::Secret;

use super::args::{ApplyArgs, ChangesCommand, ExportChangesArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::one_profile::{self, kinds_of};
use super::panel::PASSWORD_TIMEOUT;
use super::results::{self, Results};
use super::terminal::{self, complain, grouped, is_quiet, quoted, say};
use super::{json, overlay_news, password, wiring};

/// How to get a set that fits any profile without content.
const WHOLE: &str = "make a set of everything with `xtream-sync changes export`, without --since, and apply it to a \
                     profile without content: a new one (--profile ID), or one after `xtream-sync clear ID`";

/// The object of `changes apply --json`.
#[derive(Serialize)]
struct Line<'a> {
    profile: &'a str,
    status: &'static str,
    reason: Option<&'static str>,
    from: Option<Position>,
    to: Option<Position>,
    kinds: Kinds<'a>,
    run: Option<i64>,
    skipped: &'a [String],
}

#[derive(Serialize)]
struct Position {
    epoch: i64,
    sequence: i64,
}

#[derive(Serialize)]
struct KindCounts {
    added: u64,
    updated: u64,
    refreshed: u64,
    removed: u64,
    unchanged: u64,
    held: u64,
    skipped: u64,
}

impl From<Counts> for KindCounts {
    fn from(counts: Counts) -> Self {
        let Counts { added, updated, refreshed, removed, unchanged, held, skipped, .. } = counts;
        Self { added, updated, refreshed, removed, unchanged, held, skipped }
    }
}

struct Kinds<'a>(&'a PerKind<Option<Counts>>);

impl Serialize for Kinds<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kinds = self.0.iter().filter_map(|(kind, counts)| Some((kind.as_str(), counts.as_ref()?)));
        to.collect_map(kinds.map(|(kind, counts)| (kind, KindCounts::from(*counts))))
    }
}

/// Writes or applies a change set.
pub(crate) async fn run(database: &Path, command: &ChangesCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        ChangesCommand::Export(args) => export(database, args, interrupt).await,
        ChangesCommand::Apply(args) => apply(database, args, interrupt).await,
    }
}

async fn export(database: &Path, args: &ExportChangesArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let output = args.output.as_deref().filter(|path| *path != Path::new("-"));
    if output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::usage("a change set is not text for a terminal", "name a file with -o, or use a pipe"));
    }
    // Also makes sure that there is a cache, and none of an older version is brought up to date for nothing.
    drop(one_profile::cache(database, args.profile.as_deref())?);
    // The first export names the panel.
    let cache = wiring::open(database)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let mut request = ExportRequest::new(args.since.unwrap_or(Since::Beginning));
    (request.kinds, request.display) = (kinds_of(args.kind), !args.without_display);
    let results = match output {
        Some(path) => Results::file(path, args.force, false)?,
        None => Results::stdout(),
    };
    // A set without the whole login could hold the rest of it.
    let login = whole_login(&profile, interrupt).await?;
    let export = service.export_changes(&profile.id, &request, login).await.map_err(not_exported)?;
    tell_of(&export);
    let (to, records) = (ends(&export), records(&export));
    let Some(written) = interrupt.token.run_until_cancelled(export.write(results)).await else {
        return Ok(Exit::Cancelled);
    };
    match written {
        Ok(results) => results.end()?,
        Err(ExportError::Write(WriteError::Io(error))) => {
            if let Some(path) = output {
                return Err(results::unwritable(path, &error));
            }
            // Nobody reads any more, which is no error.
            terminal::note(&Err(error));
            return Ok(Exit::Done);
        }
        Err(error) => return Err(not_exported(error)),
    }
    if let Some(path) = output {
        complain(&format!("{} changes written: {}", grouped(records), results::shown(path)));
    }
    if let Some(to) = to {
        let id = printable(&quoted(profile.id.as_str()));
        complain(&format!(
            "the next set begins here: xtream-sync changes export --profile {id} --since {}:{}",
            to.epoch, to.sequence
        ));
    }
    Ok(Exit::Done)
}

/// The login of a profile. The password is asked for where it comes from, as for a sync.
async fn whole_login(profile: &Profile, interrupt: &Interrupt) -> Result<Login, Failure> {
    if profile.username.is_none() {
        return Ok(one_profile::login(profile));
    }
    let patience = profile.network.password_timeout.unwrap_or(PASSWORD_TIMEOUT);
    let password = password::of(profile, patience, &interrupt.token).await?;
    Ok(Login::new(profile.username.as_deref(), password.as_ref().map(Secret::expose)))
}

fn tell_of(export: &ChangeSetExport) {
    if export.is_earlier()
        && let Some(change) = export.header().kinds.first()
    {
        let (epoch, sequence) = (change.from.epoch, change.from.sequence);
        complain(&format!(
            "note: that position is within a run; the set begins at the end of the run before: {epoch}:{sequence}"
        ));
    }
    for kind in export.left_out() {
        complain(&format!(
            "note: {kind} are left out: their content is in doubt, or was not known at that position; sync, and export again"
        ));
    }
}

fn ends(export: &ChangeSetExport) -> Option<Place> {
    export.header().kinds.first().map(|change| change.to)
}

fn records(export: &ChangeSetExport) -> u64 {
    export.header().kinds.iter().map(|change| change.new + change.changed + change.gone).sum()
}

/// Words for a set that can't be exported.
fn not_exported(error: ExportError) -> Failure {
    match error {
        ExportError::Store(error) => error.into(),
        ExportError::Gone { reason, feed } => {
            let Feed { epoch, oldest, newest } = feed;
            let positions = format!("the newest position is {epoch}:{newest}, the oldest {epoch}:{oldest}");
            Failure::of(Exit::Gone, format!("{reason}; {positions}"), WHOLE)
        }
        ExportError::UnknownRun(run) => {
            Failure::usage(format!("there is no run {}", run.0), "see `xtream-sync history`")
        }
        ExportError::NoHash { has_snapshot: true } => {
            Failure::of(Exit::Gone, "the content at that position is not known".to_owned(), WHOLE)
        }
        ExportError::NoHash { .. } => Failure::of(
            Exit::Gone,
            "the content is in doubt, because a check has found something".to_owned(),
            "sync the profile, which compares every item, and export again",
        ),
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

async fn apply(database: &Path, args: &ApplyArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let input: Box<dyn Read + Send> = if args.file == Path::new("-") {
        if io::stdin().is_terminal() {
            return Err(Failure::usage("a change set is not typed at a terminal", "name a file, or use a pipe"));
        }
        Box::new(io::stdin())
    } else {
        let file = File::open(&args.file).map_err(|error| unreadable(&args.file, &error))?;
        Box::new(file)
    };
    let (cache, id) = receiver(database, args).await?;
    let login = match cache.profile(&id).await? {
        Some(profile) => whole_login(&profile, interrupt).await?,
        None => Login::default(),
    };
    let service = wiring::service(&cache);
    let applied = service.apply_changes(&id, input, ApplyRequest::new(login.clone()), &interrupt.token).await;
    let report = match applied {
        Ok(report) => report,
        Err(ApplyError::Cancelled) => return Ok(Exit::Cancelled),
        Err(ApplyError::Input(error)) => return Err(unreadable(&args.file, &error)),
        Err(ApplyError::Store(error)) => return Err(error.into()),
        Err(other) => return Err(Failure::of(Exit::Internal, other.to_string(), "")),
    };
    print(&id, &report, args.json);
    let news = PerKind::from_fn(|kind| OverlayNews::of(&report.overlay[kind], usize::MAX, &login));
    overlay_news::notes(&id, &news);
    for name in &report.skipped {
        complain(&format!("note: this version doesn't know the kind {}; it was left out", printable(name)));
    }
    match &report.outcome {
        ApplyOutcome::Refused(refusal) => {
            refuse(&report, refusal);
            Ok(Exit::Gone)
        }
        _ => Ok(Exit::Done),
    }
}

/// The cache and the profile. A profile that was named and isn't there is made later, by the set.
async fn receiver(database: &Path, args: &ApplyArgs) -> Result<(Arc<dyn Cache>, ProfileId), Failure> {
    let Some(text) = args.profile.as_deref() else {
        let cache = one_profile::cache_to_change(database, None)?;
        let Profile { id, .. } = one_profile::find(&wiring::service(&cache), None).await?;
        return Ok((cache, id));
    };
    let id = ProfileId::new(text).map_err(SyncError::from)?;
    Ok((wiring::open(database)?, id))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(
        format!("{} can't be read: {error}; nothing was changed", results::shown(path)),
        "name a file that exists, or - for standard input",
    )
}

fn print(profile: &ProfileId, report: &ApplyReport, as_json: bool) {
    let (status, reason) = match &report.outcome {
        ApplyOutcome::Applied => ("applied", None),
        ApplyOutcome::Already => ("already", None),
        ApplyOutcome::Refused(refusal) => ("refused", Some(refusal.as_str())),
        _ => ("unknown", None),
    };
    let position = |place: Place| Position { epoch: place.epoch, sequence: place.sequence };
    if as_json {
        return json::say(&Line {
            profile: profile.as_str(),
            status,
            reason,
            from: report.from.map(position),
            to: report.to.map(position),
            kinds: Kinds(&report.kinds),
            run: report.run.map(|run| run.0),
            skipped: &report.skipped,
        });
    }
    if is_quiet() {
        return;
    }
    let id = printable(profile.as_str());
    match &report.outcome {
        ApplyOutcome::Applied => say(&format!("{id}: the change set is applied")),
        ApplyOutcome::Already => return say(&format!("{id}: the cache has the content of the change set already")),
        _ => {}
    }
    for (kind, counts) in written(report) {
        let [added, updated, refreshed, removed] =
            [counts.added, counts.updated, counts.refreshed, counts.removed].map(grouped);
        say(&format!(
            "  {:<9} {added} added, {updated} updated, {refreshed} refreshed, {removed} removed",
            kind.as_str()
        ));
    }
}

/// The kinds of which something was written.
fn written(report: &ApplyReport) -> impl Iterator<Item = (ContentKind, Counts)> {
    let has_run = report.run.is_some();
    let counts = report.kinds.iter().filter_map(|(kind, counts)| Some((kind, (*counts)?)));
    counts.filter(move |(_, counts)| has_run && !counts.is_quiet())
}

/// Says why a set was refused, what was kept, and what to do.
fn refuse(report: &ApplyReport, refusal: &Refusal) {
    let kept: Vec<_> = written(report).map(|(kind, _)| kind.as_str()).collect();
    let kept = if kept.is_empty() {
        "nothing was changed".to_owned()
    } else {
        format!("{} were applied before and stay", kept.join(" and "))
    };
    complain(&format!("error: {refusal}; {kept}"));
    let hint = match refusal {
        Refusal::Damaged(_) => "copy the file again",
        Refusal::Version(_) => "use a newer version of this program",
        Refusal::Panel => "name the profile that the set is for, with --profile ID",
        Refusal::From(_) | Refusal::To(_) => WHOLE,
        _ => return,
    };
    complain(&format!("  hint: {hint}"));
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out().flush()
    }
}
