//! Questions that show whether a list has changed, and their answers.

use std::sync::Arc;

use crate::detect::index::ListingIndex;
use crate::detect::volatile::LeftOut;
use crate::model::Scope;
use crate::ports::source::{Completeness, Entry};

/// A question that shows whether a list has changed, without the whole list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProbeRequest {
    /// The scope of the list.
    pub scope: Scope,
    /// The number of elements that the panel is asked to leave out at the beginning. The panel counts them in an order
    /// of its own. `None` asks for the list as it is.
    pub offset: Option<u64>,
    /// The greatest number of elements that are needed. The source reads no further than one more.
    pub most: usize,
    /// The index with which the elements are compared; `None` if they are not compared. The rules are those of
    /// [`Baseline::Index`](crate::source::Baseline::Index).
    pub known: Option<Arc<ListingIndex>>,
    /// The fields without a part in the digests.
    pub left_out: LeftOut,
}

impl ProbeRequest {
    /// Returns a question for the first elements of a scope, which are not compared.
    pub const fn new(scope: Scope, most: usize) -> Self {
        Self { scope, offset: None, most, known: None, left_out: LeftOut::NONE }
    }

    /// Returns the same question for the elements behind an offset.
    #[must_use]
    pub const fn behind(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Returns the same question, with the elements compared with an index.
    #[must_use]
    pub fn compared_with(self, known: Arc<ListingIndex>, left_out: LeftOut) -> Self {
        Self { known: Some(known), left_out, ..self }
    }
}

/// The answer to a [`ProbeRequest`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProbeAnswer {
    /// The elements in the panel's order: all of them, or at least one more than were asked for.
    pub entries: Vec<Entry>,
    /// The end of the answer, if it was read to its proved end. `None` if the source stopped reading, because there are
    /// more elements than were asked for.
    pub end: Option<Completeness>,
}
