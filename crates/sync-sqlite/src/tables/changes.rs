//! The change log, as it is read, and what its columns say of a change.
//!
//! What appends to it is in [`crate::items::log_sql`].

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::{ChangeRecord, LoggedChange, RunId};
use sync_core::{ContentId, ContentKind, FieldSet, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::fault::of_diesel;
use crate::db::value::{Number, Text};
use crate::store::SqliteStore;
use crate::tables::schema::xtream_changes;
use crate::tables::words::{Change, ChangeWord, KindWord, Word};

/// An entry of the change log.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_changes, check_for_backend(Sqlite))]
struct Logged {
    sequence: Number,
    run_id: Number,
    kind: KindWord,
    content_id: Option<Number>,
    change: ChangeWord,
    fields: Option<Text>,
    returned: Number,
}

impl SqliteStore {
    /// Returns the changes after a sequence number, oldest first, at most `limit`.
    pub fn changes_blocking(
        &self,
        profile: &ProfileId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read_profile(profile, |conn| {
            let rows = xtream_changes::table
                .filter(xtream_changes::profile_id.eq(profile.as_str()))
                .filter(xtream_changes::sequence.gt(after))
                .order(xtream_changes::sequence)
                .limit(limit.into())
                .select(Logged::as_select())
                .load(conn)
                .map_err(of_diesel)?;
            rows.into_iter().map(Logged::read).collect()
        })
    }
}

impl Logged {
    fn read(self) -> Result<ChangeRecord, StoreError> {
        let kind = self.kind.known()?;
        let change = match self.change.known()? {
            Change::Loaded => LoggedChange::Loaded,
            Change::Added if self.returned.0 != 0 => LoggedChange::Returned,
            Change::Added => LoggedChange::Added,
            Change::Removed => LoggedChange::Removed,
            Change::Updated => {
                let mut fields = FieldSet::EMPTY;
                let names = self.fields.map(|names| names.0).unwrap_or_default();
                names.split(',').filter_map(|name| kind.field(name)).for_each(|at| fields.add(at));
                LoggedChange::Updated(fields)
            }
        };
        let (run, id) = (self.run_id.0, self.content_id.map(|id| ContentId(id.0)));
        let record = ChangeRecord::new(self.sequence.0, kind, change);
        Ok(record.of_run((run != 0).then_some(RunId(run))).of_item(id))
    }
}

/// What the change log has in its columns `change`, `fields` and `returned`.
pub(crate) fn change_columns(kind: ContentKind, change: LoggedChange) -> [Bind<'static>; 3] {
    let (name, fields) = match change {
        LoggedChange::Loaded => (Change::Loaded, None),
        // Whoever reads the log without knowing of returns has to see an item that is there again.
        LoggedChange::Added | LoggedChange::Returned => (Change::Added, None),
        LoggedChange::Updated(fields) => {
            (Change::Updated, Some(fields.names(kind.fields()).collect::<Vec<_>>().join(",")))
        }
        LoggedChange::Removed => (Change::Removed, None),
    };
    [name.as_str().into(), fields.into(), i64::from(change == LoggedChange::Returned).into()]
}
