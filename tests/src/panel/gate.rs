//! A point in an answer at which the panel waits for a test. The test then knows how far its client is.

use std::sync::Arc;

use tokio::sync::watch;

/// A gate, which is closed at first. Clones share the gate. It works across runtimes.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reached: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Returns a closed gate.
    pub fn new() -> Self {
        Self(Arc::new(Inner { reached: watch::Sender::new(0), open: watch::Sender::new(false) }))
    }

    /// Waits until an answer has reached the gate. All bytes before the gate are sent by then, and none after it.
    pub async fn reached(&self) {
        let mut reached = self.0.reached.subscribe();
        // The sender lives as long as `self`, so waiting can't fail.
        let _ = reached.wait_for(|count| *count > 0).await;
    }

    /// Returns the number of answers that have reached the gate.
    pub fn reached_count(&self) -> usize {
        *self.0.reached.borrow()
    }

    /// Lets all answers pass, now and later.
    pub fn open(&self) {
        self.0.open.send_replace(true);
    }

    pub(super) async fn pass(&self) {
        self.0.reached.send_modify(|count| *count += 1);
        let mut open = self.0.open.subscribe();
        let _ = open.wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
