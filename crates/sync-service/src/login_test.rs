//! Tests the login of a profile: one login, and the categories of each kind. No list is requested, and nothing is
//! written.

use std::sync::Arc;

use sync_core::{
    Account, AccountStatus, Clock, ContentKind, ContentSource, ErrorClass, PanelFacts, PerKind, Profile, ReportError,
    SourceError,
};

use crate::account::PanelAccount;
use crate::failover;
use crate::paced::Paced;
use crate::service::Service;
use crate::source::{ServiceError, SourceFactory};

/// The answer of a panel to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginState {
    /// The panel lets the account in.
    Ok,
    /// The login is refused.
    Refused,
    /// The login is right, and the account has ended or is locked.
    Ended,
    /// The panel can't be reached, or is out of order.
    Unreachable,
    /// The answer is not that of a panel.
    Unusable,
}

impl LoginState {
    /// Returns the word for scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Ended => "ended",
            Self::Unreachable => "unreachable",
            Self::Unusable => "unusable",
        }
    }

    fn of(error: &SourceError) -> Self {
        match error {
            SourceError::Denied { denial: sync_core::source::Denial::Account, .. } => Self::Ended,
            _ => match error.class() {
                ErrorClass::Login => Self::Refused,
                ErrorClass::Unreachable => Self::Unreachable,
                _ => Self::Unusable,
            },
        }
    }
}

/// The answer of a panel about one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindTest {
    /// Whether the panel offers the kind; `None` if that is unknown.
    pub offered: Option<bool>,
    /// The number of categories, if the panel answered for them.
    pub categories: Option<u64>,
}

/// The result of a test.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoginTest {
    /// The address that answered, or the first one if none did.
    pub address: Option<String>,
    /// The answer to the login.
    pub login: LoginState,
    /// The account, if the panel described one.
    pub account: Option<Account>,
    /// The answers about the kinds. They are unknown after a login that failed.
    pub kinds: PerKind<KindTest>,
    /// The errors. A kind that the panel doesn't offer is no error.
    pub errors: Vec<ReportError>,
    /// Notices for a person, in the order in which they came up.
    pub notices: Vec<String>,
}

impl LoginTest {
    /// Returns whether a sync can be expected to succeed.
    pub fn is_well(&self) -> bool {
        self.errors.is_empty()
    }

    fn failed(login: LoginState, account: Option<Account>, error: ReportError) -> Self {
        Self { address: None, login, account, kinds: PerKind::default(), errors: vec![error], notices: Vec::new() }
    }
}

impl Service {
    /// Tests the login of a profile. The profile need not be saved.
    ///
    /// # Errors
    ///
    /// The test could not begin: the cache can't be read, or there is no source.
    pub async fn test_login<F: SourceFactory + ?Sized>(
        &self,
        profile: &Profile,
        sources: &F,
    ) -> Result<LoginTest, ServiceError<F::Error>> {
        let learnt = self.learnt(&profile.id).await?;
        // The test waits until no run asks the account, and keeps the pace of the account. It writes nothing.
        let port = Arc::clone(self.cache()) as _;
        let paced = Paced::enter_to_look(&port, self.clock(), &PanelAccount::of(profile)).await?;
        let clock = &**self.clock();
        tested(profile, &learnt, sources, clock, Some(&paced)).await.map_err(ServiceError::Source)
    }
}

/// Tests the login of a profile that no cache has yet. [`Service::test_login`] is for profiles of a cache.
///
/// # Errors
///
/// There is no source.
pub async fn test_login<F: SourceFactory + ?Sized>(
    profile: &Profile,
    learnt: &PanelFacts,
    sources: &F,
    clock: &dyn Clock,
) -> Result<LoginTest, F::Error> {
    tested(profile, learnt, sources, clock, None).await
}

async fn tested<F: SourceFactory + ?Sized>(
    profile: &Profile,
    learnt: &PanelFacts,
    sources: &F,
    clock: &dyn Clock,
    paced: Option<&Paced>,
) -> Result<LoginTest, F::Error> {
    let source = failover::source(profile, learnt, sources, clock.now()).await?;
    if let Some(paced) = paced {
        paced.govern(&*source);
    }
    let mut test = ask(&*source, clock).await;
    let learnt = source.learnt();
    test.notices.extend(learnt.notices);
    test.address = learnt.address.or_else(|| profile.base_url.clone());
    Ok(test)
}

/// Logs in, and asks for the categories of each kind.
async fn ask(source: &dyn ContentSource, clock: &dyn Clock) -> LoginTest {
    let account = match source.account().await {
        Ok(account) => account,
        Err(error) => {
            return LoginTest::failed(LoginState::of(&error), None, ReportError::from_source(&error, None));
        }
    };
    if let Some(error) = ReportError::from_account(&account) {
        return LoginTest::failed(LoginState::Ended, Some(account), error);
    }
    let mut test = LoginTest {
        address: None,
        login: LoginState::Ok,
        kinds: PerKind::default(),
        errors: Vec::new(),
        notices: notices(&account, clock.now()),
        account: Some(account),
    };
    let mut denied = Vec::new();
    for kind in ContentKind::ALL {
        match source.categories(kind).await {
            Ok(categories) => {
                test.kinds[kind] = KindTest { offered: Some(true), categories: Some(categories.len() as u64) };
            }
            Err(error) if error.denies_the_kind() => denied.push((kind, error)),
            Err(error) => {
                test.errors.push(ReportError::from_source(&error, Some(kind)));
                // Panels ban clients that ask again with refused credentials.
                if error.class() == ErrorClass::Login {
                    break;
                }
            }
        }
    }
    // A panel that denies every kind is out of order, or doesn't serve this account.
    let answers = test.kinds.values().any(|kind| kind.offered == Some(true));
    for (kind, error) in denied {
        if answers {
            test.kinds[kind].offered = Some(false);
        } else {
            test.errors.push(ReportError::from_source(&error, Some(kind)));
        }
    }
    test
}

/// Returns notices for a person about an account that the panel lets in.
fn notices(account: &Account, now: i64) -> Vec<String> {
    let mut notices = Vec::new();
    if account.is_past_expiry(now) {
        notices.push("the account has expired: a sync removes nothing until it is renewed".to_owned());
    }
    if let (AccountStatus::Other(word), true) = (&account.status, account.status.is_unusual()) {
        notices.push(format!("the panel lets the account in and calls it `{word}`"));
    }
    notices
}
