//! Keeps the content hash of a kind up to date while a transaction changes its rows.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::change_set::Moves;
use sync_core::store::{Proof, WhichState};
use sync_core::{ContentHash, Item, Login, RowHash, StoreError};

use crate::change_set::content_hash::{self, Standing};
use crate::change_set::row_hash::Hasher;
use crate::db::bind::Bind;
use crate::search::Key;
use crate::tables::changes;

/// The content hash of a kind within a transaction.
pub(crate) struct Tracker<'a> {
    key: Key<'a>,
    before: Standing,
    /// The position from which the feed can be read.
    oldest: i64,
    now: Option<ContentHash>,
    /// The hashes of the rows that contain the login.
    login_hashes: HashMap<i64, RowHash>,
    hasher: Hasher,
    /// Whether the hash has to be computed from the rows at the end.
    recomputes: bool,
}

impl<'a> Tracker<'a> {
    /// Begins, before anything is written. Returns an error if the kind isn't in the state that the proof names.
    pub(crate) fn new(conn: &mut SqliteConnection, key: Key<'a>, proof: Option<Proof>) -> Result<Self, StoreError> {
        let before = content_hash::standing(conn, key)?;
        if proof.is_some_and(|proof| before.hash() != Some(proof.from)) {
            return Err(StoreError::OtherState(WhichState::From));
        }
        let login_hashes = content_hash::login_hashes(conn, key)?;
        let oldest = changes::feed(conn, key.profile)?.oldest;
        let hasher = Hasher::new(key.kind);
        Ok(Self { key, before, oldest, now: before.hash(), login_hashes, hasher, recomputes: false })
    }

    /// Adds a row that was written. `own` is its hash if the row contains the login.
    pub(crate) fn add(
        &mut self,
        conn: &mut SqliteConnection,
        id: i64,
        fields: &[Bind<'_>],
        own: Option<RowHash>,
    ) -> Result<(), StoreError> {
        if own.is_some() || self.login_hashes.contains_key(&id) {
            content_hash::save_login_hash(conn, self.key, id, own)?;
            match own {
                Some(hash) => drop(self.login_hashes.insert(id, hash)),
                None => drop(self.login_hashes.remove(&id)),
            }
        }
        if let Some(now) = &mut self.now {
            now.add(match own {
                Some(own) => own,
                None => self.hasher.binds(id, fields),
            });
        }
        Ok(())
    }

    /// Adds a row that an undo has brought back or put back. If the row may contain the login, and it is unknown
    /// whether it does, the hash of the kind is unknown too. Until that hash is computed, a hash of its own marks the
    /// row.
    pub(crate) fn add_again(&mut self, conn: &mut SqliteConnection, item: &Item) -> Result<(), StoreError> {
        let (id, hash) = (item.id().0, self.hash_of(item));
        if !self.login_hashes.contains_key(&id) && Login::may_be_in(item) {
            self.now = None;
            content_hash::save_login_hash(conn, self.key, id, Some(hash))?;
            self.login_hashes.insert(id, hash);
        }
        if let Some(now) = &mut self.now {
            now.add(hash);
        }
        Ok(())
    }

    /// Subtracts a row that is about to be changed or removed.
    pub(crate) fn take(&mut self, item: &Item) {
        let hash = self.hash_of(item);
        if let Some(now) = &mut self.now {
            now.take(hash);
        }
    }

    /// Subtracts rows that were removed, by their hashes.
    pub(crate) fn take_removed(&mut self, rows: &[(i64, RowHash)]) {
        if let Some(now) = &mut self.now {
            rows.iter().for_each(|(id, hash)| now.take(self.login_hashes.get(id).copied().unwrap_or(*hash)));
        }
    }

    fn hash_of(&self, item: &Item) -> RowHash {
        self.login_hashes.get(&item.id().0).copied().unwrap_or_else(|| RowHash::of(item))
    }

    /// Forgets that a row contains the login, because an undo gives the row other values and it is unknown whether
    /// these contain the login. The hash of the kind is then unknown too.
    pub(crate) fn forget(&mut self, conn: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
        if self.login_hashes.remove(&id).is_some() {
            self.now = None;
            content_hash::save_login_hash(conn, self.key, id, None)?;
        }
        Ok(())
    }

    /// Notes that the hash has to be computed from the rows, because they were not as expected or were compared in
    /// full.
    pub(crate) const fn recompute(&mut self) {
        self.recomputes = true;
    }

    /// Does the same for a kind that was marked. The hashes of rows that contain the login may be wrong as well, and
    /// only a caller that has the login can compute them. Until then the hash of the kind is unknown.
    pub(crate) fn recompute_after_doubt(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.login_hashes.is_empty() {
            self.now = Some(content_hash::computed(conn, self.key)?);
            return Ok(());
        }
        content_hash::forget_login_hashes(conn, self.key)?;
        self.login_hashes.clear();
        self.now = None;
        Ok(())
    }

    /// Writes the hash, if the hash or the order has changed. Returns an error if the content isn't in the state that
    /// the proof names.
    pub(crate) fn finish(
        mut self,
        conn: &mut SqliteConnection,
        moves: &Moves,
        proof: Option<Proof>,
    ) -> Result<(), StoreError> {
        // If the hash is unknown, it is also unknown which rows contain the login. Only a caller that has the login can
        // tell.
        if self.recomputes && self.before != Standing::Unknown {
            self.now = Some(content_hash::computed(conn, self.key)?);
        }
        if proof.is_some_and(|proof| self.now != Some(proof.to)) {
            return Err(StoreError::OtherState(WhichState::To));
        }
        if self.now == self.before.hash() && *moves == Moves::None {
            return Ok(());
        }
        if self.before == Standing::Untouched {
            // The content has been the same since the feed began.
            content_hash::write(conn, self.key, self.oldest, self.before.hash(), &Moves::None)?;
        }
        let sequence = changes::feed(conn, self.key.profile)?.newest;
        content_hash::write(conn, self.key, sequence, self.now, moves)
    }
}
