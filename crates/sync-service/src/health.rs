//! What is wrong with a profile, for monitoring: its account, held removals, stale kinds, failing syncs.

use sync_core::catalogue::ContentStatus;
use sync_core::{AccountStatus, ContentKind, ErrorClass, ErrorCode, FailedAttempt, KindHistory};

use crate::watch::Upcoming;

/// Something that is wrong with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The kind; `None` if it concerns the profile as a whole.
    pub kind: Option<ContentKind>,
    /// What it is.
    pub what: WhatIsWrong,
    /// Since when, in unix seconds; `None` if that is not known, or if there never was a sync.
    pub since: Option<i64>,
}

/// What can be wrong with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhatIsWrong {
    /// The account has ended, or is locked.
    AccountEnded,
    /// The panel refuses the login.
    LoginRefused,
    /// Removals are held.
    Held,
    /// There was no complete list for too long, or never.
    Stale,
    /// The last attempt to sync has failed.
    Failing,
}

impl WhatIsWrong {
    /// Returns the name used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountEnded => "account_ended",
            Self::LoginRefused => "login_refused",
            Self::Held => "held",
            Self::Stale => "stale",
            Self::Failing => "failing",
        }
    }
}

/// Returns what is wrong with a profile. `max_age` is the age in seconds from which on a kind is stale; without it each
/// kind has its own. Kinds that are switched off don't count, and neither do those that the panel doesn't offer.
pub fn problems(upcoming: &Upcoming, status: &ContentStatus, max_age: Option<i64>, now: i64) -> Vec<Problem> {
    let mut problems = Vec::new();
    let of_profile = |what, since| Problem { kind: None, what, since };
    if let Some(since) = account_ended(upcoming, status, now) {
        problems.push(of_profile(WhatIsWrong::AccountEnded, since));
    } else if upcoming.facts.refusals > 0 {
        problems.push(of_profile(WhatIsWrong::LoginRefused, upcoming.facts.refused_at));
    }
    for kind in ContentKind::ALL {
        let Some(own) = upcoming.stale_after(kind) else { continue };
        let mut add = |what, since| problems.push(Problem { kind: Some(kind), what, since });
        if upcoming.held[kind] > 0 {
            add(WhatIsWrong::Held, status.kinds[kind].held.iter().map(|group| group.oldest_since).min());
        }
        let history = &upcoming.history[kind];
        let limit = max_age.unwrap_or(own);
        match history.listed_at {
            // Nothing can be expected of it.
            None if upcoming.facts.kinds[kind].not_offered > 0 => continue,
            None => add(WhatIsWrong::Stale, None),
            Some(at) if now.saturating_sub(at) > limit => add(WhatIsWrong::Stale, Some(at.saturating_add(limit))),
            Some(_) => {}
        }
        if let Some(since) = failing_since(history) {
            add(WhatIsWrong::Failing, Some(since));
        }
    }
    problems
}

/// Returns since when the account has ended; `None` if it has not.
#[expect(clippy::option_option, reason = "that it has ended is known, and since when perhaps not")]
fn account_ended(upcoming: &Upcoming, status: &ContentStatus, now: i64) -> Option<Option<i64>> {
    let account = status.account.as_ref()?;
    if matches!(AccountStatus::from_word(&account.status), AccountStatus::Inactive(_)) {
        return Some(account.expires_at.filter(|at| *at <= now).or(account.checked_at));
    }
    let newest = upcoming.history.values().filter_map(|history| history.failures.first()).max_by_key(|it| it.at);
    let refused = newest.filter(|attempt| attempt.code == Some(ErrorCode::AccountInactive));
    // A panel may serve an account beyond its end.
    let served = |end: i64| upcoming.history.values().any(|history| history.listed_at.is_some_and(|at| at > end));
    let past = account.expires_at.filter(|end| *end <= now && !served(*end));
    past.or(refused.map(|attempt| attempt.at)).map(Some)
}

/// Returns since when attempts to sync a kind fail. A refused login is a problem of the profile, and a run that somebody
/// else held or ended is none.
fn failing_since(history: &KindHistory) -> Option<i64> {
    let counts = |attempt: &FailedAttempt| {
        let class = attempt.code.as_ref().map(ErrorCode::class);
        !matches!(class, Some(ErrorClass::Login | ErrorClass::Busy | ErrorClass::Cancelled))
    };
    history.failures.first().filter(|newest| counts(newest))?;
    history.failures.iter().filter(|attempt| counts(attempt)).map(|attempt| attempt.at).min()
}
