//! The configuration of a panel before its start.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::account::{Account, TimeZone};
use super::encoding::Encoding;
use crate::catalogue::EPOCH;
use crate::json::JsonForm;

/// How the end of a body is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// No mark. The connection is closed after the body, as stock panels do.
    Close,
}

impl Framing {
    /// Returns the framing with this name: `content-length`, `chunked` or `close`.
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
    /// The order of the catalogue.
    #[default]
    Catalogue,
    /// The highest id first.
    NewestFirst,
    /// By name.
    ByName,
}

/// The configuration of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named where they are set")]
pub struct PanelConfig {
    /// The address on which the panel listens.
    pub host: IpAddr,
    /// The port; 0 takes any free port.
    pub port: u16,
    /// The accounts that may log in.
    pub accounts: Vec<Account>,
    /// A further path of the API, such as `/panel`. It is empty or begins with a slash.
    pub sub_path: String,
    /// How bodies of the player API end.
    pub framing: Framing,
    /// The content encodings, the preferred ones first. A client gets the first one that it accepts.
    pub encodings: Vec<Encoding>,
    /// Whether connections are kept open after an answer. With [`Framing::Close`] they never are.
    pub keep_alive: bool,
    /// The number of answers after which a kept connection is dead. The client's next request finds a reset.
    pub requests_per_connection: Option<u32>,
    /// The time for which a kept connection may be idle before it is closed.
    pub idle_limit: Option<Duration>,
    /// Whether answers have a `Date` header.
    pub date_header: bool,
    /// Whether lists have an `ETag`, and `If-None-Match` is supported. Real panels support neither.
    pub validators: bool,
    /// Whether `params[offset]` and `params[items_per_page]` are supported for channels and movies. As at panels of the
    /// XUI family, a slice of the catalogue is cut before it is sorted and before the category is considered.
    pub paging: bool,
    /// The order of the lists.
    pub order: ListOrder,
    /// The panel's time at the start, in unix seconds.
    pub panel_time: i64,
    /// The panel's time zone.
    pub time_zone: TimeZone,
    /// Keys of `server_info` with other values; `None` leaves the key out.
    pub server_info: Vec<(String, Option<JsonForm>)>,
    /// Whether the endpoints under `/control/` exist.
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
