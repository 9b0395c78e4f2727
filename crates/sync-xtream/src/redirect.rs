//! Which redirects are followed. The panel puts the credentials into them, so they travel along.

use std::fmt;

use reqwest::redirect::{Action, Attempt, Policy};

/// How many in a row are followed.
const HOPS_MAX: usize = 5;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedRedirect {
    TooMany,
    Unencrypted,
    Scheme,
}

impl RefusedRedirect {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::TooMany => "it redirects in a circle, or more than five times",
            Self::Unencrypted => "it redirects from an encrypted connection to one that is not",
            Self::Scheme => "it redirects to something that is no web address",
        }
    }
}

impl fmt::Display for RefusedRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl std::error::Error for RefusedRedirect {}

/// At most five, over HTTP, and never away from encryption.
pub(crate) fn policy() -> Policy {
    Policy::custom(follow)
}

fn follow(attempt: Attempt<'_>) -> Action {
    let from = attempt.previous().last();
    match verdict(from.map(reqwest::Url::scheme), attempt.url().scheme(), attempt.previous().len()) {
        Ok(()) => {
            if from.is_some_and(|from| from.host_str() != attempt.url().host_str()) {
                tracing::debug!("the panel redirects to another host");
            }
            attempt.follow()
        }
        Err(refused) => attempt.error(refused),
    }
}

/// `hops` counts this redirect too.
fn verdict(from: Option<&str>, to: &str, hops: usize) -> Result<(), RefusedRedirect> {
    match (from, to) {
        _ if hops > HOPS_MAX => Err(RefusedRedirect::TooMany),
        (Some("https"), "http") => Err(RefusedRedirect::Unencrypted),
        (_, "http" | "https") => Ok(()),
        _ => Err(RefusedRedirect::Scheme),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_redirects_are_followed() {
        let http = Some("http");
        assert_eq!(verdict(http, "http", 5), Ok(()));
        assert_eq!(verdict(http, "https", 1), Ok(()));
        assert_eq!(verdict(Some("https"), "https", 1), Ok(()));
        assert_eq!(verdict(Some("https"), "http", 1), Err(RefusedRedirect::Unencrypted));
        assert_eq!(verdict(http, "http", 6), Err(RefusedRedirect::TooMany));
        assert_eq!(verdict(http, "file", 1), Err(RefusedRedirect::Scheme));
    }
}
