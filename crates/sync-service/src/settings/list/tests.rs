//! Tests of the list: every setting is read back, and refuses what is no value of it.

use serde_json::json;
use sync_core::{NetworkSettings, NotAValue, Profile, ProfileId, SettingRow};

use super::*;

fn plain() -> Profile {
    Profile::new(ProfileId::new("home").unwrap())
}

fn setting(key: &str) -> &'static Setting {
    SETTINGS.iter().find(|setting| setting.key == key).unwrap()
}

/// Returns a value that differs from the default.
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
fn values_beyond_the_range_are_refused() {
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

/// Every setting that a store keeps as a row can be set under the same key, and the reverse.
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
