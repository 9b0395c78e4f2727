//! The host and port of an address. An impossible one is refused before a sync searches for it in vain.

use url::{Host, Url};

use super::error::AddressError;
use super::scheme::is_misspelt;

/// Endings of files that no host has. The slash before such a file was lost.
const FILES: [&str; 4] = [".php", ".html", ".m3u", ".m3u8"];

/// Refuses a text before the path that is no host with a port. `tail` is the text after it. Without a scheme, the text
/// may be a scheme itself, as in `mailto:ann`.
pub(super) fn check_authority(authority: &str, tail: &str, has_scheme: bool) -> Result<(), AddressError> {
    if authority.contains('@') || is_cut_user_info(tail) {
        return Err(AddressError::UserInfo);
    }
    if authority.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(AddressError::Invalid);
    }
    if authority.starts_with('[') {
        return Ok(());
    }
    let Some((_, port)) = authority.split_once(':') else { return Ok(()) };
    // `host:8080` has a port. `ftp:` and `mailto:ann` have none.
    match port {
        "" if tail.starts_with("//") => Err(AddressError::Scheme),
        port if port.contains(':') => Err(AddressError::Invalid),
        port if port.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ if tail.contains('@') => Err(AddressError::UserInfo),
        port if has_scheme || port.starts_with(|c: char| c.is_ascii_digit()) => Err(AddressError::Invalid),
        _ => Err(AddressError::Scheme),
    }
}

/// Returns whether `user:password@host:port` was cut by a `/`, `?` or `#` in the password.
fn is_cut_user_info(tail: &str) -> bool {
    // Later parts and queries may have mail addresses as user names.
    let first = tail.get(1..).unwrap_or_default().split('/').next().unwrap_or_default();
    let port = first.rsplit_once('@').and_then(|(_, host)| host.split_once(':')).map(|(_, port)| port);
    !first.contains('=') && port.is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Refuses impossible hosts. `authority` is the typed text.
pub(super) fn check(url: &Url, authority: &str) -> Result<(), AddressError> {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            if is_misspelt(name) || ["http", "https"].contains(&name) {
                return Err(AddressError::Mistyped);
            }
            let sound = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            if !sound || name.is_empty() || has_port_glued(name) || FILES.iter().any(|file| name.ends_with(file)) {
                return Err(AddressError::Invalid);
            }
            Ok(())
        }
        // `8080` and `010.0.0.1` are addresses as well, but other ones than the person means.
        Some(Host::Ipv4(address)) if authority.split(':').next() != Some(&*address.to_string()) => {
            Err(AddressError::Invalid)
        }
        Some(_) => Ok(()),
        None => Err(AddressError::Invalid),
    }
}

/// Returns whether a name ends in a port without a colon, as in `panel.example8080`. No top-level domain has a digit.
fn has_port_glued(name: &str) -> bool {
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    let letters = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &last[letters.len()..];
    !letters.is_empty() && !last.starts_with("xn--") && (digits.len() > 3 || ["80", "443"].contains(&digits))
}
