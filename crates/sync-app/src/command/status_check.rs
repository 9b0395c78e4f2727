//! The result of `status --check`, for monitoring.

use sync_core::Profile;
use sync_core::text::printable;
use sync_service::{Problem, WhatIsWrong};

use super::exit::Exit;
use super::terminal::{date, print_out};
use crate::json;

/// Returns the exit code that these problems ask for.
pub(crate) fn exit(problems: &[Problem]) -> Exit {
    let of = |problem: &Problem| match problem.what {
        WhatIsWrong::AccountEnded | WhatIsWrong::LoginRefused => Exit::Login,
        WhatIsWrong::Held => Exit::Held,
        _ => Exit::Partial,
    };
    problems.iter().map(of).fold(Exit::Done, Exit::or)
}

/// Prints a line per problem, or a line that says that there is no problem.
pub(crate) fn print(profile: &Profile, problems: &[Problem], now: i64) {
    let id = printable(profile.id.as_str());
    if problems.is_empty() {
        print_out(&format!("{id}: in order"));
    }
    for problem in problems {
        print_out(&format!("{id}: {}", words(profile, problem, now)));
    }
}

fn words(profile: &Profile, problem: &Problem, now: i64) -> String {
    let kind = problem.kind.map(|kind| format!("{kind}: ")).unwrap_or_default();
    let since = problem.since.map(|since| format!(" since {}", date(since.min(now)))).unwrap_or_default();
    let what = match problem.what {
        WhatIsWrong::AccountEnded => "the account has ended or is locked",
        WhatIsWrong::LoginRefused => "the panel refuses the login",
        WhatIsWrong::Held => "removals are held",
        WhatIsWrong::Stale if problem.since.is_none() && !profile.has_login() => "no change set was applied",
        WhatIsWrong::Stale if problem.since.is_none() => "never synced",
        WhatIsWrong::Stale => "stale",
        WhatIsWrong::Failing => "syncs fail",
        other => other.as_str(),
    };
    format!("{kind}{what}{since}")
}

/// Returns a problem as a member of `check`.
pub(crate) fn as_object(problem: &Problem) -> json::Problem<'static> {
    let kind = problem.kind.map(|kind| kind.as_str().into());
    json::Problem { kind, problem: problem.what.as_str().into(), since: problem.since }
}
