//! Serves a connection: requests in, responses out, with every way of ending badly.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::answer::{Target, answer, target};
use super::behaviour::Behaviour;
use super::config::Framing;
use super::plan::{Plan, Stop, reason};
use super::record::Entry;
use super::request::Connection;
use super::{Shared, lock};

/// What is written at once.
const PIECE: usize = 64 * 1024;

/// What becomes of the connection.
#[derive(PartialEq, Eq)]
enum Next {
    Keep,
    Close,
}

pub(super) async fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                // An error here is a client that went away, which is its good right.
                tokio::spawn(async move { serve(stream, &shared).await.ok() });
            }
            // Out of descriptors, most likely; the next moment may be better.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.request().await? {
        let target = target(shared, &request);
        let action = match target {
            Target::Api(action) => Some(action),
            Target::Control | Target::Nothing => None,
        };
        let behaviour = action.map_or(Behaviour::Normal, |action| lock(&shared.scripts).take(action));
        let keep_alive = shared.config.keep_alive && request.keep_alive;
        let head_only = request.method == "HEAD";
        let entry = shared.ledger.enter(&request, action);
        let making = Arc::clone(shared);
        let plan = tokio::task::spawn_blocking(move || answer(&making, &request, target, &behaviour)).await?;
        let next = send(&mut connection, plan, keep_alive, head_only, &entry).await?;
        drop(entry);
        if next == Next::Close {
            break;
        }
    }
    Ok(())
}

async fn send(
    connection: &mut Connection,
    plan: Plan,
    keep_alive: bool,
    head_only: bool,
    entry: &Entry<'_>,
) -> io::Result<Next> {
    if plan.silent {
        connection.closed().await;
        return Ok(Next::Close);
    }
    if let Some(delay) = plan.delay {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = connection.closed() => return Ok(Next::Close),
        }
    }
    if let Some(raw) = &plan.raw {
        connection.stream.write_all(raw).await?;
        entry.sent(raw.len());
        return close(connection).await;
    }
    let bodiless = head_only || plan.status == 304 || plan.status == 204;
    let keep_alive = keep_alive && (plan.framing != Framing::Close || bodiless);
    connection.stream.write_all(head(&plan, keep_alive, bodiless).as_bytes()).await?;
    if !bodiless {
        if let Some(next) = send_body(connection, &plan, entry).await? {
            return Ok(next);
        }
        if plan.framing == Framing::Chunked {
            connection.stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    if keep_alive { Ok(Next::Keep) } else { close(connection).await }
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
    for (name, value) in &plan.headers {
        write!(head, "{name}: {value}\r\n").expect("writing to memory does not fail");
    }
    head + "\r\n"
}

/// Sends the body up to its end (`None`) or up to a stop that ends the connection.
async fn send_body(connection: &mut Connection, plan: &Plan, entry: &Entry<'_>) -> io::Result<Option<Next>> {
    let mut sent = 0;
    let stops = plan.stops.iter().map(|(at, stop)| (usize::try_from(*at).unwrap_or(usize::MAX), stop));
    for (at, stop) in stops {
        let at = at.min(plan.body.len());
        send_part(connection, plan, &plan.body[sent..at], entry).await?;
        sent = at;
        match stop {
            Stop::Cut => return close(connection).await.map(Some),
            Stop::Reset => {
                // A reset discards what the network has not delivered yet; on loopback a moment is enough.
                tokio::time::sleep(Duration::from_millis(30)).await;
                connection.stream.set_zero_linger()?;
                return Ok(Some(Next::Close));
            }
            Stop::Hang => {
                connection.closed().await;
                return Ok(Some(Next::Close));
            }
            Stop::Gate(gate) => tokio::select! {
                () = gate.pass() => {}
                () = connection.closed() => return Ok(Some(Next::Close)),
            },
        }
    }
    send_part(connection, plan, &plan.body[sent..], entry).await?;
    Ok(None)
}

async fn send_part(connection: &mut Connection, plan: &Plan, part: &[u8], entry: &Entry<'_>) -> io::Result<()> {
    // Twenty pieces a second make an even flow.
    let rate = plan.bytes_per_second.map(|rate| usize::try_from(rate).unwrap_or(usize::MAX));
    let piece = rate.map_or(PIECE, |rate| (rate / 20).clamp(1, PIECE));
    for piece in part.chunks(piece) {
        if plan.framing == Framing::Chunked {
            connection.stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        }
        connection.stream.write_all(piece).await?;
        if plan.framing == Framing::Chunked {
            connection.stream.write_all(b"\r\n").await?;
        }
        entry.sent(piece.len());
        if let Some(rate) = plan.bytes_per_second {
            let micros = u64::try_from(piece.len()).unwrap_or(u64::MAX).saturating_mul(1_000_000) / rate;
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
    }
    Ok(())
}

/// Closes in an orderly way: the client sees the end of the stream after all that was sent.
async fn close(connection: &mut Connection) -> io::Result<Next> {
    connection.stream.shutdown().await?;
    // Bytes left unread would turn the close into a reset; but nobody waits for a client for long.
    tokio::time::timeout(Duration::from_secs(1), connection.closed()).await.ok();
    Ok(Next::Close)
}
