//! The inconsistencies that a cache can have, each with its code, its words, and the way it is repaired.

/// A broken invariant of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Inconsistency {
    /// There are items or a watermark, but no index.
    IndexMissing,
    /// The index can't be read.
    IndexUnreadable,
    /// Some rows are not in the index.
    RowsNotInIndex,
    /// Some ids of the index have no row.
    IndexWithoutRows,
    /// There is an index, but no watermark.
    WatermarkMissing,
    /// The stored number of items differs from the number of rows.
    CountWrong,
    /// A held removal has no row.
    HeldWithoutRow,
    /// A held removal has an unknown reason or an unknown run.
    HeldUnreadable,
    /// An item has a tombstone and a row.
    RememberedAndThere,
    /// The panel's id is not a number.
    IdNoNumber,
    /// An item has no name.
    NameMissing,
    /// The category set is not a list of different texts.
    CategoriesMalformed,
    /// The category is not in the category set.
    CategoryNotInSet,
    /// The keys without a column are not a JSON object.
    ExtraMalformed,
    /// The positions of the categories don't count up from 0.
    CategoryOrder,
    /// The number of rows differs from the record of the last run.
    RowsNotAsRecorded,
    /// The number of rows differs from the change log.
    RowsNotAsLogged,
    /// The changes of a run in the change log differ from its record.
    RunNotAsLogged,
    /// An entry of the change log is impossible.
    LogMalformed,
    /// Rows differ from the panel's items although the elements are as before.
    RowsNotAsListed,
    /// The validator belongs to another listing than the cached one.
    ValidatorStale,
    /// The search text differs from the rows, or can't be read.
    SearchIndex,
    /// The content hash differs from the rows.
    ContentHash,
    /// An edit or an edited item can't be read, or an edit has no edited item, or an edited item has no edit.
    EditUnreadable,
    /// A filter or a rule can't be used.
    RuleUnreadable,
    /// The stored values of how an item is shown differ from its row, its edits and the rules.
    ShownWrong,
    /// A profile has no row of its syncs or of its settings.
    ProfileIncomplete,
    /// The fence is lower than one that was given out.
    FenceBehind,
    /// A run that is not the last one has no end.
    RunOpen,
    /// The record of a run can't be read.
    RunUnreadable,
    /// A password is where none is allowed.
    PasswordShown,
    /// A profile can't be read.
    ProfileUnreadable,
    /// Rows belong to no profile or no run.
    RowsOfNobody,
    /// Rows have an unknown kind.
    KindUnknown,
}

impl Inconsistency {
    /// Every inconsistency.
    pub const ALL: [Self; 34] = [
        Self::IndexMissing,
        Self::IndexUnreadable,
        Self::RowsNotInIndex,
        Self::IndexWithoutRows,
        Self::WatermarkMissing,
        Self::CountWrong,
        Self::HeldWithoutRow,
        Self::HeldUnreadable,
        Self::RememberedAndThere,
        Self::IdNoNumber,
        Self::NameMissing,
        Self::CategoriesMalformed,
        Self::CategoryNotInSet,
        Self::ExtraMalformed,
        Self::CategoryOrder,
        Self::RowsNotAsRecorded,
        Self::RowsNotAsLogged,
        Self::RunNotAsLogged,
        Self::LogMalformed,
        Self::RowsNotAsListed,
        Self::ValidatorStale,
        Self::SearchIndex,
        Self::ContentHash,
        Self::EditUnreadable,
        Self::RuleUnreadable,
        Self::ShownWrong,
        Self::ProfileIncomplete,
        Self::FenceBehind,
        Self::RunOpen,
        Self::RunUnreadable,
        Self::PasswordShown,
        Self::ProfileUnreadable,
        Self::RowsOfNobody,
        Self::KindUnknown,
    ];

    /// Returns the stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::IndexMissing => "index_missing",
            Self::IndexUnreadable => "index_unreadable",
            Self::RowsNotInIndex => "rows_not_in_index",
            Self::IndexWithoutRows => "index_without_rows",
            Self::WatermarkMissing => "watermark_missing",
            Self::CountWrong => "count_wrong",
            Self::HeldWithoutRow => "held_without_row",
            Self::HeldUnreadable => "held_unreadable",
            Self::RememberedAndThere => "remembered_and_there",
            Self::IdNoNumber => "id_no_number",
            Self::NameMissing => "name_missing",
            Self::CategoriesMalformed => "categories_malformed",
            Self::CategoryNotInSet => "category_not_in_set",
            Self::ExtraMalformed => "extra_malformed",
            Self::CategoryOrder => "category_order",
            Self::RowsNotAsRecorded => "rows_not_as_recorded",
            Self::RowsNotAsLogged => "rows_not_as_logged",
            Self::RunNotAsLogged => "run_not_as_logged",
            Self::LogMalformed => "log_malformed",
            Self::RowsNotAsListed => "rows_not_as_listed",
            Self::ValidatorStale => "validator_stale",
            Self::SearchIndex => "search_index",
            Self::ContentHash => "content_hash",
            Self::EditUnreadable => "edit_unreadable",
            Self::RuleUnreadable => "rule_unreadable",
            Self::ShownWrong => "shown_wrong",
            Self::ProfileIncomplete => "profile_incomplete",
            Self::FenceBehind => "fence_behind",
            Self::RunOpen => "run_open",
            Self::RunUnreadable => "run_unreadable",
            Self::PasswordShown => "password_shown",
            Self::ProfileUnreadable => "profile_unreadable",
            Self::RowsOfNobody => "rows_of_nobody",
            Self::KindUnknown => "kind_unknown",
        }
    }

    /// Returns the words for people. They may follow a number.
    pub(super) const fn words(self, count: u64) -> &'static str {
        let one = count == 1;
        match self {
            Self::IndexMissing => "the index of the last list is missing",
            Self::IndexUnreadable => "the index of the last list can't be read",
            Self::RowsNotInIndex if one => "item that is not in the index",
            Self::RowsNotInIndex => "items that are not in the index",
            Self::IndexWithoutRows if one => "entry of the index without an item",
            Self::IndexWithoutRows => "entries of the index without an item",
            Self::WatermarkMissing => "there is an index, but no time of the last sync",
            Self::CountWrong => "the recorded number of items differs from the number of rows",
            Self::HeldWithoutRow if one => "held removal without an item",
            Self::HeldWithoutRow => "held removals without an item",
            Self::HeldUnreadable if one => "held removal without a known reason or run",
            Self::HeldUnreadable => "held removals without a known reason or run",
            Self::RememberedAndThere if one => "item that is in the cache and has a tombstone",
            Self::RememberedAndThere => "items that are in the cache and have a tombstone",
            Self::IdNoNumber if one => "row whose id is not a number",
            Self::IdNoNumber => "rows whose ids are not numbers",
            Self::NameMissing if one => "item without a name",
            Self::NameMissing => "items without a name",
            Self::CategoriesMalformed if one => "item whose categories are not a list of texts",
            Self::CategoriesMalformed => "items whose categories are not lists of texts",
            Self::CategoryNotInSet if one => "item whose category is not in its set",
            Self::CategoryNotInSet => "items whose category is not in their set",
            Self::ExtraMalformed if one => "item whose column `extra` is not a JSON object",
            Self::ExtraMalformed => "items whose column `extra` is not a JSON object",
            Self::CategoryOrder => "the positions of the categories don't count up from 0",
            Self::RowsNotAsRecorded => "the number of items differs from that of the last run",
            Self::RowsNotAsLogged => "the number of items differs from that of the change log",
            Self::RunNotAsLogged if one => "run whose record differs from the change log",
            Self::RunNotAsLogged => "runs whose records differ from the change log",
            Self::LogMalformed if one => "invalid entry of the change log",
            Self::LogMalformed => "invalid entries of the change log",
            Self::RowsNotAsListed if one => "item that differs although the panel lists it as before",
            Self::RowsNotAsListed => "items that differ although the panel lists them as before",
            Self::ValidatorStale => "the stored validator belongs to another list than the cached one",
            Self::SearchIndex => "the search text differs from the items",
            Self::ContentHash => "the content hash differs from the items",
            Self::EditUnreadable if one => "edit that can't be read, or belongs to no edited item",
            Self::EditUnreadable => "edits that can't be read, or belong to no edited item",
            Self::RuleUnreadable if one => "filter or rule that can't be used",
            Self::RuleUnreadable => "filters or rules that can't be used",
            Self::ShownWrong if one => "item that is not shown as its row, its edits and the rules say",
            Self::ShownWrong => "items that are not shown as their rows, their edits and the rules say",
            Self::ProfileIncomplete => "a row of the profile is missing",
            Self::FenceBehind => "the fence is lower than that of an earlier lease",
            Self::RunOpen if one => "run that has no end and is not the last one",
            Self::RunOpen => "runs that have no end and are not the last one",
            Self::RunUnreadable if one => "run whose record can't be read",
            Self::RunUnreadable => "runs whose records can't be read",
            Self::PasswordShown if one => "place that contains the password and must not",
            Self::PasswordShown => "places that contain the password and must not",
            Self::ProfileUnreadable if one => "profile that can't be read",
            Self::ProfileUnreadable => "profiles that can't be read",
            Self::RowsOfNobody if one => "row that belongs to no profile, or to no run",
            Self::RowsOfNobody => "rows that belong to no profile, or to no run",
            Self::KindUnknown if one => "row of an unknown kind",
            Self::KindUnknown => "rows of an unknown kind",
        }
    }

    /// Returns whether the words follow a number.
    pub(super) const fn is_counted(self) -> bool {
        !matches!(
            self,
            Self::IndexMissing
                | Self::IndexUnreadable
                | Self::WatermarkMissing
                | Self::CountWrong
                | Self::CategoryOrder
                | Self::RowsNotAsRecorded
                | Self::RowsNotAsLogged
                | Self::ValidatorStale
                | Self::SearchIndex
                | Self::ContentHash
                | Self::ProfileIncomplete
                | Self::FenceBehind
        )
    }

    /// Returns whether a full comparison repairs it, or makes the history before it irrelevant.
    pub const fn is_mended_by_comparing(self) -> bool {
        !matches!(self, Self::IdNoNumber | Self::SearchIndex)
            && !self.is_of_overlay()
            && !self.is_of_profile()
            && !self.is_of_cache()
    }

    /// Returns whether any sync of the profile repairs it.
    pub const fn is_mended_by_a_sync(self) -> bool {
        self.is_mended_by_comparing()
            || matches!(self, Self::SearchIndex | Self::ProfileIncomplete | Self::FenceBehind | Self::RunOpen)
    }

    /// Returns whether [`mark`](crate::Maintenance::mark) repairs it at once.
    pub const fn is_mended_at_once(self) -> bool {
        matches!(self, Self::ShownWrong)
    }

    const fn is_of_overlay(self) -> bool {
        matches!(self, Self::EditUnreadable | Self::RuleUnreadable | Self::ShownWrong)
    }

    const fn is_of_profile(self) -> bool {
        matches!(
            self,
            Self::ProfileIncomplete | Self::FenceBehind | Self::RunOpen | Self::RunUnreadable | Self::PasswordShown
        )
    }

    const fn is_of_cache(self) -> bool {
        matches!(self, Self::ProfileUnreadable | Self::RowsOfNobody | Self::KindUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::Inconsistency;

    fn those(of: impl Fn(Inconsistency) -> bool) -> Vec<&'static str> {
        Inconsistency::ALL.into_iter().filter(|inconsistency| of(*inconsistency)).map(Inconsistency::code).collect()
    }

    #[test]
    fn counted_inconsistencies_have_a_singular() {
        let uncounted = [
            "index_missing",
            "index_unreadable",
            "watermark_missing",
            "count_wrong",
            "category_order",
            "rows_not_as_recorded",
            "rows_not_as_logged",
            "validator_stale",
            "search_index",
            "content_hash",
            "profile_incomplete",
            "fence_behind",
        ];
        assert_eq!(those(|inconsistency| !inconsistency.is_counted()), uncounted);
        for inconsistency in Inconsistency::ALL {
            let (one, several) = (inconsistency.words(1), inconsistency.words(2));
            assert!(one.len() > 15, "{one}");
            assert_eq!(one == several, !inconsistency.is_counted(), "{one}");
            assert_eq!((inconsistency.words(0), inconsistency.words(3)), (several, several));
        }
    }

    #[test]
    fn the_repair_of_each_inconsistency_is_known() {
        let by_nothing_here = [
            "id_no_number",
            "edit_unreadable",
            "rule_unreadable",
            "shown_wrong",
            "run_unreadable",
            "password_shown",
            "profile_unreadable",
        ];
        let of_the_cache = ["rows_of_nobody", "kind_unknown"];
        assert_eq!(
            those(|inconsistency| !inconsistency.is_mended_by_a_sync()),
            [&by_nothing_here[..], &of_the_cache].concat()
        );
        let by_a_sync_only =
            those(|inconsistency| inconsistency.is_mended_by_a_sync() && !inconsistency.is_mended_by_comparing());
        assert_eq!(by_a_sync_only, ["search_index", "profile_incomplete", "fence_behind", "run_open"]);
        assert_eq!(those(Inconsistency::is_mended_at_once), ["shown_wrong"]);
    }
}
