//! The settings of a profile that have no place of their own in a store, as rows of key and value.
//!
//! A new setting needs no new column: a field of [`Profile`], and a line in each of the three functions. The keys are
//! a public interface. They are those that people type.

use std::collections::BTreeSet;

use super::{HookSettings, NetworkSettings, Profile};
use crate::model::ContentKind;
use crate::overlay::{ConflictRule, EditField};
use crate::policy::auto::settings::AutoSettings;
use crate::policy::probe::ProbeSetting;

/// The kinds that are switched off, separated by commas.
const KINDS_OFF: &str = "kinds.off";

/// The schedule of all kinds.
const SCHEDULE: &str = "schedule";

/// The schedules of the kinds, in the order of [`ContentKind::ALL`].
const SCHEDULES: [&str; 3] = ["schedule.channels", "schedule.movies", "schedule.series"];

/// Whether a sync is postponed while all connections of the account are in use.
const BUSY: &str = "busy.postpone";

/// Whether probes are used: `auto` or `off`.
const PROBES: &str = "probes";

/// The rules of conflicts, in the order of [`EditField::JUDGED`].
const CONFLICTS: [&str; 3] = ["conflict.name", "conflict.category", "conflict.icon"];

/// A setting that differs from the default, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingRow {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl Profile {
    /// Returns the settings that a store keeps as rows and that differ from the defaults, sorted by key.
    pub fn setting_rows(&self) -> Vec<SettingRow> {
        let mut rows = Vec::new();
        let mut row = |key: &str, value: Option<String>| {
            rows.extend(value.map(|value| SettingRow { key: key.to_owned(), value }));
        };
        for key in NetworkSettings::KEYS {
            row(key, self.network.get(key));
        }
        row(KINDS_OFF, Some(names_of_kinds(&self.kinds_off)).filter(|names| !names.is_empty()));
        row(SCHEDULE, self.schedules.all.as_ref().map(ToString::to_string));
        for (kind, key) in ContentKind::ALL.into_iter().zip(SCHEDULES) {
            row(key, self.schedules.kinds[kind].as_ref().map(ToString::to_string));
        }
        for key in AutoSettings::KEYS {
            row(key, self.schedules.auto.get(key));
        }
        row(BUSY, (!self.postpone_when_busy).then(|| "no".to_owned()));
        row(PROBES, (self.probes != ProbeSetting::default()).then(|| self.probes.as_str().to_owned()));
        for key in HookSettings::KEYS {
            row(key, self.hooks.get(key).map(str::to_owned));
        }
        for (field, key) in EditField::JUDGED.into_iter().zip(CONFLICTS) {
            let rule = Some(self.conflicts.of(field)).filter(|rule| *rule != ConflictRule::default());
            row(key, rule.map(|rule| rule.as_str().to_owned()));
        }
        row(HookSettings::ALWAYS, self.hooks.always.then(|| "yes".to_owned()));
        rows.sort();
        rows
    }

    /// Sets the value of a row. A row with an unknown key changes nothing, and neither does a row whose value can't be
    /// read.
    pub fn set_row(&mut self, row: &SettingRow) {
        let SettingRow { key, value } = row;
        if key == KINDS_OFF {
            self.kinds_off = kinds_of_names(value).unwrap_or_default();
        } else if key == SCHEDULE {
            self.schedules.all = value.parse().ok();
        } else if let Some(kind) = kind_of_schedule(key) {
            self.schedules.kinds[kind] = value.parse().ok();
        } else if AutoSettings::KEYS.contains(&key.as_str()) {
            // A value of another version that can't be read counts as the default.
            let _ = self.schedules.auto.set(key, Some(value));
        } else if key == BUSY {
            self.postpone_when_busy = value != "no";
        } else if key == PROBES {
            self.probes = if value == "off" { ProbeSetting::Off } else { ProbeSetting::Auto };
        } else if let Some(at) = CONFLICTS.iter().position(|known| known == key) {
            self.conflicts.set(EditField::JUDGED[at], ConflictRule::from_name(value).unwrap_or_default());
        } else if key == HookSettings::ALWAYS {
            self.hooks.always = value == "yes";
        } else if HookSettings::KEYS.contains(&key.as_str()) {
            self.hooks.set(key, Some(value));
        } else if NetworkSettings::KEYS.contains(&key.as_str()) {
            // A value of another version that can't be read counts as the default.
            let _ = self.network.set(key, Some(value));
        }
    }

    /// Returns whether this version knows the setting of a row.
    pub fn knows_row(key: &str) -> bool {
        [KINDS_OFF, SCHEDULE, BUSY, PROBES, HookSettings::ALWAYS].contains(&key)
            || HookSettings::KEYS.contains(&key)
            || CONFLICTS.contains(&key)
            || kind_of_schedule(key).is_some()
            || AutoSettings::KEYS.contains(&key)
            || NetworkSettings::KEYS.contains(&key)
    }
}

/// Returns the kind whose schedule has this key.
fn kind_of_schedule(key: &str) -> Option<ContentKind> {
    let at = SCHEDULES.iter().position(|known| *known == key)?;
    Some(ContentKind::ALL[at])
}

/// Returns the names of kinds, in the order of a run, separated by commas.
pub(super) fn names_of_kinds(kinds: &BTreeSet<ContentKind>) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
}

/// Reads names of kinds. Returns `None` if one of them is not the name of a kind.
pub(super) fn kinds_of_names(names: &str) -> Option<BTreeSet<ContentKind>> {
    names.split(',').map(|name| name.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProfileId;

    fn plain() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    fn row(key: &str, value: &str) -> SettingRow {
        SettingRow { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn rows_are_read_back_and_only_what_differs_has_one() {
        assert_eq!(plain().setting_rows(), []);
        let mut profile = plain();
        for key in NetworkSettings::KEYS {
            profile.network.set(key, Some("7")).unwrap();
        }
        profile.kinds_off = BTreeSet::from([ContentKind::Series, ContentKind::Channels]);
        profile.schedules.all = Some("every 6h".parse().unwrap());
        profile.schedules.kinds[ContentKind::Movies] = Some("cron 0 4 * * * Europe/Berlin".parse().unwrap());
        for (key, value) in AutoSettings::KEYS.into_iter().zip(["2h", "7d", "23:00-07:00", "20", "3", "2", "9"]) {
            profile.schedules.auto.set(key, Some(value)).unwrap();
        }
        profile.postpone_when_busy = false;
        profile.probes = ProbeSetting::Off;
        for key in HookSettings::KEYS {
            profile.hooks.set(key, Some(key));
        }
        profile.hooks.always = true;
        let rows = profile.setting_rows();
        assert_eq!(
            rows.len(),
            NetworkSettings::KEYS.len() + 5 + AutoSettings::KEYS.len() + HookSettings::KEYS.len() + 1
        );
        assert!(rows.contains(&row("schedule.movies", "cron 0 4 * * * Europe/Berlin")));
        assert!(rows.contains(&row("kinds.off", "channels,series")));
        assert!(rows.is_sorted() && rows.iter().all(|row| Profile::knows_row(&row.key)));
        let mut read = plain();
        for row in rows.iter().rev() {
            read.set_row(row);
        }
        assert_eq!(read, profile);
    }

    #[test]
    fn an_unreadable_row_is_the_default() {
        let mut profile = plain();
        for (key, value) in [
            ("from.the.future", "1"),
            ("attempts", "0"),
            ("attempts", ""),
            ("limits.body", "99999999999999"),
            ("timeout.idle", "soon"),
            ("schedule", "sometimes"),
            ("schedule.series", "every 0s"),
            ("schedule.longest", "1y"),
            ("schedule.quiet", "never"),
            ("busy.postpone", "perhaps"),
            ("probes", "perhaps"),
            ("hook.always", "perhaps"),
            ("hook.before", ""),
            ("kinds.off", "movies,episodes"),
            ("kinds.off", ""),
        ] {
            profile.set_row(&row(key, value));
            assert_eq!(profile, plain(), "{key}={value}");
        }
        assert!(!Profile::knows_row("from.the.future"));
    }
}
