//! Encryption in front of a panel, with valid and invalid certificates.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::Panel;

/// A certificate for `localhost` and 127.0.0.1, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Issued by the [authority](Self::authority).
    Valid,
    /// As `Valid`, but expired.
    Expired,
    /// As `Valid`, but for `panel.example`.
    OtherHost,
    /// Issued by itself.
    SelfSigned,
}

impl Certificate {
    /// Returns the file of the authority that has issued the other certificates. A client that trusts it accepts
    /// [`Self::Valid`].
    pub fn authority() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates").join("authority.pem")
    }

    fn pem(self) -> &'static [u8] {
        match self {
            Self::Valid => include_bytes!("../../certificates/valid.pem"),
            Self::Expired => include_bytes!("../../certificates/expired.pem"),
            Self::OtherHost => include_bytes!("../../certificates/other-host.pem"),
            Self::SelfSigned => include_bytes!("../../certificates/self-signed.pem"),
        }
    }

    fn acceptor(self) -> TlsAcceptor {
        const INVARIANT: &str = "the certificates of the fixture are sound";
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../certificates/key.pem")).expect(INVARIANT);
        let own = CertificateDer::from_pem_slice(self.pem()).expect(INVARIANT);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect(INVARIANT)
            .with_no_client_auth()
            .with_single_cert(vec![own], key)
            .expect(INVARIANT);
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A port at which a panel is served over TLS, until the value is dropped.
pub struct TlsFront {
    address: SocketAddr,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl TlsFront {
    /// Starts to serve a panel with this certificate on another port of 127.0.0.1.
    pub fn start(panel: &Panel, certificate: Certificate) -> io::Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let (address, behind, acceptor) = (listener.local_addr()?, panel.address(), certificate.acceptor());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopping) = oneshot::channel();
        let thread = std::thread::Builder::new().name("simulated-tls".to_owned()).spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener that does not block");
                tokio::select! {
                    () = accept(&listener, &acceptor, behind) => {}
                    _ = stopping => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { address, thread: Some((stop, thread)) })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns `https://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("https://{}", self.address)
    }
}

async fn accept(listener: &TcpListener, acceptor: &TlsAcceptor, behind: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that rejects the certificate closes the connection, which it may do.
            let mut outside = acceptor.accept(stream).await.ok()?;
            let mut inside = TcpStream::connect(behind).await.ok()?;
            tokio::io::copy_bidirectional(&mut outside, &mut inside).await.ok()
        });
    }
}

impl fmt::Debug for TlsFront {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsFront").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            // The server or the thread may have ended already, which is no error.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}
