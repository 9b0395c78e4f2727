//! The tables of the cache for diesel's query builder: every column with the type that it has in SQLite.
//!
//! Numbers are 64 bits wide, truth values are 0 and 1, times are unix seconds. With the feature `schema` the module is
//! public: a program with diesel 2.3 and its feature `32-column-tables` reads a cache as follows. Such a program may
//! only read. If it writes beside a sync, the next sync finds inconsistencies.
//!
#![cfg_attr(feature = "schema", doc = "```no_run")]
#![cfg_attr(not(feature = "schema"), doc = "```ignore")]
//! use diesel::prelude::*;
//! use sync_sqlite::schema::xtream_movies;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut cache = SqliteConnection::establish("file:cache/panel.db?mode=ro")?;
//! let movies: Vec<(String, Option<String>)> = xtream_movies::table
//!     .filter(xtream_movies::profile_id.eq("home"))
//!     .order(xtream_movies::name)
//!     .select((xtream_movies::name, xtream_movies::year))
//!     .limit(50)
//!     .load(&mut cache)?;
//! # let _ = movies;
//! # Ok(())
//! # }
//! ```
//!
//! A migration adds columns, so select the columns that you need by name.

diesel::table! {
    /// Profiles: the accounts whose contents are cached.
    xtream_profiles (id) {
        id -> BigInt,
        profile_id -> Text,
        base_url -> Nullable<Text>,
        username -> Nullable<Text>,
        password -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        change_policy -> Text,
        fence -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        password_source -> Text,
        password_argument -> Nullable<Text>,
        feed_epoch -> BigInt,
        feed_floor -> BigInt,
        feed_since -> BigInt,
        panel_identity -> Nullable<Text>,
    }
}

diesel::table! {
    /// The settings of a profile.
    xtream_sync_settings (id) {
        id -> BigInt,
        profile_id -> Text,
        auto_sync_enabled -> BigInt,
        sync_interval_hours -> BigInt,
        wifi_only -> BigInt,
        notify_on_complete -> BigInt,
        removal_share_percent -> BigInt,
        removal_floor_rows -> BigInt,
        removal_category_rows -> BigInt,
        release_listings -> BigInt,
        release_days -> BigInt,
        tombstone_days -> BigInt,
        parallel_requests -> BigInt,
        verify_tls -> BigInt,
        follow_other_hosts -> BigInt,
        feed_days -> BigInt,
        feed_entries -> BigInt,
        search_fields -> Text,
    }
}

diesel::table! {
    /// The further addresses of a profile's panel.
    xtream_profile_addresses (profile_id, position) {
        profile_id -> Text,
        position -> BigInt,
        address -> Text,
    }
}

diesel::table! {
    /// Settings of a profile that have no column.
    xtream_profile_settings (profile_id, key) {
        profile_id -> Text,
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    /// The sync state of a profile.
    xtream_content_sync (id) {
        id -> BigInt,
        profile_id -> Text,
        last_sync_channels -> Nullable<BigInt>,
        last_sync_movies -> Nullable<BigInt>,
        last_sync_series -> Nullable<BigInt>,
        sync_status -> Text,
        sync_progress -> BigInt,
        sync_message -> Nullable<Text>,
        channels_count -> BigInt,
        movies_count -> BigInt,
        series_count -> BigInt,
        account_status -> Nullable<Text>,
        account_expires_at -> Nullable<BigInt>,
        account_checked_at -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Channels.
    xtream_channels (id) {
        id -> BigInt,
        profile_id -> Text,
        stream_id -> BigInt,
        num -> Nullable<BigInt>,
        name -> Text,
        stream_type -> Nullable<Text>,
        stream_icon -> Nullable<Text>,
        thumbnail -> Nullable<Text>,
        epg_channel_id -> Nullable<Text>,
        added -> Nullable<Text>,
        category_id -> Nullable<Text>,
        category_ids -> Nullable<Text>,
        listed_category_ids -> Nullable<Text>,
        custom_sid -> Nullable<Text>,
        tv_archive -> BigInt,
        direct_source -> Nullable<Text>,
        tv_archive_duration -> BigInt,
        is_adult -> Nullable<BigInt>,
        extra -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Movies.
    xtream_movies (id) {
        id -> BigInt,
        profile_id -> Text,
        stream_id -> BigInt,
        num -> Nullable<BigInt>,
        name -> Text,
        title -> Nullable<Text>,
        year -> Nullable<Text>,
        stream_type -> Nullable<Text>,
        stream_icon -> Nullable<Text>,
        rating -> Nullable<Double>,
        rating_5based -> Nullable<Double>,
        genre -> Nullable<Text>,
        added -> Nullable<Text>,
        episode_run_time -> Nullable<BigInt>,
        category_id -> Nullable<Text>,
        category_ids -> Nullable<Text>,
        listed_category_ids -> Nullable<Text>,
        container_extension -> Nullable<Text>,
        custom_sid -> Nullable<Text>,
        direct_source -> Nullable<Text>,
        release_date -> Nullable<Text>,
        cast -> Nullable<Text>,
        director -> Nullable<Text>,
        plot -> Nullable<Text>,
        youtube_trailer -> Nullable<Text>,
        tmdb_id -> Nullable<Text>,
        imdb_id -> Nullable<Text>,
        is_adult -> Nullable<BigInt>,
        extra -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Series.
    xtream_series (id) {
        id -> BigInt,
        profile_id -> Text,
        series_id -> BigInt,
        num -> Nullable<BigInt>,
        name -> Text,
        title -> Nullable<Text>,
        year -> Nullable<Text>,
        stream_type -> Nullable<Text>,
        cover -> Nullable<Text>,
        plot -> Nullable<Text>,
        cast -> Nullable<Text>,
        director -> Nullable<Text>,
        genre -> Nullable<Text>,
        release_date -> Nullable<Text>,
        added -> Nullable<Text>,
        last_modified -> Nullable<Text>,
        rating -> Nullable<Text>,
        rating_5based -> Nullable<Double>,
        episode_run_time -> Nullable<Text>,
        category_id -> Nullable<Text>,
        category_ids -> Nullable<Text>,
        listed_category_ids -> Nullable<Text>,
        youtube_trailer -> Nullable<Text>,
        tmdb_id -> Nullable<Text>,
        imdb_id -> Nullable<Text>,
        is_adult -> Nullable<BigInt>,
        extra -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    /// Categories of channels.
    xtream_channel_categories (id) {
        id -> BigInt,
        profile_id -> Text,
        category_id -> Text,
        category_name -> Text,
        parent_id -> Nullable<BigInt>,
        position -> BigInt,
    }
}

diesel::table! {
    /// Categories of movies.
    xtream_movie_categories (id) {
        id -> BigInt,
        profile_id -> Text,
        category_id -> Text,
        category_name -> Text,
        parent_id -> Nullable<BigInt>,
        position -> BigInt,
    }
}

diesel::table! {
    /// Categories of series.
    xtream_series_categories (id) {
        id -> BigInt,
        profile_id -> Text,
        category_id -> Text,
        category_name -> Text,
        parent_id -> Nullable<BigInt>,
        position -> BigInt,
    }
}

diesel::table! {
    /// The ids of the last listing of a scope, in the panel's order, and their digests.
    xtream_listing_index (id) {
        id -> BigInt,
        profile_id -> Text,
        kind -> Text,
        scope -> Text,
        scheme -> BigInt,
        ids -> Text,
        digests -> Binary,
    }
}

diesel::table! {
    /// The panels' names for the versions of their listings.
    xtream_listing_validators (profile_id, kind) {
        profile_id -> Text,
        kind -> Text,
        validator -> Text,
        scheme -> BigInt,
        change_policy -> Text,
        listed_at -> BigInt,
        rows -> BigInt,
    }
}

diesel::table! {
    /// Rows that the panel no longer lists, and that stay for now.
    xtream_held_removals (profile_id, kind, content_id) {
        profile_id -> Text,
        kind -> Text,
        content_id -> BigInt,
        reason -> Text,
        held_since -> BigInt,
        run_id -> BigInt,
        evidence_listing -> Nullable<BigInt>,
        evidence_since -> Nullable<BigInt>,
        evidence_panel_since -> Nullable<BigInt>,
        successor_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The items that were removed lately.
    xtream_tombstones (profile_id, kind, parent, content_id) {
        profile_id -> Text,
        kind -> Text,
        content_id -> BigInt,
        name -> Text,
        removed_at -> BigInt,
        run_id -> BigInt,
        successor_id -> Nullable<BigInt>,
        item_created_at -> Nullable<BigInt>,
        parent -> BigInt,
    }
}

diesel::table! {
    /// The change log.
    xtream_changes (sequence) {
        sequence -> BigInt,
        run_id -> BigInt,
        profile_id -> Text,
        kind -> Text,
        content_id -> Nullable<BigInt>,
        change -> Text,
        fields -> Nullable<Text>,
        returned -> BigInt,
        parent -> BigInt,
        at -> BigInt,
        name -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        taken_back -> Nullable<Text>,
    }
}

diesel::table! {
    /// Runs.
    xtream_sync_runs (id) {
        id -> BigInt,
        profile_id -> Text,
        fence -> BigInt,
        status -> Text,
        started_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        started_by -> Text,
        duration_ms -> Nullable<BigInt>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
    }
}

diesel::table! {
    /// The results of a run, per kind.
    xtream_sync_run_kinds (run_id, kind) {
        run_id -> BigInt,
        kind -> Text,
        mode -> Text,
        outcome -> Text,
        added -> BigInt,
        updated -> BigInt,
        refreshed -> BigInt,
        removed -> BigInt,
        unchanged -> BigInt,
        held -> BigInt,
        skipped -> BigInt,
        bytes -> BigInt,
        requests -> BigInt,
        duration_ms -> BigInt,
        hold_reason -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        not_modified -> BigInt,
        watermark_before -> Nullable<BigInt>,
        undo -> Nullable<Text>,
        wire_bytes -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The highest number that a row of a kind ever had, if no row has it now.
    xtream_row_ids (kind) {
        kind -> Text,
        highest -> BigInt,
    }
}

diesel::table! {
    /// The facts that runs have learnt of a panel.
    xtream_panel_facts (profile_id, kind, fact) {
        profile_id -> Text,
        kind -> Text,
        fact -> Text,
        value -> Text,
    }
}

diesel::table! {
    /// The kinds that the next sync compares in full.
    xtream_doubts (profile_id, kind) {
        profile_id -> Text,
        kind -> Text,
        found_at -> BigInt,
        findings -> Text,
        settled_run -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The search text of a kind, in parts.
    xtream_search_segments (id) {
        id -> BigInt,
        profile_id -> Text,
        kind -> Text,
        batch -> BigInt,
        place -> BigInt,
        entries -> BigInt,
        facts -> Binary,
        names -> Text,
        rest -> Text,
    }
}

diesel::table! {
    /// The state of the search text of a kind.
    xtream_search_state (profile_id, kind) {
        profile_id -> Text,
        kind -> Text,
        folding -> BigInt,
        fields -> Text,
        complete -> BigInt,
        stamp -> BigInt,
    }
}

diesel::table! {
    /// The pace of each account.
    xtream_account_paces (host, username) {
        host -> Text,
        username -> Text,
        rate -> Double,
        held_until -> Nullable<BigInt>,
        refused_at -> Nullable<BigInt>,
        refused_rate -> Nullable<Double>,
        requests -> BigInt,
        used_at -> BigInt,
    }
}

diesel::table! {
    /// The items that the user has edited.
    xtream_edited_items (profile_id, kind, parent, content_id) {
        profile_id -> Text,
        kind -> Text,
        parent -> BigInt,
        content_id -> BigInt,
        name -> Text,
        tmdb_id -> Nullable<Text>,
        category_id -> Nullable<Text>,
        maybe_id -> Nullable<BigInt>,
        maybe_name -> Nullable<Text>,
        declined_id -> Nullable<BigInt>,
        gone -> BigInt,
    }
}

diesel::table! {
    /// The edits of the user.
    xtream_edits (profile_id, kind, parent, content_id, field) {
        profile_id -> Text,
        kind -> Text,
        parent -> BigInt,
        content_id -> BigInt,
        field -> Text,
        local -> Text,
        base -> Nullable<Text>,
        edited_at -> BigInt,
        panel -> Nullable<Text>,
        conflict_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The items that are not shown as their rows, and how they are shown.
    xtream_shown (profile_id, kind, content_id) {
        profile_id -> Text,
        kind -> Text,
        content_id -> BigInt,
        excluded -> BigInt,
        hidden -> BigInt,
        favourite -> BigInt,
        watched -> BigInt,
        name -> Nullable<Text>,
        category_id -> Nullable<Text>,
        category_ids -> Nullable<Text>,
        number -> Nullable<BigInt>,
        icon -> Nullable<Text>,
        note -> Nullable<Text>,
        tags -> Nullable<Text>,
        position -> Nullable<BigInt>,
        last_watched -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The defaults of the filter of a kind.
    xtream_filters (profile_id, kind) {
        profile_id -> Text,
        kind -> Text,
        otherwise -> Text,
        new_categories -> Text,
        known_categories -> Nullable<Text>,
        told_categories -> Nullable<Text>,
    }
}

diesel::table! {
    /// The rules of filters.
    xtream_filter_rules (profile_id, kind, position) {
        profile_id -> Text,
        kind -> Text,
        position -> BigInt,
        action -> Text,
        looks_at -> Text,
        matches_by -> Text,
        pattern -> Text,
    }
}

diesel::table! {
    /// The rules by which names are shown.
    xtream_rewrite_rules (profile_id, kind, position) {
        profile_id -> Text,
        kind -> Text,
        position -> BigInt,
        pattern -> Text,
        replacement -> Text,
    }
}

diesel::table! {
    /// The content hashes of kinds.
    xtream_content_hashes (profile_id, kind, sequence) {
        profile_id -> Text,
        kind -> Text,
        sequence -> BigInt,
        hash -> Nullable<Text>,
        moves -> Nullable<Text>,
    }
}

diesel::table! {
    /// The hashes of rows that contain the login.
    xtream_login_hashes (profile_id, kind, content_id) {
        profile_id -> Text,
        kind -> Text,
        content_id -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    /// The former logins of a profile.
    xtream_former_logins (profile_id, username, password) {
        profile_id -> Text,
        username -> Text,
        password -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    xtream_profiles,
    xtream_sync_settings,
    xtream_profile_addresses,
    xtream_profile_settings,
    xtream_content_sync,
    xtream_channels,
    xtream_movies,
    xtream_series,
    xtream_channel_categories,
    xtream_movie_categories,
    xtream_series_categories,
    xtream_listing_index,
    xtream_listing_validators,
    xtream_held_removals,
    xtream_tombstones,
    xtream_changes,
    xtream_sync_runs,
    xtream_sync_run_kinds,
    xtream_panel_facts,
    xtream_doubts,
    xtream_search_segments,
    xtream_search_state,
    xtream_account_paces,
    xtream_edited_items,
    xtream_edits,
    xtream_shown,
    xtream_filters,
    xtream_filter_rules,
    xtream_rewrite_rules,
    xtream_content_hashes,
    xtream_login_hashes,
    xtream_former_logins,
);
