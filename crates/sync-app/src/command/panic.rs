//! A defect of the program, told without what it was working on.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use super::terminal::complain;

/// From here on, a panic says where it happened, and nothing that was put together at run time: an
/// address could be in it, and in addresses are passwords.
pub(crate) fn tell_without_values() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        complain(&format!("error: the program panicked{place}{}", words(panic.payload())));
        complain("  hint: this is a defect of the program; please report it. What is committed stays");
    }));
}

/// The words of a panic, where they stand like that in the program.
fn words(payload: &dyn Any) -> String {
    payload.downcast_ref::<&'static str>().map_or_else(String::new, |words| format!(": {words}"))
}

/// Runs something; `None` when it panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_program_are_told() {
        let payload = |work: fn()| panic::catch_unwind(work).unwrap_err();
        assert_eq!(words(&*payload(|| panic!("as it stands here"))), ": as it stands here");
        let told = words(&*payload(|| {
            let failed: Result<(), &str> = std::hint::black_box(Err("canary"));
            failed.unwrap();
        }));
        assert_eq!(told, "");
    }
}
