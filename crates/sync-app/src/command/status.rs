//! `status`.

use std::path::Path;

use sync_core::Profile;
use sync_core::catalogue::{AccountStanding, ContentStatus, HeldGroup};
use sync_core::text::{one_line, printable};
use sync_core::{Clock, ContentKind, FactRow, Next, ProfileId, WallTime};
use sync_core::{Feed, RunRecord};

use sync_service::watch::Upcoming;
use sync_service::{Problem, problems};

use super::args::StatusArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::held::{self, Releases};
use super::json;
use super::terminal::{date, grouped, print_out};
use super::waiting::Waiting;
use super::{first_steps, follower, learnt, pace, status_check, wiring};
use crate::json::{
    AccountState, Fact, FeedRange, HeldGroup as HeldLine, Kind, Kinds, LastRun, NextSync, Status, StatusOfKind,
};
use crate::{SyncError, SystemClock};

/// The number of runs that are shown.
const RUNS: u32 = 5;

/// Shows the status of one profile or of all, or says what is wrong with them.
pub(crate) async fn run(database: &Path, args: &StatusArgs) -> Result<Exit, Failure> {
    let (id, as_json) = (args.id.as_deref(), args.json);
    let Some(store) = wiring::existing(database)? else {
        if let Some(id) = id {
            return Err(Failure::unknown_profile(id));
        }
        if !as_json {
            first_steps::print();
        }
        return Ok(Exit::Done);
    };
    let profiles = match id {
        None => {
            let all = store.profiles().await?;
            if all.is_empty() && !as_json {
                first_steps::print();
            }
            all
        }
        Some(text) => {
            let id = ProfileId::new(text).map_err(SyncError::from)?;
            vec![store.profile(&id).await?.ok_or_else(|| Failure::unknown_profile(text))?]
        }
    };
    let service = wiring::service(&store);
    let now = SystemClock::new().now();
    let mut exit = Exit::Done;
    for profile in profiles {
        let (status, runs) = (store.content_status(&profile.id).await?, store.runs(&profile.id, RUNS).await?);
        let feed = store.feed(&profile.id).await?;
        let upcoming = service.upcoming(profile, WallTime { now, zone: crate::zone_of_machine() }).await?;
        let waiting = Waiting::of(&service, &upcoming.profile).await?;
        let problems = args.check.then(|| problems(&upcoming, &status, args.max_age, now));
        if as_json {
            let mut object = as_object(&upcoming, &status, &runs, &feed, problems.as_deref());
            object.conflicts = Some(waiting.open());
            json::print_out(&object);
        } else if let Some(problems) = &problems {
            status_check::print(&upcoming.profile, problems, now);
        } else {
            print(&upcoming, &status, &runs, &waiting);
        }
        exit = exit.or(status_check::exit(problems.as_deref().unwrap_or_default()));
    }
    Ok(exit)
}

fn print(upcoming: &Upcoming, status: &ContentStatus, runs: &[RunRecord], waiting: &Waiting) {
    let profile = &upcoming.profile;
    let now = SystemClock::new().now();
    let id = printable(profile.id.as_str());
    print_out(&format!("{id}  {}", printable(address(profile, status, now).unwrap_or("(no address)"))));
    match runs.first() {
        None if !profile.has_login() => {
            print_out(&format!("  nothing was applied yet; change sets fill it: {}", follower::apply(&profile.id)));
        }
        None => print_out("  never synced"),
        Some(run) => {
            let when = ago(now - run.finished_at.unwrap_or(run.started_at));
            let began = if run.finished_at.is_some() { "" } else { "began " };
            print_out(&format!("  last run {}, {began}{when} ago", run.status));
        }
    }
    if let Some(account) = &status.account {
        let end = end(account.expires_at, status.facts.account_end.as_deref());
        print_out(&format!("  account {}, {end}", one_line(&account.status)));
    }
    for kind in status.kinds.values() {
        let last = kind
            .last_sync
            .map_or_else(|| never(profile).to_owned(), |at| format!("as of {} (panel's clock)", date(at)));
        let off = if profile.kinds_off.contains(&kind.kind) { ", switched off" } else { "" };
        print_out(&format!("  {:<9} {:>9} items, {last}{off}", kind.kind.as_str(), grouped(kind.rows)));
        if let Some(at) = upcoming.history[kind.kind].probed_at {
            print_out(&format!("    a probe saw nothing new on {}; the list is older", date(at)));
        }
        if !says_enough(upcoming, kind.kind) {
            print_out(&format!("    {}", next_words(&upcoming.next[kind.kind], now)));
        }
        if let Some(since) = kind.doubted_since {
            let found = format!("a check on {} found inconsistencies", date(since));
            let repair = if profile.has_login() {
                "the next sync compares every item and repairs it".to_owned()
            } else {
                format!("{} repair it", follower::renew(&profile.id))
            };
            print_out(&format!("    marked: {found}; {repair}"));
        }
        for group in &kind.held {
            for (at, line) in held::paragraph(profile, kind.kind, group).into_iter().enumerate() {
                print_out(&format!("    {}{line}", if at == 0 { "held: " } else { "" }));
            }
        }
    }
    for sentence in waiting.sentences(profile) {
        print_out(&format!("  {sentence}"));
    }
    for sentence in learnt::sentences(&status.facts, now) {
        print_out(&format!("  learnt: {sentence}"));
    }
    for sentence in pace::sentences(profile, upcoming.pace.as_ref(), now) {
        print_out(&format!("  {sentence}"));
    }
    for record in runs.first().map(|run| run.kinds.as_slice()).unwrap_or_default() {
        if let Some(error) = &record.error {
            print_out(&format!("  error: {}: {}", record.kind, one_line(&error.message)));
        }
    }
}

/// Returns whether the next sync of a kind needs no words, because the kind's line says already that it is switched
/// off.
fn says_enough(upcoming: &Upcoming, kind: ContentKind) -> bool {
    upcoming.profile.kinds_off.contains(&kind)
}

/// Returns the words for a kind that was never listed.
const fn never(profile: &Profile) -> &'static str {
    if profile.has_login() { "never synced" } else { "never applied" }
}

/// Returns in words when a kind is synced next, and why then.
fn next_words(next: &Next, now: i64) -> String {
    let why = &next.why;
    match next.at {
        None => why.to_string(),
        Some(at) if at <= now => format!("due now, {why}"),
        Some(at) if why.is_pause() => format!("next {}, because {why}", date(at)),
        Some(at) => format!("next {}, {why}", date(at)),
    }
}

/// Returns the address that the next sync asks first.
fn address<'a>(profile: &'a Profile, status: &'a ContentStatus, now: i64) -> Option<&'a str> {
    status.facts.addresses_to_try(&profile.addresses(), now).first().copied()
}

/// Returns the end of an account in words, or the panel's text if it is not a date.
fn end(expires_at: Option<i64>, unread: Option<&str>) -> String {
    match (expires_at, unread) {
        (Some(end), _) => format!("ends {}", date(end)),
        (None, Some(text)) => format!("end not readable: `{}`", one_line(text)),
        (None, None) => "no end".to_owned(),
    }
}

fn as_object<'a>(
    upcoming: &'a Upcoming,
    status: &'a ContentStatus,
    runs: &'a [RunRecord],
    feed: &Feed,
    problems: Option<&[Problem]>,
) -> Status<'a> {
    let (profile, now) = (&upcoming.profile, SystemClock::new().now());
    Status {
        account: status.account.as_ref().map(|account| account_object(status, account)),
        address: address(profile, status, now).map(Into::into),
        check: problems.map(|problems| problems.iter().map(status_check::as_object).collect()),
        conflicts: None,
        details: None,
        feed: FeedRange { epoch: feed.epoch, newest: feed.newest, oldest: feed.oldest },
        further_urls: profile.further_addresses.iter().map(Into::into).collect(),
        kinds: Kinds::of(|kind| kind_object(upcoming, status, kind)),
        learnt: status.facts.rows().into_iter().map(fact_object).collect(),
        message: status.message.as_deref().map(Into::into),
        pace: pace::as_object(profile, upcoming.pace.as_ref(), now),
        profile: profile.id.as_str().into(),
        runs: runs.iter().map(run_object).collect(),
        schedule: Kinds::of(|kind| {
            let next = &upcoming.next[kind];
            NextSync { next: next.at, why: next.why.to_string().into() }
        }),
        status: status.sync_status.map(|status| status.as_str().into()),
        url: profile.base_url.as_deref().map(Into::into),
    }
}

fn account_object<'a>(status: &'a ContentStatus, account: &'a AccountStanding) -> AccountState<'a> {
    let unread = status.facts.account_end.as_deref().filter(|_| account.expires_at.is_none());
    AccountState {
        checked_at: account.checked_at,
        expires_at: account.expires_at,
        status: account.status.as_str().into(),
        unread_end: unread.map(Into::into),
    }
}

fn kind_object<'a>(upcoming: &Upcoming, status: &'a ContentStatus, kind: ContentKind) -> StatusOfKind<'a> {
    let (columns, keys) = status.facts.kinds[kind].fields.volatile(kind);
    let keys = keys.into_iter().map(|key| format!("extra.{key}").into());
    let state = &status.kinds[kind];
    StatusOfKind {
        doubted_since: state.doubted_since,
        held: state.held.iter().map(held_object).collect(),
        items: state.rows,
        last_sync: state.last_sync,
        probed_at: upcoming.history[kind].probed_at,
        switched_off: upcoming.profile.kinds_off.contains(&kind),
        volatile: columns.into_iter().map(Into::into).chain(keys).collect(),
    }
}

fn fact_object(fact: FactRow) -> Fact<'static> {
    Fact { kind: fact.kind.map(|kind| kind.as_str().into()), name: fact.name.into(), value: fact.value.into() }
}

fn held_object(held: &HeldGroup) -> HeldLine<'_> {
    HeldLine {
        count: held.count,
        evidence_since: held.evidence_since,
        examples: held.examples.iter().map(Into::into).collect(),
        listings: held.listings,
        reason: held.reason.as_str().into(),
        releases: Releases::of(held.reason).as_str().into(),
        since: held.oldest_since,
    }
}

fn run_object(run: &RunRecord) -> LastRun<'_> {
    LastRun {
        finished_at: run.finished_at,
        kinds: run.kinds.iter().map(|record| (record.kind.as_str(), Kind::from(record))).collect(),
        run: run.run.0,
        started_at: run.started_at,
        status: run.status.as_str().into(),
    }
}

fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use sync_core::{Next, Why};

    use super::{end, next_words};

    #[test]
    fn the_next_sync_is_shown_with_its_reason() {
        let every = || Why::Schedule("every 6h".parse().unwrap());
        for (at, why, words) in [
            (Some(7200), every(), "next 1970-01-01 02:00 UTC, every 6h"),
            (Some(3600), every(), "due now, every 6h"),
            (Some(3600), Why::NeverSynced, "due now, never synced"),
            (None, Why::ScheduleOff, "not synced by itself"),
            (
                Some(7200),
                Why::PanelDown(3),
                "next 1970-01-01 02:00 UTC, because the panel could not be reached 3 times in a row",
            ),
        ] {
            assert_eq!(next_words(&Next { at, why }, 3600), words);
        }
    }

    #[test]
    fn field_18_an_unreadable_end_is_not_shown_as_no_end() {
        assert_eq!(end(Some(0), None), "ends 1970-01-01 00:00 UTC");
        assert_eq!(end(None, Some("12/11/2027\u{1b}")), "end not readable: `12/11/2027`");
        assert_eq!(end(None, None), "no end");
    }
}
