//! The reasons why no connection to a panel could be made, and the errors of its encryption.

use std::io::ErrorKind;

use rustls::CertificateError;
use sync_core::source::Obstacle;

use super::Failure;

/// The way of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    pub(crate) encrypted: bool,
    /// Whether it goes through a proxy of the environment.
    pub(crate) proxied: bool,
}

/// Returns the failure of a connection that could not be made.
pub(super) fn from_connecting(late: bool, kind: Option<ErrorKind>, way: Way) -> Failure {
    let words = match kind {
        _ if late => "no connection came about in time",
        Some(ErrorKind::ConnectionRefused) => "the connection is refused",
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => "there is no way to the host",
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => "the connection was reset",
        Some(ErrorKind::UnexpectedEof) if way.encrypted => "the connection was closed before it was encrypted",
        _ => "no connection can be made",
    };
    let reached = !matches!(
        kind,
        Some(ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)
    );
    match way {
        Way { proxied: true, .. } => {
            Failure::obstructed(Obstacle::Proxy, format!("{words}, through the proxy that the environment names"))
        }
        Way { encrypted: true, .. } if reached => Failure::obstructed(Obstacle::Encryption, words),
        _ => Failure::obstructed(Obstacle::Network, words),
    }
}

/// Returns the failure of the encryption. A wrong certificate, a port without encryption and unsupported versions of
/// TLS are lasting. Other errors may pass.
pub(super) fn from_tls(error: &rustls::Error) -> Failure {
    use rustls::AlertDescription::{HandshakeFailure, InsufficientSecurity, ProtocolVersion};
    const DISAGREED: &str = "no encrypted connection could be agreed on";
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => reason,
        rustls::Error::InvalidMessage(_) => {
            let words = format!("{DISAGREED}: what answers there speaks no encryption");
            return Failure::barred(Obstacle::PlainPort, words);
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(HandshakeFailure | InsufficientSecurity | ProtocolVersion) => {
            let words = format!("{DISAGREED}: the panel has neither TLS 1.2 nor 1.3, or none of their ciphers");
            return Failure::barred(Obstacle::OldEncryption, words);
        }
        _ => return Failure::obstructed(Obstacle::Encryption, DISAGREED),
    };
    let reason = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another host",
        CertificateError::UnknownIssuer => "nobody known has issued it",
        CertificateError::Revoked => "it has been revoked",
        _ => "it can't be verified",
    };
    Failure::barred(Obstacle::Certificate, format!("the panel's certificate is not accepted: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_not_tried_again() {
        for (error, words) in [
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "another host"),
            (CertificateError::UnknownIssuer, "nobody known"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "can't be verified"),
        ] {
            let failure = from_tls(&rustls::Error::InvalidCertificate(error));
            assert!(!failure.is_transient() && failure.message().contains(words), "{failure:?}");
            assert!(failure.into_error(1).hint().as_str().contains("Without verification"));
        }
        assert!(from_tls(&rustls::Error::HandshakeNotComplete).is_transient());
    }

    #[test]
    fn field_15_errors_of_an_encryption_are_told_apart() {
        use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};
        for (error, lasting, hint) in [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), true, "http://"),
            (Error::InvalidMessage(InvalidMessage::MessageTooLarge), true, "http://"),
            (Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13), true, "TLS 1.2"),
            (Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), true, "TLS 1.2"),
            (Error::AlertReceived(AlertDescription::ProtocolVersion), true, "TLS 1.2"),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), true, "TLS 1.2"),
            (Error::AlertReceived(AlertDescription::InsufficientSecurity), true, "TLS 1.2"),
            (Error::AlertReceived(AlertDescription::InternalError), false, "http://"),
        ] {
            let failure = from_tls(&error);
            assert_eq!(failure.is_transient(), !lasting, "{error:?}");
            let error = failure.into_error(1);
            assert!(
                error.hint().as_str().contains(hint) && error.code() == "panel_unreachable",
                "{error:?}: {}",
                error.hint()
            );
        }
    }

    #[test]
    fn field_11_a_connection_that_fails_behind_a_proxy_names_the_proxy() {
        let way = Way { proxied: true, encrypted: false };
        for kind in [Some(ErrorKind::ConnectionRefused), None] {
            let error = from_connecting(false, kind, way).into_error(4);
            assert!(error.to_string().contains("proxy") && error.hint().as_str().contains("NO_PROXY"), "{error}");
        }
    }

    #[test]
    fn field_15_an_encrypted_connection_that_dies_at_once_may_have_met_a_plain_port() {
        let way = |encrypted| Way { encrypted, proxied: false };
        for (late, kind) in
            [(true, None), (false, Some(ErrorKind::UnexpectedEof)), (false, Some(ErrorKind::ConnectionReset))]
        {
            assert!(
                from_connecting(late, kind, way(true)).into_error(4).hint().as_str().contains("http://"),
                "{kind:?}"
            );
            assert!(
                !from_connecting(late, kind, way(false)).into_error(4).hint().as_str().contains("http://"),
                "{kind:?}"
            );
        }
        let refused = from_connecting(false, Some(ErrorKind::ConnectionRefused), way(true)).into_error(4);
        assert!(!refused.hint().as_str().contains("http://"), "nothing listens there");
    }
}
