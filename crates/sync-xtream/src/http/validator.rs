//! Validators: the panel's names for versions of a list, and the requests that use them.
//!
//! A stored validator begins with a digest of its account, so that it is never sent for another one.

use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use sync_core::source::Validator;
use xxhash_rust::xxh3::xxh3_64;

use crate::address::PanelAddress;
use crate::clock;
use crate::credentials::Credentials;

/// The greatest length. Longer ones are not sensible.
const LENGTH_MAX: usize = 1024;

/// The seconds after which a list is certain not to change again within the same second of its `Last-Modified`.
const AT_REST: i64 = 60;

const TAG: &str = "tag";
const DATE: &str = "date";

/// A header that asks for an answer only if the list has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

/// Returns the validator of a list that was answered to an account, if it is reliable.
pub(crate) fn read(headers: &HeaderMap, address: &PanelAddress, credentials: &Credentials) -> Option<Validator> {
    let (form, text) = entity_tag(headers).or_else(|| last_modified(headers))?;
    // A panel may derive its validators from the request. Then the password must not get into the cache.
    let harmless = credentials.redact(text) == text && !credentials.travel_with(text);
    harmless.then(|| Validator(format!("{:016x} {form} {text}", account_digest(address, credentials))))
}

/// Returns the header for a validator, if it belongs to this account.
pub(crate) fn condition(validator: &Validator, address: &PanelAddress, credentials: &Credentials) -> Option<Condition> {
    let mut parts = validator.0.splitn(3, ' ');
    let account = u64::from_str_radix(parts.next()?, 16).ok()?;
    let name = match parts.next()? {
        TAG => IF_NONE_MATCH,
        DATE => IF_MODIFIED_SINCE,
        _ => return None,
    };
    let value = HeaderValue::from_str(parts.next()?).ok()?;
    (account == account_digest(address, credentials)).then_some(Condition { name, value })
}

/// Returns a number that stands for an account at a panel.
fn account_digest(address: &PanelAddress, credentials: &Credentials) -> u64 {
    xxh3_64(format!("{}\n{}", address.api_url(), credentials.username()).as_bytes())
}

/// Returns the `ETag`, if it has a proper form. `*`, which matches everything, has not.
fn entity_tag(headers: &HeaderMap) -> Option<(&'static str, &str)> {
    let tag = only(headers, &ETAG)?;
    let quoted = tag.strip_prefix("W/").unwrap_or(tag);
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let proper = !opaque.is_empty() && opaque.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'~'));
    proper.then_some((TAG, tag))
}

/// Returns the `Last-Modified`, if it is old enough to tell two changes apart.
fn last_modified(headers: &HeaderMap) -> Option<(&'static str, &str)> {
    let text = only(headers, &LAST_MODIFIED)?;
    let changed = clock::unix_seconds(text).filter(|seconds| *seconds > 0)?;
    let rested = clock::date(headers)?.saturating_sub(changed) >= AT_REST;
    rested.then_some((DATE, text))
}

/// Returns the value of a header that occurs once and is not too long.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let text = values.next().filter(|_| values.next().is_none())?.to_str().ok()?.trim();
    (text.len() <= LENGTH_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(address: &str, username: &str) -> (PanelAddress, Credentials) {
        (PanelAddress::parse(address).unwrap().address, Credentials::new(username, "pass-word"))
    }

    fn of(pairs: &[(&'static str, &str)]) -> Option<(Validator, Condition)> {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let (address, credentials) = account("http://panel.example", "ann-name");
        let validator = read(&headers.collect(), &address, &credentials)?;
        let condition = condition(&validator, &address, &credentials).expect("its own");
        Some((validator, condition))
    }

    fn header(pairs: &[(&'static str, &str)]) -> Option<(String, String)> {
        let (_, Condition { name, value }) = of(pairs)?;
        Some((name.to_string(), value.to_str().unwrap().to_owned()))
    }

    const LATER: (&str, &str) = ("date", "Wed, 01 Jan 2020 00:10:00 GMT");

    #[test]
    fn an_entity_tag_is_sent_back_unchanged() {
        let long = format!("\"{}\"", "x".repeat(LENGTH_MAX - 2));
        for tag in ["\"a\"", "W/\"a-1\"", "\"!#~,=W/\"", &long] {
            let expected = Some(("if-none-match".to_owned(), tag.to_owned()));
            assert_eq!(header(&[("etag", tag)]), expected);
            let dated = [("etag", tag), LATER, ("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")];
            assert_eq!(header(&dated), expected, "a tag tells more than a date");
        }
    }

    #[test]
    fn odd_entity_tags_are_not_used() {
        let longer = format!("\"{}\"", "x".repeat(LENGTH_MAX - 1));
        for tag in ["*", "a", "\"a", "a\"", "\"", "\"\"", "W/\"\"", "w/\"a\"", "\"a b\"", "\"a\", \"b\"", "", &longer] {
            assert_eq!(header(&[("etag", tag)]), None, "{tag}");
        }
        assert_eq!(header(&[("etag", "\"a\""), ("etag", "\"b\"")]), None, "two");
        assert_eq!(header(&[]), None);
        for secret in ["\"pass-word\"", "\"u=ann-name\"", "\"pass%2Dword\""] {
            assert_eq!(header(&[("etag", secret)]), None, "{secret}");
        }
    }

    #[test]
    fn a_date_counts_if_it_is_a_minute_old() {
        let of = |changed: &str| header(&[LATER, ("last-modified", changed)]);
        for changed in ["Wed, 01 Jan 2020 00:09:00 GMT", "Tue, 31 Dec 2019 00:00:00 GMT"] {
            assert_eq!(of(changed), Some(("if-modified-since".to_owned(), changed.to_owned())));
        }
        for changed in ["Wed, 01 Jan 2020 00:09:01 GMT", "Wed, 01 Jan 2020 00:11:00 GMT", "yesterday", ""] {
            assert_eq!(of(changed), None, "{changed}");
        }
        assert_eq!(of("Thu, 01 Jan 1970 00:00:00 GMT"), None, "no date at all");
        assert_eq!(header(&[("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")]), None, "without `Date`");
    }

    #[test]
    fn the_validator_of_another_account_is_not_sent() {
        let (validator, _) = of(&[("etag", "\"a\"")]).unwrap();
        let accepts = |address: &str, username: &str| {
            let (address, credentials) = account(address, username);
            condition(&validator, &address, &credentials).is_some()
        };
        assert!(accepts("http://panel.example/player_api.php?x", "ann-name"));
        assert!(!accepts("http://panel.example", "bob-name"));
        assert!(!accepts("http://panel.example:81", "ann-name"));
        for text in
            ["", "x", "0 tag", "zz tag \"a\"", &validator.0.replace("tag", "day"), &format!("{}\n", validator.0)]
        {
            let (address, credentials) = account("http://panel.example", "ann-name");
            assert_eq!(condition(&Validator((*text).to_owned()), &address, &credentials), None, "{text:?}");
        }
    }
}
