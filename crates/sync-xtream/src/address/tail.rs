//! The part of an address after the host: path, query and fragment, and the borders between them.

use super::error::AddressError;
use super::login::{Login, names_login};
use super::path;

/// Takes the part after the host apart into the sub-path of the API and the login.
///
/// An unescaped `#` or `?` ends a path or a query only if it can't be a piece of a password.
pub(super) fn take(tail: &str) -> Result<(String, Login), AddressError> {
    let end = tail.find(['?', '#']).unwrap_or(tail.len());
    let (path, rest) = tail.split_at(end);
    let is_query = rest.starts_with('?');
    let (query, fragment) = match rest.split_once('#') {
        _ if !is_query => ("", rest.get(1..).unwrap_or_default()),
        Some((query, fragment)) => (&query[1..], fragment),
        None => (&rest[1..], ""),
    };
    if let Some(whole) = path_that_goes_on(path, rest, query)? {
        return path::take(&whole);
    }
    if names_login(path) || (!is_query && (names_login(fragment) || fragment.contains('@'))) {
        return Err(AddressError::Unclear);
    }
    if is_query && !query.contains('=') && query.contains('@') {
        return Err(AddressError::UserInfo);
    }
    let (path, mut login) = path::take(path)?;
    let has_fragment = is_query && rest.contains('#');
    if has_fragment && fragment.contains(['&', '=']) {
        // No program makes such fragments, so a password has an unescaped `#`.
        login.read_query(&rest[1..])?;
    } else if login.read_query(query)? && has_fragment {
        return Err(AddressError::Unclear);
    }
    Ok((path, login))
}

/// Returns the whole path if the sign after it is a piece of it, as in `/live/ann/se#cret/1.ts`. `rest` begins with the
/// sign.
fn path_that_goes_on(path: &str, rest: &str, query: &str) -> Result<Option<String>, AddressError> {
    if rest.is_empty() || names_login(rest) || path::is_complete(path) {
        return Ok(None);
    }
    let whole = format!("{path}{}", rest.replace('?', "%3F").replace('#', "%23"));
    if path::is_complete(&whole) {
        return Ok(Some(whole));
    }
    let parts = path.split('/').filter(|part| !part.is_empty()).count();
    let is_within = (parts > 1 && !path.ends_with('/')) || (parts > 0 && rest.contains('/'));
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.')) && !path::may_hold_login(path);
    let is_query = query.contains('=') && (is_file || !rest.contains('/'));
    if is_within && !is_query { Err(AddressError::Unclear) } else { Ok(None) }
}
