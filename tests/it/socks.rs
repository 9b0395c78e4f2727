//! A SOCKS5 proxy that connects to one address, whatever name a client asks for, and counts the connections.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The proxy, which runs until the program ends.
pub(crate) struct Socks {
    pub(crate) address: SocketAddr,
    led: Arc<AtomicUsize>,
}

impl Socks {
    pub(crate) fn leading_to(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, led) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&led);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                // A client may close its connection at any time.
                thread::spawn(move || serve(stream, behind, &count).ok());
            }
        });
        Self { address, led }
    }

    /// Returns the number of connections that went through the proxy.
    pub(crate) fn led(&self) -> usize {
        self.led.load(Ordering::Relaxed)
    }
}

fn serve(mut client: TcpStream, behind: SocketAddr, led: &AtomicUsize) -> io::Result<()> {
    let mut read = |length: usize| {
        let mut bytes = vec![0; length];
        client.read_exact(&mut bytes).map(|()| bytes)
    };
    // The client sends version and methods, and then version, command and an address, which is a name or an IPv4
    // address.
    let methods = read(2)?[1];
    read(methods.into())?;
    client.write_all(&[5, 0])?;
    let mut read = |length: usize| {
        let mut bytes = vec![0; length];
        client.read_exact(&mut bytes).map(|()| bytes)
    };
    let length = match read(4)?[3] {
        1 => 4,
        3 => read(1)?[0].into(),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    read(length + 2)?;
    led.fetch_add(1, Ordering::Relaxed);
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    let mut panel = TcpStream::connect(behind)?;
    let (mut from, mut to) = (client.try_clone()?, panel.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
        copied
    });
    io::copy(&mut panel, &mut client)?;
    client.shutdown(Shutdown::Both)
}
