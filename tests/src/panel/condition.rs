//! Which requests a behaviour is meant for: real panels treat a player better than a browser, one category worse than
//! another, and the twenty-first call worse than the twentieth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::behaviour::Behaviour;
use super::encoding::Encoding;
use super::request::Request;

/// What a request has to meet; see [`Behaviour::When`].
#[derive(Debug, Clone)]
pub enum Condition {
    /// It asks for no category.
    Whole,
    /// It asks for this category.
    Category(String),
    /// It asks for some category.
    AnyCategory,
    /// Its user agent holds none of these words.
    UserAgentWithout(Vec<String>),
    /// It accepts this encoding.
    Accepts(Encoding),
    /// It asks only for another version than one that it names.
    Unless,
    /// It asks for a part of a list, behind an offset.
    Behind,
    /// Another request of the player API is under way when it comes.
    Parallel,
    /// It is not among the first ones that the allowance covers.
    Beyond(Allowance),
    /// It comes while the pause lasts.
    During(Pause),
}

/// A number of requests that are treated well. Clones count together.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<AtomicU64>);

impl Allowance {
    /// An allowance of so many requests.
    pub fn of(requests: u64) -> Self {
        Self(Arc::new(AtomicU64::new(requests)))
    }

    /// Takes one; false when there is none left.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// A stretch of time that begins with the first request that meets it. Clones are the same stretch.
#[derive(Debug, Clone)]
pub struct Pause {
    length: Duration,
    began: Arc<OnceLock<Instant>>,
}

impl Pause {
    /// A pause of this length that has not begun.
    pub fn of(length: Duration) -> Self {
        Self { length, began: Arc::default() }
    }

    fn lasts(&self) -> bool {
        self.began.get_or_init(Instant::now).elapsed() < self.length
    }
}

/// A request at the moment when it comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) request: &'a Request,
    /// How many others of the player API are under way.
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
    /// This behaviour, for requests that meet the condition.
    pub fn when(self, condition: Condition) -> Self {
        Self::When(condition, Box::new(self))
    }

    /// What is left of the behaviour for this request, without conditions.
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
