//! The ways in which a panel can be told to misbehave, and the requests that they concern.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::condition::Condition;
use super::config::Framing;
use super::gate::Gate;
use super::pour::Pour;
use crate::item::Kind;

/// The action of a request of the player API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// No action, which asks for the account.
    Account,
    /// `get_live_categories`.
    LiveCategories,
    /// `get_vod_categories`.
    VodCategories,
    /// `get_series_categories`.
    SeriesCategories,
    /// `get_live_streams`.
    LiveStreams,
    /// `get_vod_streams`.
    VodStreams,
    /// `get_series`.
    Series,
    /// An action that this panel does not know.
    Unknown,
}

impl Action {
    /// Returns the action with this name. An empty name asks for the account.
    pub fn named(name: &str) -> Self {
        match name {
            "" => Self::Account,
            "get_live_categories" => Self::LiveCategories,
            "get_vod_categories" => Self::VodCategories,
            "get_series_categories" => Self::SeriesCategories,
            "get_live_streams" => Self::LiveStreams,
            "get_vod_streams" => Self::VodStreams,
            "get_series" => Self::Series,
            _ => Self::Unknown,
        }
    }

    /// Returns the action that asks for the listing of a kind.
    pub fn listing(kind: Kind) -> Self {
        match kind {
            Kind::Channels => Self::LiveStreams,
            Kind::Movies => Self::VodStreams,
            Kind::Series => Self::Series,
        }
    }

    /// Returns the action that asks for the categories of a kind.
    pub fn categories(kind: Kind) -> Self {
        match kind {
            Kind::Channels => Self::LiveCategories,
            Kind::Movies => Self::VodCategories,
            Kind::Series => Self::SeriesCategories,
        }
    }
}

/// How a request is answered. Byte counts are those of the body on the wire: after compression, before chunking.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// The right answer.
    Normal,
    /// Another status, with this body and further headers.
    Status(u16, Vec<u8>, Vec<(String, String)>),
    /// This body, with status 200.
    Body(Vec<u8>),
    /// The right answer with these headers, which replace those of the same name.
    Headers(Vec<(String, String)>),
    /// The right answer with these headers in addition to those of the same name.
    FurtherHeaders(Vec<(String, String)>),
    /// The right body, changed.
    Edited(BodyEdit),
    /// The right body as gzip, whether the client accepts it or not. The compressed bytes may be changed.
    Gzip {
        /// Whether a header announces the gzip encoding.
        announced: bool,
        /// The change of the compressed bytes.
        edit: Option<BodyEdit>,
    },
    /// A body that is generated while it is sent.
    Pour(Pour),
    /// A chunked body with this text in place of the size of the second chunk.
    ChunkSize(String),
    /// The head announces the whole body. After this number of bytes, the connection is closed in an orderly way.
    CutAfter(u64),
    /// After this number of bytes, the connection is reset.
    ResetAfter(u64),
    /// The request is read and never answered.
    Hang,
    /// After this number of bytes of the body, nothing more is sent.
    HangAfter(u64),
    /// At this point of the body, the panel waits until a test opens the gate.
    Gate(u64, Gate),
    /// The answer begins after this time.
    SlowFirstByte(Duration),
    /// The body is sent at this number of bytes per second.
    Throttle(u64),
    /// These bytes, head included, are sent instead of an answer. Then the connection is closed.
    Raw(Vec<u8>),
    /// A redirect (302) to this location.
    Redirect(String),
    /// A redirect with this status. The location is this text, followed by path and query of the request.
    Forward(u16, String),
    /// The first half of the elements, as valid JSON.
    Half,
    /// `[]`.
    Empty,
    /// An object keyed by position instead of an array.
    KeyedObject,
    /// An object keyed by the ids, which the elements themselves leave out.
    KeyedById,
    /// The whole listing, whatever category was asked for.
    FilterIgnored,
    /// The account object instead of a list.
    AccountInstead,
    /// `{"user_info":{"auth":0}}`, as if the credentials were wrong.
    Refused,
    /// The right body with another framing.
    Framed(Framing),
    /// This behaviour for requests that meet the condition, and the right answer for others.
    When(Condition, Box<Behaviour>),
    /// All of these at once.
    Together(Vec<Behaviour>),
    /// A sequence of behaviours, one per request, in this order.
    Sequence(Vec<Behaviour>),
}

/// A change of a body's bytes, before compression.
#[derive(Clone)]
pub struct BodyEdit(Arc<Edit>);

type Edit = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

impl BodyEdit {
    /// Returns the change that this function makes to a body.
    pub fn new(edit: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Arc::new(edit))
    }

    pub(super) fn apply(&self, body: &[u8]) -> Vec<u8> {
        (self.0)(body)
    }
}

impl fmt::Debug for BodyEdit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BodyEdit")
    }
}
