//! Changes settings by `KEY=VALUE`: all of them, or none.

use sync_core::Profile;

use super::list::SETTINGS;
use super::setting::Setting;
use crate::similar::similar;

/// The longest key that an error shows. No setting has a longer one.
const KEY_MAX: usize = 20;

/// The longest value that an error shows.
const VALUE_MAX: usize = 40;

/// A profile with changed settings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// The profile.
    pub profile: Profile,
    /// The keys of the settings whose values have changed, in the order of the list.
    pub keys: Vec<&'static str>,
}

/// The reason why settings were not changed. It shows only those parts of the typed text that can't be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A text has no `=`.
    #[error("a setting is written as KEY=VALUE")]
    NoValue {
        /// The key, if the text is the key of a setting.
        key: Option<&'static str>,
    },
    /// There is no such setting.
    #[error("there is no such setting{}", named(.key.as_deref()))]
    Unknown {
        /// The key, if it may be shown.
        key: Option<String>,
        /// The key that was perhaps meant.
        similar: Option<&'static str>,
    },
    /// A setting is named twice.
    #[error("`{0}` is named twice")]
    Twice(&'static str),
    /// The setting doesn't take this value.
    #[error("{} is no value of `{key}`: use {range}{}", quoted(.shown.as_deref()), in_brackets(.unit))]
    BadValue {
        /// The key.
        key: &'static str,
        /// The range in words.
        range: String,
        /// The unit; empty if there is none.
        unit: &'static str,
        /// The value, if it may be shown.
        shown: Option<String>,
    },
}

/// Returns a profile with these settings changed. Each is `KEY=VALUE`; `KEY=` restores the default.
///
/// # Errors
///
/// One of the texts can't be used. Then none of them is used.
pub fn change(profile: &Profile, assignments: &[impl AsRef<str>]) -> Result<Changed, SettingError> {
    let mut changed = profile.clone();
    let mut named: Vec<&str> = Vec::new();
    for assignment in assignments {
        let (key, value) = assignment.as_ref().split_once('=').ok_or_else(|| no_value(assignment.as_ref()))?;
        let setting = find(key).ok_or_else(|| unknown(key.trim()))?;
        if named.contains(&setting.key) {
            return Err(SettingError::Twice(setting.key));
        }
        named.push(setting.key);
        setting.set(&mut changed, value).map_err(|_| bad_value(setting, value.trim()))?;
    }
    let differs = |setting: &&Setting| setting.text(profile) != setting.text(&changed);
    let keys = SETTINGS.iter().filter(differs).map(Setting::key).collect();
    Ok(Changed { profile: changed, keys })
}

fn named(key: Option<&str>) -> String {
    key.map(|key| format!(": `{key}`")).unwrap_or_default()
}

fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "this".to_owned(), |value| format!("`{value}`"))
}

fn in_brackets(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" ({unit})") }
}

fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key.trim())
}

fn no_value(text: &str) -> SettingError {
    SettingError::NoValue { key: find(text).map(Setting::key) }
}

fn unknown(key: &str) -> SettingError {
    let is_short = !key.is_empty() && key.len() <= KEY_MAX;
    let is_made_of = |more: &str| is_short && key.chars().all(|c| c.is_ascii_lowercase() || more.contains(c));
    let meant = SETTINGS.iter().map(Setting::key);
    let similar = if is_made_of(".-_") { similar(key, meant) } else { None };
    // A text with a full stop may be a secret, unless it is similar to a key.
    let may_be_shown = is_made_of("-") || similar.is_some();
    SettingError::Unknown { key: may_be_shown.then(|| key.to_owned()), similar }
}

fn bad_value(setting: &Setting, value: &str) -> SettingError {
    let looks_harmless = value.chars().count() <= VALUE_MAX
        && !value.chars().any(char::is_control)
        && !["://", "@", "="].iter().any(|part| value.contains(part));
    let shown = (setting.values.are_fixed() && looks_harmless).then(|| value.to_owned());
    SettingError::BadValue { key: setting.key, range: setting.values.range(), unit: setting.unit, shown }
}

#[cfg(test)]
mod tests {
    use sync_core::ProfileId;

    use super::*;

    fn plain() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    fn refused(assignments: &[&str]) -> SettingError {
        change(&plain(), assignments).unwrap_err()
    }

    #[test]
    fn several_settings_change_at_once() {
        let changed = change(&plain(), &["attempts=2", "guard.share = 40", "tls.verify=yes"]).unwrap();
        assert_eq!(changed.keys, ["guard.share", "attempts"], "what is as before is not among them");
        assert_eq!((changed.profile.guard.share_percent, changed.profile.network.attempts), (40, Some(2)));
        let restored = change(&changed.profile, &["attempts=", "guard.share="]).unwrap();
        assert_eq!(restored, Changed { profile: plain(), keys: vec!["guard.share", "attempts"] });
        assert_eq!(change(&plain(), &[""; 0]).unwrap().keys, [""; 0]);
        // The first `=` ends the key.
        let agent = change(&plain(), &["user-agent=a=b"]).unwrap().profile.user_agent;
        assert_eq!(agent.as_deref(), Some("a=b"));
    }

    #[test]
    fn a_wrong_setting_among_several_is_reported() {
        for (assignment, told) in [
            ("attempts", "a setting is written as KEY=VALUE"),
            ("attempts=21", "`21` is no value of `attempts`: use 1 to 20"),
            ("backoff=soon", "`soon` is no value of `backoff`: use 0 or more, fractions allowed (seconds)"),
            ("policy=dates", "`dates` is no value of `policy`: use fingerprint, timestamp"),
            (
                "kinds.off=films",
                "`films` is no value of `kinds.off`: use channels, movies, series; separated by commas",
            ),
            ("user-agent=\u{e9}", "this is no value of `user-agent`: use printable ASCII"),
            ("guard=1", "there is no such setting: `guard`"),
            ("guard.flor=1", "there is no such setting: `guard.flor`"),
            ("guard.share=1", "`guard.share` is named twice"),
        ] {
            assert_eq!(refused(&["guard.share=9", assignment]).to_string(), told);
        }
    }

    #[test]
    fn a_similar_key_is_suggested() {
        for (key, meant) in [
            ("guard.shares", Some("guard.share")),
            ("timeout.connection", Some("timeout.connect")),
            ("timeout_connect", Some("timeout.connect")),
            ("atempts", Some("attempts")),
            ("search.field", Some("search.fields")),
            ("zzz", None),
        ] {
            let SettingError::Unknown { similar, .. } = refused(&[&format!("{key}=1")]) else { panic!("{key}") };
            assert_eq!(similar, meant, "{key}");
        }
        assert_eq!(refused(&["attempts"]), SettingError::NoValue { key: Some("attempts") });
    }

    #[test]
    fn a_possible_secret_is_not_repeated() {
        let canary = "Kanarie9x7";
        for assignment in [
            canary.to_owned(),
            format!("{canary}=1"),
            format!("http://panel.example/get.php?username=ann&password={canary}"),
            format!("user-agent={canary}\u{e9}"),
            format!("attempts=ann:{canary}@panel"),
            format!("attempts=password={canary}"),
            format!("attempts={}", canary.repeat(5)),
            format!("guard.share=http://{canary}"),
            format!("kanarie.kanarie.{canary}=1"),
            "=Kanarie9x7".to_owned(),
        ] {
            let error = refused(&[&assignment]);
            assert!(!format!("{error} {error:?}").contains(canary), "{assignment}: {error:?}");
        }
        for key in ["kanarie.k", "kanariekanariekanariekanarie"] {
            assert!(!format!("{:?}", refused(&[&format!("{key}=1")])).contains("kanarie"), "{key}");
        }
    }
}
