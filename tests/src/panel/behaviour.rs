//! What a panel can be asked to do instead of answering well, and which requests that concerns.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::condition::Condition;
use super::config::Framing;
use super::gate::Gate;
use super::pour::Pour;
use crate::item::Kind;

/// What a request of the player API asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// No action: who am I?
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
    /// The action with this name; an empty name asks for the account.
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

    /// The action that asks for the listing of a kind.
    pub fn listing(kind: Kind) -> Self {
        match kind {
            Kind::Channels => Self::LiveStreams,
            Kind::Movies => Self::VodStreams,
            Kind::Series => Self::Series,
        }
    }

    /// The action that asks for the categories of a kind.
    pub fn categories(kind: Kind) -> Self {
        match kind {
            Kind::Channels => Self::LiveCategories,
            Kind::Movies => Self::VodCategories,
            Kind::Series => Self::SeriesCategories,
        }
    }
}

/// How a request is treated. Byte counts are of the body as it travels: after compression, before chunking.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// As it should be.
    Normal,
    /// Another status, with this body and further headers.
    Status(u16, Vec<u8>, Vec<(String, String)>),
    /// This body, with status 200.
    Body(Vec<u8>),
    /// The right answer, with these headers. One that the panel sends anyway is replaced.
    Headers(Vec<(String, String)>),
    /// The right answer, with these headers beside those of the same name.
    FurtherHeaders(Vec<(String, String)>),
    /// The right body, changed.
    Edited(BodyEdit),
    /// The right body as gzip, asked for or not; the compressed bytes may be changed.
    Gzip {
        /// Whether a header says so.
        announced: bool,
        /// What is done to the compressed bytes.
        edit: Option<BodyEdit>,
    },
    /// A body that is made while it is sent.
    Pour(Pour),
    /// In chunks, with this text in place of the size of the second one.
    ChunkSize(String),
    /// The head says that all will come; after so many bytes the connection is closed in an orderly way.
    CutAfter(u64),
    /// After so many bytes the connection is reset.
    ResetAfter(u64),
    /// Takes the request and says nothing.
    Hang,
    /// Says nothing more after so many bytes of the body.
    HangAfter(u64),
    /// Waits at this point of the body until a test opens the gate.
    Gate(u64, Gate),
    /// Thinks before it answers.
    SlowFirstByte(Duration),
    /// Sends so many bytes of the body a second.
    Throttle(u64),
    /// Sends these bytes instead of an answer, head included, and closes.
    Raw(Vec<u8>),
    /// Sends the client elsewhere (302).
    Redirect(String),
    /// Sends the client elsewhere, with this status: to these words, followed by path and query of the request.
    Forward(u16, String),
    /// Only the first half of the elements, as valid JSON.
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
    /// This one, towards requests that meet the condition; the others are treated well.
    When(Condition, Box<Behaviour>),
    /// All of these at once.
    Together(Vec<Behaviour>),
    /// One of these for each request, in this order.
    Sequence(Vec<Behaviour>),
}

/// A change of a body's bytes, before compression.
#[derive(Clone)]
pub struct BodyEdit(Arc<Edit>);

type Edit = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

impl BodyEdit {
    /// What this function makes of a body.
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
