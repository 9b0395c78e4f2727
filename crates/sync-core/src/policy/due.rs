//! The time of the next sync of a kind, and the reason for it.
//!
//! A decision depends only on settings, learnt facts and the history of runs. All of these are in the store, so a
//! restart changes no decision, and a status can show it.

use std::fmt;

use super::auto::settings::AutoSettings;
use super::auto::{Learnt, Look, next_looks};
use super::history::{FailedAttempt, KindHistory};
use super::pause::{self, ENDED_PAUSE};
use super::schedule::Schedule;
use super::zone::{PanelZone, TimeZone};
use crate::error::{ErrorClass, ErrorCode};
use crate::facts::PanelFacts;
use crate::model::{ContentKind, PerKind};
use crate::ports::profiles::Profile;
use crate::rate::deadline::retry_after;

/// A time that is so many seconds in the future was written while the clock was wrong. It is no evidence.
const CLOCK_WAS_WRONG: i64 = 3600;

const DAY: i64 = 86_400;

/// The seconds after which the panel is asked again for a kind that it doesn't offer.
const NOT_OFFERED_PAUSE: i64 = DAY;

/// The time, and the rules for local times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallTime {
    /// The time of day, in unix seconds.
    pub now: i64,
    /// The time zone of the machine.
    pub zone: TimeZone,
}

/// The next sync of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The time at which it is due, in unix seconds; `None` if the kind isn't synced by itself. A time in the past is
    /// due now.
    pub at: Option<i64>,
    /// The reason for this time.
    pub why: Why,
}

/// The reason why a kind is synced at a time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// The kind is switched off.
    KindOff,
    /// The schedule is `off`, or the columns of an application switch it off.
    ScheduleOff,
    /// The profile has no address or no user name. It is filled by change sets only.
    NoLogin,
    /// The kind was never synced.
    NeverSynced,
    /// The schedule has this time.
    Schedule(Schedule),
    /// The time follows from what was learnt of the panel.
    Learnt(Learnt),
    /// The kind would be due in the quiet hours.
    QuietHours,
    /// The panel couldn't be reached, for this number of times in a row.
    PanelDown(u32),
    /// The panel's answer couldn't be used, for this number of times in a row.
    AnswerUnusable(u32),
    /// The panel refuses the login.
    LoginRefused,
    /// The account has ended, or is locked.
    AccountEnded,
    /// The panel doesn't offer the kind.
    NotOffered,
    /// The list was too slow for its deadline, for this number of times within a day.
    TooSlow(u32),
    /// Runs ended without a result, for this number of times in a row.
    Interrupted(u32),
    /// There was another failure, for this number of times in a row.
    Failed(u32),
    /// The account has used up its requests of the day. The value is their number.
    BudgetUsed(u64),
}

impl Next {
    /// Returns whether the kind is due.
    pub fn is_due(&self, now: i64) -> bool {
        self.at.is_some_and(|at| at <= now)
    }
}

impl Why {
    /// Returns a stable name, as metrics and logs use it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KindOff => "kind_off",
            Self::ScheduleOff => "schedule_off",
            Self::NoLogin => "no_login",
            Self::NeverSynced => "never_synced",
            Self::Schedule(_) => "schedule",
            Self::Learnt(_) => "learnt",
            Self::QuietHours => "quiet_hours",
            Self::PanelDown(_) => "panel_down",
            Self::AnswerUnusable(_) => "answer_unusable",
            Self::LoginRefused => "login_refused",
            Self::AccountEnded => "account_ended",
            Self::NotOffered => "not_offered",
            Self::TooSlow(_) => "too_slow",
            Self::Interrupted(_) => "interrupted",
            Self::Failed(_) => "failed",
            Self::BudgetUsed(_) => "budget_used",
        }
    }

    /// Returns whether the service waits longer than the schedule says.
    pub const fn is_pause(&self) -> bool {
        !matches!(
            self,
            Self::KindOff
                | Self::ScheduleOff
                | Self::NoLogin
                | Self::NeverSynced
                | Self::Schedule(_)
                | Self::Learnt(_)
                | Self::QuietHours
        )
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = |count: &u32| if *count == 1 { "once".to_owned() } else { format!("{count} times in a row") };
        match self {
            Self::KindOff => f.write_str("switched off"),
            Self::ScheduleOff => f.write_str("not synced by itself"),
            Self::NoLogin => f.write_str("without a login: only change sets fill it"),
            Self::NeverSynced => f.write_str("never synced"),
            Self::Schedule(schedule) => schedule.fmt(f),
            Self::Learnt(learnt) => learnt.fmt(f),
            Self::QuietHours => f.write_str("after the quiet hours"),
            Self::PanelDown(count) => write!(f, "the panel could not be reached {}", times(count)),
            Self::AnswerUnusable(count) => write!(f, "the panel's answer could not be used {}", times(count)),
            Self::LoginRefused => f.write_str("the panel refuses the login"),
            Self::AccountEnded => f.write_str("the account has ended or is locked"),
            Self::NotOffered => f.write_str("the panel doesn't offer this kind"),
            Self::TooSlow(1) => f.write_str("the list was too slow for its deadline"),
            Self::TooSlow(count) => write!(f, "the list was too slow for its deadline {count} times within a day"),
            Self::Interrupted(count) => write!(f, "the sync was interrupted {}", times(count)),
            Self::Failed(count) => write!(f, "the sync failed {}", times(count)),
            Self::BudgetUsed(budget) => write!(f, "the account has used up its {budget} requests of the day"),
        }
    }
}

/// Returns the time at which each kind of a profile is synced next. `schedule` takes the place of the profile's own
/// schedules.
///
/// The profile's history and facts decide, so every caller gets the same result. An explicit sync doesn't use this
/// function.
pub fn next(
    profile: &Profile,
    schedule: Option<&Schedule>,
    facts: &PanelFacts,
    history: &PerKind<KindHistory>,
    time: WallTime,
) -> PerKind<Next> {
    let schedules = PerKind::from_fn(|kind| schedule.cloned().unwrap_or_else(|| profile.schedules.of(kind)));
    let last = |kind| {
        let history: &KindHistory = &history[kind];
        let looked = history.listed_at.and(history.looked_at());
        looked.filter(|last| schedules[kind] == Schedule::Auto && *last >= 0 && !is_in_future(*last, time.now))
    };
    let looks = looks_by_auto(profile, facts, last, time);
    PerKind::from_fn(|kind| {
        if profile.kinds_off.contains(&kind) {
            return Next { at: None, why: Why::KindOff };
        }
        let schedule = &schedules[kind];
        let planned = match looks[kind] {
            Some((at, learnt)) => Next { at: Some(at), why: Why::Learnt(learnt) },
            None => scheduled(profile, schedule, &history[kind], time),
        };
        let next = after_pauses(planned, profile, schedule, facts, kind, &history[kind], time);
        outside_quiet_hours(next, profile, schedule, time)
    })
}

/// Returns the next look at each kind with the schedule `auto`, counted from the last look; `None` for other kinds.
fn looks_by_auto(
    profile: &Profile,
    facts: &PanelFacts,
    last: impl Fn(ContentKind) -> Option<i64>,
    time: WallTime,
) -> PerKind<Option<(i64, Learnt)>> {
    let looks = PerKind::from_fn(|kind| {
        let last = last(kind).filter(|_| !profile.kinds_off.contains(&kind))?;
        Some(Look { last, known: facts.kinds[kind].arrivals.as_ref() })
    });
    let zone = facts.zone.unwrap_or(PanelZone::UTC);
    next_looks(&profile.id, &profile.schedules.auto, &looks, zone, time.zone)
}

/// Moves a sync that would begin in the quiet hours to their end. The first sync of a kind is not moved. A cron
/// expression is not moved either, because somebody has chosen its times.
fn outside_quiet_hours(next: Next, profile: &Profile, schedule: &Schedule, time: WallTime) -> Next {
    let (Some(quiet), Some(at)) = (profile.schedules.auto.quiet, next.at) else { return next };
    if matches!(next.why, Why::NeverSynced) || matches!(schedule, Schedule::Cron(_)) {
        return next;
    }
    // Many machines must not come in the minute in which their quiet hours end.
    let after = |at| {
        let end = quiet.end(at, time.zone)?;
        Some(end.saturating_add(pause::part(pause::seed(&profile.id, end), pause::LONGEST_JITTER)))
    };
    let moved = after(at);
    let moved = if moved.unwrap_or(at) <= time.now { after(time.now).or(moved) } else { moved };
    match moved {
        Some(at) => Next { at: Some(at), why: if next.why.is_pause() { next.why } else { Why::QuietHours } },
        None => next,
    }
}

/// Returns the kinds that a run takes now: those that are due, and those that would be due within the next tenth of
/// their interval, or a quarter of an hour at most. Kinds that have separated after a failure thus come together again,
/// and the panel sees one login in place of several. The list is empty if no kind is due.
pub fn due_together(next: &PerKind<Next>, now: i64) -> Vec<ContentKind> {
    if !next.values().any(|next| next.is_due(now)) {
        return Vec::new();
    }
    let comes_along = |next: &Next| match &next.why {
        Why::Schedule(Schedule::Every(interval)) => {
            next.is_due(now.saturating_add(pause::most_jitter(interval.seconds())))
        }
        Why::Learnt(_) => next.is_due(now.saturating_add(pause::LONGEST_JITTER)),
        _ => false,
    };
    next.iter().filter(|(_, next)| next.is_due(now) || comes_along(next)).map(|(kind, _)| kind).collect()
}

/// Returns the latest time at which the service looks at each kind again if it does so now, in unix seconds; `None` if
/// it never does. `schedule` takes the place of the profile's own schedules.
pub fn looks_after_now(
    profile: &Profile,
    schedule: Option<&Schedule>,
    facts: &PanelFacts,
    time: WallTime,
) -> PerKind<Option<i64>> {
    let schedules = PerKind::from_fn(|kind| schedule.cloned().unwrap_or_else(|| profile.schedules.of(kind)));
    let by_auto = looks_by_auto(profile, facts, |kind| (schedules[kind] == Schedule::Auto).then_some(time.now), time);
    PerKind::from_fn(|kind| {
        let (at, jitter) = match (&schedules[kind], by_auto[kind]) {
            (_, Some((at, _))) => (Some(at), pause::LONGEST_JITTER),
            (schedule @ Schedule::Every(interval), _) => {
                (schedule.due_after(time.now, time.zone), pause::most_jitter(interval.seconds()))
            }
            (schedule, _) => (schedule.due_after(time.now, time.zone), 0),
        };
        let at = at?.saturating_add(jitter);
        let quiet = profile.schedules.auto.quiet.filter(|_| !matches!(schedules[kind], Schedule::Cron(_)));
        let end = quiet.and_then(|quiet| quiet.end(at, time.zone));
        Some(end.map_or(at, |end| end.saturating_add(pause::LONGEST_JITTER)))
    })
}

/// Returns the greatest age at which a kind counts as current, in seconds: 36 hours or one and a half of its intervals,
/// whichever is longer.
///
/// The interval is the one that began with the last list, because a cron expression may leave out weekends. The
/// interval of `auto` is its longest one.
pub fn stale_after(schedule: &Schedule, settings: &AutoSettings, listed_at: Option<i64>, time: WallTime) -> i64 {
    const LEAST: i64 = 36 * 3600;
    let last = listed_at.unwrap_or(time.now);
    let interval = match schedule {
        Schedule::Auto => settings.longest.max(settings.shortest).seconds(),
        _ => schedule.due_after(last, time.zone).map_or(0, |due| due.saturating_sub(last)),
    };
    LEAST.max(interval.saturating_add(interval / 2))
}

/// Returns the next sync of a kind: at its time if failures and refusals allow it then, and otherwise after their
/// pause.
fn after_pauses(
    scheduled: Next,
    profile: &Profile,
    schedule: &Schedule,
    facts: &PanelFacts,
    kind: ContentKind,
    history: &KindHistory,
    time: WallTime,
) -> Next {
    let Some(due) = scheduled.at else { return scheduled };
    let pauses = [after_failures(profile, schedule, history, time), not_offered(facts, kind, history)];
    let refused = facts.unattended_not_before().zip(facts.refused_at).map(|(until, from)| Pause {
        from,
        until,
        why: Why::LoginRefused,
    });
    let pauses = pauses.into_iter().chain([refused]).flatten();
    let longest = pauses.filter(|pause| !is_in_future(pause.from, time.now)).max_by_key(|pause| pause.until);
    match longest.filter(|pause| pause.until > due) {
        Some(pause) => Next { at: Some(pause.until), why: pause.why },
        None => scheduled,
    }
}

/// Returns when a kind would be due if nothing had failed.
fn scheduled(profile: &Profile, schedule: &Schedule, history: &KindHistory, time: WallTime) -> Next {
    if *schedule == Schedule::Off {
        return Next { at: None, why: Why::ScheduleOff };
    }
    let Some(last) = history.listed_at.and(history.looked_at()) else {
        return Next { at: Some(time.now), why: Why::NeverSynced };
    };
    let why = Why::Schedule(schedule.clone());
    if is_in_future(last, time.now) {
        return Next { at: Some(time.now), why };
    }
    let jitter = match schedule {
        Schedule::Every(interval) => pause::jitter(interval.seconds(), pause::seed(&profile.id, last)),
        Schedule::Cron(_) | Schedule::Auto | Schedule::Off => 0,
    };
    Next { at: schedule.due_after(last, time.zone).map(|at| at.saturating_add(jitter)), why }
}

/// A time in which a kind is left alone.
struct Pause {
    /// The time of the event that caused the pause.
    from: i64,
    until: i64,
    why: Why,
}

fn after_failures(profile: &Profile, schedule: &Schedule, history: &KindHistory, time: WallTime) -> Option<Pause> {
    // The service knows itself when a store fails, and such a failure has nothing to do with the panel.
    let is_local = |failed: &&FailedAttempt| {
        use ErrorClass::{Busy, Cancelled, NewerCache, Store};
        matches!(failed.class(), Some(Store | NewerCache | Busy | Cancelled))
    };
    let failures: Vec<_> = history.failures.iter().filter(|failed| !is_local(failed)).collect();
    let last = failures.first()?;
    let count = u32::try_from(failures.len()).unwrap_or(u32::MAX);
    let why = match last.class() {
        Some(ErrorClass::Login) if last.code == Some(ErrorCode::AccountInactive) => {
            let until = last.at.saturating_add(ENDED_PAUSE);
            return Some(Pause { from: last.at, until, why: Why::AccountEnded });
        }
        // The facts have the length of this pause, and it ends when the login is changed.
        Some(ErrorClass::Login) => return None,
        Some(_) if last.is_too_slow() => return Some(too_slow(&history.failures)),
        Some(ErrorClass::Unreachable) => Why::PanelDown(count),
        Some(ErrorClass::Answer) => Why::AnswerUnusable(count),
        None => Why::Interrupted(count),
        Some(_) => Why::Failed(count),
    };
    let interval = schedule.usual_interval(time.now, time.zone).unwrap_or(i64::MAX);
    let pause = pause::after_failures(count, interval, pause::seed(&profile.id, last.at));
    Some(Pause { from: last.at, until: last.at.saturating_add(pause), why })
}

/// Returns the pause after a list that was too slow. Each attempt wastes the bytes that came, so there are only a few a
/// day.
fn too_slow(failures: &[FailedAttempt]) -> Pause {
    let from = failures.first().map_or(0, |last| last.at);
    let is_of_today = |failed: &&FailedAttempt| failed.is_too_slow() && from.saturating_sub(failed.at) < DAY;
    let stops = u32::try_from(failures.iter().filter(is_of_today).count()).unwrap_or(u32::MAX);
    let pause = retry_after(stops).map_or(DAY, |pause| i64::try_from(pause.as_secs()).unwrap_or(DAY));
    Pause { from, until: from.saturating_add(pause), why: Why::TooSlow(stops) }
}

fn not_offered(facts: &PanelFacts, kind: ContentKind, history: &KindHistory) -> Option<Pause> {
    let facts = &facts.kinds[kind];
    let enough = if history.listed_at.is_none() { 1 } else { 2 };
    let from = facts.not_offered_at.filter(|_| facts.not_offered >= enough)?;
    Some(Pause { from, until: from.saturating_add(NOT_OFFERED_PAUSE), why: Why::NotOffered })
}

fn is_in_future(time: i64, now: i64) -> bool {
    time > now.saturating_add(CLOCK_WAS_WRONG)
}

impl FailedAttempt {
    /// Returns the class of the error; `None` if the process ended.
    fn class(&self) -> Option<ErrorClass> {
        self.code.as_ref().map(ErrorCode::class)
    }

    /// Returns whether a list was stopped because it was too slow for its deadline.
    pub fn is_too_slow(&self) -> bool {
        self.code == Some(ErrorCode::TooSlow)
    }
}

#[cfg(test)]
mod tests;
