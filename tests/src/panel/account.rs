//! Accounts, the panel's clock, and the JSON object that contains both.

use std::time::Instant;

use chrono::DateTime;

use super::Shared;
use crate::json::JsonForm;

/// An account that may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// `status`: `Active`, `Expired`, `Banned`, `Disabled`, or an operator's own word.
    pub status: String,
    /// `exp_date`, in any form.
    pub expires: JsonForm,
    /// `max_connections`, in any form.
    pub max_connections: JsonForm,
    /// Further keys of `user_info`, and keys with another value; `None` leaves the key out.
    pub user_info: Vec<(String, Option<JsonForm>)>,
}

impl Account {
    /// Returns an active account that expires in 2035.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
            status: "Active".to_owned(),
            expires: JsonForm::text("2051222400"),
            max_connections: JsonForm::text("1"),
            user_info: Vec::new(),
        }
    }

    /// Returns the account with another value of a key of `user_info`, or without the key.
    pub fn telling(mut self, key: &str, value: impl Into<Option<JsonForm>>) -> Self {
        self.user_info.push((key.to_owned(), value.into()));
        self
    }
}

/// The time zone that a panel claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    /// The name as sent, which may be wrong.
    pub name: String,
    /// The seconds by which `time_now` is ahead of UTC.
    pub offset: i64,
}

impl Default for TimeZone {
    fn default() -> Self {
        Self { name: "Africa/Lagos".to_owned(), offset: 3600 }
    }
}

/// A clock that starts at a given time and goes on with real time.
#[derive(Debug)]
pub(super) struct Clock {
    start: i64,
    since: Instant,
}

impl Clock {
    pub(super) fn starting_at(start: i64) -> Self {
        Self { start, since: Instant::now() }
    }

    pub(super) fn now(&self) -> i64 {
        self.start.saturating_add(i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX))
    }

    pub(super) fn move_on(&mut self, seconds: i64) {
        self.start = self.start.saturating_add(seconds);
    }
}

/// Returns a time in the format of a `Date` header.
pub(super) fn http_date(unix_seconds: i64) -> String {
    formatted(unix_seconds, "%a, %d %b %Y %H:%M:%S GMT")
}

fn formatted(unix_seconds: i64, format: &str) -> String {
    DateTime::from_timestamp(unix_seconds, 0).unwrap_or_default().format(format).to_string()
}

/// Returns the answer to a request without an action, or with an unknown action.
pub(super) fn account_object(shared: &Shared, account: &Account, now: i64, port: u16) -> JsonForm {
    let zone = &shared.config.time_zone;
    let user = amended(
        &account.user_info,
        vec![
            ("username", JsonForm::text(account.username.clone())),
            ("password", JsonForm::text(account.password.clone())),
            ("message", JsonForm::text("Welcome / ברוך הבא")),
            ("auth", JsonForm::Integer(1)),
            ("status", JsonForm::text(account.status.clone())),
            ("exp_date", account.expires.clone()),
            ("is_trial", JsonForm::text("0")),
            ("active_cons", JsonForm::Integer(0)),
            ("created_at", JsonForm::text("1609459200")),
            ("max_connections", account.max_connections.clone()),
            ("allowed_output_formats", JsonForm::array(["m3u8", "ts", "rtmp"].map(JsonForm::text))),
        ],
    );
    let server = amended(
        &shared.config.server_info,
        vec![
            ("url", JsonForm::text("127.0.0.1")),
            ("port", JsonForm::text(port.to_string())),
            ("https_port", JsonForm::text("")),
            ("server_protocol", JsonForm::text("http")),
            ("rtmp_port", JsonForm::text("8880")),
            ("timezone", JsonForm::text(zone.name.clone())),
            ("timestamp_now", JsonForm::Integer(now)),
            ("time_now", JsonForm::text(formatted(now.saturating_add(zone.offset), "%Y-%m-%d %H:%M:%S"))),
        ],
    );
    JsonForm::object([("user_info", user), ("server_info", server)])
}

/// Returns an object in which some keys have other values.
fn amended(amendments: &[(String, Option<JsonForm>)], members: Vec<(&str, JsonForm)>) -> JsonForm {
    let untouched = |(key, _): &(&str, JsonForm)| amendments.iter().all(|(own, _)| own != key);
    let members = members.into_iter().filter(untouched).map(|(key, value)| (key.to_owned(), value));
    let amended = amendments.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
    JsonForm::object(members.chain(amended))
}

/// Returns the answer to wrong credentials.
pub(super) fn refusal() -> JsonForm {
    JsonForm::object([("user_info", JsonForm::object([("auth", JsonForm::Integer(0))]))])
}
