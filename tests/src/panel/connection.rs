//! Serves a connection: reads requests and writes responses, with every way in which a connection can end badly.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::answer::{Target, answer, target};
use super::behaviour::Behaviour;
use super::condition::Occasion;
use super::config::Framing;
use super::plan::{Plan, Stop, reason};
use super::pour::Pour;
use super::record::Entry;
use super::request::{Connection, Request};
use super::{Shared, lock};

/// The number of bytes that are written at a time.
const PIECE: usize = 64 * 1024;

/// What happens to the connection next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Keep,
    /// The connection is closed in an orderly way. The client sees the end of the stream after all bytes.
    Close,
    /// The connection ends at once, with a reset or because the client has gone.
    Drop,
}

pub(super) async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                // An error here means that the client has gone, which it may do at any time.
                tokio::spawn(async move { serve(stream, &shared).await.ok() });
            }
            // Most likely there are no free descriptors. A later attempt may succeed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream);
    let mut served = 0;
    while let Some(request) = next_request(&mut connection, shared, served > 0).await? {
        let target = target(shared, &request);
        let action = match target {
            Target::Api(action) => Some(action),
            Target::Control | Target::Nothing => None,
        };
        let (entry, others) = shared.ledger.enter(&request, action);
        if action.is_some() && shared.config.requests_per_connection.is_some_and(|limit| served >= limit) {
            connection.stream.set_zero_linger()?;
            break;
        }
        served += 1;
        let behaviour = action.map_or(Behaviour::Normal, |action| {
            lock(&shared.scripts).take(action, Occasion { request: &request, others })
        });
        let keep_alive = shared.config.keep_alive && request.keep_alive;
        let head_only = request.method == "HEAD";
        let making = Arc::clone(shared);
        let plan = tokio::task::spawn_blocking(move || answer(&making, &request, target, &behaviour)).await?;
        let next = send(&mut connection, plan, keep_alive, head_only, &entry).await?;
        // The entry ends before another task runs, so that a test which has read the last byte finds no request under
        // way.
        drop(entry);
        match next {
            Next::Keep => {}
            Next::Close => {
                close(&mut connection).await?;
                break;
            }
            Next::Drop => break,
        }
    }
    Ok(())
}

/// Returns the next request. Returns `None` if the client has gone, or if a kept connection was idle for too long.
async fn next_request(connection: &mut Connection, shared: &Shared, kept: bool) -> io::Result<Option<Request>> {
    match shared.config.idle_limit.filter(|_| kept) {
        None => connection.request().await,
        Some(limit) => tokio::time::timeout(limit, connection.request()).await.unwrap_or(Ok(None)),
    }
}

async fn send(
    connection: &mut Connection,
    mut plan: Plan,
    keep_alive: bool,
    head_only: bool,
    entry: &Entry<'_>,
) -> io::Result<Next> {
    if plan.silent {
        connection.closed().await;
        return Ok(Next::Drop);
    }
    if let Some(delay) = plan.delay {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = connection.closed() => return Ok(Next::Drop),
        }
    }
    if let Some(raw) = &plan.raw {
        connection.stream.write_all(raw).await?;
        entry.sent(raw.len());
        return Ok(Next::Close);
    }
    let bodiless = head_only || plan.status == 304 || plan.status == 204;
    let keep_alive = keep_alive && (plan.framing != Framing::Close || bodiless);
    entry.answers(plan.status);
    connection.stream.write_all(head(&plan, keep_alive, bodiless).as_bytes()).await?;
    if !bodiless {
        if let Some(next) = send_body(connection, &mut plan, entry).await? {
            return Ok(next);
        }
        if plan.framing == Framing::Chunked {
            connection.stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    Ok(if keep_alive { Next::Keep } else { Next::Close })
}

fn head(plan: &Plan, keep_alive: bool, bodiless: bool) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\nServer: nginx\r\n", plan.status, reason(plan.status));
    let mut line = |name: &str, value: &str| {
        if !plan.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
            write!(head, "{name}: {value}\r\n").expect("writing to memory does not fail");
        }
    };
    match plan.framing {
        _ if bodiless => {}
        Framing::ContentLength => line("Content-Length", &plan.body.len().to_string()),
        Framing::Chunked => line("Transfer-Encoding", "chunked"),
        Framing::Close => {}
    }
    line("Connection", if keep_alive { "keep-alive" } else { "close" });
    for (name, value) in plan.headers.iter().chain(&plan.further_headers) {
        write!(head, "{name}: {value}\r\n").expect("writing to memory does not fail");
    }
    head + "\r\n"
}

/// Sends the body. Returns `None` at its end, or what to do after a stop that ends the connection.
async fn send_body(connection: &mut Connection, plan: &mut Plan, entry: &Entry<'_>) -> io::Result<Option<Next>> {
    let mut body = Body { pour: plan.pour.take(), rest: plan.body.clone(), pieces: 0 };
    let mut writer = Writer { entry, plan, sent: 0, chunks: 0 };
    for (at, stop) in &plan.stops {
        while let Some(piece) = body.next(at.saturating_sub(writer.sent)) {
            writer.write(connection, &piece).await?;
        }
        match stop {
            Stop::Cut => return Ok(Some(Next::Close)),
            Stop::Reset => {
                // A reset discards bytes that the network has not delivered yet. On loopback, a short wait is enough.
                tokio::time::sleep(Duration::from_millis(30)).await;
                connection.stream.set_zero_linger()?;
                return Ok(Some(Next::Drop));
            }
            Stop::Hang => {
                connection.closed().await;
                return Ok(Some(Next::Drop));
            }
            Stop::Gate(gate) => tokio::select! {
                () = gate.pass() => {}
                () = connection.closed() => return Ok(Some(Next::Drop)),
            },
        }
    }
    while let Some(piece) = body.next(u64::MAX) {
        writer.write(connection, &piece).await?;
    }
    Ok(None)
}

/// The bytes to send, which exist already or are generated on the way.
struct Body {
    pour: Option<Pour>,
    rest: Bytes,
    pieces: u64,
}

impl Body {
    /// Returns the next bytes, at most `most` of them. Returns `None` at the end, or if `most` is zero.
    fn next(&mut self, most: u64) -> Option<Bytes> {
        if most == 0 {
            return None;
        }
        while self.rest.is_empty() {
            self.rest = self.pour.as_ref()?.piece(self.pieces)?;
            self.pieces += 1;
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        Some(self.rest.split_to(most))
    }
}

struct Writer<'a> {
    entry: &'a Entry<'a>,
    plan: &'a Plan,
    sent: u64,
    chunks: u64,
}

impl Writer<'_> {
    async fn write(&mut self, connection: &mut Connection, part: &[u8]) -> io::Result<()> {
        let plan = self.plan;
        // Twenty pieces per second make an even flow.
        let rate = plan.bytes_per_second.map(|rate| usize::try_from(rate).unwrap_or(usize::MAX));
        let piece = rate.map_or(PIECE, |rate| (rate / 20).clamp(1, PIECE));
        // There have to be at least two chunks, because the second one has a wrong size.
        let piece = if plan.chunk_size.is_some() { piece.min(part.len().div_ceil(2)) } else { piece };
        for piece in part.chunks(piece) {
            if plan.framing == Framing::Chunked {
                self.chunks += 1;
                let size = plan.chunk_size.clone().filter(|_| self.chunks == 2);
                let size = size.unwrap_or_else(|| format!("{:x}", piece.len()));
                connection.stream.write_all(format!("{size}\r\n").as_bytes()).await?;
            }
            connection.stream.write_all(piece).await?;
            if plan.framing == Framing::Chunked {
                connection.stream.write_all(b"\r\n").await?;
            }
            self.entry.sent(piece.len());
            self.sent += piece.len() as u64;
            if let Some(rate) = plan.bytes_per_second {
                let micros = u64::try_from(piece.len()).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate;
                tokio::time::sleep(Duration::from_micros(micros)).await;
            }
        }
        Ok(())
    }
}

async fn close(connection: &mut Connection) -> io::Result<()> {
    connection.stream.shutdown().await?;
    // Unread bytes would turn the close into a reset, so the panel waits for the client, but only for a second.
    tokio::time::timeout(Duration::from_secs(1), connection.closed()).await.ok();
    Ok(())
}
