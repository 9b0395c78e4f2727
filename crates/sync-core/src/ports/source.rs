//! The port to a panel: where listings come from.

mod causes;
mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::LazyIndex;
use crate::detect::volatile::LeftOut;
use crate::model::{Account, Category, ContentId, ContentKind, Listed, Scope};

pub use causes::{Denial, Obstacle};
pub use error::{AnswerFault, SourceError};

/// Where the account, the categories and the listings of a profile come from.
///
/// # Contract
///
/// - A source belongs to one account at one panel; all its requests share that account's budget.
/// - Dropping a future or a stream abandons the request behind it at once.
/// - Transient faults are repeated inside; an error that comes out is final for this run.
/// - A refused login is never repeated.
/// - No error, in any of its forms, holds a password or an address with credentials.
/// - A listing ends with exactly one [`ListingEvent::Complete`], and only when the panel's answer
///   was read to its proved end, or with [`ListingEvent::Unmodified`]; whatever else ends it is an
///   error.
/// - A listing is [`ListingEvent::Unmodified`] only when a validator was lent, the panel was asked
///   with it, and nothing else has come of that listing before.
/// - A validator is given only for a listing whose bytes it stands for, and never for that of a
///   category. A source that knows none gives none, and doesn't look at one that is lent.
/// - After [`ListingEvent::Restarted`], what came before it never was.
/// - The listing of a category is what the panel answers for it; whether the panel has looked at the
///   category at all is for the caller to check.
/// - An element is [`Entry::Same`] only when a known index was lent, of the listing's own scheme,
///   and the element's digest equals the known one. A second element with the same id is always
///   [`Entry::Item`].
/// - The digests of a listing have nothing of the values that [`ListingRequest::left_out`] names, and
///   all of the others. They are of the scheme [`DigestScheme::leaving_out`] of the source's own. A
///   source that leaves nothing out keeps this as well; its elements are then decoded in each listing.
/// - An element that can't be read, or not wholly, is counted as unreadable, and nothing else is lost.
/// - An element that is too large or too deep is an [`Entry::Item`] without digest, with the fields that
///   could be read. An element that is broken is never an item: it is [`Entry::Broken`] where its id is
///   certain, and no entry at all where it is not.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait ContentSource: Send + Sync {
    /// How this source makes the digests of its entries; [`DigestScheme::FIELDS`] when it makes none.
    fn digest_scheme(&self) -> DigestScheme;

    /// What this source has asked and received so far.
    fn usage(&self) -> Usage;

    /// What this source has learnt of its panel so far.
    fn learnt(&self) -> Learnt;

    /// Logs in and returns the state of the account.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] when the panel doesn't accept the credentials.
    async fn account(&self) -> Result<Account, SourceError>;

    /// Returns the categories of a kind, in the panel's order. An empty list is an answer.
    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError>;

    /// Starts the listing of a scope.
    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError>;

    /// Asks from now on as another client, on trial: what the next listing comes to decides whether it stays so.
    ///
    /// It is called only after [`Learnt::other_client_left`] was true. A source that has no other client does nothing.
    fn ask_as_other_client(&self) {}
}

/// Requests sent, and bytes received after decompression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests, repeated ones included.
    pub requests: u64,
    /// Bytes of all bodies.
    pub bytes: u64,
}

/// What a source has learnt of its panel, beyond the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The user agent that the panel let in, when it refused the source's usual one.
    pub user_agent: Option<String>,
    /// Whether what the panel let in asks for no compression.
    pub uncompressed: bool,
    /// Whether the source has asked as another client, whatever came of it.
    pub other_client_tried: bool,
    /// Whether every listing so far was refused in the same way, as filters do, and the source could ask as another
    /// client. The source has to keep that in mind; the engine decides.
    pub other_client_left: bool,
    /// What a person should know: redirects to other hosts, encryption that isn't verified. Without
    /// addresses that hold credentials.
    pub notices: Vec<String>,
}

/// What is asked of a listing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListingRequest {
    /// What the listing is to cover.
    pub scope: Scope,
    /// What the listing is compared with.
    pub baseline: Baseline,
    /// What has no part in the digests, because the panel changes it by itself.
    pub left_out: LeftOut,
}

impl ListingRequest {
    /// Asks for a listing, whatever is known.
    pub const fn new(scope: Scope) -> Self {
        Self { scope, baseline: Baseline::None, left_out: LeftOut::NONE }
    }

    /// The same request, with this to compare with.
    #[must_use]
    pub fn compared_with(self, baseline: Baseline) -> Self {
        Self { baseline, ..self }
    }

    /// The same request, with this left out of the digests.
    #[must_use]
    pub fn leaving_out(self, left_out: LeftOut) -> Self {
        Self { left_out, ..self }
    }
}

/// What a listing is compared with.
#[derive(Debug, Clone, Default)]
pub enum Baseline {
    /// Nothing: every element is decoded.
    #[default]
    None,
    /// An index: elements that are byte for byte the same need not be decoded.
    Index(Arc<ListingIndex>),
    /// The listing that a validator came with: it is enough to hear that the listing is still the same.
    Unless {
        /// The validator.
        validator: Validator,
        /// What is known. It is asked for once the panel is seen to answer with a listing, and not before.
        index: LazyIndex,
    },
}

impl Baseline {
    /// The validator, where there is one.
    pub const fn validator(&self) -> Option<&Validator> {
        match self {
            Self::Unless { validator, .. } => Some(validator),
            Self::None | Self::Index(_) => None,
        }
    }

    /// The index, where there is one; one that has to be loaded is waited for.
    pub async fn index(&self) -> Option<Arc<ListingIndex>> {
        match self {
            Self::None => None,
            Self::Index(index) => Some(Arc::clone(index)),
            Self::Unless { index, .. } => index.get().await,
        }
    }
}

impl From<Option<Arc<ListingIndex>>> for Baseline {
    fn from(index: Option<Arc<ListingIndex>>) -> Self {
        index.map_or(Self::None, Self::Index)
    }
}

/// What a panel calls a version of a listing, in words that only its source understands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Validator(pub String);

/// A listing on its way.
pub struct Listing {
    /// What arrives; ends after [`ListingEvent::Complete`], [`ListingEvent::Unmodified`] or an error.
    pub events: BoxStream<'static, Result<ListingEvent, SourceError>>,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}

/// What arrives of a listing.
#[derive(Debug, Clone)]
pub enum ListingEvent {
    /// Elements, in the panel's order.
    Batch(Vec<Entry>),
    /// The answer was cut and is asked for again: forget every batch so far.
    Restarted,
    /// What the panel calls this version of the listing, once its end is proved.
    Version(Validator),
    /// The end, proved.
    Complete(Completeness),
    /// The panel says that the listing is the one that the lent validator came with.
    Unmodified {
        /// The panel's clock when it was asked, in unix seconds, where the panel told it.
        started_at: Option<i64>,
    },
}

/// One element of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Byte for byte what the index knows under this id.
    Same(ContentId),
    /// A decoded item, and the digest of its raw element where the source makes one.
    Item(Box<Listed>, Option<Digest>),
    /// An element that is broken, so that no field of it is used, but whose id is certain.
    ///
    /// It adds nothing and changes nothing. A stored row of this id stays as it is and is not missing. Another
    /// element of the same id that can be read stands for the item, whichever of them comes first. Each
    /// broken element, with or without an entry, is counted in [`Completeness::unreadable`].
    Broken(ContentId),
}

impl Entry {
    /// The id of the element.
    pub fn id(&self) -> ContentId {
        match self {
            Self::Same(id) | Self::Broken(id) => *id,
            Self::Item(listed, _) => listed.item.id(),
        }
    }
}

/// How a listing ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Elements that could not be read as items, or not wholly: without a readable id, broken, too
    /// large or too deep. Where a source had to look for the next sound element behind a broken one, all that
    /// it skipped counts as one.
    pub unreadable: u64,
    /// Stands for those elements: equal in two listings when they are the same ones, in whatever
    /// order. `None` when the source can't tell; they then never become known.
    pub unreadable_digest: Option<u64>,
    /// Where the first of those elements stands, where the source can tell.
    pub unreadable_at: Option<UnreadableAt>,
    /// Whether anything but white space follows the end of the list.
    pub trailing_bytes: bool,
    /// Stands for what follows; `None` when the source can't tell.
    pub trailing_digest: Option<u64>,
    /// The panel's clock at the start of the listing, in unix seconds, where the panel told it.
    pub started_at: Option<i64>,
}

/// Where an element stands that could not be read, so that a person can look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnreadableAt {
    /// Bytes of the answer before it, after decompression.
    pub offset: u64,
    /// The nearest item before it; `None` when there is none.
    pub before: Option<ContentId>,
    /// The nearest item after it; `None` when there is none.
    pub after: Option<ContentId>,
}
