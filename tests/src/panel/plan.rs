//! A response as it will be sent, and the behaviours as changes of it.

use std::time::Duration;

use bytes::Bytes;

use super::behaviour::Behaviour;
use super::config::Framing;
use super::encoding::Encoding;
use super::gate::Gate;
use super::pour::Pour;

/// A stop at a point of the body.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    Cut,
    Reset,
    Hang,
    Gate(Gate),
}

/// The whole description of a response before its first byte.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// Headers that are sent after the others, even if their names are the same.
    pub(super) further_headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The generated body that is sent instead of `body`.
    pub(super) pour: Option<Pour>,
    pub(super) framing: Framing,
    pub(super) encoding: Option<Encoding>,
    /// The bytes that are sent instead of everything above.
    pub(super) raw: Option<Vec<u8>>,
    pub(super) delay: Option<Duration>,
    pub(super) silent: bool,
    /// The stops by position in the body, in ascending order.
    pub(super) stops: Vec<(u64, Stop)>,
    pub(super) bytes_per_second: Option<u64>,
    /// The text in place of the size of the second chunk.
    pub(super) chunk_size: Option<String>,
}

impl Plan {
    pub(super) fn new(body: impl Into<Bytes>, framing: Framing) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            further_headers: Vec::new(),
            body: body.into(),
            pour: None,
            framing,
            encoding: None,
            raw: None,
            delay: None,
            silent: false,
            stops: Vec::new(),
            bytes_per_second: None,
            chunk_size: None,
        }
    }

    /// Sets a header, and replaces one with the same name.
    pub(super) fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn replace_body(&mut self, body: Vec<u8>) {
        self.body = body.into();
        self.encoding = None;
    }

    /// Returns whether a behaviour needs the body before compression, or replaces the body.
    pub(super) fn concerns_content(behaviour: &Behaviour) -> bool {
        match behaviour {
            Behaviour::Edited(_)
            | Behaviour::Gzip { .. }
            | Behaviour::Body(_)
            | Behaviour::Pour(_)
            | Behaviour::Status(..)
            | Behaviour::Redirect(_)
            | Behaviour::Forward(..) => true,
            Behaviour::Together(several) => several.iter().any(Self::concerns_content),
            _ => false,
        }
    }

    /// Changes the answer to a request for `target`.
    pub(super) fn apply(&mut self, behaviour: &Behaviour, target: &str) {
        match behaviour {
            Behaviour::Status(code, body, headers) => {
                self.status = *code;
                self.replace_body(body.clone());
                for (name, value) in headers {
                    self.header(name, value);
                }
            }
            Behaviour::Body(body) => self.replace_body(body.clone()),
            Behaviour::Headers(headers) => headers.iter().for_each(|(name, value)| self.header(name, value)),
            Behaviour::FurtherHeaders(headers) => self.further_headers.extend(headers.iter().cloned()),
            Behaviour::Edited(edit) => self.replace_body(edit.apply(&self.body)),
            Behaviour::Gzip { announced, edit } => {
                let gzip = Encoding::Gzip.encode(&self.body);
                self.replace_body(edit.as_ref().map_or_else(|| gzip.to_vec(), |edit| edit.apply(&gzip)));
                self.encoding = announced.then_some(Encoding::Gzip);
            }
            Behaviour::Pour(pour) => {
                self.replace_body(Vec::new());
                self.pour = Some(pour.clone());
                self.encoding = pour.gzip.then_some(Encoding::Gzip);
                if self.framing == Framing::ContentLength {
                    self.framing = Framing::Chunked;
                }
            }
            Behaviour::ChunkSize(text) => {
                self.framing = Framing::Chunked;
                self.chunk_size = Some(text.clone());
            }
            Behaviour::CutAfter(bytes) => self.stop(*bytes, Stop::Cut),
            Behaviour::ResetAfter(bytes) => self.stop(*bytes, Stop::Reset),
            Behaviour::HangAfter(bytes) => self.stop(*bytes, Stop::Hang),
            Behaviour::Gate(bytes, gate) => self.stop(*bytes, Stop::Gate(gate.clone())),
            Behaviour::Hang => self.silent = true,
            Behaviour::SlowFirstByte(delay) => self.delay = Some(*delay),
            Behaviour::Throttle(rate) => self.bytes_per_second = Some((*rate).max(1)),
            Behaviour::Raw(bytes) => self.raw = Some(bytes.clone()),
            Behaviour::Redirect(location) => self.redirect(302, location),
            Behaviour::Forward(status, to) => self.redirect(*status, &format!("{to}{target}")),
            Behaviour::Framed(framing) => self.framing = *framing,
            Behaviour::Together(several) => several.iter().for_each(|one| self.apply(one, target)),
            // The body is made according to these behaviours. Sequences and conditions are resolved before.
            Behaviour::Normal
            | Behaviour::Half
            | Behaviour::Empty
            | Behaviour::KeyedObject
            | Behaviour::KeyedById
            | Behaviour::FilterIgnored
            | Behaviour::AccountInstead
            | Behaviour::Refused
            | Behaviour::When(..)
            | Behaviour::Sequence(_) => {}
        }
    }

    fn redirect(&mut self, status: u16, location: &str) {
        self.status = status;
        self.replace_body(Vec::new());
        self.header("Location", location);
    }

    fn stop(&mut self, at: u64, stop: Stop) {
        self.stops.push((at, stop));
        self.stops.sort_by_key(|(at, _)| *at);
    }
}

/// Returns the usual reason phrase of a status code. Clients must not depend on it.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unspecified",
    }
}
