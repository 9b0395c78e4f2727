//! The address that `profile add` keeps: without the login that may be in its path.
//!
//! A path of two parts may be a folder of the panel, or user name and password. This can be decided when both are
//! known.

use sync_xtream::{Credentials, PanelAddress, Pasted, Secret};

use super::args::PasswordArgs;
use super::failure::Failure;
use super::terminal::complain;

const SEPARATELY: &str = "give the address without these parts, and the user name with --username; the password comes from \
--password-file, from XTREAM_SYNC_PASSWORD or from a prompt";

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

/// Returns the address without the login at its end. An address with the login in another place is refused, because
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
        complain("warning: a part of the address equals the password, and addresses are printed");
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
    fn field_22_a_folder_that_is_called_as_the_user_is_a_folder() {
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
    fn field_08_a_login_at_the_end_of_the_path_is_taken_off() {
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
    fn field_08_a_path_that_may_be_a_login_is_told_as_such() {
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
