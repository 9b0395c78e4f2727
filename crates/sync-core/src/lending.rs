//! Lends an index only when it is asked for: to load it is the most that a run costs which finds
//! nothing changed.

use std::sync::Arc;

use tokio::sync::watch;

use crate::index::ListingIndex;

/// How far a loan has come.
#[derive(Debug, Clone)]
enum Loan {
    Offered,
    Wanted,
    Lent(Option<Arc<ListingIndex>>),
}

/// The borrower's end, which may be shared.
#[derive(Debug, Clone)]
pub struct Demand(Arc<watch::Sender<Loan>>);

/// The lender's end. When it is dropped, nothing is lent.
#[derive(Debug)]
pub struct Lender(Arc<watch::Sender<Loan>>);

/// Two ends of a loan.
pub fn on_demand() -> (Lender, Demand) {
    let loan = Arc::new(watch::Sender::new(Loan::Offered));
    (Lender(Arc::clone(&loan)), Demand(loan))
}

impl Demand {
    /// Asks for the index, and waits for it. Whoever asks again gets the same one.
    pub async fn make(&self) -> Option<Arc<ListingIndex>> {
        self.0.send_if_modified(|loan| {
            let first = matches!(loan, Loan::Offered);
            if first {
                *loan = Loan::Wanted;
            }
            first
        });
        let mut loan = self.0.subscribe();
        let lent = loan.wait_for(|loan| matches!(loan, Loan::Lent(_))).await;
        match lent.as_deref() {
            Ok(Loan::Lent(index)) => index.clone(),
            _ => None,
        }
    }
}

impl Lender {
    /// Waits until somebody asks.
    pub async fn asked(&self) {
        // It can't be closed: this is one of its owners.
        let _ = self.0.subscribe().wait_for(|loan| !matches!(loan, Loan::Offered)).await;
    }

    /// Lends this, now and whenever it is asked for.
    pub fn lend(&self, index: Option<Arc<ListingIndex>>) {
        self.0.send_replace(Loan::Lent(index));
    }
}

impl Drop for Lender {
    fn drop(&mut self) {
        self.0.send_if_modified(|loan| {
            let open = !matches!(loan, Loan::Lent(_));
            if open {
                *loan = Loan::Lent(None);
            }
            open
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::digest::DigestScheme;

    fn index() -> Arc<ListingIndex> {
        Arc::new(ListingIndex::empty(DigestScheme(3)))
    }

    #[tokio::test]
    async fn what_is_asked_for_is_lent_to_all_who_ask() {
        let (lender, demand) = on_demand();
        let lending = async {
            lender.asked().await;
            lender.lend(Some(index()));
        };
        let second = demand.clone();
        let (first, second, ()) = tokio::join!(demand.make(), second.make(), lending);
        assert_eq!((first, second), (Some(index()), Some(index())));
        drop(lender);
        assert_eq!(demand.make().await, Some(index()), "a loan stands");
    }

    #[tokio::test]
    async fn a_lender_waits_until_somebody_asks() {
        let (lender, demand) = on_demand();
        let mut asked = Box::pin(lender.asked());
        let mut made = Box::pin(demand.make());
        assert_eq!(asked.as_mut().now_or_never(), None);
        assert_eq!(made.as_mut().now_or_never(), None);
        assert_eq!(asked.as_mut().now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn who_asks_a_lender_that_is_gone_gets_nothing() {
        let (lender, demand) = on_demand();
        let (lent, ()) = tokio::join!(demand.make(), async { drop(lender) });
        assert_eq!(lent, None);
        assert_eq!(demand.make().await, None);
    }
}
