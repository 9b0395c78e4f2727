//! Certificates that no authority has signed.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sync_core::source::Obstacle;
use sync_core::{ContentSource, SourceError};

use crate::scene::{Server, ok, quick, source};

/// Self-signed, for `panel.example`; made with
/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=panel.example`.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIURaK3a8tqmjJ6ckXbgnzJxPXfgbwwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcGFuZWwuZXhhbXBsZTAgFw0yNjExMjIxNDI3NTFaGA8yMTI2
MTAyOTE0Mjc1MVowGDEWMBQGA1UEAwwNcGFuZWwuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABCKVda3/VLEvIghCjqoeiYn+Ohkhq/85rBk7yN0c9TYK
yLFNguFjzssK+vVb+C9fWmt+92NoND2/TiK5cKQtGSyjUzBRMB0GA1UdDgQWBBS2
WdznxUjCs9M84ySAOPJNOvZdhjAfBgNVHSMEGDAWgBS2WdznxUjCs9M84ySAOPJN
OvZdhjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEB5KiHxUfF9
N7xd+kf2XdrrMJ7gz1qvjafW8VcAx8L/AiEA29Nl45Yh6LxFzLtbhR1QWHwJ7Fli
hFe048+1Nv7SP+I=
-----END CERTIFICATE-----";

/// The key is used by this test only, so it is no secret.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrRjuuRnVuHywQZin
4Bvu9u8RsnO6iZX+zm7OR8zZxdGhRANCAAQilXWt/1SxLyIIQo6qHomJ/joZIav/
OawZO8jdHPU2CsixTYLhY87LCvr1W/gvX1prfvdjaDQ9v04iuXCkLRks
-----END PRIVATE KEY-----";

/// Starts a panel with that certificate, and returns its address. The panel runs until the program ends.
fn panel() -> String {
    let certificates = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // A client that refuses the certificate closes the connection here.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(&ok(r#"{"user_info":{"auth":1}}"#));
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    base
}

#[tokio::test]
async fn an_unsigned_certificate_is_not_accepted() {
    let source = source(&panel(), quick());
    let error = source.account().await.unwrap_err();
    let SourceError::Obstructed { obstacle: Obstacle::Certificate, message, attempts: 1 } = &error else {
        panic!("{error:?}")
    };
    assert!(message.starts_with("the panel's certificate is not accepted"), "{message}");
    assert!(error.hint().as_str().contains("Without verification"), "{}", error.hint());
    assert!(source.learnt().notices.is_empty());
}

#[tokio::test]
async fn any_certificate_is_accepted_with_a_notice_if_the_settings_allow_it() {
    let base = panel();
    for _ in 0..2 {
        let source = source(&base, quick().verify_tls(false));
        source.account().await.unwrap();
        let notices = source.learnt().notices;
        assert_eq!(notices.len(), 1);
        assert!(notices[0].starts_with("the panel's certificate is not verified"), "{notices:?}");
        source.account().await.unwrap();
        assert_eq!(source.learnt().notices, notices, "once");
    }
}

#[tokio::test]
async fn an_unencrypted_panel_gives_no_notice_about_certificates() {
    let server = Server::start(vec![ok(r#"{"user_info":{"auth":1}}"#)]).await;
    let plain = source(&server.base, quick().verify_tls(false));
    plain.account().await.unwrap();
    assert!(plain.learnt().notices.is_empty());
    let closed = server.task_stopped().await.replace("http:", "https:");
    let closed = source(&closed, quick().verify_tls(false).attempts(1));
    closed.account().await.unwrap_err();
    assert!(closed.learnt().notices.is_empty(), "no connection came about");
}

/// Starts a server that answers the first bytes of a TLS handshake with these bytes, and then closes. Returns its
/// address.
fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    base
}

#[tokio::test]
async fn field_15_https_to_a_port_without_encryption_names_http() {
    for (bytes, obstacle, attempts) in [
        (&b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"[..], Obstacle::PlainPort, 1),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Obstacle::PlainPort, 1),
        (b"", Obstacle::Encryption, 2),
    ] {
        let error = source(&answering(bytes), quick().attempts(2)).account().await.unwrap_err();
        let SourceError::Obstructed { obstacle: found, attempts: made, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*found, *made), (obstacle, attempts), "{error}");
        assert!(error.hint().as_str().contains("http://") && error.code() == "panel_unreachable", "{}", error.hint());
    }
}

#[tokio::test]
async fn field_15_old_versions_and_ciphers_are_reported() {
    // Three alerts (no such version, no such cipher, not safe enough), and a hello of TLS 1.0.
    const HELLO: &[u8] =
        b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x2f\x00";
    for bytes in
        [&b"\x15\x03\x01\x00\x02\x02\x46"[..], b"\x15\x03\x03\x00\x02\x02\x28", b"\x15\x03\x03\x00\x02\x02\x47", HELLO]
    {
        let error = source(&answering(bytes), quick()).account().await.unwrap_err();
        let SourceError::Obstructed { obstacle: Obstacle::OldEncryption, message, attempts: 1 } = &error else {
            panic!("{bytes:?}: {error:?}")
        };
        assert!(message.contains("TLS 1.2"), "{message}");
    }
}
