//! Recognises profiles that belong to one account.
//!
//! Panels count the connections of an account, and ban accounts that open too many. Two profiles of one account are
//! therefore synced one after the other.

use sync_core::{AccountKey, Profile};
use url::{Host, Url};

/// An account at a panel: the hosts at which the panel is reached, and the user name.
///
/// Scheme, port and path of an address don't count, because a panel is often reached over several of them. Two panels
/// on one host with the same user name count as one, which costs only time. On this machine the port counts, because
/// two ports can be tunnels to two panels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelAccount(AccountKey);

impl PanelAccount {
    /// Returns the account of a user at the panel with these addresses. An address that can't be read is left out.
    pub fn new<'a>(addresses: impl IntoIterator<Item = &'a str>, username: &str) -> Self {
        Self(AccountKey::new(addresses.into_iter().filter_map(host), username))
    }

    /// Returns the account of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self::new(profile.addresses(), profile.username.as_deref().unwrap_or_default())
    }

    /// Returns whether both may be the same account: they have a host and the user name in common.
    pub fn may_be(&self, other: &Self) -> bool {
        self.0.may_be(&other.0)
    }

    /// Returns the account as a cache knows it.
    pub const fn key(&self) -> &AccountKey {
        &self.0
    }
}

/// Returns the host of an address in lower case, with the port if the host is this machine.
fn host(address: &str) -> Option<String> {
    let address = address.trim();
    let url = match Url::parse(address) {
        Ok(url) if url.has_host() => url,
        _ => Url::parse(&format!("http://{address}")).ok()?,
    };
    let host = url.host_str()?.trim_end_matches('.').to_lowercase();
    let is_here = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(_) => host == "localhost",
    };
    let port = url.port_or_known_default().filter(|_| is_here);
    (!host.is_empty()).then(|| port.map_or(host.clone(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_host_and_a_user_name() {
        let account = |addresses: &[&str], username| PanelAccount::new(addresses.iter().copied(), username);
        let ann = account(&["http://panel.example:8080"], "ann");
        for (addresses, username, same) in [
            (&["http://panel.example:8080"][..], "ann", true),
            (&["https://PANEL.example./sub/"], "ann", true),
            (&["panel.example"], "ann", true),
            (&["Panel.Example:80"], "ann", true),
            (&["http://other.example", "http://panel.example"], "ann", true),
            (&["http://panel.example:8080"], "Ann", false),
            (&["http://panel.example:8080"], "bob", false),
            (&["http://other.example:8080"], "ann", false),
            (&["http://tv.panel.example"], "ann", false),
            (&[], "ann", false),
            (&["http://"], "ann", false),
        ] {
            let other = account(addresses, username);
            assert_eq!((ann.may_be(&other), other.may_be(&ann)), (same, same), "{addresses:?} {username}");
        }
        assert!(!account(&[], "ann").may_be(&account(&[], "ann")), "without an address nothing is asked");
    }

    #[test]
    fn one_host_is_written_in_many_ways() {
        for (one, other) in [
            ("http://127.0.0.1:8080", "http://0x7f.1:8080/sub"),
            ("http://[::1]", "http://[0:0:0:0:0:0:0:1]:80"),
            ("http://localhost:8080", "http://LOCALHOST.:8080"),
            ("http://192.0.2.1:8080", "http://192.0.2.1:80"),
            ("http://b\u{fc}cher.example", "http://xn--bcher-kva.example"),
        ] {
            assert_eq!(host(one), host(other), "{one}");
            assert!(host(one).is_some());
        }
        assert_ne!(host("http://127.0.0.1"), host("http://127.0.0.2"));
        for here in ["127.0.0.1", "[::1]", "localhost"] {
            let [one, other] = [8080, 8081].map(|port| host(&format!("http://{here}:{port}")));
            assert_ne!(one, other, "two tunnels");
        }
    }

    #[test]
    fn every_address_of_a_profile_counts() {
        let of = |first: &str, further: &[&str]| {
            let id = sync_core::ProfileId::new("home").unwrap();
            PanelAccount::of(&Profile {
                base_url: Some(first.to_owned()),
                further_addresses: further.iter().map(ToString::to_string).collect(),
                username: Some("ann".to_owned()),
                ..Profile::new(id)
            })
        };
        assert!(
            of("http://a.example", &["http://b.example"]).may_be(&of("http://c.example", &["https://b.example:8443"]))
        );
        assert!(!of("http://a.example", &[]).may_be(&of("http://c.example", &["http://b.example"])));
    }

    #[test]
    fn an_account_shows_no_user_name() {
        assert!(!format!("{:?}", PanelAccount::new(["http://panel.example"], "s3cr3t")).contains("s3cr3t"));
    }
}
