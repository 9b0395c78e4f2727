//! Decides which redirects are followed. The panel puts the credentials into them.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};

/// The greatest number of redirects in a row.
const HOPS_MAX: usize = 5;

/// The reason why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedRedirect {
    TooMany,
    Unencrypted,
    Scheme,
    Login,
    Unreadable,
    Inside,
    OtherHost,
}

impl RefusedRedirect {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::TooMany => "it redirects in a circle, or more than five times",
            Self::Unencrypted => "it redirects from an encrypted connection to one that is not",
            Self::Scheme => "it redirects to something that is no web address",
            Self::Login => "it redirects to an address with another login in it",
            Self::Unreadable => "it redirects to an address that can't be read",
            Self::Inside => "it redirects from the internet into a private network",
            Self::OtherHost => "it redirects to another host, which the settings forbid",
        }
    }
}

impl RefusedRedirect {
    /// Returns whether another client may be redirected elsewhere. A loop doesn't depend on the client, and neither
    /// does a redirect that the settings forbid.
    pub(crate) const fn may_depend_on_the_client(self) -> bool {
        !matches!(self, Self::TooMany | Self::OtherHost)
    }
}

/// Returns the target of an answer, if it is a redirect. At most five are followed in a row, only over HTTP, without a
/// login in the address, and never from an encrypted address to an unencrypted one. This doesn't decide whether the
/// host may be asked.
pub(crate) fn target(
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
    hops: usize,
) -> Result<Option<Url>, RefusedRedirect> {
    let Some(location) = headers.get(LOCATION).filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308))
    else {
        return Ok(None);
    };
    if hops >= HOPS_MAX {
        return Err(RefusedRedirect::TooMany);
    }
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| RefusedRedirect::Unreadable)?;
    let to = from.join(location).map_err(|_| RefusedRedirect::Unreadable)?;
    match (from.scheme(), to.scheme()) {
        ("https", "http") => Err(RefusedRedirect::Unencrypted),
        (_, "http" | "https") if !to.username().is_empty() || to.password().is_some() => Err(RefusedRedirect::Login),
        (_, "http" | "https") => Ok(Some(to)),
        _ => Err(RefusedRedirect::Scheme),
    }
}

/// Returns whether two addresses have different hosts. Another port of a host is the same host.
pub(crate) fn is_other_host(one: &Url, other: &Url) -> bool {
    one.host() != other.host()
}

#[cfg(test)]
mod hops;

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(from: &str, location: &str, hops: usize) -> Result<String, RefusedRedirect> {
        let headers = [(LOCATION, location.parse().unwrap())].into_iter().collect();
        let to = target(&Url::parse(from).unwrap(), StatusCode::FOUND, &headers, hops)?;
        Ok(to.expect("a redirect").to_string())
    }

    #[test]
    fn only_safe_redirects_are_followed() {
        let from = "http://panel.example:8080/a/player_api.php?username=u";
        let good = [
            ("http://other.example/x?y=1#z", "http://other.example/x?y=1#z"),
            ("https://panel.example/", "https://panel.example/"),
            ("//panel.example:25461/b", "http://panel.example:25461/b"),
            ("/b?c", "http://panel.example:8080/b?c"),
            ("b", "http://panel.example:8080/a/b"),
            ("?again", "http://panel.example:8080/a/player_api.php?again"),
        ];
        for (location, to) in good {
            assert_eq!(verdict(from, location, 4).as_deref(), Ok(to), "{location}");
        }
        let bad = [
            ("file:///etc/passwd", RefusedRedirect::Scheme),
            ("ftp://panel.example/", RefusedRedirect::Scheme),
            ("javascript:alert(1)", RefusedRedirect::Scheme),
            ("http://ann:secret@panel.example/", RefusedRedirect::Login),
            ("http://ann@panel.example/", RefusedRedirect::Login),
            ("http://[::1/", RefusedRedirect::Unreadable),
            ("http://a b/", RefusedRedirect::Unreadable),
        ];
        for (location, refused) in bad {
            assert_eq!(verdict(from, location, 0), Err(refused), "{location}");
        }
        assert_eq!(verdict(from, "/b", 5), Err(RefusedRedirect::TooMany));
        assert_eq!(verdict("https://h/", "http://h/", 0), Err(RefusedRedirect::Unencrypted));
        assert_eq!(verdict("https://h/", "https://g/", 0).as_deref(), Ok("https://g/"));
        let odd = [(LOCATION, reqwest::header::HeaderValue::from_bytes(b"/\xff").unwrap())].into_iter().collect();
        let from = Url::parse(from).unwrap();
        assert_eq!(target(&from, StatusCode::FOUND, &odd, 0), Err(RefusedRedirect::Unreadable));
    }

    #[test]
    fn only_some_statuses_with_a_location_redirect() {
        let from = Url::parse("http://panel.example/").unwrap();
        let headers = [(LOCATION, "/b".parse().unwrap())].into_iter().collect();
        for code in 200..400 {
            let found = target(&from, StatusCode::from_u16(code).unwrap(), &headers, 0).unwrap();
            assert_eq!(found.is_some(), [301, 302, 303, 307, 308].contains(&code), "{code}");
        }
        assert_eq!(target(&from, StatusCode::FOUND, &HeaderMap::new(), 0), Ok(None));
    }

    #[test]
    fn another_port_is_no_other_host() {
        let other = |one: &str, other: &str| is_other_host(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
        assert!(!other("http://panel.example:80/", "https://PANEL.example:8443/"));
        assert!(other("http://panel.example/", "http://cdn.panel.example/"));
        assert!(other("http://127.0.0.1/", "http://127.0.0.2/"));
    }
}
