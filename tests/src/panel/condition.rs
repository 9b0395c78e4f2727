//! The requests that a behaviour is meant for. Real panels treat a player better than a browser, one category worse
//! than another, and the twenty-first call worse than the twentieth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::behaviour::Behaviour;
use super::encoding::Encoding;
use super::request::Request;

/// A condition on a request; see [`Behaviour::When`].
#[derive(Debug, Clone)]
pub enum Condition {
    /// The request asks for no category.
    Whole,
    /// The request asks for this category.
    Category(String),
    /// The request asks for some category.
    AnyCategory,
    /// The user agent contains none of these words.
    UserAgentWithout(Vec<String>),
    /// The request accepts this encoding.
    Accepts(Encoding),
    /// The request names a version, and asks for the content only if it has another version.
    Unless,
    /// The request asks for a part of a list, behind an offset.
    Behind,
    /// Another request of the player API is under way when this one arrives.
    Parallel,
    /// The request exceeds the allowance.
    Beyond(Allowance),
    /// The request arrives during the pause.
    During(Pause),
}

/// A number of requests that are answered well. Clones share the number.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<AtomicU64>);

impl Allowance {
    /// Returns an allowance of this number of requests.
    pub fn of(requests: u64) -> Self {
        Self(Arc::new(AtomicU64::new(requests)))
    }

    /// Takes one request from the allowance. Returns whether there was one left.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// A time that begins with the first request that is compared with it. Clones share the time.
#[derive(Debug, Clone)]
pub struct Pause {
    length: Duration,
    began: Arc<OnceLock<Instant>>,
}

impl Pause {
    /// Returns a pause of this length that has not begun.
    pub fn of(length: Duration) -> Self {
        Self { length, began: Arc::default() }
    }

    fn lasts(&self) -> bool {
        self.began.get_or_init(Instant::now).elapsed() < self.length
    }
}

/// A request at the time of its arrival.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) request: &'a Request,
    /// The number of other requests of the player API that are under way.
    pub(super) others: usize,
}

impl Condition {
    fn is_met_by(&self, occasion: Occasion<'_>) -> bool {
        let request = occasion.request;
        let category = request.param("category_id");
        match self {
            Self::Whole => category.is_empty(),
            Self::Category(wanted) => category == wanted,
            Self::AnyCategory => !category.is_empty(),
            Self::UserAgentWithout(words) => {
                let agent = request.header("user-agent").unwrap_or("");
                !words.iter().any(|word| agent.contains(word.as_str()))
            }
            Self::Accepts(encoding) => request
                .header("accept-encoding")
                .is_some_and(|accepted| Encoding::negotiated(&[*encoding], accepted).is_some()),
            Self::Unless => {
                ["if-none-match", "if-modified-since"].into_iter().any(|name| request.header(name).is_some())
            }
            Self::Behind => !request.param("params[offset]").is_empty(),
            Self::Parallel => occasion.others > 0,
            Self::Beyond(allowance) => !allowance.take(),
            Self::During(pause) => pause.lasts(),
        }
    }
}

impl Behaviour {
    /// Returns this behaviour for requests that meet the condition.
    pub fn when(self, condition: Condition) -> Self {
        Self::When(condition, Box::new(self))
    }

    /// Returns the behaviour towards this request, with all conditions resolved.
    pub(super) fn towards(self, occasion: Occasion<'_>) -> Self {
        match self {
            Self::When(condition, behaviour) => {
                if condition.is_met_by(occasion) {
                    behaviour.towards(occasion)
                } else {
                    Self::Normal
                }
            }
            Self::Together(several) => {
                let left = several.into_iter().map(|one| one.towards(occasion));
                let left: Vec<_> = left.filter(|one| !matches!(one, Self::Normal)).collect();
                if left.is_empty() { Self::Normal } else { Self::Together(left) }
            }
            other => other,
        }
    }
}
