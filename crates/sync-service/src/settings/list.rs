//! Every setting of a profile.
//!
//! A new setting is an entry here, a field of [`sync_core::Profile`], and a row in `docs/guide.md`, which a test of `sync-app`
//! compares with this list. Where a store keeps it as a row, its key is also in `setting_rows` of `sync-core`.

use std::collections::BTreeSet;
use std::str::FromStr;

use sync_core::overlay::{ConflictRule, EditField};
use sync_core::policy::auto::settings::AutoSettings;
use sync_core::policy::probe::ProbeSetting;
use sync_core::{ContentKind, GuardThresholds, NotAValue, PolicyChoice, Retention, Schedule, SearchFields};

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

/// A setting of the schedule `auto`.
const fn auto(
    key: &'static str,
    unit: &'static str,
    values: SettingValues,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        unit,
        values,
        default,
        help,
        get: |profile, key| profile.schedules.auto.get(key),
        set: |profile, key, text| profile.schedules.auto.set(key, text),
    }
}

/// The schedule of one kind. The last word of the key is the kind.
const fn of_kind(key: &'static str, help: &'static str) -> Setting {
    Setting {
        key,
        unit: "",
        values: SettingValues::Schedule,
        default: "",
        help,
        get: |profile, key| profile.schedules.kinds[kind_of(key)?].as_ref().map(ToString::to_string),
        set: |profile, key, text| {
            put_with(&mut profile.schedules.kinds[kind_of(key).ok_or(NotAValue)?], text, schedule)
        },
    }
}

/// A hook. Its text is for the shell or the system, so all but control characters may be in it.
const fn hook(key: &'static str, values: SettingValues, help: &'static str) -> Setting {
    Setting {
        key,
        unit: "",
        values,
        default: "",
        help,
        get: |profile, key| profile.hooks.get(key).map(str::to_owned),
        set: |profile, key, text| {
            let is_name = !key.ends_with("-env") || !text.unwrap_or_default().contains('=');
            if !is_name || text.is_some_and(|text| text.chars().any(char::is_control)) {
                return Err(NotAValue);
            }
            profile.hooks.set(key, text);
            Ok(())
        },
    }
}

fn kind_of(key: &str) -> Option<ContentKind> {
    key.rsplit('.').next()?.parse().ok()
}

#[expect(clippy::option_option, reason = "a text that is no schedule is something else than none")]
fn schedule(text: &str) -> Option<Option<Schedule>> {
    text.parse().ok().map(Some)
}

/// A setting of the requests. The default is the source's.
const fn network(
    key: &'static str,
    unit: &'static str,
    values: SettingValues,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        unit,
        values,
        default,
        help,
        get: |profile, key| profile.network.get(key),
        set: |profile, key, text| profile.network.set(key, text),
    }
}

fn put<T: FromStr>(place: &mut T, text: Option<&str>, default: T) -> Result<(), NotAValue> {
    *place = text.map_or(Ok(default), |text| text.parse().map_err(|_| NotAValue))?;
    Ok(())
}

/// The flags of `profile add` take no larger number either.
fn put_count(place: &mut u64, text: Option<&str>, default: u64) -> Result<(), NotAValue> {
    *place = text.map_or(Ok(default), |text| text.parse::<u32>().map(u64::from).map_err(|_| NotAValue))?;
    Ok(())
}

/// The rule of a field that both the user and the panel can change. The key ends with the name of the field.
const fn conflict(key: &'static str, help: &'static str) -> Setting {
    Setting {
        key,
        unit: "",
        values: SettingValues::Words(&["keep-local", "take-panel", "newest", "ask"]),
        default: "keep-local",
        help,
        get: |profile, key| Some(profile.conflicts.of(field_of_conflict(key)?).as_str().to_owned()),
        set: |profile, key, text| {
            let mut rule = ConflictRule::default();
            put_with(&mut rule, text, ConflictRule::from_name)?;
            profile.conflicts.set(field_of_conflict(key).ok_or(NotAValue)?, rule);
            Ok(())
        },
    }
}

fn field_of_conflict(key: &str) -> Option<EditField> {
    key.strip_prefix("conflict.").and_then(EditField::from_name)
}

fn put_with<T: Default>(place: &mut T, text: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<(), NotAValue> {
    *place = text.map_or(Some(T::default()), read).ok_or(NotAValue)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_core::{NetworkSettings, Profile, ProfileId, SettingRow};

    use super::*;

    fn plain() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    fn setting(key: &str) -> &'static Setting {
        SETTINGS.iter().find(|setting| setting.key == key).unwrap()
    }

    /// A value that differs from the default.
    fn other(setting: &Setting) -> &'static str {
        match setting.values {
            SettingValues::Whole { .. } | SettingValues::Decimal { .. } => "11",
            SettingValues::Words(words) => words[words.len() - 1],
            SettingValues::YesNo if setting.default == "no" => "yes",
            SettingValues::YesNo => "no",
            SettingValues::Kinds => "channels,series",
            SettingValues::Timetable => "08:00,512k Sun-23:00,off",
            SettingValues::Schedule => "cron 30 4 * * * Europe/Berlin",
            SettingValues::Interval(_) => "2d",
            SettingValues::Hours => "23:00-07:00",
            SettingValues::Command => "tell --token 's3cr3t' | sh",
            SettingValues::Text(_) => "Player/1 (x)",
        }
    }

    #[test]
    fn keys_are_dotted_lower_case_and_different() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(Setting::key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
        for key in keys {
            assert!(key.chars().all(|c| matches!(c, 'a'..='z' | '.' | '-')) && key.len() <= 20, "{key}");
        }
    }

    #[test]
    fn a_plain_profile_has_the_defaults() {
        for setting in &SETTINGS {
            assert!(!setting.is_changed(&plain()), "{}: {}", setting.key, setting.text(&plain()));
            let mut profile = plain();
            setting.set(&mut profile, setting.default).unwrap();
            assert_eq!(setting.text(&profile), setting.default);
        }
    }

    #[test]
    fn each_setting_sets_itself_and_nothing_else() {
        for setting in &SETTINGS {
            let mut profile = plain();
            let text = other(setting);
            setting.set(&mut profile, &format!(" {text} ")).unwrap();
            assert_eq!(setting.text(&profile), text, "{}", setting.key);
            let changed: Vec<_> = SETTINGS.iter().filter(|it| it.is_changed(&profile)).map(Setting::key).collect();
            assert_eq!(changed, [setting.key]);
            setting.set(&mut profile, " ").unwrap();
            assert_eq!(profile, plain(), "{}", setting.key);
        }
    }

    #[test]
    fn what_is_beyond_the_range_is_refused() {
        for setting in &SETTINGS {
            let (least, most) = match setting.values {
                SettingValues::Whole { least, most } => (least.to_string(), most),
                SettingValues::Decimal { least } => (least.to_owned(), None),
                _ => {
                    let mut profile = plain();
                    assert_eq!(setting.set(&mut profile, "no such\u{7} w\u{f6}rd"), Err(NotAValue), "{}", setting.key);
                    continue;
                }
            };
            let mut profile = plain();
            setting.set(&mut profile, &least).unwrap();
            assert_eq!(setting.text(&profile), least);
            for wrong in ["-1", "x", "1 2", "0x10", "NaN", "1e999"] {
                assert_eq!(setting.set(&mut profile, wrong), Err(NotAValue), "{} {wrong}", setting.key);
            }
            if least == "1" {
                assert_eq!(setting.set(&mut profile, "0"), Err(NotAValue), "{}", setting.key);
            }
            if let Some(most) = most {
                setting.set(&mut profile, &most.to_string()).unwrap();
                assert_eq!(setting.set(&mut profile, &(most + 1).to_string()), Err(NotAValue), "{}", setting.key);
                assert_eq!(setting.text(&profile), most.to_string(), "a wrong value changes nothing");
            }
        }
    }

    /// What a store keeps as rows is settable, and the other way round under the same key.
    #[test]
    fn rows_of_a_store_have_the_keys_that_people_type() {
        let mut profile = plain();
        for setting in &SETTINGS {
            setting.set(&mut profile, other(setting)).unwrap();
        }
        let rows = profile.setting_rows();
        assert_eq!(rows.len(), NetworkSettings::KEYS.len() + 22);
        for SettingRow { key, value } in rows {
            assert_eq!(setting(&key).text(&profile), value);
        }
    }

    #[test]
    fn a_command_is_not_shown() {
        let mut profile = plain();
        for key in ["hook.on-change", "hook.before"] {
            assert_eq!((setting(key).shown(&profile), setting(key).value(&profile)), (String::new(), json!(null)));
            setting(key).set(&mut profile, "tell --token s3cr3t").unwrap();
            assert_eq!(
                (setting(key).shown(&profile), setting(key).value(&profile)),
                ("(hidden)".to_owned(), json!("(hidden)"))
            );
        }
        assert_eq!(setting("hook.webhook-env").set(&mut profile, "A=b"), Err(NotAValue));
    }

    #[test]
    fn values_have_types() {
        let mut profile = plain();
        for (key, text, value) in [
            ("guard.share", "7", json!(7)),
            ("timeout.idle", "2.5", json!(2.5)),
            ("timeout.total", "3", json!(3)),
            ("rate.requests", "0.25", json!(0.25)),
            ("tls.verify", "no", json!(false)),
            ("hosts.other", "refuse", json!("refuse")),
            ("kinds.off", "series, channels", json!(["channels", "series"])),
            ("user-agent", "7", json!("7")),
        ] {
            setting(key).set(&mut profile, text).unwrap();
            assert_eq!(setting(key).value(&profile), value, "{key}");
        }
        let defaults = ["attempts", "tls.verify", "kinds.off", "user-agent"].map(|key| setting(key).value(&plain()));
        assert_eq!(defaults, [json!(4), json!(true), json!([]), json!(null)]);
    }
}
