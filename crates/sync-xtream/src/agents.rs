//! What the source calls itself, and what it tries when that is kept out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::header::HeaderValue;

use crate::client::SetupError;
use crate::config::XtreamConfig;

/// The name of this program.
const OWN: &str = concat!("xtream-sync/", env!("CARGO_PKG_VERSION"));

/// What filters let in that are made for players.
const PLAYER: &str = "VLC/3.0.21 LibVLC/3.0.21";

/// The user agents of a source.
#[derive(Debug)]
pub(crate) struct Agents {
    usual: HeaderValue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: HeaderValue,
    /// Whether that one was let in, or was learnt before.
    let_in: bool,
    /// What may still be tried, once.
    spare: Option<HeaderValue>,
}

impl Agents {
    pub(crate) fn new(config: &XtreamConfig) -> Result<Self, SetupError> {
        let usual = config.user_agent.as_deref().unwrap_or(OWN);
        let usual = HeaderValue::from_str(usual).map_err(|_| SetupError::UserAgent)?;
        let learnt = config.learnt_user_agent.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
        let state = if let Some(learnt) = learnt.filter(|learnt| *learnt != usual && !learnt.is_empty()) {
            State { current: learnt, let_in: true, spare: Some(usual.clone()) }
        } else {
            let player = || HeaderValue::from_static(PLAYER);
            State { current: usual.clone(), let_in: false, spare: config.user_agent.is_none().then(player) }
        };
        Ok(Self { usual, state: Mutex::new(state) })
    }

    /// The one to use.
    pub(crate) fn current(&self) -> HeaderValue {
        self.state().current.clone()
    }

    /// The other one to try, which is given once.
    pub(crate) fn take_spare(&self) -> Option<HeaderValue> {
        self.state().spare.take()
    }

    /// This one was let in.
    pub(crate) fn keep(&self, agent: HeaderValue) {
        let mut state = self.state();
        (state.current, state.let_in) = (agent, true);
    }

    /// With this one the login was refused. It is used on, because no login is to be refused once
    /// more under another name, but a refusal alone is nothing learnt.
    pub(crate) fn refused(&self, agent: HeaderValue) {
        let mut state = self.state();
        if state.current != agent {
            (state.current, state.let_in) = (agent, false);
        }
        state.spare = None;
    }

    /// The one that was let in, when it is not the usual one.
    pub(crate) fn learnt(&self) -> Option<String> {
        let state = self.state();
        let learnt = state.let_in && state.current != self.usual;
        state.current.to_str().ok().filter(|_| learnt).map(str::to_owned)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &XtreamConfig) -> (String, Option<String>, Option<String>) {
        let agents = Agents::new(config).unwrap();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        (text(&agents.current()), agents.take_spare().as_ref().map(text), agents.learnt())
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be nothing")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_is_used_and_what_is_tried_next() {
        let config = XtreamConfig::new;
        assert_eq!(of(&config()), (OWN.to_owned(), some(PLAYER), None));
        assert_eq!(of(&config().user_agent("mine")), ("mine".to_owned(), None, None));
        assert_eq!(of(&config().learnt_user_agent("x")), ("x".to_owned(), some(OWN), some("x")));
        let both = config().user_agent("mine").learnt_user_agent("x");
        assert_eq!(of(&both), ("x".to_owned(), some("mine"), some("x")));
        for nothing_new in [OWN, "", "a\nb"] {
            assert_eq!(of(&config().learnt_user_agent(nothing_new)), (OWN.to_owned(), some(PLAYER), None));
        }
        assert_eq!(Agents::new(&config().user_agent("a\nb")).unwrap_err(), SetupError::UserAgent);
    }

    #[test]
    fn what_is_let_in_is_kept_and_told() {
        let agents = Agents::new(&XtreamConfig::new()).unwrap();
        agents.keep(agents.take_spare().unwrap());
        assert_eq!((agents.current(), agents.take_spare()), (HeaderValue::from_static(PLAYER), None));
        assert_eq!(agents.learnt().as_deref(), Some(PLAYER));
        let agents = Agents::new(&XtreamConfig::new().learnt_user_agent("x")).unwrap();
        agents.keep(agents.take_spare().unwrap());
        assert_eq!(agents.learnt(), None);
    }
}
