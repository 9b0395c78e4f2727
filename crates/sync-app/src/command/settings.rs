//! `profile set` and `profile show`.

use std::path::Path;

use sync_core::text::{one_line, printable};
use sync_core::{PasswordSource, Profile, ProfileId};
use sync_service::settings::{SETTINGS, Setting, SettingError, change};

use super::args::{SetArgs, ShowProfileArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::look::Look;
use super::table::{Column, Table};
use super::terminal::{confirm, print_err, print_out};
use super::{json, wiring};
use crate::SyncError;
use crate::json::{ProfileSettings, Setting as Shown};

/// Changes settings of a profile: all named ones, or none.
pub(crate) async fn set(database: &Path, args: &SetArgs) -> Result<Exit, Failure> {
    let id = ProfileId::new(&args.id).map_err(SyncError::from)?;
    let unknown = || Failure::unknown_profile(&args.id);
    if !database.exists() {
        return Err(unknown());
    }
    let cache = wiring::open(database)?;
    let known = cache.profile(&id).await?.ok_or_else(unknown)?;
    let changed = change(&known, &args.settings).map_err(|error| refused(&error))?;
    let name = printable(id.as_str());
    if changed.keys.is_empty() {
        confirm(&format!("profile `{name}`: every setting is as before"));
        return Ok(Exit::Done);
    }
    cache.save_profile(&changed.profile).await?;
    confirm(&format!("profile `{name}` changed"));
    for setting in SETTINGS.iter().filter(|setting| changed.keys.contains(&setting.key())) {
        let [before, now] = [&known, &changed.profile].map(|profile| shown(&setting.shown(profile)));
        confirm(&format!("  {}: {before} → {now}", setting.key()));
    }
    if known.verify_tls && !changed.profile.verify_tls {
        print_err("warning: the panel's certificate is not verified any more; undo this with tls.verify=yes");
    }
    Ok(Exit::Done)
}

/// Returns the command's error for a setting that was refused.
fn refused(error: &SettingError) -> Failure {
    let list = "`xtream-sync profile set --help` lists the settings";
    let hint = match error {
        SettingError::Unknown { similar: Some(similar), .. } => format!("did you mean `{similar}`? {list}"),
        SettingError::Unknown { key: Some(key), .. } if key.starts_with("pass") => {
            "a password is never an argument; `xtream-sync profile edit --help` says where it may come from".to_owned()
        }
        SettingError::Unknown { key: Some(key), .. } if key == "url" || key == "username" => {
            format!("change it with `xtream-sync profile edit ID --{key}`")
        }
        SettingError::NoValue { key: Some(key) } => format!("write {key}=VALUE, or {key}= for the default"),
        _ => list.to_owned(),
    };
    Failure::usage(format!("{error}; nothing was changed"), hint)
}

/// Shows the settings of a profile. Secrets are never shown.
pub(crate) async fn show(database: &Path, args: &ShowProfileArgs) -> Result<Exit, Failure> {
    let id = ProfileId::new(&args.id).map_err(SyncError::from)?;
    let unknown = || Failure::unknown_profile(&args.id);
    let cache = wiring::existing(database)?.ok_or_else(unknown)?;
    let profile = cache.profile(&id).await?.ok_or_else(unknown)?;
    if args.json {
        json::print_out(&line(&profile));
    } else {
        print(&profile);
    }
    Ok(Exit::Done)
}

/// Returns the object of `profile show --json`.
fn line(profile: &Profile) -> ProfileSettings<'_> {
    let one = |setting: &Setting| Shown { value: setting.value(profile), default: setting.default_value() };
    let settings = SETTINGS.iter().map(|setting| (setting.key(), one(setting))).collect();
    ProfileSettings { profile: profile.id.as_str().into(), settings }
}

const COLUMNS: [Column; 4] = [
    Column::text("SETTING"),
    Column::text("VALUE").cut_to(12),
    Column::text("DEFAULT").cut_to(7),
    Column::text("UNIT").spare(1).dim(),
];

fn print(profile: &Profile) {
    let addresses = profile.addresses();
    let first = addresses.first().copied().unwrap_or("(no address)");
    print_out(&format!("{}  {}", printable(profile.id.as_str()), printable(first)));
    for further in addresses.iter().skip(1) {
        print_out(&format!("  further address: {}", printable(further)));
    }
    let user = if profile.username.is_some() { "kept, and not shown" } else { "none" };
    print_out(&format!("  user name: {user}"));
    print_out(&format!("  password: {}", password_words(profile)));
    let row = |setting: &Setting| {
        let mark = if setting.is_changed(profile) { "* " } else { "  " };
        let unit = setting.unit().to_owned();
        vec![format!("{mark}{}", setting.key()), shown(&setting.shown(profile)), shown(setting.default_text()), unit]
    };
    let rows: Vec<_> = SETTINGS.iter().map(row).collect();
    let table = Table::new(Look::of_stdout(), &COLUMNS, 0, 2, &rows);
    print_out(&table.header());
    for row in &rows {
        print_out(&table.line(row));
    }
    if SETTINGS.iter().any(|setting| setting.is_changed(profile)) {
        print_out("* differs from the default");
    }
}

/// Returns the source of the password in words. A command may contain a secret, so it is not shown.
fn password_words(profile: &Profile) -> String {
    match &profile.password_source {
        PasswordSource::Stored if profile.password.is_some() => "kept in the cache".to_owned(),
        PasswordSource::Stored => "none".to_owned(),
        PasswordSource::Environment(name) => format!("from the variable {}", printable(name)),
        PasswordSource::File(path) => format!("from {}", printable(path)),
        PasswordSource::Command(_) => "from a command".to_owned(),
    }
}

/// Returns a value for people. An empty value is a dash.
fn shown(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { one_line(text) }
}

/// Returns the list of settings for `--help`, with two lines per setting.
pub(crate) fn help() -> String {
    let entry = |setting: &Setting| {
        let unit = Some(setting.unit()).filter(|unit| !unit.is_empty()).map(|unit| format!("{unit}, "));
        let default = Some(setting.default_text()).filter(|text| !text.is_empty()).unwrap_or("none");
        let range = setting.values().range();
        let unit = unit.unwrap_or_default();
        format!("  {}\n      {}\n      [{unit}{range}; default: {default}]\n", setting.key(), setting.help())
    };
    format!("Settings:\n{}", SETTINGS.iter().map(entry).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let secret = "s3cr3t-s3cr3t";
        let hook = format!("hook.on-change=tell --token {secret}");
        let changed = change(&profile(), &["guard.share=40", "kinds.off=series", "tls.verify=no", &hook]).unwrap();
        let profile =
            Profile { username: Some(secret.to_owned()), password: Some(secret.to_owned()), ..changed.profile };
        let line = serde_json::to_string(&line(&profile)).unwrap();
        assert!(
            line.starts_with(r#"{"profile":"home","settings":{"guard.share":{"value":40,"default":30},"#),
            "{line}"
        );
        for part in [
            r#""user-agent":{"value":null,"default":null}"#,
            r#""tls.verify":{"value":false,"default":true}"#,
            r#""kinds.off":{"value":["series"],"default":[]}"#,
            r#""attempts":{"value":4,"default":4}"#,
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.ends_with("}}}") && !line.contains(secret), "{line}");
    }

    #[test]
    fn an_error_shows_what_to_type() {
        for (assignment, hint) in [
            ("guard.shares=1", "did you mean `guard.share`?"),
            ("attempts", "write attempts=VALUE, or attempts= for the default"),
            ("password=x", "a password is never an argument"),
            ("url=http://h", "`xtream-sync profile edit ID --url`"),
            ("attempts=99", "`xtream-sync profile set --help`"),
        ] {
            let error = change(&profile(), &[assignment]).unwrap_err();
            let told = format!("{:?}", refused(&error));
            assert!(told.contains(hint) && told.contains("nothing was changed"), "{told}");
        }
    }

    /// `docs/guide.md` has a row for each setting, and the help has an entry. Both are made from the list of settings.
    #[test]
    fn the_guide_and_the_help_have_every_setting() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        let dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        let row = |setting: &Setting| {
            let (unit, default) = (dash(setting.unit()), dash(setting.default_text()));
            format!("| `{}` | {unit} | {default} | {} | {} |", setting.key(), setting.values().range(), setting.help())
        };
        let expected: Vec<_> = SETTINGS.iter().map(row).collect();
        let section = guide.split("\n## ").find(|section| section.starts_with("Settings of a profile")).unwrap();
        let is_setting = |line: &&str| line.starts_with("| `") && !line.starts_with("| `--");
        let found: Vec<_> = section.lines().filter(is_setting).collect();
        assert_eq!(found, expected, "the table should be:\n{}", expected.join("\n"));
        let help = help();
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "too long for the help: {line}");
        }
        for setting in &SETTINGS {
            assert!(help.contains(&format!("\n  {}\n      {}\n", setting.key(), setting.help())), "{}", setting.key());
        }
    }
}
