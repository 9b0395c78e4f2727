//! Notices for a person about the way to a panel. Each is given once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sync_core::text::one_line;

use crate::credentials::Credentials;

/// The greatest number of hosts in notices, because a panel may redirect to a new host each time.
const HOSTS_MAX: usize = 20;

/// The notices, in their order.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    hosts: Vec<String>,
    unverified: bool,
    lines: Vec<String>,
}

impl Notices {
    /// Notes that a connection is encrypted but the other end is not verified.
    pub(crate) fn unverified(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.unverified, true) {
            state.lines.push(
                "the panel's certificate is not verified, as the settings say: anybody on the way to the panel can read the password and change the answers"
                    .to_owned(),
            );
        }
    }

    /// Notes that the panel redirects to another host, and sends it `address`.
    pub(crate) fn other_host(&self, host: &str, address: &str, credentials: &Credentials) {
        let host = one_line(&credentials.redact(host));
        let mut state = self.state();
        if state.hosts.contains(&host) || state.hosts.len() >= HOSTS_MAX {
            return;
        }
        let along = if credentials.travel_with(address) { "; the credentials travel with the address" } else { "" };
        tracing::warn!("the panel redirects to another host");
        state.lines.push(format!("the panel redirects to another host, {host}{along}"));
        state.hosts.push(host);
    }

    /// Returns all notices so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_reported_once_without_the_credentials() {
        let (notices, credentials) = (Notices::default(), Credentials::new("canary-user", "canary word"));
        let with = "http://cdn.example/player_api.php?username=canary-user&password=canary%20word";
        notices.other_host("cdn.example", with, &credentials);
        notices.other_host("cdn.example", "http://cdn.example/", &credentials);
        notices.other_host("canary-user.example", "http://canary-user.example/", &credentials);
        notices.other_host("plain.example", "http://plain.example/", &credentials);
        let expected = [
            "the panel redirects to another host, cdn.example; the credentials travel with the address",
            "the panel redirects to another host, ***.example; the credentials travel with the address",
            "the panel redirects to another host, plain.example",
        ];
        assert_eq!(notices.lines(), expected);
        // These are too short to be redacted in words, and are spelt in the panel's own way.
        for (number, address) in ["x?u=me&p=a/", "x?q=%61%2f", "me/1/", "x?%6De"].into_iter().enumerate() {
            let (notices, credentials) = (Notices::default(), Credentials::new("me", "a/"));
            notices.other_host("cdn.example", &format!("http://cdn.example/{address}"), &credentials);
            assert_eq!(notices.lines()[0].contains("travel"), number < 3, "{address}");
        }
        for number in 0..100 {
            notices.other_host(&format!("{number}.example"), "", &credentials);
        }
        assert_eq!(notices.lines().len(), HOSTS_MAX);
    }
}
