//! The clients as which the source presents itself: the usual one, and another one if that is refused.
//!
//! Filters look at the user agent, and some at `Accept-Encoding`, which players don't send.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::header::HeaderValue;

use super::client::SetupError;
use crate::config::XtreamConfig;

/// The name of this program.
const OWN: &str = concat!("xtream-sync/", env!("CARGO_PKG_VERSION"));

/// A user agent that filters for players accept.
const PLAYER: &str = "VLC/3.0.21 LibVLC/3.0.21";

/// The headers that tell one client from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientHeaders {
    pub(crate) user_agent: HeaderValue,
    /// Whether compression is asked for. Otherwise no `Accept-Encoding` is sent.
    pub(crate) compression: bool,
}

impl ClientHeaders {
    fn compressing(user_agent: HeaderValue) -> Self {
        Self { user_agent, compression: true }
    }

    fn player() -> Self {
        Self { user_agent: HeaderValue::from_static(PLAYER), compression: false }
    }
}

/// The clients as which a source can present itself.
#[derive(Debug)]
pub(crate) struct UserAgents {
    usual: ClientHeaders,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: ClientHeaders,
    /// Whether the current one was accepted, or was learnt before.
    let_in: bool,
    /// The client that may still be tried, once.
    spare: Option<ClientHeaders>,
    /// While another client is on trial for the lists: the one to return to, and whether it was accepted.
    before_trial: Option<(ClientHeaders, bool)>,
    tried: bool,
}

impl UserAgents {
    pub(crate) fn new(config: &XtreamConfig) -> Result<Self, SetupError> {
        let usual = config.user_agent.as_deref().unwrap_or(OWN);
        let usual = ClientHeaders::compressing(HeaderValue::from_str(usual).map_err(|_| SetupError::UserAgent)?);
        let learnt = config.learnt_user_agent.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
        let learnt = learnt.filter(|learnt| *learnt != usual.user_agent && !learnt.is_empty());
        let (current, let_in, spare) = if let Some(user_agent) = learnt {
            (ClientHeaders { user_agent, compression: !config.learnt_uncompressed }, true, Some(usual.clone()))
        } else {
            (usual.clone(), false, config.user_agent.is_none().then(ClientHeaders::player))
        };
        let spare = spare.filter(|_| config.try_other_client);
        let state = State { current, let_in, spare, before_trial: None, tried: false };
        Ok(Self { usual, state: Mutex::new(state) })
    }

    /// Returns the client to use.
    pub(crate) fn current(&self) -> ClientHeaders {
        self.state().current.clone()
    }

    /// Returns whether there is another client to try.
    pub(crate) fn has_spare(&self) -> bool {
        self.state().spare.is_some()
    }

    /// Takes the other client to try. It is given once.
    pub(crate) fn take_spare(&self) -> Option<ClientHeaders> {
        let mut state = self.state();
        let spare = state.spare.take();
        state.tried |= spare.is_some();
        spare
    }

    /// Records that this client was accepted.
    pub(crate) fn keep(&self, client: ClientHeaders) {
        let mut state = self.state();
        (state.current, state.let_in) = (client, true);
    }

    /// Records that the login was refused with this client. The client stays in use, because a refused login is not
    /// sent again as another one. But a refusal alone is not a fact that is learnt.
    pub(crate) fn refused(&self, client: ClientHeaders) {
        let mut state = self.state();
        if state.current != client {
            (state.current, state.let_in) = (client, false);
        }
        state.spare = None;
    }

    /// Puts the other client on trial until a listing has ended.
    pub(crate) fn begin_trial(&self) {
        let Some(client) = self.take_spare() else { return };
        let mut state = self.state();
        let before = std::mem::replace(&mut state.current, client);
        state.before_trial = Some((before, state.let_in));
    }

    /// Returns whether a client is on trial.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.state().before_trial.is_some()
    }

    /// Ends the trial with the result of a listing. The client on trial stays if it was accepted. Otherwise the one
    /// before returns.
    pub(crate) fn end_trial(&self, let_in: bool) {
        let mut state = self.state();
        match state.before_trial.take() {
            Some(_) if let_in => state.let_in = true,
            Some(before) => (state.current, state.let_in) = before,
            None => {}
        }
    }

    /// Returns the accepted client, if it is not the usual one.
    pub(crate) fn learnt(&self) -> Option<ClientHeaders> {
        let state = self.state();
        let learnt = state.let_in && state.before_trial.is_none() && state.current != self.usual;
        learnt.then(|| state.current.clone())
    }

    /// Returns whether another client was tried.
    pub(crate) fn has_tried(&self) -> bool {
        self.state().tried
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The results of a source's listings. A filter refuses each of them in the same way.
#[derive(Debug, Default)]
pub(crate) struct Listings(Mutex<Fared>);

#[derive(Debug, Default)]
enum Fared {
    #[default]
    NoneAsked,
    /// All were refused in this way.
    Refused(String),
    /// One was answered, or failed in another way.
    Otherwise,
}

impl Listings {
    /// Records the end of a listing. `refused` describes the refusal, if a filter may be its cause.
    pub(crate) fn ended(&self, refused: Option<String>) {
        let mut fared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *fared = match (std::mem::take(&mut *fared), refused) {
            (Fared::NoneAsked, Some(refused)) => Fared::Refused(refused),
            (Fared::Refused(before), Some(refused)) if before == refused => Fared::Refused(refused),
            _ => Fared::Otherwise,
        };
    }

    /// Returns whether all listings were refused in the same way.
    pub(crate) fn all_refused_alike(&self) -> bool {
        matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), Fared::Refused(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(client: &ClientHeaders) -> String {
        let compression = if client.compression { " +" } else { "" };
        format!("{}{compression}", client.user_agent.to_str().unwrap())
    }

    fn of(config: &XtreamConfig) -> (String, Option<String>, Option<String>) {
        let agents = UserAgents::new(config).unwrap();
        (text(&agents.current()), agents.take_spare().as_ref().map(text), agents.learnt().as_ref().map(text))
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be nothing")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_other_client_is_tried_once() {
        let config = XtreamConfig::new;
        let own = format!("{OWN} +");
        assert_eq!(of(&config()), (own.clone(), some(PLAYER), None));
        assert_eq!(of(&config().try_other_client(false)), (own.clone(), None, None));
        assert_eq!(of(&config().user_agent("mine")), ("mine +".to_owned(), None, None));
        assert_eq!(of(&config().learnt_user_agent("x")), ("x +".to_owned(), some(&own), some("x +")));
        let uncompressed = config().learnt_user_agent("x").learnt_uncompressed(true);
        assert_eq!(of(&uncompressed), ("x".to_owned(), some(&own), some("x")));
        assert_eq!(of(&uncompressed.try_other_client(false)), ("x".to_owned(), None, some("x")));
        let both = config().user_agent("mine").learnt_user_agent("x");
        assert_eq!(of(&both), ("x +".to_owned(), some("mine +"), some("x +")));
        for nothing_new in [OWN, "", "a\nb"] {
            assert_eq!(of(&config().learnt_user_agent(nothing_new)), (own.clone(), some(PLAYER), None));
        }
        assert_eq!(UserAgents::new(&config().user_agent("a\nb")).unwrap_err(), SetupError::UserAgent);
    }

    #[test]
    fn an_accepted_client_is_kept_and_reported() {
        let agents = UserAgents::new(&XtreamConfig::new()).unwrap();
        assert!(!agents.has_tried());
        agents.keep(agents.take_spare().unwrap());
        assert!(agents.has_tried());
        assert_eq!((agents.current(), agents.take_spare()), (ClientHeaders::player(), None));
        assert_eq!(agents.learnt(), Some(ClientHeaders::player()));
        let agents = UserAgents::new(&XtreamConfig::new().learnt_user_agent("x")).unwrap();
        agents.keep(agents.take_spare().unwrap());
        assert_eq!(agents.learnt(), None);
    }

    #[test]
    fn a_trial_ends_with_the_first_listing() {
        for let_in in [true, false] {
            let agents = UserAgents::new(&XtreamConfig::new()).unwrap();
            let usual = agents.current();
            agents.begin_trial();
            assert_eq!(
                (agents.current(), agents.learnt(), agents.is_on_trial()),
                (ClientHeaders::player(), None, true)
            );
            agents.end_trial(let_in);
            agents.end_trial(!let_in);
            assert!(!agents.is_on_trial() && !agents.has_spare() && agents.has_tried());
            let expected = if let_in { ClientHeaders::player() } else { usual };
            assert_eq!(agents.current(), expected);
            assert_eq!(agents.learnt(), Some(expected).filter(|_| let_in));
        }
    }

    #[test]
    fn listings_that_are_refused_alike_are_noticed() {
        let alike = |ended: &[Option<&str>]| {
            let listings = Listings::default();
            for refused in ended {
                listings.ended(refused.map(str::to_owned));
            }
            listings.all_refused_alike()
        };
        assert!(alike(&[Some("403")]) && alike(&[Some("403"); 3]));
        for not in [&[][..], &[None], &[Some("403"), Some("404")], &[Some("403"), None], &[None, Some("403")]] {
            assert!(!alike(not), "{not:?}");
        }
    }
}
