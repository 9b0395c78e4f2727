//! `profile add`, `profile list`, `profile remove`.

use std::path::Path;

use sync_app::SyncError;
use sync_core::{GuardThresholds, ProfileId};
use sync_sqlite::{ProfileRow, SqliteStore};
use sync_xtream::PanelAddress;

use super::args::AddArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::login;
use super::terminal::{clean, say};

/// Adds a profile, or changes the one with this id.
pub(crate) async fn add(database: &Path, args: &AddArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let id = ProfileId::new(&args.id).map_err(SyncError::from)?;
    let pasted = PanelAddress::parse(&args.url).map_err(SyncError::from)?;
    let username = args.username.clone().or(pasted.username);
    let username = username.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let username = username.ok_or_else(|| Failure::usage("there is no user name", "use --username"))?;
    let password = login::password(args.password_file.as_deref(), pasted.password, interrupt)?;
    let in_path = |secret: &str| pasted.address.to_string().split('/').skip(3).any(|segment| segment == secret);
    if in_path(&username) || in_path(password.expose()) {
        let hint = "give the panel's address alone, as http://panel.example:8080";
        return Err(Failure::usage("the path of the address holds the user name or the password", hint));
    }
    let store = SqliteStore::open(database)?;
    let known = store.profile(&id).await?;
    let done = if known.is_some() { "changed" } else { "added" };
    let known = known.unwrap_or_else(|| ProfileRow::new(id.clone()));
    let row = ProfileRow {
        base_url: Some(pasted.address.to_string()),
        username: Some(username),
        password: Some(password.expose().to_owned()),
        user_agent: args.user_agent.clone().or(known.user_agent),
        policy: args.policy.map_or(known.policy, Into::into),
        guard: GuardThresholds {
            share_percent: args.removal_share.unwrap_or(known.guard.share_percent),
            floor_rows: args.removal_floor.map_or(known.guard.floor_rows, u64::from),
        },
        id: id.clone(),
    };
    store.save_profile(&row).await?;
    say(&format!("profile `{id}` {done}: {}", clean(&pasted.address.to_string())));
    Ok(Exit::Done)
}

/// Lists the profiles.
pub(crate) async fn list(database: &Path, json: bool) -> Result<Exit, Failure> {
    let profiles = match existing(database)? {
        Some(store) => store.profiles().await?,
        None => Vec::new(),
    };
    if profiles.is_empty() && !json {
        say("there is no profile yet; add one with `xtream-sync profile add`");
    }
    for profile in profiles {
        let address = profile.base_url.as_deref().unwrap_or_default();
        if json {
            let line = serde_json::json!({
                "profile": profile.id.as_str(),
                "url": address,
                "policy": profile.policy.as_str(),
                "removal_share_percent": profile.guard.share_percent,
                "removal_floor_rows": profile.guard.floor_rows,
            });
            say(&line.to_string());
        } else {
            say(&format!("{}  {}", clean(profile.id.as_str()), clean(address)));
        }
    }
    Ok(Exit::Done)
}

/// Removes a profile.
pub(crate) async fn remove(database: &Path, id: &str) -> Result<Exit, Failure> {
    let profile = ProfileId::new(id).map_err(SyncError::from)?;
    if !database.exists() || !SqliteStore::open(database)?.remove_profile(&profile).await? {
        return Err(Failure::unknown_profile(id));
    }
    say(&format!("profile `{profile}` removed, with everything cached for it"));
    Ok(Exit::Done)
}

/// Opens the cache for reading, when there is one.
pub(crate) fn existing(database: &Path) -> Result<Option<SqliteStore>, Failure> {
    if !database.exists() {
        return Ok(None);
    }
    Ok(Some(SqliteStore::open_read_only(database)?))
}
