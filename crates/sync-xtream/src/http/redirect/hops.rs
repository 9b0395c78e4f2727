//! Tests of redirects from the internet into a private network. Addresses of this computer stand for both.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sync_core::source::AnswerFault;
use sync_core::{ContentSource, SourceError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::http::network::LookUp;
use crate::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

/// Takes 127.0.0.1 for an address of the internet, and all others for private ones.
fn all_but_one(address: IpAddr) -> bool {
    address != IpAddr::V4(Ipv4Addr::LOCALHOST)
}

/// Starts a panel that gives every connection the same answer. `PORT` in it becomes its own port.
async fn panel(answer: &str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.replace("PORT", &port.to_string());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

/// Returns a configuration with one attempt and no second try.
fn once() -> XtreamConfig {
    XtreamConfig::new().system_proxy(false).attempts(1).try_other_client(false)
}

/// Asks a panel that redirects to `location`. Returns the result and the number of requests.
async fn redirected(location: &str, is_private: fn(IpAddr) -> bool) -> (Result<(), SourceError>, u64) {
    let port = panel(&format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nConnection: close\r\n\r\n")).await;
    let address = PanelAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap().address;
    let config = XtreamConfig { is_private, ..once().first_byte_timeout(Duration::from_secs(5)) };
    let source = XtreamSource::new(address, Credentials::new("ann", "secret"), config).unwrap();
    (source.account().await.map(drop), source.usage().requests)
}

#[tokio::test]
async fn no_private_address_is_asked_after_a_redirect_from_the_internet() {
    for target in [
        "http://127.0.0.2:PORT/",
        "//127.0.0.2:PORT/",
        "http://localhost:PORT/",
        "https://localhost:PORT/",
        "http://[::1]:PORT/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
    ] {
        let (outcome, requests) = redirected(target, all_but_one).await;
        let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else {
            panic!("{target}: {outcome:?}")
        };
        assert_eq!((message.as_str(), requests), (super::RefusedRedirect::Inside.words(), 1), "{target}");
    }
}

#[tokio::test]
async fn within_a_private_network_redirects_are_followed() {
    for (target, is_private) in [
        ("http://localhost:PORT/again", crate::http::network::is_private as fn(IpAddr) -> bool),
        ("http://127.0.0.1:PORT/again", crate::http::network::is_private),
        // From one address of the internet to another.
        ("http://127.0.0.1:PORT/again", all_but_one),
    ] {
        let (outcome, requests) = redirected(target, is_private).await;
        let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else {
            panic!("{target}: {outcome:?}")
        };
        // The panel redirects again and again, so all six were asked.
        assert_eq!((message.as_str(), requests), (super::RefusedRedirect::TooMany.words(), 6), "{target}");
    }
}

/// Asks a panel whose redirects lead to a name, on all addresses of this computer. Counts its connections.
async fn asked_by_name(look_up: LookUp) -> (Result<(), SourceError>, usize) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let location = format!("Location: http://name.example:{port}/");
            let answer = format!("HTTP/1.1 302 Found\r\n{location}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let address = PanelAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap().address;
    let config = XtreamConfig { is_private: all_but_one, look_up, ..once() };
    let source = XtreamSource::new(address, Credentials::new("ann", "secret"), config).unwrap();
    let outcome = source.account().await.map(drop);
    (outcome, asked.load(Ordering::Relaxed))
}

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

fn found(addresses: &[[u8; 4]]) -> Found {
    let addresses = addresses.iter().map(|address| IpAddr::from(*address)).collect();
    Box::pin(std::future::ready(Ok(addresses)))
}

#[tokio::test]
async fn a_name_that_changes_to_a_private_address_is_not_asked_there() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    /// The name has an address of the internet when it is judged, and a private one when it is connected to.
    fn changing(_: String) -> Found {
        if LOOKS.fetch_add(1, Ordering::Relaxed) == 0 { found(&[[127, 0, 0, 1]]) } else { found(&[[127, 0, 0, 2]]) }
    }
    let (outcome, asked) = asked_by_name(changing).await;
    let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((message.as_str(), asked), (super::RefusedRedirect::Inside.words(), 1));
    assert_eq!(LOOKS.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_name_that_adds_a_private_address_is_asked_at_its_other_ones() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    /// The private address comes first in every look-up for a connection.
    fn growing(_: String) -> Found {
        let judged = LOOKS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        if judged { found(&[[127, 0, 0, 1]]) } else { found(&[[127, 0, 0, 2], [127, 0, 0, 1]]) }
    }
    let (outcome, asked) = asked_by_name(growing).await;
    let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else { panic!("{outcome:?}") };
    // All six requests came to the address of the internet.
    assert_eq!((message.as_str(), asked), (super::RefusedRedirect::TooMany.words(), 6));
}

#[tokio::test]
async fn an_unknown_name_is_not_asked() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    /// The name is unknown when it is judged, and private afterwards.
    fn late(_: String) -> Found {
        if LOOKS.fetch_add(1, Ordering::Relaxed) == 0 { found(&[]) } else { found(&[[127, 0, 0, 2]]) }
    }
    fn never(_: String) -> Found {
        Box::pin(std::future::ready(Err(io::ErrorKind::NotFound.into())))
    }
    for look_up in [late as LookUp, never] {
        let (outcome, asked) = asked_by_name(look_up).await;
        let Err(SourceError::Obstructed { message, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((message.as_str(), asked), ("the name of the host can't be found", 1));
    }
}

#[tokio::test]
async fn an_answer_from_a_private_address_is_refused_afterwards() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    /// The address is public as origin of the redirect and when the target was judged, and private once connected.
    fn changing(_: IpAddr) -> bool {
        LOOKS.fetch_add(1, Ordering::Relaxed) == 2
    }
    let (outcome, requests) = redirected("http://127.0.0.1:PORT/again", changing).await;
    let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((message.as_str(), requests), (super::RefusedRedirect::Inside.words(), 2));
}
