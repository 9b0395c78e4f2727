//! The port to a panel, from which listings come.

mod causes;
mod error;
#[cfg(any(test, feature = "mock"))]
mod mock;
mod probe;
mod shared_pace;
mod wait;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::LazyIndex;
use crate::detect::volatile::LeftOut;
use crate::login::Login;
use crate::model::{Account, Category, ContentId, ContentKind, Listed, Scope};

pub use causes::{Denial, Obstacle};
pub use error::{AnswerFault, SourceError};
#[cfg(any(test, feature = "mock"))]
pub use mock::MockContentSource;
pub use probe::{ProbeAnswer, ProbeRequest};
pub use shared_pace::{PaceWait, SharedPace};
pub use wait::{Wait, WaitCause, WaitObserver};

/// A source of the account, the categories and the listings of a profile.
///
/// # Contract
///
/// - A source belongs to one account at one panel. All its requests share the limits of that account.
/// - If a future or a stream is dropped, its request is abandoned at once.
/// - The source repeats requests after transient errors. An error that it returns is final for this run.
/// - A refused login is never repeated.
/// - A listing that was too slow ([`SourceError::TooSlow`]) is not repeated. A source stops a listing for that reason
///   only if the request has a size.
/// - A source sends a request only when the pace that it was given ([`ContentSource::keep_pace`]) allows it, and
///   reports the result to the pace. A source without a given pace has one of its own.
/// - A source that waits before it repeats a request, or for a second or more before any other request, reports this to
///   the receiver of [`ContentSource::observe_waits`] when the wait begins. The time that a panel takes for its answer
///   is no wait.
/// - No error, in any of its forms, contains a password or an address with credentials.
/// - A listing ends in one of three ways: with exactly one [`ListingEvent::Complete`], and only after the panel's
///   answer was read to its proved end; with [`ListingEvent::Unmodified`]; or with an error.
/// - A listing is [`ListingEvent::Unmodified`] only if the request had a validator, the panel was asked with it, and
///   the listing had no event before.
/// - A validator is given only for a listing whose bytes it stands for, and never for the listing of a category. A
///   source without validators gives none, and ignores the one of a request.
/// - After [`ListingEvent::Restarted`], all events before it are void.
/// - The listing of a category is the panel's answer for it. The caller checks whether the panel has respected the
///   category.
/// - An element is [`Entry::Same`] only if the request had an index of the listing's own scheme, and the element's
///   digest equals the known one. A second element with the same id is always [`Entry::Item`].
/// - A probe sends one request, and is not repeated. The source stops reading and closes the connection as soon as it
///   has more elements than were asked for. The bytes that were read count as usage.
/// - A panel may ignore the offset of a probe, or the category. The caller checks this; the source returns the elements
///   that came.
/// - The digests of a listing cover all values except those that [`ListingRequest::left_out`] names. Their scheme is
///   [`DigestScheme::leaving_out`] of the source's own. A source that leaves nothing out is allowed
///   as well. Its elements are then decoded in each listing, because their digests differ.
/// - An element that can't be read, or not completely, is counted as unreadable, and nothing else is lost.
/// - An element that is too large or too deep is an [`Entry::Item`] without a digest, with the fields that could be
///   read. An element that is broken is never an item: it is [`Entry::Broken`] if its id is certain, and no entry
///   otherwise.
#[async_trait]
pub trait ContentSource: Send + Sync {
    /// Returns the scheme of the digests of this source's entries, or [`DigestScheme::FIELDS`] if it makes none.
    fn digest_scheme(&self) -> DigestScheme;

    /// Returns the requests and bytes of this source so far.
    fn usage(&self) -> Usage;

    /// Returns the facts that this source has learnt about its panel so far.
    fn learnt(&self) -> Learnt;

    /// Logs in and returns the state of the account.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] if the panel doesn't accept the credentials.
    async fn account(&self) -> Result<Account, SourceError>;

    /// Returns the categories of a kind, in the panel's order. An empty list is an answer.
    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError>;

    /// Starts the listing of a scope.
    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError>;

    /// Asks for a part of a list, to see whether it has changed.
    ///
    /// # Errors
    ///
    /// [`SourceError::Unsupported`] if the source can't ask such a question. This is the default.
    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        let _ = request;
        Err(SourceError::Unsupported)
    }

    /// Makes the source ask as another client from now on, on trial. The result of the next listing decides whether it
    /// stays so.
    ///
    /// This is called only after [`Learnt::other_client_left`] was true. A source without another client does nothing.
    fn ask_as_other_client(&self) {}

    /// Returns the login that values of the panel may hold, as play addresses do. By default, no login is known.
    fn login(&self) -> Login {
        Login::default()
    }

    /// Makes the source report its waits to this receiver from now on, in place of the earlier one. A source that never
    /// waits does nothing.
    fn observe_waits(&self, observer: Arc<dyn WaitObserver>) {
        drop(observer);
    }

    /// Makes the source send its requests at this pace from now on. A source that sends nothing ignores it.
    fn keep_pace(&self, pace: Arc<SharedPace>) {
        drop(pace);
    }
}

/// The number of requests, and of received bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of requests, including repeated ones.
    pub requests: u64,
    /// The bytes of all bodies after decompression.
    pub bytes: u64,
    /// The bytes of all bodies as they came over the wire, compressed and without headers. `None` if the source doesn't
    /// count them.
    pub wire_bytes: Option<u64>,
    /// The time in which the source waited for these bytes, from the first byte of each body to its last. The time
    /// before the first byte is not part of it. Zero if the source doesn't measure it.
    pub streamed: Duration,
}

impl Usage {
    /// Returns the usage since an earlier moment.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            bytes: self.bytes.saturating_sub(before.bytes),
            wire_bytes: self.wire_bytes.zip(before.wire_bytes).map(|(now, then)| now.saturating_sub(then)),
            streamed: self.streamed.saturating_sub(before.streamed),
        }
    }
}

/// Adds the usage of two sources. A value is unknown if one of the sources doesn't know it.
impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            bytes: self.bytes + other.bytes,
            wire_bytes: self.wire_bytes.zip(other.wire_bytes).map(|(one, other)| one + other),
            streamed: self.streamed + other.streamed,
        }
    }
}

/// The facts that a source has learnt about its panel, beyond the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The user agent that the panel accepted after it had refused the source's usual one.
    pub user_agent: Option<String>,
    /// Whether the accepted client asks for no compression.
    pub uncompressed: bool,
    /// Whether the source has asked as another client, with or without success.
    pub other_client_tried: bool,
    /// Whether every listing so far was refused in the same way, as filters do, and the source could ask as another
    /// client. The source keeps track of this; the engine decides.
    pub other_client_left: bool,
    /// The address that answers, if the source has several and this is not the first of the profile.
    pub address: Option<String>,
    /// Notices for a person, such as redirects to other hosts or encryption that isn't verified. They contain no
    /// addresses with credentials.
    pub notices: Vec<String>,
}

/// A request for a listing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListingRequest {
    /// The scope of the listing.
    pub scope: Scope,
    /// The state that the listing is compared with.
    pub baseline: Baseline,
    /// The fields without a part in the digests, because the panel changes them by itself.
    pub left_out: LeftOut,
    /// The size of the last complete listing of the scope in bytes of the wire, if it is known. A source may use it to
    /// tell whether a slow listing can meet its deadline, or ignore it.
    pub wire_bytes: Option<u64>,
}

impl ListingRequest {
    /// Returns a request without a baseline.
    pub const fn new(scope: Scope) -> Self {
        Self { scope, baseline: Baseline::None, left_out: LeftOut::NONE, wire_bytes: None }
    }

    /// Returns the same request with this baseline.
    #[must_use]
    pub fn compared_with(self, baseline: Baseline) -> Self {
        Self { baseline, ..self }
    }

    /// Returns the same request with these fields left out of the digests.
    #[must_use]
    pub fn leaving_out(self, left_out: LeftOut) -> Self {
        Self { left_out, ..self }
    }

    /// Returns the same request with this size of the last listing.
    #[must_use]
    pub const fn of_size(mut self, wire_bytes: Option<u64>) -> Self {
        self.wire_bytes = wire_bytes;
        self
    }
}

/// The state with which a listing is compared.
#[derive(Debug, Clone, Default)]
pub enum Baseline {
    /// There is no earlier state, so every element is decoded.
    #[default]
    None,
    /// An index. Elements with the same bytes as before need not be decoded.
    Index(Arc<ListingIndex>),
    /// The listing with which a validator came. The answer "not modified" is enough.
    Unless {
        /// The validator.
        validator: Validator,
        /// The index of that listing. The source asks for it only after the panel has begun to answer with a listing.
        index: LazyIndex,
    },
}

impl Baseline {
    /// Returns the validator, if there is one.
    pub const fn validator(&self) -> Option<&Validator> {
        match self {
            Self::Unless { validator, .. } => Some(validator),
            Self::None | Self::Index(_) => None,
        }
    }

    /// Returns the index, if there is one. Waits if it has to be loaded.
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

/// The panel's name for a version of a listing. Only its source understands it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Validator(pub String);

/// A listing that is being received.
pub struct Listing {
    /// The events. The stream ends after [`ListingEvent::Complete`], [`ListingEvent::Unmodified`] or an error.
    pub events: BoxStream<'static, Result<ListingEvent, SourceError>>,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}

/// An event of a listing.
#[derive(Debug, Clone)]
pub enum ListingEvent {
    /// Elements, in the panel's order.
    Batch(Vec<Entry>),
    /// The answer broke off, and the listing is asked for again. All batches so far are void.
    Restarted,
    /// The panel's name for this version of the listing. It comes after the end is proved.
    Version(Validator),
    /// The end of the listing, proved.
    Complete(Completeness),
    /// The panel says that the listing is still the one with the validator of the request.
    Unmodified {
        /// The panel's clock at the request, in unix seconds, if the panel tells it.
        started_at: Option<i64>,
    },
}

/// One element of a listing.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// The element has the digest that the index has for this id.
    Same(ContentId),
    /// A decoded item, and the digest of its raw element if the source makes one.
    Item(Box<Listed>, Option<Digest>),
    /// A broken element whose id is certain. No field of it is used.
    ///
    /// It adds nothing and changes nothing. A stored row with this id stays as it is and is not missing. If another
    /// element with the same id can be read, that one is the item, whichever comes first. Each broken element, with or
    /// without an entry, is counted in [`Completeness::unreadable`].
    Broken(ContentId),
}

impl Entry {
    /// Returns the id of the element.
    pub fn id(&self) -> ContentId {
        match self {
            Self::Same(id) | Self::Broken(id) => *id,
            Self::Item(listed, _) => listed.item.id(),
        }
    }
}

/// The end of a listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completeness {
    /// The number of elements that could not be read, or not completely: without a readable id, broken, too large or
    /// too deep. If a source has to search for the next sound element after a broken one, everything that it skips
    /// counts as one.
    pub unreadable: u64,
    /// A number that stands for these elements. It is equal in two listings with the same ones, in any order. `None` if
    /// the source can't tell; then they never become a known defect.
    pub unreadable_digest: Option<u64>,
    /// The position of the first of these elements, if the source can tell.
    pub unreadable_at: Option<UnreadableAt>,
    /// Whether anything but white space follows the end of the list.
    pub trailing_bytes: bool,
    /// A number that stands for what follows the end, or `None` if the source can't tell.
    pub trailing_digest: Option<u64>,
    /// The panel's clock at the start of the listing, in unix seconds, if the panel tells it.
    pub started_at: Option<i64>,
    /// The size of the answer in bytes of the wire, if it stands for those of the next listings.
    pub wire_bytes: Option<u64>,
}

/// The position of an element that could not be read, so that a person can look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnreadableAt {
    /// The number of bytes of the answer before it, after decompression.
    pub offset: u64,
    /// The nearest item before it, or `None` if there is none.
    pub before: Option<ContentId>,
    /// The nearest item after it, or `None` if there is none.
    pub after: Option<ContentId>,
}
