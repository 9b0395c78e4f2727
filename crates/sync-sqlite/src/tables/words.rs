//! Stores enums of the core as words in a text column.
//!
//! Neither the enums nor diesel's traits belong to this crate, so each enum has a wrapper. The structs of rows have
//! wrappers as fields. The caller decides about a word that this version doesn't know: [`Word::known`] returns an
//! error, and [`Word::ok`] returns `None`.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types;
use diesel::sqlite::Sqlite;
use sync_core::{
    ContentKind, ErrorCode, HoldReason, KindOutcome, PolicyChoice, RunStatus, StoreError, SyncMode, TakenBack, Trigger,
};

use crate::db::value::Text;

/// A word that was read.
pub(crate) trait Word: Sized {
    /// The enum of the word.
    type Of;
    /// The name of the enum, for the message about an unknown word.
    const WHAT: &str;

    /// Reads a word.
    fn of(word: String) -> Self;

    /// Returns the value, or the word if this version doesn't know it.
    fn found(self) -> Result<Self::Of, String>;

    /// Returns the value, or an error if the word is unknown.
    fn known(self) -> Result<Self::Of, StoreError> {
        self.found().map_err(|found| StoreError::Corrupt(format!("`{found}` is no {}", Self::WHAT)))
    }

    /// Returns the value, or `None` if the word is unknown.
    fn ok(self) -> Option<Self::Of> {
        self.found().ok()
    }
}

/// Defines the wrapper of each enum, with the name of the enum for messages and the function that reads a word.
macro_rules! words {
    ($($(#[$doc:meta])* $word:ident($of:ty) is $what:literal, from $read:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
        #[diesel(sql_type = sql_types::Text)]
        pub(crate) struct $word(Result<$of, String>);

        impl Word for $word {
            type Of = $of;
            const WHAT: &str = $what;

            fn of(word: String) -> Self {
                let read: fn(&str) -> Option<$of> = $read;
                Self(read(&word).ok_or(word))
            }

            fn found(self) -> Result<$of, String> {
                self.0
            }
        }

        impl From<$of> for $word {
            fn from(value: $of) -> Self {
                Self(Ok(value))
            }
        }

        impl ToSql<sql_types::Text, Sqlite> for $word {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(match &self.0 {
                    Ok(value) => value.as_str(),
                    Err(found) => found,
                });
                Ok(IsNull::No)
            }
        }

        impl FromSql<sql_types::Text, Sqlite> for $word {
            fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self::of(Text::from_sql(value)?.0))
            }
        }
    )+};
}

words! {
    /// Kinds of content.
    KindWord(ContentKind) is "kind of content", from |word| word.parse().ok();
    /// Statuses of runs.
    StatusWord(RunStatus) is "status", from RunStatus::from_name;
    /// Outcomes of kinds in runs.
    OutcomeWord(KindOutcome) is "outcome", from KindOutcome::from_name;
    /// Modes of comparison.
    ModeWord(SyncMode) is "mode", from |word| one_of(MODES, SyncMode::as_str, word);
    /// Reasons to hold removals. The codes of earlier versions are read as well.
    ReasonWord(HoldReason) is "reason to hold", from HoldReason::from_code;
    /// Change policies.
    PolicyWord(PolicyChoice) is "change policy", from |word| one_of(POLICIES, PolicyChoice::as_str, word);
    /// Codes of errors. No code is unknown.
    ErrorWord(ErrorCode) is "code of an error", from |word| Some(ErrorCode::parse(word));
    /// Triggers of runs.
    TriggerWord(Trigger) is "trigger", from |word| Some(Trigger::from_name(word));
    /// Changes that an undo took back.
    TakenBackWord(TakenBack) is "change that can be taken back", from TakenBack::from_name;
    /// Changes of items.
    ChangeWord(Change) is "change", from |word| one_of(Change::ALL, Change::as_str, word);
}

const MODES: [SyncMode; 3] = [SyncMode::Auto, SyncMode::Full, SyncMode::Incremental];
const POLICIES: [PolicyChoice; 2] = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];

/// Returns the value with this word.
fn one_of<T: Copy>(values: impl IntoIterator<Item = T>, as_str: fn(T) -> &'static str, word: &str) -> Option<T> {
    values.into_iter().find(|value| as_str(*value) == word)
}

/// The values of the column `change` of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Loaded,
    Added,
    Updated,
    Removed,
    Undone,
    Converged,
    Overruled,
}

impl Change {
    const ALL: [Self; 7] =
        [Self::Loaded, Self::Added, Self::Updated, Self::Removed, Self::Undone, Self::Converged, Self::Overruled];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Undone => "undone",
            Self::Converged => "converged",
            Self::Overruled => "overruled",
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::dsl::sql;
    use diesel::prelude::*;

    use super::*;
    use crate::db::connection::connect;

    fn read<W: FromSql<sql_types::Text, Sqlite> + Queryable<sql_types::Text, Sqlite> + 'static>(word: &str) -> W {
        let mut conn = connect(":memory:").unwrap();
        diesel::select(sql::<sql_types::Text>(&format!("'{word}'"))).get_result(&mut conn).unwrap()
    }

    #[test]
    fn a_word_is_written_and_read_back() {
        let mut conn = connect(":memory:").unwrap();
        let word: String = diesel::select(ReasonWord::from(HoldReason::ALL[0]).into_sql::<sql_types::Text>())
            .get_result(&mut conn)
            .unwrap();
        assert_eq!(read::<ReasonWord>(&word).known().unwrap(), HoldReason::ALL[0]);
        for kind in ContentKind::ALL {
            assert_eq!(read::<KindWord>(kind.as_str()).known().unwrap(), kind);
        }
        for mode in MODES {
            assert_eq!(read::<ModeWord>(mode.as_str()).ok(), Some(mode));
        }
        for policy in POLICIES {
            assert_eq!(read::<PolicyWord>(policy.as_str()).ok(), Some(policy));
        }
        for change in Change::ALL {
            assert_eq!(read::<ChangeWord>(change.as_str()).ok(), Some(change));
        }
    }

    #[test]
    fn an_unknown_word_is_left_to_its_reader() {
        assert_eq!(read::<ModeWord>("sideways").ok(), None);
        let told = read::<StatusWord>("dreaming").known().unwrap_err();
        assert!(matches!(told, StoreError::Corrupt(text) if text == "`dreaming` is no status"));
        assert_eq!(read::<ErrorWord>("novel").known().unwrap(), ErrorCode::parse("novel"));
    }
}
