//! `changes export` and `changes apply`.

mod told;

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::Path;
use std::sync::Arc;

use sync_core::change_set::Place;
use sync_core::text::printable;
use sync_core::{Cache, Feed, PerKind, Profile, ProfileId, StoreError};
use sync_service::{
    ApplyError, ApplyOutcome, ApplyRequest, ChangeSetExport, ExportError, ExportRequest, Login, NoHash, NotExported,
    OverlayNews, Since, WriteError,
};

use sync_xtream::Secret;

use self::told::{WHOLE, kept, listed, print, refuse};
use super::args::{ApplyArgs, ChangesCommand, ExportChangesArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::one_profile::{self, kinds_of};
use super::panel::PASSWORD_TIMEOUT;
use super::results::{self, Results};
use super::terminal::{self, grouped, print_err, quoted};
use super::{overlay_news, password, wiring};
use crate::SyncError;

/// Writes or applies a change set.
pub(crate) async fn run(database: &Path, command: &ChangesCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        ChangesCommand::Export(args) => export(database, args, interrupt).await,
        ChangesCommand::Apply(args) => apply(database, args, interrupt).await,
    }
}

async fn export(database: &Path, args: &ExportChangesArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let output = results::output(args.output.as_deref());
    if output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::usage("a change set is not text for a terminal", "name a file with -o, or use a pipe"));
    }
    // This call makes sure that there is a cache. It refuses an older cache instead of upgrading it for nothing.
    drop(one_profile::cache(database, args.profile.as_deref())?);
    // The first export gives the panel its identity, so the cache is opened to write.
    let cache = wiring::open(database)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let mut request = ExportRequest::new(args.since.unwrap_or(Since::Beginning));
    (request.kinds, request.display) = (kinds_of(args.kind), !args.without_display);
    let results = match output {
        Some(path) => Results::file(path, args.force, false)?,
        None => Results::stdout(),
    };
    // Without the whole login, a set could still hold the part that is not known.
    let login = whole_login(&profile, interrupt).await?;
    let export =
        service.export_changes(&profile.id, &request, login).await.map_err(|error| not_exported(error, &profile))?;
    let id = printable(&quoted(profile.id.as_str()));
    tell_of(&export, &profile);
    let exit = if export.left_out().is_empty() { Exit::Done } else { Exit::Partial };
    let (to, records) = (ends(&export), records(&export));
    let Some(written) = interrupt.token.run_until_cancelled(export.write(results)).await else {
        return Ok(Exit::Cancelled);
    };
    match written {
        Ok(results) => results.end()?,
        Err(ExportError::Write(WriteError::Io(error))) => {
            if let Some(path) = output.filter(|_| !terminal::is_closed_pipe(&error)) {
                return Err(results::unwritable(path, &error));
            }
            // The reader of the results has gone, which is no error.
            terminal::note(&Err(error));
            return Ok(exit);
        }
        Err(error) => return Err(not_exported(error, &profile)),
    }
    if let Some(path) = output {
        print_err(&format!("{} changes written: {}", grouped(records), results::shown(path)));
    }
    if let Some(to) = to {
        print_err(&format!(
            "the next set begins here: xtream-sync changes export --profile {id} --since {}:{}",
            to.epoch, to.sequence
        ));
    }
    Ok(exit)
}

/// Returns the login of a profile. The password comes from its source, as for a sync.
async fn whole_login(profile: &Profile, interrupt: &Interrupt) -> Result<Login, Failure> {
    if profile.username.is_none() {
        return Ok(one_profile::login(profile));
    }
    let patience = profile.network.password_timeout.unwrap_or(PASSWORD_TIMEOUT);
    let password = password::of(profile, patience, &interrupt.token).await?;
    let login = Login::new(profile.username.as_deref(), password.as_ref().map(Secret::expose));
    Ok(login.with_former(&profile.logins_before()))
}

fn tell_of(export: &ChangeSetExport, profile: &Profile) {
    if export.is_earlier()
        && let Some(change) = export.header().kinds.first()
    {
        let (epoch, sequence) = (change.from.epoch, change.from.sequence);
        print_err(&format!(
            "note: that position is within a run; the set begins at the end of the run before: {epoch}:{sequence}"
        ));
    }
    for left_out in export.left_out() {
        let kind = left_out.kind;
        print_err(&format!("warning: {kind} are left out: {}", why_left_out(left_out.why)));
        print_err(&format!("  hint: {}", instead(*left_out, profile)));
    }
}

const fn why_left_out(why: NoHash) -> &'static str {
    match why {
        NoHash::Doubt => "their content is in doubt, because a check has found something",
        NoHash::Position => "what they were at that position is not known",
        _ => "their content is not known",
    }
}

/// Returns the advice for a kind that can't be exported.
fn instead(NotExported { kind, why, .. }: NotExported, profile: &Profile) -> String {
    let id = printable(&quoted(profile.id.as_str()));
    if why == NoHash::Position {
        return format!(
            "`xtream-sync changes export --profile {id} --kind {kind}`, without --since, has all of them; it fits a \
             profile that has none"
        );
    }
    if profile.has_login() {
        return format!("`xtream-sync sync {id} --only {kind}` compares every item; export again after it");
    }
    format!(
        "`xtream-sync clear {id}`, and apply a set of everything with `xtream-sync changes apply FILE --profile {id}`; \
         export again after it"
    )
}

fn ends(export: &ChangeSetExport) -> Option<Place> {
    export.header().kinds.first().map(|change| change.to)
}

fn records(export: &ChangeSetExport) -> u64 {
    export.header().kinds.iter().map(|change| change.new + change.changed + change.gone).sum()
}

/// Returns the error for a set that can't be exported.
fn not_exported(error: ExportError, profile: &Profile) -> Failure {
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
        ExportError::NoHash(left_out) => {
            let words = |left_out: &NotExported| format!("{}: {}", left_out.kind, why_left_out(left_out.why));
            let message = left_out.iter().map(words).collect::<Vec<_>>().join("; ");
            let hints: Vec<_> = left_out.into_iter().map(|left_out| instead(left_out, profile)).collect();
            Failure::of(Exit::Gone, format!("nothing can be exported: {message}"), &hints.join("\n  hint: "))
        }
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
        Err(error) => return Err(ended_early(error, args, "nothing was changed", "apply the same set again")),
    };
    print(&id, &report, args.json);
    let news = PerKind::from_fn(|kind| OverlayNews::of(&report.overlay[kind], usize::MAX, &login));
    overlay_news::notes(&id, &news);
    for name in &report.skipped {
        print_err(&format!("note: this version doesn't know the kind {}; it was left out", printable(name)));
    }
    if !report.off.is_empty() {
        print_err(&format!("note: switched off in this profile, and left alone: {}", listed(&report.off)));
    }
    let kept = kept(&report);
    match report.outcome {
        ApplyOutcome::Refused(refusal) => {
            refuse(&refusal, &kept);
            Ok(Exit::Gone)
        }
        ApplyOutcome::Interrupted(error) => {
            Err(ended_early(error, args, &kept, "apply the same set again; it finishes what is left"))
        }
        _ => Ok(Exit::Done),
    }
}

/// Returns the error for an apply that ended early. It says what was kept and what to do.
fn ended_early(error: ApplyError, args: &ApplyArgs, kept: &str, again: &str) -> Failure {
    match error {
        ApplyError::Cancelled => Failure::of(Exit::Cancelled, format!("cancelled; {kept}"), again),
        ApplyError::Input(error) => unreadable(&args.file, &error),
        ApplyError::Store(error) => {
            let before = match &error {
                StoreError::Leased(_) | StoreError::Fenced => "wait for the other run to end, and ",
                StoreError::Full => "make room, and ",
                StoreError::ReadOnly(_) => "check the rights of the cache and its folder, and ",
                StoreError::Locked => "end the program that has the cache open for writing, and ",
                StoreError::Backend(_) | StoreError::Refused(_) => "",
                // The hint of the error says more.
                _ => return Failure::from(error),
            };
            let failure = Failure::from(error);
            let hint = format!("{before}{again}");
            Failure::of(failure.exit(), format!("{failure}; {kept}"), &hint)
        }
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

/// Returns the cache and the profile. If the named profile doesn't exist, the change set creates it later.
async fn receiver(database: &Path, args: &ApplyArgs) -> Result<(Arc<dyn Cache>, ProfileId), Failure> {
    let Some(text) = args.profile.as_deref() else {
        let none = || {
            let hint = "name the profile with --profile ID, an id of your choice; it is added, without a login";
            Failure::usage("there is no profile yet that the change set could be applied to", hint)
        };
        if !database.exists() {
            return Err(none());
        }
        let cache = wiring::open(database)?;
        if cache.profiles().await?.is_empty() {
            return Err(none());
        }
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

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out().flush()
    }
}
