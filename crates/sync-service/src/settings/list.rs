//! Every setting of a profile.
//!
//! A new setting is an entry here, a field of [`sync_core::Profile`], and a row in `docs/guide.md`, which a test of
//! `sync-app` compares with this list. If a store keeps the setting as a row, its key is also in `setting_rows` of
//! `sync-core`.

use std::collections::BTreeSet;

use sync_core::policy::auto::settings::AutoSettings;
use sync_core::policy::probe::ProbeSetting;
use sync_core::{ContentKind, GuardThresholds, PolicyChoice, Retention, SearchFields};

use super::entries::{auto, conflict, hook, network, of_kind, put, put_count, put_with, schedule};
use super::setting::{Setting, SettingValues};

const DAYS: SettingValues = SettingValues::Whole { least: 0, most: Some(3650) };
const COUNT: SettingValues = SettingValues::Whole { least: 0, most: None };
const POSITIVE: SettingValues = SettingValues::Whole { least: 1, most: None };
const INTERVAL: SettingValues = SettingValues::Interval("30m to 7d");
const WEIGHT: SettingValues = SettingValues::Whole { least: 1, most: Some(AutoSettings::MOST_WEIGHT as u64) };
const SECONDS: SettingValues = SettingValues::Decimal { least: "0" };

/// Every setting, in the order in which they are shown.
pub static SETTINGS: [Setting; 53] = [
    Setting {
        key: "guard.share",
        unit: "percent of a kind",
        values: SettingValues::Whole { least: 0, most: Some(100) },
        default: "30",
        help: "Hold removals above this share of a kind, if they are also above the floor",
        get: |profile, _| Some(profile.guard.share_percent.to_string()),
        set: |profile, _, text| put(&mut profile.guard.share_percent, text, GuardThresholds::default().share_percent),
    },
    Setting {
        key: "guard.floor",
        unit: "items",
        values: COUNT,
        default: "50",
        help: "Hold removals above this number, if they are also above the share",
        get: |profile, _| Some(profile.guard.floor_rows.to_string()),
        set: |profile, _, text| put_count(&mut profile.guard.floor_rows, text, GuardThresholds::default().floor_rows),
    },
    Setting {
        key: "guard.category",
        unit: "items",
        values: COUNT,
        default: "20",
        help: "Hold the removals of a category that had this many items and has none; 0 turns this off",
        get: |profile, _| Some(profile.guard.category_rows.to_string()),
        set: |profile, _, text| {
            put_count(&mut profile.guard.category_rows, text, GuardThresholds::default().category_rows)
        },
    },
    Setting {
        key: "retention.listings",
        unit: "complete lists",
        values: SettingValues::Whole { least: 1, most: Some(1000) },
        default: "3",
        help: "Release a held removal after this many lists without the item",
        get: |profile, _| Some(profile.retention.release_listings.to_string()),
        set: |profile, _, text| {
            put(&mut profile.retention.release_listings, text, Retention::default().release_listings)
        },
    },
    Setting {
        key: "retention.days",
        unit: "days",
        values: DAYS,
        default: "7",
        help: "Release a held removal only if those lists span this time",
        get: |profile, _| Some(profile.retention.release_days.to_string()),
        set: |profile, _, text| put(&mut profile.retention.release_days, text, Retention::default().release_days),
    },
    Setting {
        key: "retention.tombstones",
        unit: "days",
        values: DAYS,
        default: "30",
        help: "Remember a removed item for this time, and recognise it if it returns",
        get: |profile, _| Some(profile.retention.tombstone_days.to_string()),
        set: |profile, _, text| put(&mut profile.retention.tombstone_days, text, Retention::default().tombstone_days),
    },
    Setting {
        key: "feed.days",
        unit: "days",
        values: SettingValues::Whole { least: 0, most: Some(36_500) },
        default: "90",
        help: "Keep the change log for this time; the newest run always stays",
        get: |profile, _| Some(profile.retention.feed_days.to_string()),
        set: |profile, _, text| put(&mut profile.retention.feed_days, text, Retention::default().feed_days),
    },
    Setting {
        key: "feed.entries",
        unit: "entries",
        values: COUNT,
        default: "500000",
        help: "Keep this many entries of the change log at most; the newest run always stays",
        get: |profile, _| Some(profile.retention.feed_entries.to_string()),
        set: |profile, _, text| put_count(&mut profile.retention.feed_entries, text, Retention::default().feed_entries),
    },
    Setting {
        key: "policy",
        unit: "",
        values: SettingValues::Words(&["fingerprint", "timestamp"]),
        default: "fingerprint",
        help: "Count an item as updated if its fields differ, or only if its date is newer",
        get: |profile, _| Some(profile.policy.as_str().to_owned()),
        set: |profile, _, text| {
            let policies = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];
            let found = |text: &str| policies.into_iter().find(|policy| policy.as_str() == text);
            put_with(&mut profile.policy, text, found)
        },
    },
    Setting {
        key: "search.fields",
        unit: "",
        values: SettingValues::Words(&["all", "names", "off"]),
        default: "all",
        help: "Keep the text of these fields for searches; the next sync writes it",
        get: |profile, _| Some(profile.search.as_str().to_owned()),
        set: |profile, _, text| put_with(&mut profile.search, text, SearchFields::from_name),
    },
    Setting {
        key: "user-agent",
        unit: "",
        values: SettingValues::Text("printable ASCII"),
        default: "",
        help: "Send this user agent; by default xtream-sync/VERSION",
        get: |profile, _| profile.user_agent.clone(),
        set: |profile, _, text| {
            let is_sendable = |text: &str| text.chars().all(|c| (' '..='~').contains(&c));
            put_with(&mut profile.user_agent, text, |text| is_sendable(text).then(|| Some(text.to_owned())))
        },
    },
    Setting {
        key: "tls.verify",
        unit: "",
        values: SettingValues::YesNo,
        default: "yes",
        help: "Require a valid certificate; with no, anybody on the way can read the password",
        get: |profile, _| Some(if profile.verify_tls { "yes" } else { "no" }.to_owned()),
        set: |profile, _, text| {
            profile.verify_tls = text != Some("no");
            Ok(())
        },
    },
    Setting {
        key: "hosts.other",
        unit: "",
        values: SettingValues::Words(&["follow", "refuse"]),
        default: "follow",
        help: "Follow or refuse a redirect to another host, which may learn the password",
        get: |profile, _| Some(if profile.follow_other_hosts { "follow" } else { "refuse" }.to_owned()),
        set: |profile, _, text| {
            profile.follow_other_hosts = text != Some("refuse");
            Ok(())
        },
    },
    Setting {
        key: "kinds.off",
        unit: "",
        values: SettingValues::Kinds,
        default: "",
        help: "Leave these kinds out of syncs that don't name them; their items stay",
        get: |profile, _| Some(profile.kinds_off.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")),
        set: |profile, _, text| {
            let kind = |name: &str| name.trim().parse::<ContentKind>().ok();
            put_with(&mut profile.kinds_off, text, |text| text.split(',').map(kind).collect::<Option<BTreeSet<_>>>())
        },
    },
    conflict("conflict.name", "Decide what becomes of your name when the panel changes its own"),
    conflict("conflict.category", "Decide what becomes of your categories when the panel changes its own"),
    conflict("conflict.icon", "Decide what becomes of your image when the panel changes its own"),
    Setting {
        key: "schedule",
        unit: "",
        values: SettingValues::Schedule,
        default: "",
        help: "Sync the profile at these times under `watch`; by default when new titles are expected",
        get: |profile, _| profile.schedules.all.as_ref().map(ToString::to_string),
        set: |profile, _, text| put_with(&mut profile.schedules.all, text, schedule),
    },
    of_kind("schedule.channels", "Sync the channels at these times instead"),
    of_kind("schedule.movies", "Sync the movies at these times instead"),
    of_kind("schedule.series", "Sync the series at these times instead"),
    auto(
        "schedule.shortest",
        "",
        INTERVAL,
        "1h",
        "Under `auto`, look at a kind no sooner than this after the last look",
    ),
    auto("schedule.longest", "", INTERVAL, "1d", "Under `auto`, look at a kind no later than this after the last look"),
    auto(
        "schedule.quiet",
        "",
        SettingValues::Hours,
        "",
        "Begin no sync by `auto` or `every` in these hours, by the clock of the machine",
    ),
    auto(
        "schedule.looks",
        "looks a day",
        SettingValues::Whole { least: 1, most: Some(AutoSettings::MOST_LOOKS as u64) },
        "12",
        "Under `auto`, look at most this often, at all kinds together",
    ),
    auto("weight.channels", "", WEIGHT, "1", "Let a new channel count this much under `auto`"),
    auto("weight.movies", "", WEIGHT, "1", "Let a new movie count this much under `auto`"),
    auto("weight.series", "", WEIGHT, "1", "Let a new series or episode count this much under `auto`"),
    Setting {
        key: "busy.postpone",
        unit: "",
        values: SettingValues::YesNo,
        default: "yes",
        help: "Postpone a sync of `watch` while all connections of the account are in use",
        get: |profile, _| Some(if profile.postpone_when_busy { "yes" } else { "no" }.to_owned()),
        set: |profile, _, text| {
            profile.postpone_when_busy = text != Some("no");
            Ok(())
        },
    },
    Setting {
        key: "probes",
        unit: "",
        values: SettingValues::Words(&["auto", "off"]),
        default: "auto",
        help: "Let `watch` ask a small question in place of a list, where the panel is known to answer it",
        get: |profile, _| Some(profile.probes.as_str().to_owned()),
        set: |profile, _, text| {
            profile.probes = if text == Some("off") { ProbeSetting::Off } else { ProbeSetting::Auto };
            Ok(())
        },
    },
    hook(
        "hook.on-change",
        SettingValues::Command,
        "Run this command with each result of `watch` on its standard input",
    ),
    hook(
        "hook.webhook-file",
        SettingValues::Text("path of a file"),
        "Post each result of `watch` to the address in this file",
    ),
    hook(
        "hook.webhook-env",
        SettingValues::Text("name of a variable"),
        "Post each result of `watch` to the address in this environment variable",
    ),
    hook(
        "hook.before",
        SettingValues::Command,
        "Run this command before a sync of `watch`, and postpone the sync if it fails",
    ),
    Setting {
        key: "hook.always",
        unit: "",
        values: SettingValues::YesNo,
        default: "no",
        help: "Tell the hooks of each result, or only if something happened",
        get: |profile, _| Some(if profile.hooks.always { "yes" } else { "no" }.to_owned()),
        set: |profile, _, text| {
            profile.hooks.always = text == Some("yes");
            Ok(())
        },
    },
    network("timeout.connect", "seconds", SECONDS, "10", "Wait this long for a connection"),
    network(
        "timeout.first-byte",
        "seconds",
        SECONDS,
        "120",
        "Wait this long for the beginning of an answer; panels build a list before they send it",
    ),
    network("timeout.idle", "seconds", SECONDS, "30", "Wait this long for the next piece of an answer"),
    network("timeout.total", "seconds", SECONDS, "1200", "Allow this long for a whole answer"),
    network("timeout.password", "seconds", SECONDS, "60", "Wait this long for the password from a file or a command"),
    network(
        "attempts",
        "",
        SettingValues::Whole { least: 1, most: Some(20) },
        "4",
        "Try each request at most this many times",
    ),
    network(
        "backoff",
        "seconds",
        SECONDS,
        "1",
        "Wait this long before the second attempt, and twice as long before each further one",
    ),
    network(
        "rate.requests",
        "requests per second",
        SettingValues::Decimal { least: "0.01" },
        "8",
        "Send at most this many requests per second",
    ),
    network(
        "budget.requests",
        "requests per day",
        COUNT,
        "5000",
        "Let scheduled syncs wait for the next UTC day after this many requests; 0 turns this off",
    ),
    Setting {
        key: "rate.parallel",
        unit: "requests",
        values: SettingValues::Whole { least: 1, most: Some(16) },
        default: "1",
        help: "Send at most this many requests at once; more than the account allows may get it banned",
        get: |profile, _| Some(profile.parallel_requests.to_string()),
        set: |profile, _, text| put(&mut profile.parallel_requests, text, 1),
    },
    network(
        "rate.min-bytes",
        "bytes per second",
        COUNT,
        "64",
        "Require this speed, on average over an idle timeout; 0 turns this off",
    ),
    network(
        "rate.limit",
        "bytes per second",
        SettingValues::Timetable,
        "off",
        "Read at most this much per second: 512k, 10M, or by local time: 08:00,512k 23:00,off",
    ),
    network(
        "rate.deadline",
        "seconds",
        SECONDS,
        "1800",
        "Stop a list of known size that can't come within this time, however slow it is until then",
    ),
    network("limits.body", "MiB", POSITIVE, "2048", "Read at most this much per answer, after decompression"),
    network("limits.elements", "elements", POSITIVE, "2000000", "Read at most this many elements per list"),
    network(
        "limits.element",
        "MiB",
        SettingValues::Whole { least: 1, most: Some(1024) },
        "8",
        "Skip an element that is larger",
    ),
    network(
        "limits.nesting",
        "levels",
        SettingValues::Whole { least: 1, most: Some(100_000) },
        "64",
        "Skip an element whose JSON is nested deeper",
    ),
    network(
        "limits.header",
        "KiB",
        SettingValues::Whole { least: 1, most: Some(400) },
        "64",
        "Read at most this much of headers per answer",
    ),
];

#[cfg(test)]
mod tests;
