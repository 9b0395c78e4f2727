//! Reads the change log, and defines the values of its columns for a change.
//!
//! [`crate::items::log_sql`] appends to the log.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::catalogue::FeedPage;
use sync_core::{ChangeRecord, Feed, LoggedChange, RunId, TakenBack};
use sync_core::{ContentId, ContentKind, FieldSet, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::fault::of_diesel;
use crate::db::value::{Number, Text};
use crate::feed::values;
use crate::store::SqliteStore;
use crate::tables::schema::{xtream_changes, xtream_profiles};
use crate::tables::words::{Change, ChangeWord, KindWord, TakenBackWord, Word};

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
    parent: Number,
    at: Number,
    name: Option<Text>,
    before: Option<Text>,
    after: Option<Text>,
    taken_back: Option<TakenBackWord>,
}

impl SqliteStore {
    /// Returns the range of a profile's feed.
    pub fn feed_blocking(&self, profile: &ProfileId) -> Result<Feed, StoreError> {
        self.read_profile(profile, |conn| feed(conn, profile))
    }

    /// Returns the changes after a sequence number, oldest first, at most `limit`, and the range of the feed.
    pub fn feed_page_blocking(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError> {
        self.read_profile(profile, |conn| page(conn, profile, after, limit))
    }
}

/// Reads the changes after a sequence number, oldest first, at most `limit`, and the range of the feed.
pub(crate) fn page(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    after: i64,
    limit: u32,
) -> Result<FeedPage, StoreError> {
    let feed = feed(conn, profile)?;
    let rows = xtream_changes::table
        .filter(xtream_changes::profile_id.eq(profile.as_str()))
        .filter(xtream_changes::sequence.gt(after.max(feed.oldest)))
        .order(xtream_changes::sequence)
        .limit(limit.into())
        .select(Logged::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    let changes = rows.into_iter().map(Logged::read).collect::<Result<_, _>>()?;
    Ok(FeedPage::new(feed, changes))
}

/// Reads the latest changes of an item in the present epoch, newest first, at most `limit`.
pub(crate) fn of_item(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    id: ContentId,
    limit: u32,
) -> Result<Vec<ChangeRecord>, StoreError> {
    let oldest = feed(conn, profile)?.oldest;
    let rows = xtream_changes::table
        .filter(xtream_changes::profile_id.eq(profile.as_str()))
        .filter(xtream_changes::sequence.gt(oldest))
        .filter(xtream_changes::kind.eq(KindWord::from(kind)))
        .filter(xtream_changes::content_id.eq(Number(id.0)))
        .order(xtream_changes::sequence.desc())
        .limit(limit.into())
        .select(Logged::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    rows.into_iter().map(Logged::read).collect()
}

/// Reads the range of a profile's feed.
pub(crate) fn feed(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<Feed, StoreError> {
    let (Number(epoch), Number(oldest)) = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select((xtream_profiles::feed_epoch, xtream_profiles::feed_floor))
        .first::<(Number, Number)>(conn)
        .map_err(of_diesel)?;
    let newest = xtream_changes::table
        .filter(xtream_changes::profile_id.eq(profile.as_str()))
        .order(xtream_changes::sequence.desc())
        .select(xtream_changes::sequence)
        .first::<Number>(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(Feed { epoch, oldest, newest: newest.map_or(oldest, |newest| newest.0.max(oldest)) })
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
            Change::Converged => LoggedChange::Converged,
            Change::Overruled => LoggedChange::Overruled,
            Change::Undone => LoggedChange::Undone(self.taken_back.map_or(Ok(TakenBack::Undone), Word::known)?),
        };
        let (run, id) = (self.run_id.0, self.content_id.map(|id| ContentId(id.0)));
        // Versions that logged no values logged no names either.
        let has_values = self.name.is_some() || id.is_none();
        let [before, after] = [self.before, self.after].map(|text| text.and_then(|text| values::parse(&text.0)));
        let columns = has_values.then(|| values::changes(kind, before.as_ref(), after.as_ref()));
        let mut record = ChangeRecord::new(self.sequence.0, self.at.0, kind, change);
        record.parent = self.parent.0;
        let record = record.of_run((run != 0).then_some(RunId(run))).of_item(id, self.name.map(|name| name.0));
        Ok(record.with_columns(columns))
    }
}

/// Returns the values of the columns `change`, `fields`, `returned` and `taken_back` for a change.
pub(crate) fn change_columns(kind: ContentKind, change: LoggedChange) -> [Bind<'static>; 4] {
    let (name, fields) = match change {
        LoggedChange::Loaded => (Change::Loaded, None),
        // A returned item is logged as added, so that a reader that knows nothing of returns sees the item again.
        LoggedChange::Added | LoggedChange::Returned => (Change::Added, None),
        LoggedChange::Updated(fields) => {
            (Change::Updated, Some(fields.names(kind.fields()).collect::<Vec<_>>().join(",")))
        }
        LoggedChange::Removed => (Change::Removed, None),
        LoggedChange::Undone(_) => (Change::Undone, None),
        LoggedChange::Converged => (Change::Converged, None),
        LoggedChange::Overruled => (Change::Overruled, None),
        other => unreachable!("{other:?} is written by a version that knows it"),
    };
    let taken_back = if let LoggedChange::Undone(taken) = change { Some(taken.as_str().to_owned()) } else { None };
    let returned = i64::from(change == LoggedChange::Returned);
    [name.as_str().into(), fields.into(), returned.into(), taken_back.into()]
}
