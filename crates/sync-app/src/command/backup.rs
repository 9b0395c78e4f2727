//! `backup` and `restore`.

use std::path::Path;

use sync_core::text::printable;
use sync_sqlite::{BackupError, SqliteStore};

use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::terminal::{confirm, grouped, print_err, quoted};

/// Copies the cache into a file.
pub(crate) async fn back_up(database: &Path, file: &Path, force: bool, interrupt: &Interrupt) -> Result<Exit, Failure> {
    // A copy that is dropped before its end leaves no file behind.
    let copying = interrupt.token.run_until_cancelled(sync_sqlite::back_up(database, file, force));
    let made = copying.await.ok_or_else(|| Failure::abandoned("there is no backup; the cache is unchanged"))??;
    let (shown, bytes) = (shown(file), grouped(made.bytes));
    confirm(&format!("backup written: {shown}, {bytes} bytes, {}", profiles(made.profiles)));
    if made.passwords > 0 {
        print_err("note: it contains the passwords of the cache in clear text; only you can read it");
    }
    Ok(Exit::Done)
}

/// Replaces the cache with a backup.
pub(crate) async fn restore(database: &Path, file: &Path, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let restoring = interrupt.token.run_until_cancelled(sync_sqlite::restore(database, file));
    let restored = restoring.await.ok_or_else(|| Failure::abandoned("the cache is unchanged"))??;
    confirm(&format!("restored: {}, {}", shown(database), profiles(restored.profiles)));
    if let Some(kept) = restored.kept {
        let kept = shown(&kept);
        confirm(&format!("the old cache is kept: {kept}"));
        if restored.newer_edits > 0 {
            let edits = if restored.newer_edits == 1 { "edit is" } else { "edits are" };
            print_err(&format!("note: {} {edits} in the old cache only", grouped(restored.newer_edits)));
            print_err(&format!(
                "  hint: write them with `xtream-sync overlay export --secrets --database {kept} -o overlay.jsonl`, and add them with \
                 `xtream-sync overlay import overlay.jsonl`"
            ));
        }
    }
    if SqliteStore::open_read_only(database).is_err_and(|error| matches!(error, sync_core::StoreError::Older)) {
        confirm("it was made by an older version; the next sync migrates it");
    }
    Ok(Exit::Done)
}

fn profiles(count: u64) -> String {
    format!("{} profile{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn shown(path: &Path) -> String {
    printable(&quoted(&path.to_string_lossy()))
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            error @ BackupError::Exists(_) => {
                Self::usage(error.to_string(), "name another file, or replace it with --force")
            }
            error => Self::of(error.class().map_or(Exit::Usage, Exit::of_class), error.to_string(), error.hint()),
        }
    }
}
