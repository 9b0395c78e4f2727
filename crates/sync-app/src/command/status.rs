//! `status`.

use std::path::Path;

use serde_json::json;
use sync_app::{SyncError, SystemClock};
use sync_core::store::RunRecord;
use sync_core::{Clock, ContentStore, KindRecord, ProfileId};
use sync_sqlite::{ContentStatus, ProfileRow};

use super::exit::Exit;
use super::failure::Failure;
use super::json::Kind;
use super::profile::existing;
use super::terminal::{clean, grouped, say};

/// How many runs are shown.
const RUNS: u32 = 5;

/// Shows how one profile stands, or all of them.
pub(crate) async fn run(database: &Path, id: Option<&str>, as_json: bool) -> Result<Exit, Failure> {
    let Some(store) = existing(database)? else {
        if let Some(id) = id {
            return Err(Failure::unknown_profile(id));
        }
        if !as_json {
            say("there is no profile yet; add one with `xtream-sync profile add`");
        }
        return Ok(Exit::Done);
    };
    let profiles = match id {
        None => store.profiles().await?,
        Some(text) => {
            let id = ProfileId::new(text).map_err(SyncError::from)?;
            vec![store.profile(&id).await?.ok_or_else(|| Failure::unknown_profile(text))?]
        }
    };
    for profile in profiles {
        let (status, runs) = (store.content_status(&profile.id).await?, store.runs(&profile.id, RUNS).await?);
        if as_json {
            say(&as_object(&profile, &status, &runs));
        } else {
            print(&profile, &status, &runs);
        }
    }
    Ok(Exit::Done)
}

fn print(profile: &ProfileRow, status: &ContentStatus, runs: &[RunRecord]) {
    let now = SystemClock::new().now();
    let id = clean(profile.id.as_str());
    say(&format!("{id}  {}", clean(profile.base_url.as_deref().unwrap_or("(no address)"))));
    match runs.first() {
        None => say("  never synced"),
        Some(run) => say(&format!("  last run {}, {} ago", run.status, ago(now - run.started_at))),
    }
    if let Some(account) = &status.account {
        let end = account.expires_at.map_or_else(|| "no end".to_owned(), |end| format!("ends {}", date(end)));
        say(&format!("  account {}, {end}", clean(&account.status)));
    }
    for kind in &status.kinds {
        let last = kind
            .last_sync
            .map_or_else(|| "never synced".to_owned(), |at| format!("as of {} (panel's clock)", date(at)));
        say(&format!("  {:<9} {:>9} items, {last}", kind.kind.as_str(), grouped(kind.rows)));
        for held in &kind.held {
            let names = held.examples.iter().map(|name| clean(name)).collect::<Vec<_>>().join("; ");
            let since = date(held.oldest_since);
            say(&format!("    held: {} removals since {since}, because {}", grouped(held.count), held.reason));
            say(&format!("      such as {names}"));
            say(&format!(
                "      when they are really gone: xtream-sync sync {id} --accept-removals --only {}",
                kind.kind
            ));
        }
    }
    for record in runs.first().map(|run| run.kinds.as_slice()).unwrap_or_default() {
        if let Some(error) = &record.error {
            say(&format!("  {}: {}", record.kind, clean(&error.message)));
        }
    }
}

fn as_object(profile: &ProfileRow, status: &ContentStatus, runs: &[RunRecord]) -> String {
    let kinds: serde_json::Map<_, _> = status
        .kinds
        .iter()
        .map(|kind| {
            let held: Vec<_> = kind
                .held
                .iter()
                .map(|held| {
                    json!({"reason": held.reason.as_str(), "count": held.count, "since": held.oldest_since, "examples": held.examples})
                })
                .collect();
            (kind.kind.to_string(), json!({"items": kind.rows, "last_sync": kind.last_sync, "held": held}))
        })
        .collect();
    let account = status.account.as_ref().map(
        |account| json!({"status": account.status, "expires_at": account.expires_at, "checked_at": account.checked_at}),
    );
    let runs: Vec<_> = runs.iter().map(run_object).collect();
    let object = json!({
        "profile": profile.id.as_str(),
        "url": profile.base_url,
        "status": status.sync_status.map(sync_core::RunStatus::as_str),
        "message": status.message,
        "kinds": kinds,
        "account": account,
        "runs": runs,
    });
    object.to_string()
}

fn run_object(run: &RunRecord) -> serde_json::Value {
    let kinds: serde_json::Map<_, _> = run
        .kinds
        .iter()
        .map(|record: &KindRecord| {
            let kind = serde_json::to_value(Kind::from(record)).unwrap_or_default();
            (record.kind.to_string(), kind)
        })
        .collect();
    json!({
        "run": run.run.0,
        "status": run.status.as_str(),
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "kinds": kinds,
    })
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A day and a time of it, in UTC.
fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |instant| instant.format("%Y-%m-%d %H:%M UTC").to_string())
}
