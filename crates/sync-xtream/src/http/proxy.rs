//! The proxy of the environment: whether requests may go through one, and whether it can be used.
//!
//! The HTTP client ignores a proxy of an unknown kind and connects directly. A person who has set a proxy doesn't want
//! that, so the source returns an error instead.

use std::ffi::OsString;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// The proxies that the environment names.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    http: String,
    https: String,
    all: String,
    no: String,
    /// Whether the desktop settings may name a proxy as well.
    desktop: bool,
}

impl Proxies {
    /// Reads the environment as the HTTP client does.
    pub(crate) fn new(system_proxy: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // A program behind a web server can't trust `HTTP_PROXY`, because a visitor may have set it.
        if !system_proxy || variable("REQUEST_METHOD").is_some() {
            return Self::default();
        }
        let first = |names: [&str; 2]| {
            let value = names.into_iter().find_map(|name| variable(name)?.into_string().ok());
            value.unwrap_or_default()
        };
        Self {
            http: first(["HTTP_PROXY", "http_proxy"]),
            https: first(["HTTPS_PROXY", "https_proxy"]),
            all: first(["ALL_PROXY", "all_proxy"]),
            no: first(["NO_PROXY", "no_proxy"]),
            desktop: cfg!(any(target_os = "macos", windows)),
        }
    }

    /// Returns whether requests may go through a proxy. Then the address of the other end says nothing.
    pub(crate) fn may_be_used(&self) -> bool {
        self.desktop || [&self.http, &self.https, &self.all].into_iter().any(|value| !value.is_empty())
    }

    /// Returns whether a request to this address goes through a proxy of the environment.
    pub(crate) fn lead(&self, url: &Url) -> bool {
        self.named_for(url).is_some()
    }

    /// Returns the reason, in words, why the proxy for this address can't be used, or `None` if there is no proxy or it
    /// can be used.
    pub(crate) fn unusable(&self, url: &Url) -> Option<String> {
        let named = self.named_for(url)?;
        let is_usable = |value: &str| {
            let matcher = Matcher::builder().all(value).build();
            matcher.intercept(&Uri::from_static("http://panel.example/")).is_some()
        };
        if is_usable(named) || is_usable(&self.all) {
            return None;
        }
        // The value may contain a password, so only its scheme is named.
        let kind = named.split_once("://").map(|(kind, _)| kind);
        let kind = kind.filter(|kind| kind.len() <= 12 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let kind = kind.map(|kind| format!(" (`{kind}`)")).unwrap_or_default();
        Some(format!("the proxy that the environment names{kind} is of a kind that is not supported"))
    }

    /// Returns the value that names the proxy for an address, if the address isn't exempt.
    fn named_for(&self, url: &Url) -> Option<&str> {
        let own = if url.scheme() == "https" { &self.https } else { &self.http };
        let named = if own.is_empty() { &self.all } else { own };
        let uri: Uri = url.as_str().parse().ok()?;
        let any = Matcher::builder().all("http://127.0.0.1:1").no(self.no.as_str()).build();
        Some(named.as_str()).filter(|named| !named.is_empty() && any.intercept(&uri).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Proxies {
        let value = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Proxies::new(true, value)
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    #[cfg(not(any(target_os = "macos", windows)))]
    fn a_proxy_is_used_when_the_environment_names_one() {
        assert!(environment(&[("https_proxy", "http://10.0.0.1:3128")]).may_be_used());
        assert!(!environment(&[]).may_be_used() && !environment(&[("https_proxy", "")]).may_be_used());
        assert!(!Proxies::new(false, |_| Some("http://10.0.0.1:3128".into())).may_be_used());
        let web_server = [("HTTP_PROXY", "http://10.0.0.1:3128"), ("REQUEST_METHOD", "GET")];
        assert!(!environment(&web_server).may_be_used());
    }

    #[test]
    fn field_11_a_proxy_of_an_unsupported_kind_is_reported() {
        let panel = url("http://panel.example:8080/player_api.php?username=u");
        for kind in ["http", "https", "socks4", "socks4a", "socks5", "socks5h"] {
            for name in ["all_proxy", "ALL_PROXY", "http_proxy"] {
                let value = format!("{kind}://ann:canary@10.0.0.1:1080");
                let proxies = environment(&[(name, &value)]);
                assert_eq!(proxies.unusable(&panel), None, "{value}");
                assert!(proxies.lead(&panel));
            }
        }
        assert_eq!(environment(&[("all_proxy", "10.0.0.1:3128")]).unusable(&panel), None);
        for (value, kind) in [
            ("socks://10.0.0.1:1080", "`socks`"),
            ("SOCKS5://10.0.0.1:1080", "`SOCKS5`"),
            ("ftp://ann:canary@10.0.0.1", "`ftp`"),
            ("quic://10.0.0.1", "`quic`"),
            ("socks5://ann:can ary@10.0.0.1", "`socks5`"),
            ("canary@canary://x", "names is"),
        ] {
            let told = environment(&[("all_proxy", value)]).unusable(&panel).expect(value);
            assert!(told.contains(kind) && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn only_the_proxy_of_the_address_matters() {
        let (plain, encrypted) = (url("http://panel.example/"), url("https://panel.example/"));
        let https = environment(&[("https_proxy", "ftp://10.0.0.1")]);
        assert!(https.unusable(&plain).is_none() && https.unusable(&encrypted).is_some());
        assert!(!https.lead(&plain) && https.lead(&encrypted));
        // The client falls back to the proxy for all schemes.
        let both = environment(&[("http_proxy", "ftp://10.0.0.1"), ("all_proxy", "socks5h://10.0.0.1")]);
        assert_eq!(both.unusable(&plain), None);
        for no in ["panel.example", "*", "example"] {
            let exempt = environment(&[("all_proxy", "ftp://10.0.0.1"), ("no_proxy", no)]);
            assert!(exempt.unusable(&plain).is_none() && !exempt.lead(&plain), "{no}");
        }
    }
}
