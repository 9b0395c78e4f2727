//! Finds what is wrong with a profile, for monitoring: its account, held removals, stale kinds, failing syncs.

use sync_core::catalogue::ContentStatus;
use sync_core::{AccountStatus, ContentKind, ErrorClass, ErrorCode, FailedAttempt, KindHistory};

use crate::watch::Upcoming;

/// Something that is wrong with a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The kind; `None` if it concerns the profile as a whole.
    pub kind: Option<ContentKind>,
    /// The problem.
    pub what: WhatIsWrong,
    /// The time since which the problem exists, in unix seconds; `None` if it is not known, or if there never was a
    /// sync.
    pub since: Option<i64>,
}

/// A problem that a profile can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhatIsWrong {
    /// The account has ended, or is locked.
    AccountEnded,
    /// The panel refuses the login.
    LoginRefused,
    /// Removals are held.
    Held,
    /// The last complete list is too long ago, or there never was one.
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

/// Returns the problems of a profile. A kind is stale from an age of `max_age` seconds on; without `max_age` each kind
/// has its own limit. Kinds that are switched off don't count, and kinds that the panel doesn't offer don't count.
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
            // The panel doesn't offer the kind, so no listing is expected.
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

/// Returns the time since which the account has ended: `None` if it has not ended, `Some(None)` if the time is not
/// known.
#[expect(clippy::option_option, reason = "that it has ended is known, and since when perhaps not")]
fn account_ended(upcoming: &Upcoming, status: &ContentStatus, now: i64) -> Option<Option<i64>> {
    let account = status.account.as_ref()?;
    if matches!(AccountStatus::from_word(&account.status), AccountStatus::Inactive(_)) {
        return Some(account.expires_at.filter(|at| *at <= now).or(account.checked_at));
    }
    let newest = upcoming.history.values().filter_map(|history| history.failures.first()).max_by_key(|it| it.at);
    let refused = newest.filter(|attempt| attempt.code == Some(ErrorCode::AccountInactive));
    // A panel may serve an account after its end.
    let served = |end: i64| upcoming.history.values().any(|history| history.listed_at.is_some_and(|at| at > end));
    let past = account.expires_at.filter(|end| *end <= now && !served(*end));
    past.or(refused.map(|attempt| attempt.at)).map(Some)
}

/// Returns the time since which attempts to sync a kind fail; `None` if they don't. A refused login is a problem of the
/// profile. A run that was cancelled, or that another run kept from beginning, is no problem.
fn failing_since(history: &KindHistory) -> Option<i64> {
    let counts = |attempt: &FailedAttempt| {
        let class = attempt.code.as_ref().map(ErrorCode::class);
        !matches!(class, Some(ErrorClass::Login | ErrorClass::Busy | ErrorClass::Cancelled))
    };
    history.failures.first().filter(|newest| counts(newest))?;
    history.failures.iter().filter(|attempt| counts(attempt)).map(|attempt| attempt.at).min()
}
