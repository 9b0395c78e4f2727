//! The echo of a terminal. It is turned off while a password is typed, and turned on again however the program ends.

#[cfg(unix)]
pub(crate) use unix::{hide, restore};

#[cfg(not(unix))]
pub(crate) use elsewhere::{hide, restore};

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

    /// The terminal, and its modes before the echo was turned off.
    static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

    /// Turns the echo off. Does nothing without a terminal.
    pub(crate) fn hide() {
        let Ok(terminal) = File::open("/dev/tty") else { return };
        let Ok(before) = tcgetattr(&terminal) else { return };
        let mut modes = before.clone();
        // These are the modes that the prompt sets. Text that is typed before the prompt appears is therefore treated
        // in the same way: no line break is shown twice, and no end of the input is lost.
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        if tcsetattr(&terminal, OptionalActions::Now, &modes).is_ok() {
            *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some((terminal, before));
        }
    }

    /// Restores the terminal. Any thread may call this function, any number of times.
    pub(crate) fn restore() {
        if let Some((terminal, before)) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
        }
    }
}

/// On other systems, the shell sets the modes of its console itself.
#[cfg(not(unix))]
mod elsewhere {
    pub(crate) fn hide() {}

    pub(crate) fn restore() {}
}
