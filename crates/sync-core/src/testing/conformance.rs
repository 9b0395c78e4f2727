//! The conformance suites: tests that every [`ContentStore`] and every [`Cache`](crate::Cache) must pass. Each case is
//! about one sentence of a contract.
//!
//! An adapter calls [`content_store_conformance!`](crate::content_store_conformance), and
//! [`cache_conformance!`](crate::cache_conformance) if it is a whole cache, with the path of an async function that
//! makes a [`Fixture`]. It gets one test per case. The tests need tokio with the features `macros` and `rt`.

pub mod catalogue;
pub mod feed;
pub mod index;
pub mod leases;
pub mod maintenance;
pub mod overlay;
pub mod overlay_conflicts;
pub mod overlay_rules;
pub mod paces;
pub mod profiles;
pub mod removals;
pub mod reopened;
pub mod rows;
pub mod runs;
pub mod selection;
mod session;
pub mod snapshots;
pub mod staging;
pub mod validators;

use std::fmt;

use crate::ports::catalogue::Catalogue;
use crate::ports::store::ContentStore;

/// A store whose content can be read back. The cases of a store need one.
pub trait ReadableStore: ContentStore + Catalogue {}

impl<T: ContentStore + Catalogue> ReadableStore for T {}

/// A new, empty store, with the folder or server that keeps it.
pub struct Fixture<S> {
    /// The store.
    pub store: S,
    open: Box<dyn Fn() -> S>,
}

impl<S> Fixture<S> {
    /// Returns a fixture of the store that `open` returns. A later call of `open` must open the same store again.
    pub fn new(open: impl Fn() -> S + 'static) -> Self {
        Self { store: open(), open: Box::new(open) }
    }

    /// Returns the same store, closed and opened again.
    #[must_use]
    pub fn reopened(self) -> Self {
        let Self { store, open } = self;
        drop(store);
        Self { store: open(), open }
    }
}

impl<S> fmt::Debug for Fixture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").finish_non_exhaustive()
    }
}

/// Makes one test per case of a store. It takes the path of an async function that returns a [`Fixture`] of a
/// [`ContentStore`] that is also a [`Catalogue`].
#[macro_export]
macro_rules! content_store_conformance {
    ($make:path) => {
        $crate::content_store_conformance! { $make;
            leases: an_unknown_profile_is_refused
            leases: a_profile_is_ensured_once
            leases: profiles_are_isolated
            leases: kinds_are_isolated
            leases: a_lease_is_exclusive_until_dropped
            leases: fences_rise
            staging: unwritten_changes_are_not_written
            staging: a_later_put_replaces_an_earlier_one
            staging: a_reset_empties_the_staging_area
            staging: nothing_is_seen_before_the_apply
            staging: a_cancelled_apply_changes_nothing
            staging: a_fenced_apply_changes_nothing
            staging: a_kind_is_read_and_staged_while_another_is_applied
            rows: a_first_apply_is_read_back
            rows: values_are_read_back_as_they_were
            rows: an_update_replaces_the_row
            rows: removals_delete_rows_and_are_logged
            rows: the_watermark_comes_with_the_rows
            rows: the_change_log_has_every_change
            rows: categories_keep_the_panels_order
            rows: unknown_rows_are_left_out
            rows: categories_are_counted_by_their_sets
            removals: held_removals_are_kept_until_replaced
            removals: ids_rise
            removals: any_number_of_ids_can_be_deleted
            removals: deleting_takes_out_of_the_index
            removals: a_clear_leaves_profile_and_history
            removals: only_what_is_removed_has_a_successor
            removals: removals_of_several_kinds_are_replaced_at_the_end_of_a_run
            removals: a_returned_item_is_recognised_for_a_time
            index: an_index_is_read_back_in_listing_order
            index: a_doubtful_index_is_not_trusted
            runs: a_run_without_end_was_interrupted
            runs: the_end_of_a_run_moves_no_watermark
            runs: bytes_of_the_wire_are_kept
            runs: facts_of_a_run_are_kept
            runs: facts_about_fields_are_written_with_the_rows
            runs: the_last_list_of_a_kind_is_known_after_many_runs
            validators: a_validator_is_kept_with_its_listing
            validators: a_validator_is_deleted_with_any_change_of_the_kind
        }

        #[tokio::test]
        async fn written_values_are_there_when_the_store_is_opened_again() {
            $crate::testing::conformance::reopened::written_values_are_there($make().await).await;
        }

        #[tokio::test]
        async fn staged_items_are_gone_when_the_store_is_opened_again() {
            $crate::testing::conformance::reopened::staged_items_are_gone($make().await).await;
        }
    };
    ($make:path; $($suite:ident: $case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $make().await;
                $crate::testing::conformance::$suite::$case(&fixture.store).await;
            }
        )*
    };
}

/// Makes one test per case of a whole cache: the catalogue, the profiles, the maintenance, the paces and the overlay.
/// It takes the path of an async function that returns a [`Fixture`] of a [`Cache`](crate::Cache).
#[macro_export]
macro_rules! cache_conformance {
    ($make:path) => {
        $crate::cache_conformance! { $make;
            catalogue: the_status_is_that_of_the_last_run
            catalogue: the_status_shows_what_is_held
            catalogue: pages_have_each_row_once
            catalogue: a_page_of_a_category_has_its_items
            catalogue: categories_come_with_their_sizes
            catalogue: held_removals_are_listed
            catalogue: a_reader_of_an_unknown_profile_gets_an_error
            selection: every_order_puts_items_without_a_value_last
            selection: every_condition_keeps_only_matching_items
            selection: words_find_items_of_every_kind
            selection: the_searched_fields_are_those_of_the_profile
            selection: pages_continue_after_their_cursor
            selection: searches_follow_the_rows
            selection: a_selection_has_items_of_one_profile
            selection: an_item_has_a_row_or_a_tombstone_or_is_unknown
            selection: a_selection_of_an_unknown_profile_is_an_error
            feed: changes_have_their_values
            feed: a_deletion_by_hand_belongs_to_no_run
            feed: an_epoch_is_never_reused
            feed: old_entries_are_pruned_at_the_end_of_a_run
            feed: no_run_is_kept_by_half
            feed: an_undo_puts_everything_back
            feed: a_correction_at_the_end_of_a_run_is_undone
            feed: evidence_against_a_listed_item_begins_again
            feed: an_undo_can_be_undone
            feed: an_undo_is_refused_or_exact
            feed: a_dry_undo_writes_nothing
            feed: an_undone_return_leaves_the_old_tombstone
            feed: numbers_of_rows_are_not_reused
            profiles: a_profile_is_read_back_as_it_was_saved
            profiles: a_profile_that_was_ensured_has_the_usual_settings
            profiles: a_password_is_kept_only_if_its_source_is_stored
            profiles: another_address_is_another_panel
            profiles: content_stays_when_a_profile_is_saved
            profiles: a_removed_profile_is_gone_with_its_content
            profiles: a_profile_under_a_lease_is_not_removed
            profiles: another_login_may_be_tried_at_once
            profiles: a_login_that_rows_may_hold_is_kept
            maintenance: a_cache_that_was_only_synced_is_sound
            maintenance: a_marked_kind_is_compared_in_full
            paces: one_caller_at_a_time_enters_an_account
            paces: an_account_without_hosts_can_always_be_entered
            paces: a_pace_applies_to_every_host_of_the_account
            paces: an_unused_pace_is_forgotten
            paces: a_pace_outlives_a_profile
            snapshots: the_content_hash_is_that_of_the_rows
            snapshots: earlier_hashes_are_known
            snapshots: a_position_within_a_run_stands_for_the_end_before_it
            snapshots: a_snapshot_sees_one_state
            snapshots: moved_items_are_known
            snapshots: a_commit_has_to_fit_its_proof
            snapshots: a_row_with_the_login_has_its_own_hash
            snapshots: an_undo_that_puts_the_login_back_leaves_no_wrong_hash
            snapshots: a_panel_is_named_once
            overlay: an_edit_is_read_back_and_ends
            overlay: several_items_are_edited_or_none
            overlay: an_edit_survives_whatever_happens_to_its_item
            overlay: edits_follow_an_item_to_another_id
            overlay: edits_stay_away_from_a_copy
            overlay: an_offer_stays_while_nothing_changes
            overlay: an_edit_that_comes_back_without_its_item_has_a_name
            overlay: an_undo_brings_ended_edits_back
            overlay: an_import_finds_its_items
            overlay: edits_belong_to_one_profile
            overlay: an_overlay_of_an_unknown_profile_is_an_error
            overlay_conflicts: another_value_of_the_panel_is_a_conflict
            overlay_conflicts: the_users_value_at_the_panel_ends_the_edit
            overlay_conflicts: the_rule_of_the_profile_decides
            overlay_conflicts: an_answer_ends_a_conflict
            overlay_rules: lists_show_what_the_user_wants
            overlay_rules: a_search_finds_the_users_names
            overlay_rules: a_filter_leaves_items_out_and_keeps_rows
            overlay_rules: new_categories_are_reported_once
            overlay_rules: a_filter_before_the_first_list_knows_its_categories
        }

        #[tokio::test]
        async fn profiles_are_there_when_the_cache_is_opened_again() {
            $crate::testing::conformance::reopened::profiles_are_there($make().await).await;
        }

        #[tokio::test]
        async fn searches_work_when_the_cache_is_opened_again() {
            $crate::testing::conformance::reopened::searches_find_the_same_items($make().await).await;
        }
    };
    ($make:path; $($suite:ident: $case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let fixture = $make().await;
                $crate::testing::conformance::$suite::$case(&fixture.store).await;
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::Fixture;
    use crate::testing::MemoryStore;

    async fn memory() -> Fixture<MemoryStore> {
        let kept = MemoryStore::new();
        Fixture::new(move || kept.clone())
    }

    crate::content_store_conformance!(memory);
    crate::cache_conformance!(memory);

    fn written(source: &str) -> Vec<&str> {
        source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split(['(', '<']).next()).collect()
    }

    /// The lists in the macros match the functions.
    #[test]
    fn every_case_is_in_the_list() {
        let source = include_str!("conformance.rs");
        let lists: Vec<_> = source.split("{ $make;").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        let suites = [
            (0, "leases: ", include_str!("conformance/leases.rs")),
            (0, "staging: ", include_str!("conformance/staging.rs")),
            (0, "rows: ", include_str!("conformance/rows.rs")),
            (0, "removals: ", include_str!("conformance/removals.rs")),
            (0, "index: ", include_str!("conformance/index.rs")),
            (0, "runs: ", include_str!("conformance/runs.rs")),
            (0, "validators: ", include_str!("conformance/validators.rs")),
            (1, "catalogue: ", include_str!("conformance/catalogue.rs")),
            (1, "selection: ", include_str!("conformance/selection.rs")),
            (1, "feed: ", include_str!("conformance/feed.rs")),
            (1, "profiles: ", include_str!("conformance/profiles.rs")),
            (1, "maintenance: ", include_str!("conformance/maintenance.rs")),
            (1, "paces: ", include_str!("conformance/paces.rs")),
            (1, "overlay: ", include_str!("conformance/overlay.rs")),
            (1, "overlay_conflicts: ", include_str!("conformance/overlay_conflicts.rs")),
            (1, "overlay_rules: ", include_str!("conformance/overlay_rules.rs")),
        ];
        for (list, name, source) in suites {
            let listed: Vec<_> = lists[list].lines().filter_map(|line| line.trim().strip_prefix(name)).collect();
            assert_eq!(listed, written(source), "{name}");
            assert!(!listed.is_empty(), "{name}");
        }
        for case in written(include_str!("conformance/reopened.rs")) {
            assert!(source.contains(&format!("reopened::{case}($make")), "{case}");
        }
    }
}
