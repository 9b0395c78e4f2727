//! The account, as the panel describes it.

use crate::policy::zone::PanelZone;

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AccountStatus {
    /// The panel serves the account.
    Active,
    /// The panel accepts the login and has another word for the account, such as `Trial`. As far as can be told, the
    /// account is served.
    Other(String),
    /// The panel doesn't serve the account. Its word is `Expired`, `Banned` or `Disabled`.
    Inactive(String),
}

/// The words that panels use for an account that is not served.
const REFUSALS: [&str; 4] = ["banned", "disabled", "expired", "inactive"];

impl AccountStatus {
    /// Returns the state for a panel's word, in upper or lower case. An unknown word is no refusal, because operators
    /// have their own words for accounts that they serve. No word is no refusal either.
    pub fn from_word(word: &str) -> Self {
        let word = word.trim();
        let is_refusal = |part: &str| REFUSALS.iter().any(|refusal| part.eq_ignore_ascii_case(refusal));
        if word.is_empty() || word.eq_ignore_ascii_case("active") {
            Self::Active
        } else if word.split(|c: char| !c.is_alphanumeric()).any(is_refusal) {
            Self::Inactive(word.to_owned())
        } else {
            Self::Other(word.to_owned())
        }
    }

    /// Returns the word that is shown to people.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Other(word) | Self::Inactive(word) => word,
        }
    }

    /// Returns whether the word should be shown to a person although the account is served.
    pub fn is_unusual(&self) -> bool {
        matches!(self, Self::Other(word) if !word.eq_ignore_ascii_case("trial"))
    }
}

/// An account, as the panel answered to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// The state of the account.
    pub status: AccountStatus,
    /// The end of the account, in unix seconds; `None` if it never ends or the panel doesn't say.
    pub expires_at: Option<i64>,
    /// The end in the panel's words, if it can't be read with certainty.
    pub unread_end: Option<String>,
    /// The panel's clock at the answer, in unix seconds.
    pub panel_time: Option<i64>,
    /// The panel's time zone, if its clock tells it.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub zone: Option<PanelZone>,
    /// The number of streams that the account may use at once, if the panel says so.
    pub max_connections: Option<i64>,
    /// The operator's message, without control characters.
    pub message: Option<String>,
    /// The number of streams that the account uses now, if the panel says so.
    pub active_connections: Option<i64>,
}

impl Account {
    /// Returns an active account without further facts.
    pub fn active() -> Self {
        Self {
            status: AccountStatus::Active,
            expires_at: None,
            unread_end: None,
            panel_time: None,
            zone: None,
            max_connections: None,
            message: None,
            active_connections: None,
        }
    }

    /// Returns whether the account's end has passed by the panel's own clock.
    pub fn is_past_expiry(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|end| end <= self.panel_time.unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_01_a_word_that_is_no_known_refusal_is_served() {
        for word in ["Active", "ACTIVE", "active", "", "  ", " active\n"] {
            assert_eq!(AccountStatus::from_word(word), AccountStatus::Active, "{word}");
        }
        for (word, unusual) in
            [("Trial", false), ("TRIAL", false), ("Premium", true), ("Suspended", true), ("1", true), ("Aktiv", true)]
        {
            let status = AccountStatus::from_word(word);
            assert_eq!(status, AccountStatus::Other(word.to_owned()));
            assert_eq!(status.is_unusual(), unusual, "{word}");
        }
        for word in ["Expired", "BANNED", "disabled", "Inactive", "Account expired", "Banned: sharing", "EXPIRED!"] {
            let status = AccountStatus::from_word(word);
            assert_eq!(status, AccountStatus::Inactive(word.to_owned()));
            assert_eq!((status.as_str(), status.is_unusual()), (word, false));
        }
    }
}
