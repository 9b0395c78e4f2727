//! What a panel says of the account it serves.

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountStatus {
    /// The panel serves it.
    Active,
    /// The panel doesn't: `Expired`, `Banned`, `Disabled`, in the panel's words.
    Inactive(String),
}

/// An account, as the panel answered to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
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
