//! Runs work of several accounts side by side, and work of one account one after the other.

use std::num::NonZeroUsize;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::account::PanelAccount;

/// Does a piece of work per account, at most `at_once` pieces at the same time, and passes each result on as soon as it
/// is there.
///
/// The work begins in the order of the accounts, but never beside other work of the same account. A piece that has to
/// wait doesn't keep later pieces from beginning. All work is done in the caller's task, and dropping the future drops
/// all of it. An error or a cancellation of one piece is a result like any other.
pub async fn side_by_side<T, F: Future<Output = T>>(
    accounts: &[PanelAccount],
    at_once: NonZeroUsize,
    mut work: impl FnMut(usize) -> F,
    mut ended: impl FnMut(usize, T),
) {
    let mut waiting: Vec<usize> = (0..accounts.len()).collect();
    let mut under_way: Vec<usize> = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        while under_way.len() < at_once.get()
            && let Some(next) = next(accounts, &waiting, &under_way)
        {
            waiting.retain(|at| *at != next);
            under_way.push(next);
            let begun = work(next);
            running.push(async move { (next, begun.await) });
        }
        let Some((at, result)) = running.next().await else { return };
        under_way.retain(|other| *other != at);
        ended(at, result);
    }
}

/// Returns the first waiting piece whose account has no work under way.
fn next(accounts: &[PanelAccount], waiting: &[usize], under_way: &[usize]) -> Option<usize> {
    let is_free = |at: &&usize| !under_way.iter().any(|other| accounts[*other].may_be(&accounts[**at]));
    waiting.iter().find(is_free).copied()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::task::{Context, Waker};

    use tokio::sync::oneshot;

    use super::*;

    fn accounts(hosts: &[&[&str]]) -> Vec<PanelAccount> {
        hosts.iter().map(|hosts| PanelAccount::new(hosts.iter().copied(), "ann")).collect()
    }

    #[test]
    fn the_first_allowed_profile_begins() {
        let accounts = accounts(&[&["a.example"], &["a.example", "b.example"], &["b.example"], &["c.example"]]);
        for (waiting, under_way, expected) in [
            (&[0, 1, 2, 3][..], &[][..], Some(0)),
            (&[1, 2, 3], &[0], Some(2)),
            (&[1, 3], &[0, 2], Some(3)),
            (&[1], &[0, 2, 3], None),
            (&[1], &[2], None),
            (&[1], &[3], Some(1)),
            (&[], &[0], None),
        ] {
            assert_eq!(next(&accounts, waiting, under_way), expected, "{waiting:?} {under_way:?}");
        }
    }

    /// Starts the work, and ends it piece by piece in the order of `ends`. Returns what has begun before each end.
    async fn run(hosts: &[&[&str]], at_once: usize, ends: &[usize]) -> Vec<Vec<usize>> {
        let accounts = accounts(hosts);
        let (mut senders, mut receivers): (Vec<_>, Vec<_>) =
            hosts.iter().map(|_| oneshot::channel()).map(|(sender, receiver)| (Some(sender), Some(receiver))).unzip();
        let (begun, mut seen, ended) = (RefCell::new(Vec::new()), Vec::new(), RefCell::new(Vec::new()));
        {
            let work = |at: usize| {
                begun.borrow_mut().push(at);
                let end: oneshot::Receiver<()> = receivers[at].take().expect("each begins once");
                async move { end.await.expect("the test ends it") }
            };
            let all = side_by_side(&accounts, NonZeroUsize::new(at_once).unwrap(), work, |at, ()| {
                ended.borrow_mut().push(at);
            });
            let mut all = Box::pin(all);
            let mut context = Context::from_waker(Waker::noop());
            for at in ends {
                assert!(all.as_mut().poll(&mut context).is_pending());
                seen.push(begun.borrow().clone());
                senders[*at].take().unwrap().send(()).unwrap();
            }
            all.await;
        }
        assert_eq!(*ended.borrow(), ends, "results come as the work ends");
        seen
    }

    #[tokio::test]
    async fn the_number_at_once_is_bounded_with_one_per_account() {
        let apart: &[&[&str]] = &[&["a.example"], &["b.example"], &["c.example"]];
        assert_eq!(run(apart, 1, &[0, 1, 2]).await, [vec![0], vec![0, 1], vec![0, 1, 2]]);
        assert_eq!(run(apart, 2, &[1, 2, 0]).await, [vec![0, 1], vec![0, 1, 2], vec![0, 1, 2]]);
        assert_eq!(run(apart, 9, &[2, 0, 1]).await, [vec![0, 1, 2], vec![0, 1, 2], vec![0, 1, 2]]);
        let shared: &[&[&str]] = &[&["a.example"], &["a.example"], &["b.example"], &["a.example"]];
        let begun = run(shared, 4, &[2, 0, 1, 3]).await;
        assert_eq!(begun, [vec![0, 2], vec![0, 2], vec![0, 2, 1], vec![0, 2, 1, 3]]);
        assert!(run(&[], 3, &[]).await.is_empty());
    }
}
