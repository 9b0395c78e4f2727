//! `profile add`, `profile edit`, `profile list`, `profile remove`.

use std::path::Path;

use sync_app::SyncError;
use sync_core::text::printable;
use sync_core::{GuardThresholds, ProfileId, Retention};
use sync_core::{PasswordSource, Profile, SearchFields};
use sync_service::settings::SETTINGS;

use super::args::{AddArgs, Answer, OtherHosts};
use super::exit::Exit;
use super::failure::{Failure, is_address};
use super::interrupt::Interrupt;
use super::terminal::{complain, say};
use super::{address, json, login, wiring};

/// Adds a profile, or changes the one with this id.
pub(crate) async fn add(database: &Path, args: &AddArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let id = ProfileId::new(&args.id).map_err(SyncError::from)?;
    if is_address(&args.id) {
        let hint = "the id is a name of your choice; the address belongs to --url";
        return Err(Failure::usage("the id of the profile is an address", hint));
    }
    let known = match database.exists().then(|| wiring::open(database)).transpose()? {
        Some(store) => store.profile(&id).await?,
        None => None,
    };
    let done = if known.is_some() { "changed" } else { "added" };
    let known = known.unwrap_or_else(|| Profile::new(id.clone()));
    let kept: Vec<_> = known.addresses().into_iter().map(str::to_owned).collect();
    let urls = if args.url.is_empty() { kept } else { args.url.clone() };
    let (pasted, others) =
        address::pasted(&urls)?.ok_or_else(|| Failure::usage("there is no address of the panel", "use --url"))?;
    let username = args.username.clone().or_else(|| pasted.username.clone()).or_else(|| known.username.clone());
    let username = username.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let username = username.ok_or_else(|| address::without_user_name(&pasted))?;
    address::check_user(&pasted, &username, &args.password)?;
    let (source, password) = login::choose(&args.password, &known, pasted.password.clone(), interrupt)
        .map_err(|failure| address::explained(failure, &pasted, &username, &args.password))?;
    let address = address::without_login(&pasted.address, &username, password.as_ref())?.to_string();
    let further_addresses = address::further(&others, &address, &username, password.as_ref())?;
    let addresses = [std::slice::from_ref(&address), &further_addresses].concat();
    let row = Profile {
        base_url: Some(address),
        further_addresses,
        username: Some(username),
        password: password.map(|password| password.expose().to_owned()),
        password_source: source,
        ..changed(known, args)
    };
    wiring::open(database)?.save_profile(&row).await?;
    say(&format!("profile `{}` {done}: {}", printable(id.as_str()), printable(&addresses.join(", then "))));
    if !row.verify_tls {
        complain("warning: the panel's certificate is not verified any more; undo this with --verify-tls yes");
    }
    Ok(Exit::Done)
}

/// Changes a profile, which has to exist.
pub(crate) async fn edit(database: &Path, args: &AddArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let id = ProfileId::new(&args.id).map_err(SyncError::from)?;
    if !database.exists() || wiring::open(database)?.profile(&id).await?.is_none() {
        return Err(Failure::unknown_profile(&args.id));
    }
    add(database, args, interrupt).await
}

/// Returns the profile with the named settings changed.
fn changed(known: Profile, args: &AddArgs) -> Profile {
    let (panel, changes) = (&args.panel, &args.changes);
    let (guard, retention) = (known.guard, known.retention);
    Profile {
        user_agent: panel.user_agent.clone().or(known.user_agent),
        verify_tls: panel.verify_tls.map_or(known.verify_tls, |answer| answer == Answer::Yes),
        follow_other_hosts: panel.other_hosts.map_or(known.follow_other_hosts, |what| what == OtherHosts::Follow),
        parallel_requests: panel.parallel_requests.unwrap_or(known.parallel_requests),
        policy: changes.policy.map_or(known.policy, Into::into),
        guard: GuardThresholds {
            share_percent: changes.removal_share.unwrap_or(guard.share_percent),
            floor_rows: changes.removal_floor.map_or(guard.floor_rows, u64::from),
            category_rows: changes.removal_category.map_or(guard.category_rows, u64::from),
        },
        retention: Retention {
            release_listings: changes.release_listings.unwrap_or(retention.release_listings),
            release_days: changes.release_days.unwrap_or(retention.release_days),
            tombstone_days: changes.tombstone_days.unwrap_or(retention.tombstone_days),
            feed_days: changes.feed_days.unwrap_or(retention.feed_days),
            feed_entries: changes.feed_entries.map_or(retention.feed_entries, u64::from),
        },
        search: args.reading.search.map_or(known.search, Into::into),
        ..known
    }
}

/// Lists the profiles.
pub(crate) async fn list(database: &Path, json: bool) -> Result<Exit, Failure> {
    let profiles = match wiring::existing(database)? {
        Some(store) => store.profiles().await?,
        None => Vec::new(),
    };
    if profiles.is_empty() && !json {
        say("there is no profile yet; add one with `xtream-sync profile add`");
    }
    for profile in profiles {
        if json {
            json::say(&as_object(&profile));
        } else {
            say(&as_line(&profile));
        }
    }
    Ok(Exit::Done)
}

/// Returns a profile with all its settings, and without secrets.
fn as_object(profile: &Profile) -> serde_json::Value {
    serde_json::json!({
        "profile": profile.id.as_str(),
        "url": profile.base_url.as_deref().unwrap_or_default(),
        "policy": profile.policy.as_str(),
        "removal_share_percent": profile.guard.share_percent,
        "removal_floor_rows": profile.guard.floor_rows,
        "removal_category_rows": profile.guard.category_rows,
        "release_listings": profile.retention.release_listings,
        "release_days": profile.retention.release_days,
        "tombstone_days": profile.retention.tombstone_days,
        "feed_days": profile.retention.feed_days,
        "feed_entries": profile.retention.feed_entries,
        "parallel_requests": profile.parallel_requests,
        "verify_tls": profile.verify_tls,
        "follow_other_hosts": profile.follow_other_hosts,
        "search": profile.search.as_str(),
        "user_agent": profile.user_agent,
        "password_source": match &profile.password_source {
            PasswordSource::Environment(name) => serde_json::json!({"from": "environment", "name": name}),
            PasswordSource::File(path) => serde_json::json!({"from": "file", "path": path}),
            // A command line may contain a secret.
            other => serde_json::json!({"from": other.as_str()}),
        },
        "further_urls": profile.further_addresses,
        "settings": SETTINGS.iter().map(|it| (it.key().to_owned(), it.value(profile))).collect::<serde_json::Map<_, _>>(),
    })
}

/// Returns a profile with the settings that differ from the defaults.
fn as_line(profile: &Profile) -> String {
    let mut line = format!("{}  {}", profile.id.as_str(), profile.base_url.as_deref().unwrap_or("(no address)"));
    let unusual = [
        match &profile.password_source {
            PasswordSource::Stored => None,
            PasswordSource::Environment(name) => Some(format!("password from the variable {name}")),
            PasswordSource::File(path) => Some(format!("password from {path}")),
            PasswordSource::Command(_) => Some("password from a command".to_owned()),
        },
        (!profile.verify_tls).then(|| "TLS not verified".to_owned()),
        (!profile.follow_other_hosts).then(|| "other hosts refused".to_owned()),
        match profile.search {
            SearchFields::Names => Some("search of names only".to_owned()),
            SearchFields::Off => Some("no search text".to_owned()),
            _ => None,
        },
        (profile.parallel_requests > 1).then(|| format!("{} requests at once", profile.parallel_requests)),
        further_words(profile),
        off_words(profile),
    ];
    for words in unusual.into_iter().flatten() {
        line.push_str("  ");
        line.push_str(&words);
    }
    printable(&line)
}

fn further_words(profile: &Profile) -> Option<String> {
    match profile.further_addresses.len() {
        0 => None,
        1 => Some("1 further address".to_owned()),
        more => Some(format!("{more} further addresses")),
    }
}

fn off_words(profile: &Profile) -> Option<String> {
    let kinds: Vec<_> = profile.kinds_off.iter().map(|kind| kind.as_str()).collect();
    Some(kinds.join(" and ")).filter(|kinds| !kinds.is_empty()).map(|kinds| format!("{kinds} switched off"))
}

/// Removes a profile.
pub(crate) async fn remove(database: &Path, id: &str) -> Result<Exit, Failure> {
    let profile = ProfileId::new(id).map_err(SyncError::from)?;
    if !database.exists() || !wiring::open(database)?.remove_profile(&profile).await? {
        return Err(Failure::unknown_profile(id));
    }
    say(&format!("profile `{}` removed, with everything cached for it", printable(profile.as_str())));
    Ok(Exit::Done)
}
