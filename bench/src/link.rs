//! A slow line: a relay in front of the panel that passes on a limited number of bytes per second, and none of them
//! early.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// 20 Mbit/s.
pub(crate) const BYTES_PER_SECOND: u32 = 2_500_000;

/// The size of a piece: the bytes of a hundredth of a second.
const PIECE: usize = BYTES_PER_SECOND as usize / 100;

/// Starts the relay. Returns its address, to connect to in place of the panel. The relay runs as long as this program.
pub(crate) fn before(url: &str) -> Outcome<String> {
    let panel: SocketAddr = url.strip_prefix("http://").ok_or("the panel's address is not plain http")?.parse()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let line = Arc::new(Mutex::new(Instant::now()));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let line = Arc::clone(&line);
            thread::spawn(move || relay(&client, panel, &line));
        }
    });
    Ok(format!("http://{address}"))
}

/// Relays both directions of one connection. An error ends it, as it would on a line.
fn relay(client: &TcpStream, panel: SocketAddr, line: &Mutex<Instant>) -> io::Result<()> {
    let panel = TcpStream::connect(panel)?;
    client.set_nodelay(true)?;
    let (mut from_client, mut to_panel) = (client.try_clone()?, panel.try_clone()?);
    let upwards = thread::spawn(move || {
        io::copy(&mut from_client, &mut to_panel)?;
        to_panel.shutdown(Shutdown::Write)
    });
    let done = downwards(&panel, client, line);
    // The other side may still wait. It has to learn that the connection has ended.
    let _ = client.shutdown(Shutdown::Write);
    let _ = panel.shutdown(Shutdown::Both);
    let _ = upwards.join();
    done
}

fn downwards(mut panel: &TcpStream, mut client: &TcpStream, line: &Mutex<Instant>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = panel.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        thread::sleep(arrival(line, length).saturating_duration_since(Instant::now()));
        client.write_all(&piece[..length])?;
    }
}

/// Returns the time at which these bytes have come over the line. All connections share the line, which sends one byte
/// after the other.
fn arrival(line: &Mutex<Instant>, bytes: usize) -> Instant {
    let mut free = line.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    *free = (*free).max(Instant::now()) + Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
    *free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_the_time_that_the_line_needs() {
        let panel = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", panel.local_addr().unwrap());
        thread::spawn(move || {
            let (mut client, _) = panel.accept().unwrap();
            client.read_exact(&mut [0; 5]).unwrap();
            client.write_all(&vec![7; 500_000]).unwrap();
        });
        let relay = before(&url).unwrap();
        let start = Instant::now();
        let mut stream = TcpStream::connect(relay.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        assert_eq!(got.len(), 500_000);
        assert!(start.elapsed() >= Duration::from_millis(199), "{:?}", start.elapsed());
    }
}
