//! The desk: every call of a run waits here until the schedule lets it go on. Nothing else decides the order of events,
//! so one seed is one run.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

/// The calls of both ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    EnsureProfile,
    Lease,
    StartRun,
    FinishRun,
    SyncState,
    Index,
    Validator,
    Rows,
    Categories,
    CategorySizes,
    Held,
    Stage,
    Put,
    Get,
    Reset,
    Apply,
    Account,
    PanelCategories,
    Listing,
    Event,
}

impl Call {
    pub(crate) const ALL: [Self; 20] = [
        Self::EnsureProfile,
        Self::Lease,
        Self::StartRun,
        Self::FinishRun,
        Self::SyncState,
        Self::Index,
        Self::Validator,
        Self::Rows,
        Self::Categories,
        Self::CategorySizes,
        Self::Held,
        Self::Stage,
        Self::Put,
        Self::Get,
        Self::Reset,
        Self::Apply,
        Self::Account,
        Self::PanelCategories,
        Self::Listing,
        Self::Event,
    ];

    /// Returns whether the call goes to the panel.
    pub(crate) const fn is_source(self) -> bool {
        matches!(self, Self::Account | Self::PanelCategories | Self::Listing | Self::Event)
    }
}

/// The side of a call: before its work, or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
}

/// The decision about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    /// It fails, with the fault of this number.
    Fail(u8),
    /// The process dies in the middle of the call, at this share (of 255) of its writes.
    Die(u8),
    /// The call fails in its middle. The number decides how.
    Break(u8),
}

/// A waiting call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) number: u64,
    pub(crate) call: Call,
    pub(crate) side: Side,
}

#[derive(Default)]
struct Inner {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// The number of calls at work.
    inside: u32,
}

struct Waiting {
    call: Call,
    side: Side,
    verdict: Option<Verdict>,
    waker: Option<Waker>,
}

/// The desk of one run.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Inner>);

impl Desk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while holding it")
    }

    /// Waits for the decision of the schedule.
    pub(crate) async fn pass(self: &Arc<Self>, call: Call, side: Side) -> Verdict {
        let number = {
            let mut inner = self.inner();
            inner.next += 1;
            let number = inner.next;
            inner.waiting.insert(number, Waiting { call, side, verdict: None, waker: None });
            number
        };
        let seat = Seat { desk: Arc::clone(self), number };
        poll_fn(|cx| {
            let mut inner = self.inner();
            let waiting = inner.waiting.get_mut(&seat.number).expect("only its own seat takes it away");
            waiting.waker = Some(cx.waker().clone());
            waiting.verdict.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Records that a call is at work, until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Inside {
        self.inner().inside += 1;
        Inside(Arc::clone(self))
    }

    /// Returns whether a call is at work now.
    pub(crate) fn is_busy(&self) -> bool {
        let inner = self.inner();
        inner.inside > 0 || inner.waiting.values().any(|waiting| waiting.verdict.is_some())
    }

    /// Returns the waiting calls, oldest first.
    pub(crate) fn waiting(&self) -> Vec<Ticket> {
        let inner = self.inner();
        let undecided = inner.waiting.iter().filter(|(_, waiting)| waiting.verdict.is_none());
        undecided.map(|(number, it)| Ticket { number: *number, call: it.call, side: it.side }).collect()
    }

    /// Lets a call go on.
    pub(crate) fn decide(&self, ticket: Ticket, verdict: Verdict) {
        let mut inner = self.inner();
        if let Some(waiting) = inner.waiting.get_mut(&ticket.number) {
            waiting.verdict = Some(verdict);
            if let Some(waker) = waiting.waker.take() {
                waker.wake();
            }
        }
    }
}

/// A place at the desk. It is released when its call is abandoned.
struct Seat {
    desk: Arc<Desk>,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.desk.inner().waiting.remove(&self.number);
    }
}

/// A call at work.
pub(crate) struct Inside(Arc<Desk>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inner().inside -= 1;
    }
}
