//! How a panel is set up before it starts.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::account::{Account, TimeZone};
use super::encoding::Encoding;
use crate::catalogue::EPOCH;
use crate::json::JsonForm;

/// How the end of a body is made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Nothing; the connection is closed after the body, as stock panels do.
    Close,
}

impl Framing {
    /// The framing with this name: `content-length`, `chunked` or `close`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "content-length" => Some(Self::ContentLength),
            "chunked" => Some(Self::Chunked),
            "close" => Some(Self::Close),
            _ => None,
        }
    }
}

/// The order of a panel's lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ListOrder {
    /// That of the catalogue.
    #[default]
    Catalogue,
    /// The highest id first.
    NewestFirst,
    /// By name.
    ByName,
}

/// The set-up of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named where they are set")]
pub struct PanelConfig {
    /// The address to listen at.
    pub host: IpAddr,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// The accounts that are let in.
    pub accounts: Vec<Account>,
    /// A path such as `/panel` under which the API is found as well; empty or with a leading slash.
    pub sub_path: String,
    /// How bodies of the player API end.
    pub framing: Framing,
    /// Content encodings on offer, the dearest first; a client gets the first that it accepts.
    pub encodings: Vec<Encoding>,
    /// Whether connections are kept after an answer (never with [`Framing::Close`]).
    pub keep_alive: bool,
    /// After so many answers a kept connection is dead, as the client finds out with its next request: a reset.
    pub requests_per_connection: Option<u32>,
    /// How long a kept connection may be idle before it is closed.
    pub idle_limit: Option<Duration>,
    /// Whether answers carry a `Date`.
    pub date_header: bool,
    /// Whether lists carry an `ETag` and `If-None-Match` is honoured. Real panels do not.
    pub validators: bool,
    /// Whether `params[offset]` and `params[items_per_page]` are honoured for channels and movies, as the XUI family does: a
    /// slice of the catalogue is cut before it is sorted, and before the category is looked at.
    pub paging: bool,
    /// The order of lists.
    pub order: ListOrder,
    /// Where the panel's clock stands at the start, in unix seconds.
    pub panel_time: i64,
    /// The panel's time zone.
    pub time_zone: TimeZone,
    /// Keys of `server_info` that are told otherwise; `None` leaves the key out.
    pub server_info: Vec<(String, Option<JsonForm>)>,
    /// Whether the endpoints under `/control/` are there.
    pub control: bool,
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            accounts: vec![Account::new("demo", "demo-secret")],
            sub_path: String::new(),
            framing: Framing::ContentLength,
            encodings: Vec::new(),
            keep_alive: true,
            requests_per_connection: None,
            idle_limit: None,
            date_header: true,
            validators: false,
            paging: false,
            order: ListOrder::default(),
            panel_time: EPOCH,
            time_zone: TimeZone::default(),
            server_info: Vec::new(),
            control: false,
        }
    }
}
