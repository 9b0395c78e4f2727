//! Finds out what a frozen command was doing with the database, by the locks that it has.

use std::fs::OpenOptions;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::Outcome;

/// The positions of the locks of write-ahead logging in the `-shm` file.
const WRITE_LOCK: libc::off_t = 120;
const CHECKPOINT_LOCK: libc::off_t = 121;
const RECOVERY_LOCK: libc::off_t = 122;

/// The locks that a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locks {
    /// A transaction that writes is under way.
    pub(crate) writing: bool,
    /// The log is being copied into the database, or read after a crash. Both also take the right to write.
    pub(crate) tidying: bool,
}

/// Reads the locks without SQLite. A connection of ours would mend the files of a killed command, and remove them in
/// the end.
pub(crate) fn locks(database: &Path) -> Outcome<Locks> {
    let mut shm = database.as_os_str().to_owned();
    shm.push("-shm");
    let Ok(shm) = OpenOptions::new().read(true).write(true).open(shm) else {
        return Ok(Locks { writing: false, tidying: false });
    };
    let held = |start| -> Outcome<bool> {
        let mut lock = libc::flock {
            l_type: short(libc::F_WRLCK)?,
            l_whence: short(libc::SEEK_SET)?,
            l_start: start,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(&shm, FcntlArg::F_GETLK(&mut lock))?;
        Ok(lock.l_type != short(libc::F_UNLCK)?)
    };
    let tidying = held(CHECKPOINT_LOCK)? || held(RECOVERY_LOCK)?;
    Ok(Locks { writing: !tidying && held(WRITE_LOCK)?, tidying })
}

/// Returns a number of the system for locks, in the type of its structure.
fn short(number: libc::c_int) -> Outcome<libc::c_short> {
    Ok(libc::c_short::try_from(number)?)
}
