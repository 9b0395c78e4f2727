//! The account: the answer to a request without action.

use sync_core::policy::zone::PanelZone;
use sync_core::source::AnswerFault;
use sync_core::{Account, AccountStatus, timestamp};

use crate::wire::charset::Charset;
use crate::wire::json::{Json, document};
use crate::wire::{Fault, shorten};
use crate::words::{Message, Quote};

/// The greatest length of an operator's message that is read, in characters. A shorter text is shown, after the
/// credentials are removed.
const MESSAGE_MAX: usize = 1200;

/// The greatest length of an unreadable end that is kept, in characters.
const END_MAX: usize = 600;

/// The greatest length of the word for an account's state that is read, in characters.
const STATUS_MAX: usize = 600;

/// The greatest distance of a time zone from UTC, in seconds.
const ZONE_MAX: i64 = 14 * 3600;

/// Reads an account. `date` is that of the answer's head, for panels that don't tell the time. `now` is our own time,
/// for answers without both.
pub(crate) fn read(body: &[u8], charset: Charset, date: Option<i64>, now: i64) -> Result<Account, Fault> {
    let answer = document(body, charset)?;
    let Some(user) = answer.get("user_info").filter(|user| matches!(user, Json::Object(_))) else {
        return Err(no_account(&answer));
    };
    let message = user.get("message").and_then(Json::as_text).and_then(|text| printable(&text, MESSAGE_MAX));
    let clock = Clock::new(answer.get("server_info"), date);
    let status = user.get("status").and_then(Json::as_text).and_then(|word| printable(&word, STATUS_MAX));
    let status = status.map_or(AccountStatus::Active, |word| AccountStatus::from_word(&word));
    let (expires_at, unread_end) = end(user.get("exp_date"), clock.zone);
    if user.get("auth").is_some_and(Json::is_false) {
        let end = expires_at.filter(|end| *end <= clock.now.unwrap_or(now));
        return Err(refused(&status, end, message));
    }
    Ok(Account {
        status,
        expires_at,
        unread_end,
        panel_time: clock.now,
        zone: clock.told_zone,
        max_connections: user.get("max_connections").and_then(Json::as_integer),
        message,
        active_connections: user.get("active_cons").and_then(Json::as_integer),
    })
}

/// Returns the end of the account in unix seconds, or the panel's words if they can't be read. Returns neither for an
/// account without an end.
fn end(value: Option<&Json>, zone: i32) -> (Option<i64>, Option<String>) {
    let Some(value) = value.filter(|value| !value.is_empty() && !matches!(value, Json::Bool(_))) else {
        return (None, None);
    };
    // PHP writes its dates as objects.
    let value = value.get("date").unwrap_or(value);
    let Some(text) = value.as_text() else { return (None, Some("neither a text nor a number".to_owned())) };
    match timestamp::read(&text, zone) {
        Some(end) => (Some(end), None),
        None if is_never(&text) => (None, None),
        None => (None, printable(&text, END_MAX)),
    }
}

/// Returns whether a text says that an account has no end, or says nothing about it.
fn is_never(text: &str) -> bool {
    const NEVER: [&str; 12] =
        ["null", "nil", "none", "n/a", "na", "never", "no", "false", "unlimited", "lifetime", "undefined", "nan"];
    let text = text.trim();
    let digits = || text.chars().filter(char::is_ascii_digit);
    let words = text.chars().any(char::is_alphabetic);
    NEVER.iter().any(|never| text.eq_ignore_ascii_case(never))
        // `0000-00-00`, `0.0`, `-`, and negative numbers.
        || (!words && digits().all(|digit| digit == '0'))
        || text.parse::<f64>().is_ok_and(|number| number <= 0.0)
}

/// Returns the error for an answer without an account.
fn no_account(answer: &Json) -> Fault {
    match answer {
        Json::Object(_) if answer.get("auth").is_some_and(Json::is_false) => {
            Fault::refused("it doesn't accept user name and password")
        }
        Json::Object(_) => Fault::new(AnswerFault::ErrorObject, "the answer to the login is an object without account"),
        other => Fault::not_an_object(other),
    }
}

/// Returns the error for a refused login. A panel that knows the account's state or its end has accepted user name and
/// password. `end` is the time at which the account ended.
fn refused(status: &AccountStatus, end: Option<i64>, message: Option<String>) -> Fault {
    let word = match status {
        AccountStatus::Inactive(word) => Some(Quote::new(word.as_str())),
        AccountStatus::Active | AccountStatus::Other(_) => None,
    };
    let said = match (end, word) {
        (None, None) => {
            let unsaid = || Message::from("it doesn't accept user name and password");
            return Fault::refused(message.map_or_else(unsaid, |message| Quote::new(message).into()));
        }
        (Some(end), None) => Message::from(format!("the account ended on {}", day(end))),
        (Some(end), Some(word)) => {
            let ended = format!("the account ended on {}, and the panel calls it `", day(end));
            Message::from(ended).quoting(word).and("`")
        }
        (None, Some(word)) => Message::from("the panel calls the account `").quoting(word).and("`"),
    };
    Fault::refused_by_state(match message {
        Some(message) => said.and(" (").quoting(Quote::new(message)).and(")"),
        None => said,
    })
}

/// Returns a day in the past, such as `01 Jan 2020`.
fn day(at: i64) -> String {
    let since = std::time::Duration::from_secs(u64::try_from(at).unwrap_or_default());
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + since);
    date.split_once(", ").and_then(|(_, rest)| rest.get(..11)).unwrap_or_default().to_owned()
}

/// The panel's clock, and the offset of its own time zone from UTC, in seconds.
#[derive(Debug, PartialEq, Eq)]
struct Clock {
    now: Option<i64>,
    zone: i32,
    /// The zone, if both of the panel's clocks tell it.
    told_zone: Option<PanelZone>,
}

impl Clock {
    /// Uses `timestamp_now`, else the date of the head, else `time_now` if its zone is UTC. The zone is derived from
    /// the difference to `time_now`, because the names of zones are often wrong.
    fn new(server: Option<&Json>, date: Option<i64>) -> Self {
        let text = |key| server.and_then(|server| server.get(key)).and_then(Json::as_text);
        let told = text("timestamp_now").and_then(|text| timestamp::read(&text, 0)).or(date);
        let local = text("time_now").and_then(|text| timestamp::read(&text, 0));
        let Some(now) = told else {
            let utc = |zone: String| ["UTC", "GMT", "Etc/UTC"].iter().any(|name| zone.eq_ignore_ascii_case(name));
            return Self { now: local.filter(|_| text("timezone").is_some_and(utc)), zone: 0, told_zone: None };
        };
        let ahead = local.and_then(|local| local.checked_sub(now)).unwrap_or(0);
        // Zones are whole quarters of an hour. The rest is the time between the two readings.
        let zone = (ahead + 450).div_euclid(900) * 900;
        let zone = i32::try_from(zone).ok().filter(|_| ahead.abs() <= ZONE_MAX);
        let told_zone = local.and(zone).map(|ahead| PanelZone::told(text("timezone").as_deref(), ahead, now));
        Self { now: told, zone: zone.unwrap_or(0), told_zone }
    }
}

/// Returns a text of the panel on one line, without characters that could control a terminal, or `None` if it is empty
/// then.
fn printable(text: &str, max: usize) -> Option<String> {
    let line = shorten(text, max);
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_795_935_875;

    fn read(body: &[u8], date: Option<i64>, now: i64) -> Result<Account, Fault> {
        super::read(body, Charset::default(), date, now)
    }

    fn of(user: &Value) -> Account {
        let answer = json!({"user_info": user, "server_info": {"timestamp_now": 1_700_000_000}});
        read(answer.to_string().as_bytes(), None, NOW).unwrap()
    }

    fn fault_of(body: &str) -> AnswerFault {
        read(body.as_bytes(), None, NOW).unwrap_err().what
    }

    #[test]
    fn a_state_is_active_unless_it_says_otherwise() {
        for active in [json!("Active"), json!("ACTIVE"), json!(""), json!(null), json!(" active\n")] {
            assert_eq!(of(&json!({"auth": 1, "status": active})).status, AccountStatus::Active, "{active}");
        }
        assert_eq!(of(&json!({})).status, AccountStatus::Active);
        for word in ["Expired", "BANNED", "Disabled"] {
            assert_eq!(of(&json!({"status": word})).status, AccountStatus::Inactive(word.to_owned()));
        }
        for word in ["Trial", "паузa"] {
            assert_eq!(of(&json!({"auth": 1, "status": word})).status, AccountStatus::Other(word.to_owned()));
        }
    }

    #[test]
    fn the_end_is_read_in_every_form() {
        for never in [json!(null), json!(""), json!("0"), json!(0), json!("N/A"), json!([]), json!({})] {
            assert_eq!(of(&json!({"exp_date": never})).expires_at, None, "{never}");
        }
        for end in
            [json!(1_800_000_000), json!("1800000000"), json!("2027-01-15T08:00:00Z"), json!("2027-01-15 08:00:00")]
        {
            assert_eq!(of(&json!({"exp_date": end})).expires_at, Some(1_800_000_000), "{end}");
        }
    }

    #[test]
    fn field_18_an_end_is_read_or_kept_in_the_panels_words() {
        let end = |value: Value| {
            let account = of(&json!({"exp_date": value}));
            (account.expires_at, account.unread_end)
        };
        for never in
            [json!("never"), json!("Unlimited"), json!("0000-00-00 00:00:00"), json!(-1), json!("-"), json!(false)]
        {
            assert_eq!(end(never.clone()), (None, None), "{never}");
        }
        let day = Some(1_830_211_200);
        for read in [json!("31.12.2027"), json!("12/31/2027"), json!("December 31, 2027"), json!(20_271_231)] {
            assert_eq!(end(read.clone()), (day, None), "{read}");
        }
        let php = json!({"date": "2027-12-31 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"});
        assert_eq!(end(php), (day, None));
        for unread in ["12/11/2027", "31.12.27", "Unbegrenzt", "in \u{1b}spring"] {
            let shown = unread.replace('\u{1b}', "");
            assert_eq!(end(json!(unread)), (None, Some(shown)), "{unread}");
        }
        assert_eq!(end(json!({"x": 1})), (None, Some("neither a text nor a number".to_owned())));
        assert_eq!(end(json!("x".repeat(5000))).1.unwrap().chars().count(), END_MAX + 1);
    }

    #[test]
    fn the_other_fields_are_read_leniently() {
        let account = of(
            &json!({"auth": "1", "max_connections": "2", "active_cons": "1", "message": " Hello\r\n\u{1b}[31mthere\u{202e} "}),
        );
        assert_eq!((account.active_connections, account.max_connections), (Some(1), Some(2)));
        assert_eq!(account.message.as_deref(), Some("Hello [31mthere"));
        assert_eq!(account.panel_time, Some(1_700_000_000));
        let account = of(&json!({"max_connections": "N/A", "message": ""}));
        assert_eq!((account.max_connections, account.message), (None, None));
        assert_eq!(of(&json!({"message": "x".repeat(5000)})).message, Some("x".repeat(MESSAGE_MAX) + "…"));
    }

    #[test]
    fn a_refusal_has_the_panels_words() {
        for auth in [json!(0), json!("0"), json!(false)] {
            let body = json!({"user_info": {"auth": auth, "message": "go\naway"}}).to_string();
            let fault = read(body.as_bytes(), None, NOW).unwrap_err();
            assert!(fault.refused, "{auth}");
            assert_eq!(fault.message.as_it_came(), "go away");
        }
        assert!(read(br#"{"user_info":{"auth":0}}"#, None, NOW).unwrap_err().refused);
    }

    #[test]
    fn field_29_an_ended_account_is_reported_as_ended() {
        let refused = |user: Value, server: Value| {
            let fault = read(json!({"user_info": user, "server_info": server}).to_string().as_bytes(), None, NOW);
            let fault = fault.unwrap_err();
            assert!(fault.refused);
            (fault.by_state, fault.message.as_it_came())
        };
        let told = |user: Value| refused(user, json!({}));
        let ended = "the account ended on 01 Jan 2020";
        let inactive = json!({"auth": "0", "status": "Inactive", "exp_date": "1577847600", "message": "Welcome"});
        assert_eq!(told(inactive), (true, format!("{ended}, and the panel calls it `Inactive` (Welcome)")));
        let expired = json!({"auth": 0, "status": "EXPIRED", "exp_date": 1_577_847_600});
        assert_eq!(told(expired), (true, format!("{ended}, and the panel calls it `EXPIRED`")));
        for status in [json!("Active"), json!("Trial"), json!(null)] {
            let user = json!({"auth": false, "status": status, "exp_date": "2020-01-01 03:00:00"});
            assert_eq!(told(user), (true, ended.to_owned()), "{status}");
        }
        let banned = json!({"auth": 0, "status": "Banned", "exp_date": null, "message": "sharing"});
        assert_eq!(told(banned), (true, "the panel calls the account `Banned` (sharing)".to_owned()));
        let expired = json!({"auth": 0, "status": "Expired", "exp_date": "1893456000"});
        assert_eq!(told(expired), (true, "the panel calls the account `Expired`".to_owned()));
        // The panel's clock decides, if the panel tells its time.
        let user = json!({"auth": 0, "status": "Active", "exp_date": "1577847600"});
        assert!(!refused(user.clone(), json!({"timestamp_now": 1_500_000_000})).0);
        assert!(refused(user, json!({"timestamp_now": 1_600_000_000})).0);
        // Nothing is known of the account.
        for user in [json!({"auth": 0}), json!({"auth": 0, "status": "Active", "exp_date": "1893456000"})] {
            assert_eq!(told(user), (false, "it doesn't accept user name and password".to_owned()));
        }
    }

    #[test]
    fn an_answer_that_is_no_account_has_its_own_error() {
        assert_eq!(fault_of(""), AnswerFault::Empty);
        assert_eq!(fault_of("<html>x</html>"), AnswerFault::Html);
        assert_eq!(fault_of("Blocked"), AnswerFault::NotJson);
        assert_eq!(fault_of("[]"), AnswerFault::NotAList);
        assert_eq!(fault_of("null"), AnswerFault::NotAList);
        assert_eq!(fault_of(r#"{"error":"x"}"#), AnswerFault::ErrorObject);
        assert_eq!(fault_of(r#"{"user_info":{"auth":1"#), AnswerFault::Truncated);
    }

    #[test]
    fn the_zone_has_its_name_if_the_clock_agrees() {
        let zone = |name: &str, local: &str| {
            let server = json!({"timestamp_now": 1_700_000_000, "time_now": local, "timezone": name});
            let answer = json!({"user_info": {"auth": 1}, "server_info": server});
            read(answer.to_string().as_bytes(), None, NOW).unwrap().zone.map(|zone| zone.to_string())
        };
        for (name, local, told) in [
            ("Europe/Berlin", "2023-11-14 23:13:19", Some("Europe/Berlin")),
            ("Asia/Tokyo", "2023-11-14 23:13:19", Some("3600")),
            ("UTC+3", "2023-11-15 03:43:21", Some("19800")),
            ("Europe/Berlin", "", None),
            ("Europe/Berlin", "1999-01-01", None),
        ] {
            assert_eq!(zone(name, local).as_deref(), told, "{name} {local}");
        }
    }

    #[test]
    fn the_clock_is_read_from_several_fields() {
        let clock = |server: &Value, date| {
            let server = document(server.to_string().as_bytes(), Charset::default()).unwrap();
            let Clock { now, zone, .. } = Clock::new(Some(&server), date);
            (now, zone)
        };
        let lagos = json!({"timestamp_now": "1700000000", "time_now": "2023-11-14 23:13:19", "timezone": "UTC+3"});
        assert_eq!(clock(&lagos, Some(5)), (Some(1_700_000_000), 3600));
        let silent = json!({"timestamp_now": "", "time_now": "2023-11-14 22:13:20", "timezone": "UTC"});
        assert_eq!(clock(&silent, Some(1_700_000_007)), (Some(1_700_000_007), 0));
        assert_eq!(clock(&silent, None), (Some(1_700_000_000), 0));
        let nameless = json!({"timestamp_now": 1_700_000_000, "time_now": "2023-11-15 03:43:21", "timezone": ""});
        assert_eq!(clock(&nameless, None), (Some(1_700_000_000), 19_800));
        let liar = json!({"timestamp_now": 1_700_000_000, "time_now": "2023-11-14 22:13:20", "timezone": "Asia/Tokyo"});
        assert_eq!(clock(&liar, None), (Some(1_700_000_000), 0));
        assert_eq!(clock(&json!({"time_now": "2023-11-14 22:13:20", "timezone": "Europe/Rome"}), None), (None, 0));
        assert_eq!(
            clock(&json!({"timestamp_now": 1_700_000_000, "time_now": "1999-01-01"}), None),
            (Some(1_700_000_000), 0)
        );
    }
}
