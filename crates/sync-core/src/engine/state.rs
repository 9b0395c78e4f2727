//! The values that the steps of a kind hand on: what was received, what the store knows, what is decided.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing::Span;

use super::planned::Planned;
use crate::detect::arrivals::Marks;
use crate::detect::diff::Differ;
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::Lender;
use crate::detect::volatile::Treatment;
use crate::facts::KindFacts;
use crate::model::{Category, CategorySet, ContentId, ContentKind};
use crate::ports::source::{Completeness, Listing, Validator};
use crate::ports::store::{KeptValidator, ScopeCommit, Staging, StoredIndex};
use crate::removal::guard::Doubt;
use crate::removal::held::HeldRemoval;
use crate::run::plan::KindPlan;
use crate::run::record::RunId;
use crate::run::record::{KindRecord, ReportError};
use crate::run::report::Warning;

/// The right of a run to write. A dry run has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) run: RunId,
    pub(super) fence: u64,
}

impl Grant {
    /// Stands in a plan for the run that would carry it out.
    pub(super) const NONE: Self = Self { run: RunId(0), fence: 0 };
}

/// A kind under way. Two are at once, one being received and one being written, so whatever changes
/// on the way is here and not in the [`super::Run`].
pub(super) struct Visit {
    pub(super) kind: ContentKind,
    pub(super) record: KindRecord,
    /// What is known by now of how the panel serves the kind.
    pub(super) facts: KindFacts,
    /// How the listing treats the fields of the kind.
    pub(super) treatment: Arc<Treatment>,
    /// What it holds because of that, when it shrank implausibly.
    pub(super) shrunk: Option<Vec<HeldRemoval>>,
    pub(super) plan: Option<KindPlan>,
    /// The validator of the listing before.
    pub(super) validator: Option<KeptValidator>,
    /// When the panel was found out to give one listing the validator of another.
    pub(super) validators_lied_at: Option<i64>,
    pub(super) warnings: Vec<Warning>,
    /// Whether the panel answered with a listing in which something is.
    pub(super) answered: bool,
    /// Whether it denied the listing.
    pub(super) denied: bool,
    pub(super) span: Span,
}

/// How a panel answers to a validator.
pub(super) enum Answered {
    /// The listing is still the same.
    Unmodified(Unmodified),
    /// With a listing, whatever comes of it.
    Begun(Begun),
}

/// A listing that is as it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unmodified {
    /// The panel's clock at its start, as far as it is known.
    pub(super) watermark: i64,
    pub(super) rows: u64,
}

/// A listing that has begun to arrive.
pub(super) struct Begun {
    pub(super) listing: Listing,
    pub(super) lender: Lender,
    /// The panel's clock when it was asked for, or ours where it doesn't tell.
    pub(super) asked_at: i64,
}

impl Begun {
    /// Goes on with the listing.
    pub(super) fn go_on(self, known: Option<Arc<ListingIndex>>) -> Listing {
        self.lender.lend(known);
        self.listing
    }
}

/// A finished listing, compared.
pub(super) struct Compared {
    pub(super) differ: Differ,
    pub(super) end: Completeness,
    pub(super) validator: Option<Validator>,
    /// The panel's clock when the listing was asked for, or ours where it doesn't tell; for sources
    /// that don't say when the listing started.
    pub(super) asked_at: i64,
    /// When it was received category by category.
    pub(super) by_category: Option<ByCategory>,
    /// What is staged, by name; a dry run keeps that.
    pub(super) planned: Option<Planned>,
}

/// What became of the categories of a listing.
pub(super) struct ByCategory {
    /// Those that answered completely.
    pub(super) covered: CategorySet,
    /// Those that were to be asked for, and did not.
    pub(super) unanswered: CategorySet,
    pub(super) error: Option<ReportError>,
}

/// Where the differences of a listing wait. It is kept apart from what was compared: staging areas need not be
/// `Sync`, and a reference to one across an await would make the future of a run one that can't be spawned.
pub(super) type Staged = Option<Box<dyn Staging>>;

/// A kind that was received.
pub(super) struct Received {
    /// Its categories, where they were answered.
    pub(super) categories: Option<Vec<Category>>,
    pub(super) listing: ListingReceived,
}

/// The listing of a kind that was received.
pub(super) enum ListingReceived {
    /// It came, and its differences wait in the staging area.
    Compared(Box<Arrived>),
    /// The panel says that it is the one that is known.
    Same(Unmodified),
}

/// A listing that came, and what it was compared with.
pub(super) struct Arrived {
    pub(super) stored: StoredIndex,
    pub(super) compared: Compared,
    /// What makes the listing no proof.
    pub(super) doubt: Option<Doubt>,
}

/// What the store knows of a kind, as far as a decision depends on it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What is held, by rising id.
    pub(super) held: Vec<HeldRemoval>,
    /// The categories, when the panel answered for its own.
    pub(super) categories: Vec<Category>,
    /// The rows of missing items, when something depends on them.
    pub(super) rows: MissingRows,
    /// How many items some of the categories have.
    pub(super) sizes: HashMap<String, u64>,
    /// Runs that were the first to miss what evidence would release now, and in which another kind shrank as well.
    pub(super) together: HashSet<RunId>,
}

/// What is known of missing items from their rows.
#[derive(Debug, Default)]
pub(super) struct MissingRows {
    pub(super) items: Vec<MissingRow>,
    pub(super) categories: Vec<String>,
    /// How many of the missing items each category has.
    pub(super) sizes: Vec<u64>,
    /// Their names, for a plan.
    pub(super) names: HashMap<ContentId, String>,
}

/// What is known of a missing item from its row.
#[derive(Debug)]
pub(super) struct MissingRow {
    pub(super) id: ContentId,
    pub(super) marks: Marks,
    /// Positions in [`MissingRows::categories`].
    pub(super) categories: Vec<u32>,
}

/// What becomes of a kind.
#[derive(Debug)]
pub(super) struct Decided {
    /// What is to be written, with the record of the kind.
    pub(super) commit: ScopeCommit,
    /// The same for a person, where it was collected.
    pub(super) plan: Option<KindPlan>,
    pub(super) warnings: Vec<Warning>,
    /// Whether the listing counts as evidence against something that is held.
    pub(super) evidence: bool,
    /// What is held since this run because the kind shrank implausibly, if it did.
    pub(super) shrunk: Option<Vec<HeldRemoval>>,
}
