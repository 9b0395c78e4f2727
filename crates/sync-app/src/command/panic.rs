//! Panics are reported with their place in the program, and without the values that the program was working on.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use super::terminal::cry;

/// Installs a panic hook. It prints the place of a panic, but no text that was formatted at run time. Such a text may
/// contain an address, and addresses contain passwords.
pub(crate) fn tell_without_values() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        cry(&format!("error: the program panicked{place}{}", words(panic.payload())));
        cry("  hint: this is a defect of the program; please report it. What is committed stays");
    }));
}

/// Returns the message of a panic if it is a literal of the program.
fn words(payload: &dyn Any) -> String {
    payload.downcast_ref::<&'static str>().map_or_else(String::new, |words| format!(": {words}"))
}

/// Runs a closure. Returns `None` if the closure panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_program_are_printed() {
        let payload = |work: fn()| panic::catch_unwind(work).unwrap_err();
        assert_eq!(words(&*payload(|| panic!("as it stands here"))), ": as it stands here");
        let told = words(&*payload(|| {
            let failed: Result<(), &str> = std::hint::black_box(Err("canary"));
            failed.unwrap();
        }));
        assert_eq!(told, "");
    }
}
