//! What a panel says of the account it serves.

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AccountStatus {
    /// The panel serves it.
    Active,
    /// The panel lets it in and has another word for it, such as `Trial`: it is served, as far as anybody can tell.
    Other(String),
    /// The panel doesn't serve it: `Expired`, `Banned`, `Disabled`, in the panel's words.
    Inactive(String),
}

/// The words of panels for an account that is not served.
const REFUSALS: [&str; 4] = ["banned", "disabled", "expired", "inactive"];

impl AccountStatus {
    /// The state that a panel's word stands for, in capitals or not. A word that nobody knows is no refusal: operators
    /// have words of their own for accounts that they serve. No word is none.
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

    /// The word for it, as it is told.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Other(word) | Self::Inactive(word) => word,
        }
    }

    /// Whether a person should hear of the word, although the account is served.
    pub fn is_unusual(&self) -> bool {
        matches!(self, Self::Other(word) if !word.eq_ignore_ascii_case("trial"))
    }
}

/// An account, as the panel answered to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// Whether the panel serves it.
    pub status: AccountStatus,
    /// When it ends, in unix seconds; `None` when it never does or the panel doesn't say.
    pub expires_at: Option<i64>,
    /// The end in the panel's words, where the panel tells one that can't be read with certainty.
    pub unread_end: Option<String>,
    /// The panel's clock at the answer, in unix seconds.
    pub panel_time: Option<i64>,
    /// How many streams at once, where the panel says so.
    pub max_connections: Option<i64>,
    /// The operator's message, cleaned of control characters.
    pub message: Option<String>,
}

impl Account {
    /// An active account of which nothing else is known.
    pub fn active() -> Self {
        Self {
            status: AccountStatus::Active,
            expires_at: None,
            unread_end: None,
            panel_time: None,
            max_connections: None,
            message: None,
        }
    }

    /// Whether the account's end is past by the panel's own clock.
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
