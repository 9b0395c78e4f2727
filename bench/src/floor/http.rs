//! A request over a plain socket, and the bytes of its answer as they come.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::Outcome;

/// The number of bytes of one read.
const PIECE: usize = 256 << 10;

/// Asks for an action, and shows the body in pieces. `show` returns the number of bytes that it no longer needs, and
/// the next piece follows the rest.
pub(crate) fn drain(url: &str, action: &str, mut show: impl FnMut(&[u8]) -> usize) -> Outcome<u64> {
    let host = url.strip_prefix("http://").ok_or("the panel's address is not plain http")?;
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET /player_api.php?username=demo&password=demo-secret&action={action} HTTP/1.1\r\nHost: {host}\r\n\
         Connection: close\r\n\r\n"
    )?;
    let mut buffer = vec![0; PIECE];
    let mut filled = 0;
    let head = loop {
        let read = stream.read(&mut buffer[filled..])?;
        filled += read;
        if let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if read == 0 {
            return Err("the panel has hung up".into());
        }
    };
    let words = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
    if !words.starts_with("http/1.1 200") {
        return Err(format!("the panel says {}", words.lines().next().unwrap_or_default()).into());
    }
    let length = words.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let length: u64 = length.ok_or("the panel does not say how much will come")?;
    buffer.copy_within(head..filled, 0);
    filled -= head;
    let mut got = filled as u64;
    loop {
        let done = show(&buffer[..filled]);
        buffer.copy_within(done..filled, 0);
        filled -= done;
        if got == length {
            return Ok(got);
        }
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Err("the panel has hung up".into());
        }
        filled += read;
        got += read as u64;
    }
}
