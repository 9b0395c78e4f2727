//! What was delivered in one schedule.

use std::cell::RefCell;

use super::fault::Fault;
use crate::tally;
pub(crate) use crate::tally::{AFTER, INSIDE};

/// Counts of a schedule.
#[derive(Debug, Default)]
pub(crate) struct Tally(RefCell<tally::Tally>);

impl Tally {
    /// A run of the command, with so many bytes of output in which no password was found.
    pub(crate) fn ran(&self, bytes: usize) {
        self.0.borrow_mut().count("run", "of the command");
        self.read(bytes);
    }

    /// Bytes in which no password was found.
    pub(crate) fn read(&self, bytes: usize) {
        self.0.borrow_mut().count_many("searched", "bytes, for the password", bytes as u64);
    }

    /// A fault was delivered, in this way.
    pub(crate) fn count(&self, fault: Fault, way: &'static str) {
        self.count_many(fault, way, 1);
    }

    /// A fault was delivered so many times, in this way.
    pub(crate) fn count_many(&self, fault: Fault, way: &'static str, times: u64) {
        self.0.borrow_mut().count_many(fault.name(), way, times);
    }

    /// The command was stopped at a named point.
    pub(crate) fn stopped(&self, point: &'static str) {
        self.0.borrow_mut().count("stopped", point);
    }

    pub(crate) fn into_inner(self) -> tally::Tally {
        self.0.into_inner()
    }
}
