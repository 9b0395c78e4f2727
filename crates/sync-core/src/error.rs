//! Codes and classes of errors. The errors of all ports use them.

use std::error::Error;
use std::fmt;

/// The classes of errors, by what a caller can do about them. A command maps each class to its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ErrorClass {
    /// The credentials or the account have to change.
    Login,
    /// A later attempt may succeed.
    Unreachable,
    /// The panel has to change its answer.
    Answer,
    /// The local store has to be repaired: it is full, read-only or damaged.
    Store,
    /// The cache was made by a newer version of the program.
    NewerCache,
    /// Another run has the lease of the profile.
    Busy,
    /// The caller cancelled.
    Cancelled,
    /// The program has a defect.
    Internal,
}

impl ErrorClass {
    /// Returns the name of the class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Unreachable => "unreachable",
            Self::Answer => "answer",
            Self::Store => "store",
            Self::NewerCache => "newer_cache",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// The stable code of an error, for programs and for the history of runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Another run has the lease of the profile.
    ProfileBusy,
    /// A later lease was taken.
    LeaseLost,
    /// The caller cancelled.
    Cancelled,
    /// There is no such profile.
    UnknownProfile,
    /// A newer version of the program made the cache.
    NewerCache,
    /// There is no cache yet.
    NoCache,
    /// An older version of the program made the cache, and the call may not upgrade it.
    OlderCache,
    /// An older cache could not be upgraded.
    Migration,
    /// The disk is full, or the file has reached its limit.
    DiskFull,
    /// The file or its folder can't be written.
    ReadOnly,
    /// The cache is damaged.
    Corrupt,
    /// The file belongs to another program.
    ForeignFile,
    /// Another program keeps the file locked.
    Locked,
    /// The store failed for another reason.
    Store,
    /// The store refused a call that breaks its rules. The text is that of [`Self::Store`], and reading it gives that
    /// code.
    CallRefused,
    /// The content is not in the state that a change set leads from or to.
    OtherState,
    /// The panel, or the way to it, is out of order.
    PanelUnreachable,
    /// The panel refuses the credentials.
    LoginRefused,
    /// A web server in front of the panel asks for a login of its own.
    HttpLoginRequired,
    /// The account has expired or is locked.
    AccountInactive,
    /// The answer has a status that is not success.
    HttpStatus,
    /// The answer is empty.
    EmptyBody,
    /// The answer is a web page.
    HtmlPage,
    /// The answer is not JSON.
    NotJson,
    /// The answer is JSON but not a list.
    NotAList,
    /// The answer is the account instead of a list.
    AccountObject,
    /// The answer is an object instead of a list.
    ErrorObject,
    /// The list has no item of the kind.
    WrongItems,
    /// The answer broke off in every attempt.
    Truncated,
    /// The answer exceeds a limit.
    TooLarge,
    /// The panel redirects to another address, and the redirect is not followed.
    RedirectRefused,
    /// The panel answers with another category than it was asked for.
    FilterIgnored,
    /// The listing came too slowly to be whole before its deadline.
    TooSlow,
    /// The program has a defect.
    Internal,
    /// The code is unknown to this version. Only a history that another version wrote has such codes.
    Other(Box<str>),
}

impl ErrorCode {
    /// Every code that this version knows.
    pub const ALL: [Self; 34] = [
        Self::ProfileBusy,
        Self::LeaseLost,
        Self::Cancelled,
        Self::UnknownProfile,
        Self::NewerCache,
        Self::NoCache,
        Self::OlderCache,
        Self::Migration,
        Self::DiskFull,
        Self::ReadOnly,
        Self::Corrupt,
        Self::ForeignFile,
        Self::Locked,
        Self::Store,
        Self::CallRefused,
        Self::OtherState,
        Self::PanelUnreachable,
        Self::LoginRefused,
        Self::HttpLoginRequired,
        Self::AccountInactive,
        Self::HttpStatus,
        Self::EmptyBody,
        Self::HtmlPage,
        Self::NotJson,
        Self::NotAList,
        Self::AccountObject,
        Self::ErrorObject,
        Self::WrongItems,
        Self::Truncated,
        Self::TooLarge,
        Self::RedirectRefused,
        Self::FilterIgnored,
        Self::TooSlow,
        Self::Internal,
    ];

    /// Returns the text used in reports and tables.
    pub const fn as_str(&self) -> &str {
        match self {
            Self::ProfileBusy => "profile_busy",
            Self::LeaseLost => "lease_lost",
            Self::Cancelled => "cancelled",
            Self::UnknownProfile => "unknown_profile",
            Self::NewerCache => "newer_cache",
            Self::NoCache => "no_cache",
            Self::OlderCache => "older_cache",
            Self::Migration => "migration",
            Self::DiskFull => "disk_full",
            Self::ReadOnly => "read_only",
            Self::Corrupt => "corrupt",
            Self::ForeignFile => "foreign_file",
            Self::Locked => "locked",
            Self::Store | Self::CallRefused => "store",
            Self::OtherState => "other_state",
            Self::PanelUnreachable => "panel_unreachable",
            Self::LoginRefused => "login_refused",
            Self::HttpLoginRequired => "http_login_required",
            Self::AccountInactive => "account_inactive",
            Self::HttpStatus => "http_status",
            Self::EmptyBody => "empty_body",
            Self::HtmlPage => "html_page",
            Self::NotJson => "not_json",
            Self::NotAList => "not_a_list",
            Self::AccountObject => "account_object",
            Self::ErrorObject => "error_object",
            Self::WrongItems => "wrong_items",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::RedirectRefused => "redirect_refused",
            Self::FilterIgnored => "filter_ignored",
            Self::TooSlow => "too_slow",
            Self::Internal => "internal",
            Self::Other(text) => text,
        }
    }

    /// Returns the code with this text, or [`Self::Other`] if this version doesn't know it.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.as_str() == text).unwrap_or_else(|| Self::Other(text.into()))
    }

    /// Returns what the caller can do about an error with this code. An unknown code counts as a defect.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::ProfileBusy | Self::LeaseLost => ErrorClass::Busy,
            Self::Cancelled => ErrorClass::Cancelled,
            Self::NewerCache => ErrorClass::NewerCache,
            Self::NoCache
            | Self::OlderCache
            | Self::Migration
            | Self::DiskFull
            | Self::ReadOnly
            | Self::Corrupt
            | Self::ForeignFile
            | Self::Locked
            | Self::Store
            | Self::OtherState => ErrorClass::Store,
            Self::PanelUnreachable | Self::TooSlow => ErrorClass::Unreachable,
            Self::LoginRefused | Self::HttpLoginRequired | Self::AccountInactive => ErrorClass::Login,
            Self::HttpStatus
            | Self::EmptyBody
            | Self::HtmlPage
            | Self::NotJson
            | Self::NotAList
            | Self::AccountObject
            | Self::ErrorObject
            | Self::WrongItems
            | Self::Truncated
            | Self::TooLarge
            | Self::RedirectRefused
            | Self::FilterIgnored => ErrorClass::Answer,
            Self::UnknownProfile | Self::CallRefused | Self::Internal | Self::Other(_) => ErrorClass::Internal,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// Returns an error and its causes on one line. A cause is left out if the text already ends with it.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_text() {
        for code in ErrorCode::ALL {
            let expected = if code == ErrorCode::CallRefused { ErrorCode::Store } else { code.clone() };
            assert_eq!(ErrorCode::parse(code.as_str()), expected);
            assert_eq!(code.to_string(), code.as_str());
        }
    }

    #[test]
    fn an_unknown_code_keeps_its_text() {
        let code = ErrorCode::parse("of_tomorrow");
        assert_eq!(code, ErrorCode::Other("of_tomorrow".into()));
        assert!(code == "of_tomorrow" && code == *"of_tomorrow");
        assert_eq!(code.class(), ErrorClass::Internal);
    }

    #[test]
    fn a_cause_is_written_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Told(&'static str, #[source] Option<Box<Told>>);
        let error = Told("a", Some(Box::new(Told("b: c", Some(Box::new(Told("c", None)))))));
        assert_eq!(with_causes(&error), "a: b: c");
    }
}
