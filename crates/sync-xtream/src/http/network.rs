//! Tells addresses of the internet from addresses of private networks.
//!
//! A panel on the internet must not send a client to a router, a printer, or a service of the client's own computer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// Returns whether an address belongs to this computer or to a network that is not the internet.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // "This" network, the addresses that providers share among their customers, and reserved ranges: protocol
        // assignments, measurements, the end of the range.
        [0 | 240..=255, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] => true,
        _ => address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast(),
    }
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // `::` and `::1`, and the old way to write an IPv4 address.
        [0, 0, 0, 0, 0, 0, high, low] => high == 0 || embedded(high, low),
        // Three ways to reach IPv4 from IPv6.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            embedded(high, low)
        }
        // A fourth one for a network's own use, one through another router (Teredo), a range that nobody receives, and
        // the former site-local range.
        [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] | [0x100, 0, 0, 0, ..] | [0xfec0..=0xfeff, ..] => true,
        _ => address.is_unique_local() || address.is_unicast_link_local() || address.is_multicast(),
    }
}

/// A function that finds the addresses of a name.
pub(crate) type LookUp = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks the system for the addresses of a name.
pub(crate) fn look_up(name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
    Box::pin(async move {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    })
}

/// A name look-up for clients that may not leave the internet. It drops private addresses, because a name may have got
/// another address since it was judged. A name without an address is not asked.
pub(crate) struct OutsideOnly {
    pub(crate) is_private: fn(IpAddr) -> bool,
    pub(crate) look_up: LookUp,
}

impl Resolve for OutsideOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (is_private, found) = (self.is_private, (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let mut outside = found.await?;
            let known = !outside.is_empty();
            outside.retain(|address| !is_private(*address));
            if known && outside.is_empty() {
                return Err(OnlyInside.into());
            }
            Ok(Box::new(outside.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The name has only private addresses.
#[derive(Debug, thiserror::Error)]
#[error("the name has none but private addresses")]
pub(crate) struct OnlyInside;

/// The place of a host, before any connection to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address, or this computer.
    Known(bool),
    /// For each address of a name, whether it is private.
    Resolved(Vec<bool>),
}

impl Place {
    /// Finds the place of a host. A name is looked up. An unknown name has no addresses.
    pub(crate) async fn look_up(url: &Url, is_private: fn(IpAddr) -> bool, look_up: LookUp) -> Self {
        match url.host() {
            Some(Host::Ipv4(address)) => Self::Known(is_private(address.into())),
            Some(Host::Ipv6(address)) => Self::Known(is_private(address.into())),
            Some(Host::Domain(name)) if is_this_computer(name) => Self::Known(true),
            Some(Host::Domain(name)) => {
                let found = look_up(name.to_owned()).await.unwrap_or_default();
                Self::Resolved(found.into_iter().map(is_private).collect())
            }
            None => Self::Resolved(Vec::new()),
        }
    }

    /// Returns whether a request to it may end in a private network.
    pub(crate) fn may_be_private(&self) -> bool {
        match self {
            Self::Known(private) => *private,
            Self::Resolved(found) => found.contains(&true),
        }
    }

    /// Returns whether no address of it is known.
    pub(crate) fn is_nowhere(&self) -> bool {
        matches!(self, Self::Resolved(found) if found.is_empty())
    }

    /// Returns whether a request to it can only end in a private network.
    pub(crate) fn must_be_private(&self) -> bool {
        match self {
            Self::Known(private) => *private,
            Self::Resolved(found) => !found.is_empty() && !found.contains(&false),
        }
    }
}

/// Returns whether a name is a form of `localhost`.
fn is_this_computer(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_recognised() {
        let own = [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::c0a8:101",
            "64:ff9b:1::808:808",
            "64:ff9b:1:fffe::1",
            "::ffff:0:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "2001:0:4136:e378:8000:63bf:f5ff:fffe",
            "100::1",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in own {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        let open = [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "::ffff:0:1.1.1.1",
            "2001:4860:4860::8888",
            "2002:101:101::1",
        ];
        for text in open {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn a_host_is_judged_by_its_name() {
        for (url, private) in [
            ("http://localhost:8080/", true),
            ("http://a.LOCALHOST./", true),
            ("http://127.0.0.1/", true),
            ("http://0x7f.1/", true),
            ("http://2130706433/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:192.168.0.1]/", true),
            ("http://1.1.1.1/", false),
        ] {
            let place = Place::look_up(&Url::parse(url).unwrap(), is_private, look_up).await;
            assert_eq!((place.may_be_private(), place.must_be_private()), (private, private), "{url}");
        }
    }

    #[test]
    fn a_name_with_one_private_address_may_be_private() {
        let verdict = |found: &[bool]| {
            let place = Place::Resolved(found.to_vec());
            (place.may_be_private(), place.must_be_private())
        };
        assert_eq!(verdict(&[true, false]), (true, false));
        assert_eq!(verdict(&[true, true]), (true, true));
        assert_eq!(verdict(&[false]), (false, false));
        assert_eq!(verdict(&[]), (false, false));
        assert!(Place::Resolved(Vec::new()).is_nowhere() && !Place::Resolved(vec![false]).is_nowhere());
    }
}
