//! An index that is loaded only if a caller asks for it. Loading is the largest cost of a run that finds nothing
//! changed.

use std::sync::Arc;

use tokio::sync::watch;

use crate::detect::index::ListingIndex;

/// The state of the exchange between the caller and the lender.
#[derive(Debug, Default)]
struct State {
    asked: bool,
    answer: Answer,
}

/// The answer of the lender.
#[derive(Debug, Default)]
enum Answer {
    #[default]
    Open,
    Lent(Option<Arc<ListingIndex>>),
}

impl State {
    const fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Open)
    }
}

/// An index that is loaded only if a caller asks for it. Clones share it.
#[derive(Debug, Clone)]
pub struct LazyIndex(Arc<watch::Sender<State>>);

/// The end that loads the index. If it is dropped, the answer is `None`.
#[derive(Debug)]
pub(crate) struct Lender(Arc<watch::Sender<State>>);

impl LazyIndex {
    /// Returns an index that is already loaded, or one that will never be there. It is for tests of sources.
    pub fn new(index: Option<Arc<ListingIndex>>) -> Self {
        Self(Arc::new(watch::Sender::new(State { asked: false, answer: Answer::Lent(index) })))
    }

    /// Returns an index that a lender loads on request.
    pub(crate) fn lent() -> (Lender, Self) {
        let state = Arc::new(watch::Sender::default());
        (Lender(Arc::clone(&state)), Self(state))
    }

    /// Asks for the index and waits for it. Every call returns the same index, or `None` if there is none.
    pub async fn get(&self) -> Option<Arc<ListingIndex>> {
        self.0.send_if_modified(|state| !std::mem::replace(&mut state.asked, true));
        let mut state = self.0.subscribe();
        // The channel can't be closed, because this is one of its owners.
        match &state.wait_for(|state| !state.is_open()).await.ok()?.answer {
            Answer::Lent(index) => index.clone(),
            Answer::Open => None,
        }
    }

    /// Returns whether a caller has asked for the index.
    pub fn is_asked(&self) -> bool {
        self.0.borrow().asked
    }
}

impl Lender {
    /// Waits until a caller asks.
    pub(crate) async fn asked(&self) {
        // The channel can't be closed, because this is one of its owners.
        let _ = self.0.subscribe().wait_for(|state| state.asked || !state.is_open()).await;
    }

    /// Answers every request, now and later, with this index.
    pub(crate) fn lend(&self, index: Option<Arc<ListingIndex>>) {
        self.0.send_modify(|state| state.answer = Answer::Lent(index));
    }
}

impl Drop for Lender {
    fn drop(&mut self) {
        self.0.send_if_modified(|state| {
            let open = state.is_open();
            if open {
                state.answer = Answer::Lent(None);
            }
            open
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::detect::digest::DigestScheme;

    fn index() -> Arc<ListingIndex> {
        Arc::new(ListingIndex::empty(DigestScheme(3)))
    }

    #[tokio::test]
    async fn an_index_is_lent_to_all_callers() {
        let (lender, lazy) = LazyIndex::lent();
        let lending = async {
            lender.asked().await;
            lender.lend(Some(index()));
        };
        let second = lazy.clone();
        let (first, second, ()) = tokio::join!(lazy.get(), second.get(), lending);
        assert_eq!((first, second), (Some(index()), Some(index())));
        drop(lender);
        assert_eq!(lazy.get().await, Some(index()), "a loan stands");
    }

    #[tokio::test]
    async fn a_lender_waits_for_a_caller() {
        let (lender, lazy) = LazyIndex::lent();
        let mut asked = Box::pin(lender.asked());
        let mut got = Box::pin(lazy.get());
        assert_eq!(asked.as_mut().now_or_never(), None);
        assert_eq!(got.as_mut().now_or_never(), None);
        assert_eq!(asked.as_mut().now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn a_dropped_lender_lends_nothing() {
        let (lender, lazy) = LazyIndex::lent();
        let (lent, ()) = tokio::join!(lazy.get(), async { drop(lender) });
        assert_eq!(lent, None);
        assert_eq!(lazy.get().await, None);
    }

    #[tokio::test]
    async fn a_loaded_index_is_returned_at_once() {
        let lazy = LazyIndex::new(Some(index()));
        assert!(!lazy.is_asked());
        assert_eq!(lazy.get().await, Some(index()));
        assert!(lazy.clone().is_asked());
    }
}
