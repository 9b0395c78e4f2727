//! Redirects from the internet into a private network, with addresses of this computer that are
//! taken for the one and the other.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sync_core::source::AnswerFault;
use sync_core::{ContentSource, SourceError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

/// Takes 127.0.0.1 for an address of the internet, and all others for private ones.
fn all_but_one(address: IpAddr) -> bool {
    address != IpAddr::V4(Ipv4Addr::LOCALHOST)
}

/// Starts a panel that gives every connection the same answer; `PORT` in it becomes its own port.
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

/// Asks a panel that redirects there; returns how that ended and how many requests it took.
async fn redirected(location: &str, is_private: fn(IpAddr) -> bool) -> (Result<(), SourceError>, u64) {
    let port = panel(&format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nConnection: close\r\n\r\n")).await;
    let address = PanelAddress::parse(&format!("http://127.0.0.1:{port}")).unwrap().address;
    let config = XtreamConfig {
        is_private,
        ..XtreamConfig::new().system_proxy(false).attempts(1).first_byte_timeout(Duration::from_secs(5))
    };
    let source = XtreamSource::new(address, Credentials::new("ann", "secret"), config).unwrap();
    (source.account().await.map(drop), source.usage().requests)
}

#[tokio::test]
async fn nothing_private_is_asked_because_the_internet_says_so() {
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
        ("http://localhost:PORT/again", crate::network::is_private as fn(IpAddr) -> bool),
        ("http://127.0.0.1:PORT/again", crate::network::is_private),
        // From one address of the internet to another.
        ("http://127.0.0.1:PORT/again", all_but_one),
    ] {
        let (outcome, requests) = redirected(target, is_private).await;
        let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else {
            panic!("{target}: {outcome:?}")
        };
        // It redirects again and again, so all six were asked.
        assert_eq!((message.as_str(), requests), (super::RefusedRedirect::TooMany.words(), 6), "{target}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_found_out() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    /// Public where the redirect came from and when its target was judged, private once connected.
    fn changing(_: IpAddr) -> bool {
        LOOKS.fetch_add(1, Ordering::Relaxed) == 2
    }
    let (outcome, requests) = redirected("http://127.0.0.1:PORT/again", changing).await;
    let Err(SourceError::Unusable { fault: AnswerFault::Redirect, message }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((message.as_str(), requests), (super::RefusedRedirect::Inside.words(), 2));
}
