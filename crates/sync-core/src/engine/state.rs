//! The values that pass from step to step of a kind: received, known to the store, decided.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing::Span;

use super::planned::Planned;
use crate::detect::diff::Differ;
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::Lender;
use crate::detect::seen_items::Identity;
use crate::detect::volatile::Treatment;
use crate::facts::KindFacts;
use crate::model::{Category, CategorySet, ContentId, ContentKind};
use crate::policy::auto::stamps::StampTally;
use crate::policy::probe::{Asked, Look, News};
use crate::ports::source::{Completeness, Listing, Validator};
use crate::ports::store::{Applied, KeptValidator, ScopeCommit, Staging, StoredIndex};
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
    /// The placeholder in a dry run for the run that would write.
    pub(super) const NONE: Self = Self { run: RunId(0), fence: 0 };
}

/// A kind that is under way. There may be two at once, one being received and one being written. So their changing
/// values are here and not in the [`super::Run`].
pub(super) struct KindSync {
    pub(super) kind: ContentKind,
    pub(super) record: KindRecord,
    /// The facts about the kind, with those of this run.
    pub(super) facts: KindFacts,
    /// How the listing treats the fields of the kind.
    pub(super) treatment: Arc<Treatment>,
    /// The removals that are held because the kind shrank implausibly, if it did.
    pub(super) shrunk: Option<Vec<HeldRemoval>>,
    pub(super) plan: Option<KindPlan>,
    /// The validator of the last listing.
    pub(super) validator: Option<KeptValidator>,
    /// The time at which the panel gave a changed listing the validator of the last one, if it did.
    pub(super) validators_lied_at: Option<i64>,
    pub(super) warnings: Vec<Warning>,
    /// Whether the panel answered with a listing that is not empty.
    pub(super) answered: bool,
    /// Whether the panel denied the listing.
    pub(super) denied: bool,
    /// The time at which the kind was begun, by our clock, in unix seconds.
    pub(super) began_at: i64,
    /// What the look is for.
    pub(super) look: Look,
    /// The last probe that was asked.
    pub(super) asked: Option<Asked>,
    /// What the apply has found in the overlay.
    pub(super) overlay: Applied,
    pub(super) span: Span,
}

/// The answer of a panel to a validator.
pub(super) enum Answered {
    /// The listing is not modified.
    Unmodified(Unmodified),
    /// A listing has begun.
    Begun(Begun),
}

/// A listing that is not modified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unmodified {
    /// The panel's clock when the listing was asked for, as far as it is known.
    pub(super) watermark: i64,
    pub(super) rows: u64,
}

/// A listing that has begun to arrive.
pub(super) struct Begun {
    pub(super) listing: Listing,
    pub(super) lender: Lender,
    /// The panel's clock when the listing was asked for, or ours if the panel doesn't send its time.
    pub(super) asked_at: i64,
}

impl Begun {
    /// Continues with the listing.
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
    /// The panel's clock when the listing was asked for, or ours if the panel doesn't send its time. It is used if
    /// the source doesn't say when the listing started.
    pub(super) asked_at: i64,
    /// The result per category, if the listing was received category by category.
    pub(super) by_category: Option<ByCategory>,
    /// The staged items by name, in a dry run.
    pub(super) planned: Option<Planned>,
    /// The dates of new and changed items.
    pub(super) stamps: StampTally,
    /// The new items, as far as probes need to know of them.
    pub(super) news: Option<News>,
}

/// The result of a listing that was received category by category.
pub(super) struct ByCategory {
    /// The categories that were received completely.
    pub(super) covered: CategorySet,
    /// The categories that failed or were not asked for after all.
    pub(super) unanswered: CategorySet,
    pub(super) error: Option<ReportError>,
}

/// The staging area with the differences of a listing. It is apart from [`Compared`], because staging areas need not be
/// `Sync`: with a reference to one across an await, the future of a run couldn't be spawned.
pub(super) type Staged = Option<Box<dyn Staging>>;

/// A kind that was received.
pub(super) struct Received {
    /// Its categories, if the panel answered for them.
    pub(super) categories: Option<Vec<Category>>,
    pub(super) listing: ListingReceived,
}

/// The listing of a kind that was received.
pub(super) enum ListingReceived {
    /// A listing was received, and its differences are in the staging area.
    Compared(Box<Arrived>),
    /// The panel says that the listing is not modified.
    Same(Unmodified),
}

/// A received listing, and the index that it was compared with.
pub(super) struct Arrived {
    pub(super) stored: StoredIndex,
    pub(super) compared: Compared,
    /// The doubt about the listing, if there is one.
    pub(super) doubt: Option<Doubt>,
}

/// The values of the store that the decision about a kind depends on.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The held removals, by ascending id.
    pub(super) held: Vec<HeldRemoval>,
    /// The stored categories, if the panel answered for its own.
    pub(super) categories: Vec<Category>,
    /// The rows of missing items, if the decision depends on them.
    pub(super) rows: MissingRows,
    /// The number of items of some categories.
    pub(super) sizes: HashMap<String, u64>,
    /// The runs that first held the removals that evidence would release now, and in which another kind shrank too.
    pub(super) together: HashSet<RunId>,
}

/// The facts about missing items from their rows.
#[derive(Debug, Default)]
pub(super) struct MissingRows {
    pub(super) items: Vec<MissingRow>,
    pub(super) categories: Vec<String>,
    /// The number of missing items per category.
    pub(super) sizes: Vec<u64>,
    /// The names of the missing items, for a plan.
    pub(super) names: HashMap<ContentId, String>,
}

/// The facts about a missing item from its row.
#[derive(Debug)]
pub(super) struct MissingRow {
    pub(super) id: ContentId,
    pub(super) identity: Identity,
    /// Positions in [`MissingRows::categories`].
    pub(super) categories: Vec<u32>,
}

/// The decision about a kind.
#[derive(Debug)]
pub(super) struct Decided {
    /// The values to write, with the record of the kind.
    pub(super) commit: ScopeCommit,
    /// The plan for a person, in a dry run.
    pub(super) plan: Option<KindPlan>,
    pub(super) warnings: Vec<Warning>,
    /// Whether the listing counts as evidence for a held removal.
    pub(super) evidence: bool,
    /// The removals that are held since this run because the kind shrank implausibly, if it did.
    pub(super) shrunk: Option<Vec<HeldRemoval>>,
}
