//! The dialogue of `profile add`. It asks for the missing values, and asks again if the login fails.

use sync_core::Profile;
use sync_core::text::printable;
use sync_xtream::Secret;

use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::prompt;
use super::terminal::print_err;

/// A person's choice after a login that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Again,
    Keep,
    GiveUp,
}

/// A dialogue with a person. Without a terminal nothing can be asked, and a missing answer is an error.
pub(crate) struct Dialogue<'a> {
    interrupt: &'a Interrupt,
    is_possible: bool,
    /// Whether something was asked in this round.
    asked: bool,
    /// Whether this is a further round. Then everything is asked, with the previous answers as the usual ones.
    again: bool,
    address: Option<String>,
    username: Option<String>,
    password: Option<Secret>,
}

impl<'a> Dialogue<'a> {
    /// Begins a dialogue.
    pub(crate) fn new(interrupt: &'a Interrupt) -> Self {
        let is_possible = prompt::is_possible();
        Self { interrupt, is_possible, asked: false, again: false, address: None, username: None, password: None }
    }

    /// Returns whether something was asked.
    pub(crate) fn has_asked(&self) -> bool {
        self.asked
    }

    /// Returns whether everything is asked once more.
    pub(crate) fn is_again(&self) -> bool {
        self.again
    }

    /// Returns the addresses: the given ones, or the typed one. A further round asks only for the first one.
    pub(crate) fn addresses(&mut self, mut given: Vec<String>) -> Result<Vec<String>, Failure> {
        if !given.is_empty() && !self.again {
            return Ok(given);
        }
        if !self.is_possible {
            return Err(Failure::usage("there is no address of the panel", "use --url"));
        }
        let usual = self.address.clone();
        let typed = self.ask("Address of the panel, or any link of the provider", usual.as_deref())?;
        let further = given.drain(..).skip(1);
        Ok(std::iter::once(typed).chain(further).collect())
    }

    /// Returns the user name: the given one, the one in the address, or the typed one.
    pub(crate) fn username(
        &mut self,
        given: Option<String>,
        pasted: Option<&str>,
        missing: impl FnOnce() -> Failure,
    ) -> Result<String, Failure> {
        match given.filter(|_| !self.again).or_else(|| pasted.map(str::to_owned)) {
            Some(given) => Ok(given),
            None if self.is_possible => {
                let usual = self.username.clone();
                self.ask("User name", usual.as_deref())
            }
            None => Err(missing()),
        }
    }

    /// Asks for the password.
    pub(crate) fn password(&mut self) -> Result<Secret, Failure> {
        self.asked |= self.is_possible;
        prompt::password(self.password.as_ref(), self.interrupt)
    }

    fn ask(&mut self, what: &str, usual: Option<&str>) -> Result<String, Failure> {
        self.asked = true;
        prompt::line(what, usual.map(printable).as_deref(), self.interrupt)
    }

    /// Keeps the answers as the usual answers of the next round.
    pub(crate) fn remember(&mut self, row: &Profile) {
        self.address.clone_from(&row.base_url);
        self.username.clone_from(&row.username);
        self.password = row.password.clone().map(Secret::new);
    }

    /// Begins the next round.
    pub(crate) fn begin_again(&mut self) {
        (self.again, self.asked) = (true, false);
    }

    /// Returns whether the person may type the answers again after this error, because the error is about a typed text.
    pub(crate) fn may_ask_again(&self, failure: &Failure) -> bool {
        self.asked && failure.exit() == Exit::Usage && !failure.is_end_of_input()
    }

    /// Asks what to do after a login that failed.
    pub(crate) fn next(&self) -> Result<Next, Failure> {
        loop {
            let question = "Try again, keep the profile all the same, or give up? (t/k/g)";
            let typed = prompt::line(question, Some("t"), self.interrupt)?;
            match read(&typed) {
                Some(next) => return Ok(next),
                None => print_err("type t, k or g"),
            }
        }
    }
}

fn read(typed: &str) -> Option<Next> {
    let typed = typed.trim().to_lowercase();
    let is = |word: &str| !typed.is_empty() && word.starts_with(&typed);
    match () {
        () if is("try again") => Some(Next::Again),
        () if is("keep") => Some(Next::Keep),
        () if is("give up") => Some(Next::GiveUp),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_be_a_letter_or_a_word() {
        for (typed, next) in [
            ("t", Some(Next::Again)),
            (" Try ", Some(Next::Again)),
            ("k", Some(Next::Keep)),
            ("KEEP", Some(Next::Keep)),
            ("g", Some(Next::GiveUp)),
            ("give up", Some(Next::GiveUp)),
            ("y", None),
            ("keeper", None),
            ("", None),
        ] {
            assert_eq!(read(typed), next, "{typed}");
        }
    }

    #[test]
    fn without_a_terminal_nothing_is_asked() {
        let interrupt = Interrupt::none();
        let mut dialogue = Dialogue { is_possible: false, ..Dialogue::new(&interrupt) };
        let given = vec!["http://h".to_owned(), "http://i".to_owned()];
        assert_eq!(dialogue.addresses(given.clone()).unwrap(), given);
        assert!(format!("{:?}", dialogue.addresses(Vec::new()).unwrap_err()).contains("use --url"));
        let missing = || Failure::usage("there is no user name", "");
        assert_eq!(dialogue.username(None, Some("ann"), missing).unwrap(), "ann");
        assert!(dialogue.username(None, None, missing).is_err());
        assert!(!dialogue.has_asked());
    }
}
