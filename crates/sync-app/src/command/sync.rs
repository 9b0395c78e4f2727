//! `sync`.

use std::path::Path;

use sync_app::{SyncError, SystemClock};
use sync_core::{ContentKind, Engine, ProfileId, SyncMode, SyncOptions};
use sync_sqlite::{ProfileRow, SqliteStore};

use super::args::SyncArgs;
use super::bars::Bars;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::terminal::say;
use super::{json, panel, table};

/// Syncs the named profiles one after the other, or all.
pub(crate) async fn run(database: &Path, args: &SyncArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let nobody = || Failure::usage("there is no profile yet", "add one with `xtream-sync profile add`");
    if !database.exists() {
        return Err(args.ids.first().map_or_else(nobody, |id| Failure::unknown_profile(id)));
    }
    let store = if args.dry_run { SqliteStore::open_read_only(database)? } else { SqliteStore::open(database)? };
    let profiles = profiles(&store, &args.ids).await?;
    if profiles.is_empty() {
        return Err(nobody());
    }
    let mut exit = Exit::Done;
    for profile in profiles {
        // What keeps one profile from being synced is no matter of the others.
        let ended = one(&store, &profile, args, interrupt).await.unwrap_or_else(|failure| {
            failure.print();
            failure.exit()
        });
        exit = exit.or(ended);
    }
    Ok(exit)
}

async fn profiles(store: &SqliteStore, ids: &[String]) -> Result<Vec<ProfileRow>, Failure> {
    if ids.is_empty() {
        return Ok(store.profiles().await?);
    }
    let mut profiles: Vec<ProfileRow> = Vec::new();
    for text in ids {
        let id = ProfileId::new(text).map_err(SyncError::from)?;
        if profiles.iter().all(|known| known.id != id) {
            profiles.push(store.profile(&id).await?.ok_or_else(|| Failure::unknown_profile(text))?);
        }
    }
    Ok(profiles)
}

async fn one(
    store: &SqliteStore,
    profile: &ProfileRow,
    args: &SyncArgs,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let source = panel::source(profile, &args.panel)?;
    let options = SyncOptions {
        mode: if args.full { SyncMode::Full } else { SyncMode::Auto },
        kinds: if args.only.is_empty() { ContentKind::ALL.to_vec() } else { args.only.clone() },
        policy: profile.policy,
        guard: profile.guard,
        accept_removals: args.accept_removals,
        dry_run: args.dry_run,
    };
    let bars = Bars::new(args.json);
    let clock = SystemClock::new();
    let report = Engine::new(&source, store, &clock, &bars).run(&profile.id, &options, &interrupt.token).await;
    bars.clear();
    if args.json {
        say(&json::line(&json::Report::from(&report)));
        table::notes(&report);
    } else {
        table::print(&report);
    }
    Ok(Exit::of_report(&report))
}
