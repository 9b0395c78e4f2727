//! The counts of the faults in one schedule.

use std::cell::RefCell;

use super::fault::Fault;
use crate::tally;
pub(crate) use crate::tally::{AFTER, INSIDE};

/// Counts of a schedule.
#[derive(Debug, Default)]
pub(crate) struct Tally(RefCell<tally::Tally>);

impl Tally {
    /// Counts a run of the command, and the bytes of its output in which no password was found.
    pub(crate) fn ran(&self, bytes: usize) {
        self.0.borrow_mut().count("run", "of the command");
        self.read(bytes);
    }

    /// Counts bytes in which no password was found.
    pub(crate) fn read(&self, bytes: usize) {
        self.0.borrow_mut().count_many("searched", "bytes, for the password", bytes as u64);
    }

    /// Counts a fault, with its way.
    pub(crate) fn count(&self, fault: Fault, way: &'static str) {
        self.count_many(fault, way, 1);
    }

    /// Counts a number of faults, with their way.
    pub(crate) fn count_many(&self, fault: Fault, way: &'static str, times: u64) {
        self.0.borrow_mut().count_many(fault.name(), way, times);
    }

    /// Counts a stop of the command at a named point.
    pub(crate) fn stopped(&self, point: &'static str) {
        self.0.borrow_mut().count("stopped", point);
    }

    pub(crate) fn into_inner(self) -> tally::Tally {
        self.0.into_inner()
    }
}
