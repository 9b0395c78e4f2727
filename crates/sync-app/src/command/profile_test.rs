//! `profile test`: the panel's answer to the login of a profile.

use std::path::Path;

use sync_core::text::{one_line, printable};
use sync_core::{Account, Clock};
use sync_service::{KindTest, LoginState, LoginTest};

use super::args::TestArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::panel::Panels;
use super::terminal::{date, grouped, print_err, print_out};
use super::{hints, json, one_profile, wiring};
use crate::SystemClock;
use crate::json::{Kinds, LoginTest as TestLine, TestedAccount, TestedKind};

/// Tests the login of a profile.
pub(crate) async fn run(database: &Path, args: &TestArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, Some(&args.id))?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, Some(&args.id)).await?;
    let panels = Panels::new(&args.panel, interrupt);
    let tested = interrupt.token.run_until_cancelled(service.test_login(&profile, &panels)).await;
    let test = tested.ok_or_else(|| Failure::abandoned("nothing was written"))??;
    let address = test.address.as_deref();
    if args.json {
        json::print_out(&line(profile.id.as_str(), &test));
    } else {
        print_out(&format!("{}  {}", printable(profile.id.as_str()), printable(address.unwrap_or("(no address)"))));
        print_out(&format!("  login {}", test.login.as_str()));
        tell(&test);
    }
    print_err_of(&test);
    Ok(exit(&test))
}

/// Prints the panel's answer about the account and about each kind.
pub(crate) fn tell(test: &LoginTest) {
    let now = SystemClock::new().now();
    if let Some(account) = &test.account {
        print_out(&format!("  account {}", account_words(account, now)));
        if let Some(connections) = connection_words(account) {
            print_out(&format!("  {connections}"));
        }
    }
    if test.login == LoginState::Ok {
        for (kind, found) in test.kinds.iter() {
            print_out(&format!("  {:<9} {}", kind.as_str(), kind_words(*found)));
        }
    }
}

/// Prints to stderr what went wrong, and what a person should know.
pub(crate) fn print_err_of(test: &LoginTest) {
    for notice in &test.notices {
        print_err(&format!("warning: {}", one_line(notice)));
    }
    for error in &test.errors {
        print_err(&format!("error: {}", one_line(&error.to_string())));
        let hint = hints::of_error(error);
        if !hint.is_empty() {
            print_err(&format!("  hint: {hint}"));
        }
    }
}

/// Returns the exit code of a test.
pub(crate) fn exit(test: &LoginTest) -> Exit {
    test.errors.iter().fold(Exit::Done, |exit, error| exit.or(Exit::of_class(error.class())))
}

/// Returns the object of `--json`.
fn line<'a>(profile: &'a str, test: &'a LoginTest) -> TestLine<'a> {
    let account = test.account.as_ref().map(|account| TestedAccount {
        status: account.status.as_str().into(),
        expires_at: account.expires_at,
        active_connections: account.active_connections,
        max_connections: account.max_connections,
    });
    let kinds = Kinds::of(|kind| {
        let KindTest { offered, categories } = test.kinds[kind];
        TestedKind { offered, categories }
    });
    let address = test.address.as_deref().map(Into::into);
    TestLine { profile: profile.into(), address, login: test.login.as_str().into(), account, kinds }
}

fn account_words(account: &Account, now: i64) -> String {
    let end = match (account.expires_at, &account.unread_end) {
        (Some(end), _) => format!("{}, {}", ends(end, now), date(end)),
        (None, Some(text)) => format!("end not readable: `{}`", one_line(text)),
        (None, None) => "no end".to_owned(),
    };
    format!("{}, {end}", one_line(account.status.as_str()))
}

/// Returns how many connections the account uses and may use, if the panel says so.
fn connection_words(account: &Account) -> Option<String> {
    match (account.active_connections, account.max_connections) {
        (Some(active), Some(max)) => Some(format!("{active} of {max} connections in use")),
        (None, Some(max)) => Some(format!("{max} connections at most")),
        (Some(active), None) => Some(format!("{active} connections in use")),
        (None, None) => None,
    }
}

/// Returns in words how far away the end of an account is.
fn ends(end: i64, now: i64) -> String {
    const DAY: i64 = 86_400;
    let counted =
        |days: i64| if days == 1 { "1 day".to_owned() } else { format!("{} days", grouped(days.unsigned_abs())) };
    match end.saturating_sub(now) {
        left @ DAY.. => format!("ends in {}", counted(left / DAY)),
        1..DAY => "ends within a day".to_owned(),
        past => match past.saturating_neg() / DAY {
            0 => "ended within the last day".to_owned(),
            days => format!("ended {} ago", counted(days)),
        },
    }
}

fn kind_words(found: KindTest) -> String {
    match (found.offered, found.categories) {
        (_, Some(1)) => "1 category".to_owned(),
        (_, Some(number)) => format!("{} categories", grouped(number)),
        (Some(false), None) => "not offered by the panel".to_owned(),
        (_, None) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::AccountStatus;

    #[test]
    fn the_end_of_an_account_is_shown_with_the_days_left() {
        let now = 1_700_000_000;
        for (after, words) in [
            (86_400 * 4000 + 5, "ends in 4,000 days"),
            (86_400, "ends in 1 day"),
            (3600, "ends within a day"),
            (0, "ended within the last day"),
            (-86_400, "ended 1 day ago"),
            (-86_400 * 9, "ended 9 days ago"),
        ] {
            assert_eq!(ends(now + after, now), words);
        }
        assert!(ends(i64::MAX, -5).contains("days") && ends(i64::MIN, 5).contains("ago"));
    }

    #[test]
    fn the_known_facts_of_an_account_are_shown() {
        let account = |active, max| Account { active_connections: active, max_connections: max, ..Account::active() };
        for (account, words) in [
            (account(Some(1), Some(2)), Some("1 of 2 connections in use")),
            (account(None, Some(2)), Some("2 connections at most")),
            (account(Some(3), None), Some("3 connections in use")),
            (account(None, None), None),
        ] {
            assert_eq!(account_words(&account, 0), "Active, no end");
            assert_eq!(connection_words(&account).as_deref(), words);
        }
        let odd = Account {
            status: AccountStatus::Inactive("Ban\u{1b}[2Jned".to_owned()),
            unread_end: Some("in spring".to_owned()),
            ..Account::active()
        };
        let words = account_words(&odd, 0);
        assert!(!words.contains('\u{1b}') && words.ends_with("end not readable: `in spring`"), "{words}");
    }

    #[test]
    fn a_kind_is_shown_with_its_number_of_categories() {
        let kind = |offered, categories| kind_words(KindTest { offered, categories });
        assert_eq!(kind(Some(true), Some(1234)), "1,234 categories");
        assert_eq!(kind(Some(true), Some(1)), "1 category");
        assert_eq!(kind(Some(false), None), "not offered by the panel");
        assert_eq!(kind(None, None), "unknown");
    }
}
