//! Reads requests from a connection.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest head of a request, in bytes. No player sends a longer one.
const HEAD_LIMIT: usize = 64 * 1024;

/// A request, with its parameters decoded.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query, as received.
    pub(super) target: String,
    pub(super) path: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) keep_alive: bool,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a parameter, trimmed as panels do. A form takes precedence over the query.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().rev().find(|(own, _)| own == name).map_or("", |(_, value)| value.trim())
    }
}

/// A connection, and the bytes that were read ahead.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Returns the next request, or `None` if the client has gone.
    pub(super) async fn request(&mut self) -> io::Result<Option<Request>> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a head without end"));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let Some(mut request) = parse_head(&String::from_utf8_lossy(&head)) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request"));
        };
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if length > HEAD_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a form too large"));
        }
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        let form: Vec<u8> = self.buffer.drain(..length).collect();
        request.params.extend(form_urlencoded::parse(&form).into_owned());
        Ok(Some(request))
    }

    /// Waits until the client closes its side.
    pub(super) async fn closed(&mut self) {
        let mut ignored = [0; 1024];
        while !matches!(self.stream.read(&mut ignored).await, Ok(0) | Err(_)) {}
    }
}

fn parse_head(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let closing = headers.iter().any(|(name, value)| name == "connection" && value.eq_ignore_ascii_case("close"));
    Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        path: path.to_owned(),
        params: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers,
        keep_alive: version == "HTTP/1.1" && !closing,
    })
}
