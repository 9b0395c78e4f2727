//! Entries that several settings share, and the functions that put their values into a profile.

use std::str::FromStr;

use sync_core::overlay::{ConflictRule, EditField};
use sync_core::{ContentKind, NotAValue, Schedule};

use super::setting::{Setting, SettingValues};

/// Returns a setting of the schedule `auto`.
pub(super) const fn auto(
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

/// Returns the setting for the schedule of one kind. The last word of the key is the kind.
pub(super) const fn of_kind(key: &'static str, help: &'static str) -> Setting {
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

/// Returns the setting of a hook. Its text is for the shell or the system, so it may contain everything but control
/// characters.
pub(super) const fn hook(key: &'static str, values: SettingValues, help: &'static str) -> Setting {
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

pub(super) fn kind_of(key: &str) -> Option<ContentKind> {
    key.rsplit('.').next()?.parse().ok()
}

#[expect(clippy::option_option, reason = "a text that is no schedule is something else than none")]
pub(super) fn schedule(text: &str) -> Option<Option<Schedule>> {
    text.parse().ok().map(Some)
}

/// Returns a setting of the requests. The source has the default.
pub(super) const fn network(
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

pub(super) fn put<T: FromStr>(place: &mut T, text: Option<&str>, default: T) -> Result<(), NotAValue> {
    *place = text.map_or(Ok(default), |text| text.parse().map_err(|_| NotAValue))?;
    Ok(())
}

/// Sets a count. Larger numbers than those of a `u32` are rejected, as by the flags of `profile add`.
pub(super) fn put_count(place: &mut u64, text: Option<&str>, default: u64) -> Result<(), NotAValue> {
    *place = text.map_or(Ok(default), |text| text.parse::<u32>().map(u64::from).map_err(|_| NotAValue))?;
    Ok(())
}

/// Returns the setting for the rule of a field that both the user and the panel can change. The key ends with the name
/// of the field.
pub(super) const fn conflict(key: &'static str, help: &'static str) -> Setting {
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

pub(super) fn field_of_conflict(key: &str) -> Option<EditField> {
    key.strip_prefix("conflict.").and_then(EditField::from_name)
}

pub(super) fn put_with<T: Default>(
    place: &mut T,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<(), NotAValue> {
    *place = text.map_or(Some(T::default()), read).ok_or(NotAValue)?;
    Ok(())
}
