//! The addresses that `profile add` keeps, without the login that may be in them.
//!
//! A path of two parts may be a folder of the panel, or the user name and the password. Only when both are known can
//! this be decided. Several addresses are of one panel and one account, so the logins in them have to agree.

use sync_xtream::{Credentials, PanelAddress, Pasted, Secret};

use super::args::PasswordArgs;
use super::failure::Failure;
use super::terminal::print_err;
use crate::SyncError;

const SEPARATELY: &str = "give the address without these parts, and the user name with --username; the password comes from \
--password-file, from XTREAM_SYNC_PASSWORD or from a prompt";

/// Reads the addresses of a panel as they were pasted. Returns the first one, with the login that is in any of them,
/// and the other ones.
///
/// # Errors
///
/// An address can't be used, or two addresses have different logins.
pub(crate) fn pasted(urls: &[impl AsRef<str>]) -> Result<Option<(Pasted, Vec<Pasted>)>, Failure> {
    let mut read = Vec::new();
    for (at, url) in urls.iter().enumerate() {
        let failed = |error| numbered(Failure::from(SyncError::from(error)), at, urls.len());
        read.push(PanelAddress::parse(url.as_ref()).map_err(failed)?);
    }
    let mut read = read.into_iter();
    let Some(mut first) = read.next() else { return Ok(None) };
    let further: Vec<_> = read.collect();
    for other in &further {
        let users = [&first, other].map(|it| it.username.as_deref().map(str::trim));
        let differ = |what: &str| {
            let message = format!("the addresses contain different {what}, and a profile is one account");
            Failure::usage(message, "give the addresses without user name and password, or add another profile")
        };
        if matches!(users, [Some(one), Some(another)] if one != another) {
            return Err(differ("user names"));
        }
        if matches!((&first.password, &other.password), (Some(one), Some(another)) if one != another) {
            return Err(differ("passwords"));
        }
        first.username = first.username.or_else(|| other.username.clone());
        first.password = first.password.or_else(|| other.password.clone());
    }
    Ok(Some((first, further)))
}

/// Returns the further addresses without the login. Each is returned once, and the first address is left out.
pub(crate) fn further(
    pasted: &[Pasted],
    first: &str,
    username: &str,
    password: Option<&Secret>,
) -> Result<Vec<String>, Failure> {
    let mut kept: Vec<String> = Vec::new();
    for (at, other) in pasted.iter().enumerate() {
        let address = without_login(&other.address, username, password)
            .map_err(|failure| numbered(failure, at + 1, pasted.len() + 1))?
            .to_string();
        if address != first && !kept.contains(&address) {
            kept.push(address);
        }
    }
    Ok(kept)
}

/// Adds to an error which of several addresses it is about.
fn numbered(failure: Failure, at: usize, count: usize) -> Failure {
    if count > 1 { failure.of_part(&format!("address {} of {count}", at + 1)) } else { failure }
}

/// Returns the error that there is no user name, or that it may be in the path.
pub(crate) fn without_user_name(pasted: &Pasted) -> Failure {
    if pasted.address.sub_path().len() < 2 {
        return Failure::usage("there is no user name", "use --username");
    }
    let message = "there is no user name, unless the last two parts of the address are user name and password";
    Failure::usage(message, SEPARATELY)
}

/// Refuses a password that was pasted together with another user name.
pub(crate) fn check_user(pasted: &Pasted, username: &str, args: &PasswordArgs) -> Result<(), Failure> {
    let is_other = pasted.username.as_deref().is_some_and(|pasted| pasted.trim() != username);
    if is_other && pasted.password.is_some() && args.names_none() {
        let hint = "leave out --username, or give the address without user name and password";
        return Err(Failure::usage("the address contains the password of another user name than --username", hint));
    }
    Ok(())
}

/// Replaces the error about a missing password if the address may contain the password.
pub(crate) fn explained(failure: Failure, pasted: &Pasted, username: &str, args: &PasswordArgs) -> Failure {
    if args.names_none() && ends_like_login(&pasted.address, username) {
        let message = "the address ends in the user name and another part, which may be the password";
        return Failure::usage(message, SEPARATELY);
    }
    failure
}

/// Returns the address without the login at its end. Refuses an address with the login in another place, because
/// addresses are printed and stored in clear text.
pub(crate) fn without_login(
    address: &PanelAddress,
    username: &str,
    password: Option<&Secret>,
) -> Result<PanelAddress, Failure> {
    let Some(password) = password else {
        // The password is looked up at each sync, so it can't be compared with the path here.
        if ends_like_login(address, username) {
            let message = "the address ends in the user name and another part, which may be the password";
            return Err(Failure::usage(message, "give the address without these parts"));
        }
        return Ok(address.clone());
    };
    let address = address.without_login(&Credentials::new(username, password.clone()));
    let parts = address.sub_path();
    if parts.windows(2).any(|pair| pair[0] == username && pair[1] == password.expose().trim()) {
        let hint = "give the panel's address alone, as http://panel.example:8080";
        return Err(Failure::usage("the path of the address contains the user name and the password", hint));
    }
    if parts.iter().any(|part| part == password.expose().trim()) {
        print_err("warning: a part of the address equals the password, and addresses are printed");
    }
    Ok(address)
}

/// Returns whether the path ends in the user name and one more part.
fn ends_like_login(address: &PanelAddress, username: &str) -> bool {
    matches!(&address.sub_path()[..], [.., user, _] if user == username)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t";

    fn kept(url: &str, username: &str, password: Option<&str>) -> Result<String, Failure> {
        let address = PanelAddress::parse(url).unwrap().address;
        let password = password.map(Secret::from);
        without_login(&address, username, password.as_ref()).map(|address| address.to_string())
    }

    #[test]
    fn field_22_a_folder_with_the_name_of_the_user_stays() {
        for (url, username, password) in [
            ("http://h/iptv", "iptv", SECRET),
            ("http://h/tv/iptv", "iptv", SECRET),
            ("http://h/iptv/gb", "iptv", SECRET),
            ("http://h/iptv", "iptv", "iptv"),
            ("http://h/iptv", "ann", "iptv"),
            ("http://h/s3cr3t/ann", "ann", SECRET),
        ] {
            assert_eq!(kept(url, username, Some(password)).unwrap(), url);
        }
        assert_eq!(kept("http://h/iptv", "iptv", None).unwrap(), "http://h/iptv");
    }

    #[test]
    fn field_08_a_login_at_the_end_of_the_path_is_removed() {
        for (url, address) in [
            ("http://h/ann/s3cr3t", "http://h"),
            ("http://h:8080/ann/s3cr3t/", "http://h:8080"),
            ("https://h/iptv/ann/s3cr3t", "https://h/iptv"),
        ] {
            assert_eq!(kept(url, "ann", Some(SECRET)).unwrap(), address);
        }
        for (url, password) in [("http://h/ann/s3cr3t/tv", Some(SECRET)), ("http://h/ann/s3cr3t", None)] {
            let failure = kept(url, "ann", password).unwrap_err();
            assert!(!format!("{failure:?}").contains(SECRET), "{failure:?}");
        }
    }

    #[test]
    fn several_addresses_have_one_login() {
        let read = |urls: &[&str]| pasted(urls).unwrap().unwrap();
        let (first, others) =
            read(&["http://a", "http://b/get.php?username=ann&password=s3cr3t", "http://c/live/ann/s3cr3t/1.ts"]);
        assert_eq!((first.address.to_string().as_str(), others.len()), ("http://a", 2));
        assert_eq!((first.username.as_deref(), first.password), (Some("ann"), Some(SECRET.into())));
        let kept = further(&others, "http://a", "ann", Some(&SECRET.into())).unwrap();
        assert_eq!(kept, ["http://b", "http://c"]);
        assert!(pasted(&[""; 0]).unwrap().is_none());
        for urls in [
            &["http://b/get.php?username=ann&password=s3cr3t", "http://b/get.php?username=bob&password=s3cr3t"][..],
            &[
                "http://b/get.php?username=ann&password=s3cr3t",
                "http://a",
                "http://b/get.php?username=ann&password=s3cr3t2",
            ],
            &["http://a", "http://s3cr3t s3cr3t", "http://c"],
        ] {
            let told = format!("{:?}", pasted(urls).map(|_| ()).unwrap_err());
            assert!(
                !told.contains(SECRET) && (told.contains("different") || told.contains("address 2 of 3")),
                "{told}"
            );
        }
    }

    #[test]
    fn a_login_in_a_further_address_is_never_kept() {
        let keep = |urls: &[&str], password: Option<&str>| {
            let (first, others) = pasted(urls).unwrap().unwrap();
            further(&others, &first.address.to_string(), "ann", password.map(Secret::from).as_ref())
        };
        let urls = ["http://a", "http://b/ann/s3cr3t", "http://a", "http://b", "https://c/tv"];
        assert_eq!(keep(&urls, Some(SECRET)).unwrap(), ["http://b", "https://c/tv"], "each once");
        for (url, password) in [("http://b/ann/s3cr3t/tv", Some(SECRET)), ("http://b/ann/s3cr3t", None)] {
            let told = format!("{:?}", keep(&["http://a", url], password).unwrap_err());
            assert!(told.contains("address 2 of 2") && !told.contains(SECRET), "{told}");
        }
    }

    #[test]
    fn field_08_a_path_that_may_be_a_login_is_reported() {
        let pasted = |url: &str| PanelAddress::parse(url).unwrap();
        let told = format!("{:?}", without_user_name(&pasted("https://h/xyxuser/123pass")));
        assert!(told.contains("last two parts") && !told.contains("123pass"), "{told}");
        assert!(format!("{:?}", without_user_name(&pasted("https://h/iptv"))).contains("use --username"));
        let none = || Failure::usage("there is no password", "");
        let args = PasswordArgs::default();
        let told = format!("{:?}", explained(none(), &pasted("http://h/ann/s3cr3t"), "ann", &args));
        assert!(told.contains("may be the password") && !told.contains(SECRET), "{told}");
        let told = format!("{:?}", explained(none(), &pasted("http://h/tv/s3cr3t"), "ann", &args));
        assert!(told.contains("there is no password"), "{told}");
    }

    #[test]
    fn field_08_a_password_is_not_taken_over_for_another_user() {
        let pasted = PanelAddress::parse("http://h/get.php?username=ann&password=s3cr3t").unwrap();
        let named = PasswordArgs { password_prompt: true, ..PasswordArgs::default() };
        assert!(check_user(&pasted, "ann", &PasswordArgs::default()).is_ok());
        assert!(check_user(&pasted, "bob", &PasswordArgs::default()).is_err());
        assert!(check_user(&pasted, "bob", &named).is_ok());
    }
}
