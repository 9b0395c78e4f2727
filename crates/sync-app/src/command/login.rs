//! The source of a profile's password, from the arguments of `profile add`.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use sync_core::{PasswordSource, Profile};
use sync_xtream::Secret;

use super::args::PasswordArgs;
use super::failure::Failure;
use super::line::{self, not_unicode, without_mark};
use super::terminal::print_err;

/// The environment variable that may hold the password.
pub(crate) const VARIABLE: &str = "XTREAM_SYNC_PASSWORD";

/// The greatest length of a password in bytes. It keeps a wrong file from being read into memory.
pub(crate) const LENGTH_MAX: u64 = 64 * 1024;

/// The source of the password at each sync, and the password itself if it is kept in the cache.
pub(crate) type Login = (PasswordSource, Option<Secret>);

/// Chooses the source of the password: the named one, or else that of the profile. A password in the environment or in
/// the address replaces a stored one. `from_environment` says whether the environment counts. `ask` is called if there
/// is no source.
pub(crate) fn choose(
    args: &PasswordArgs,
    known: &Profile,
    pasted: Option<Secret>,
    from_environment: bool,
    ask: &mut dyn FnMut() -> Result<Secret, Failure>,
) -> Result<Login, Failure> {
    let kept = |password| (PasswordSource::Stored, Some(password));
    if let Some(file) = &args.password_file {
        return Ok(kept(from_file(file)?));
    }
    if args.password_prompt {
        return Ok(kept(asked(ask)?));
    }
    let elsewhere = match named(args)? {
        Some(source) => Some(source),
        None => Some(known.password_source.clone()).filter(|source| *source != PasswordSource::Stored),
    };
    if let Some(source) = elsewhere {
        if pasted.is_some() {
            print_err("note: the password in the address is not kept; the profile has another source for it");
        }
        return Ok((source, None));
    }
    if let Some(password) = std::env::var_os(VARIABLE).filter(|password| from_environment && !password.is_empty()) {
        let password = password.into_string();
        return password
            .map(|text| kept(without_mark(&text).into()))
            .map_err(|_| Failure::usage(not_unicode(VARIABLE), ""));
    }
    match pasted.or_else(|| known.password.clone().map(Secret::new)) {
        Some(password) => Ok(kept(password)),
        None => Ok(kept(asked(ask)?)),
    }
}

/// Returns the source for each sync, or `None` if the arguments name no source.
fn named(args: &PasswordArgs) -> Result<Option<PasswordSource>, Failure> {
    if let Some(variable) = &args.password_env {
        return Ok(Some(PasswordSource::Environment(variable.clone())));
    }
    if let Some(command) = &args.password_command {
        return Ok(Some(PasswordSource::Command(command.clone())));
    }
    let Some(path) = &args.password_path else { return Ok(None) };
    // The path is made absolute, because a sync may be started in another folder.
    let path = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
    match path.into_os_string().into_string() {
        Ok(path) => Ok(Some(PasswordSource::File(path))),
        Err(_) => Err(Failure::usage("the path of the password file is not Unicode", "")),
    }
}

fn asked(ask: &mut dyn FnMut() -> Result<Secret, Failure>) -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() {
        let hint = format!(
            "use --password-file, set {VARIABLE}, or name a source for each sync (see `xtream-sync profile add --help`)"
        );
        return Err(Failure::usage("there is no password, and no terminal to ask for it", hint));
    }
    ask()
}

/// Returns the first line of a file; `-` is standard input.
pub(crate) fn from_file(file: &Path) -> Result<Secret, Failure> {
    let failed = |error: io::Error| unreadable(file, &error);
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    let mut read = Vec::new();
    for byte in io::BufReader::new(input.take(LENGTH_MAX + 1)).bytes() {
        read.push(byte.map_err(failed)?);
        // Standard input may stay open after the line. In UTF-16, a line feed has a second byte.
        if read.iter().rev().take(2).any(|byte| *byte == b'\n') && line::is_whole(&read) {
            break;
        }
    }
    if read.len() as u64 > LENGTH_MAX {
        let message = format!("the first line of the password file `{}` is too long to be a password", file.display());
        return Err(Failure::usage(message, ""));
    }
    line::first(&read, &format!("the first line of the password file `{}`", file.display()))
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    let message = format!("the password file `{}` can't be read: {error}", file.display());
    Failure::usage(message, "check its path and its rights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ProfileId;

    fn profile(source: PasswordSource, password: Option<&str>) -> Profile {
        let new = Profile::new(ProfileId::new("home").unwrap());
        Profile { password_source: source, password: password.map(str::to_owned), ..new }
    }

    fn chosen(args: &PasswordArgs, known: &Profile, pasted: Option<&str>) -> Login {
        choose(args, known, pasted.map(Secret::from), true, &mut || panic!("nobody is asked")).unwrap()
    }

    #[test]
    fn values_without_an_option_stay() {
        let stored = profile(PasswordSource::Stored, Some("old"));
        assert_eq!(chosen(&PasswordArgs::default(), &stored, None), (PasswordSource::Stored, Some("old".into())));
        assert_eq!(
            chosen(&PasswordArgs::default(), &stored, Some("new")),
            (PasswordSource::Stored, Some("new".into()))
        );
        let elsewhere = PasswordSource::Command("pass".to_owned());
        assert_eq!(chosen(&PasswordArgs::default(), &profile(elsewhere.clone(), None), Some("new")), (elsewhere, None));
    }

    #[test]
    fn a_password_that_is_looked_up_at_each_sync_is_not_kept() {
        let stored = profile(PasswordSource::Stored, Some("old"));
        let args = PasswordArgs { password_env: Some("HOME_PASSWORD".to_owned()), ..PasswordArgs::default() };
        let expected = PasswordSource::Environment("HOME_PASSWORD".to_owned());
        assert_eq!(chosen(&args, &stored, Some("new")), (expected, None));
        let args = PasswordArgs { password_path: Some("there".into()), ..PasswordArgs::default() };
        let (PasswordSource::File(path), None) = chosen(&args, &stored, None) else { panic!("a file") };
        assert!(Path::new(&path).is_absolute() && path.ends_with("there"), "{path}");
    }

    #[test]
    fn field_05_a_password_file_may_begin_with_a_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password.txt");
        let utf16: Vec<u8> = "\u{feff}s3cr3t\u{a0a}\r\nsecond".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, password) in [(&b"\xef\xbb\xbfs3cr3t\r\nsecond"[..], "s3cr3t"), (&utf16, "s3cr3t\u{a0a}")] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(from_file(&file).unwrap().expose(), password);
        }
        std::fs::write(&file, vec![b'a'; 70_000]).unwrap();
        assert!(from_file(&file).is_err());
    }
}
