//! `profile add`, `profile edit`, `profile list`, `profile remove`.

use std::path::Path;

use sync_core::text::printable;
use sync_core::{GuardThresholds, PanelFacts, ProfileId, Retention};
use sync_core::{PasswordSource, Profile, SearchFields};
use sync_service::settings::SETTINGS;
use sync_service::{LoginState, LoginTest, test_login};

use super::args::{AddArgs, Answer, OtherHosts, PanelArgs};
use super::dialogue::{Dialogue, Next};
use super::exit::Exit;
use super::failure::{Failure, is_address};
use super::interrupt::Interrupt;
use super::panel::Panels;
use super::terminal::{confirm, grouped, print_err, print_out, quoted};
use super::{address, first_steps, json, login, profile_test, wiring};
use crate::json::{ListedProfile, PasswordSource as SourceOfPassword};
use crate::{SyncError, SystemClock};

/// Adds a profile, or changes the profile with this id.
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
    let mut dialogue = Dialogue::new(interrupt);
    let row = loop {
        let row = match drafted(&known, args, &mut dialogue) {
            // The error is about a typed text, which can be typed again.
            Err(failure) if dialogue.may_ask_again(&failure) => {
                failure.print();
                dialogue.begin_again();
                continue;
            }
            drafted => drafted?,
        };
        if !args.test && !dialogue.has_asked() {
            break row;
        }
        let test = tested(&row, interrupt).await?;
        if test.login == LoginState::Ok {
            profile_test::tell(&test);
            profile_test::print_err_of(&test);
            break row;
        }
        profile_test::print_err_of(&test);
        let next = if dialogue.has_asked() { dialogue.next()? } else { Next::GiveUp };
        match next {
            Next::Again => {
                dialogue.remember(&row);
                dialogue.begin_again();
            }
            Next::Keep => break row,
            Next::GiveUp => {
                print_err("nothing was saved");
                return Ok(profile_test::exit(&test));
            }
        }
    };
    wiring::open(database)?.save_profile(&row).await?;
    confirm(&format!("profile `{}` {done}: {}", printable(id.as_str()), printable(&row.addresses().join(", then "))));
    if !row.verify_tls {
        print_err("warning: the panel's certificate is not verified any more; undo this with --verify-tls yes");
    }
    if dialogue.has_asked() {
        print_err(&format!("next: xtream-sync sync {}", quoted(&printable(id.as_str()))));
    }
    Ok(Exit::Done)
}

/// Returns the profile that the arguments and the dialogue describe.
fn drafted(known: &Profile, args: &AddArgs, dialogue: &mut Dialogue<'_>) -> Result<Profile, Failure> {
    let kept = || known.addresses().into_iter().map(str::to_owned).collect();
    let urls = dialogue.addresses(if args.url.is_empty() { kept() } else { args.url.clone() })?;
    let none = || Failure::usage("there is no address of the panel", "use --url");
    let (pasted, others) = address::pasted(&urls)?.ok_or_else(none)?;
    let usable = |name: &String| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let given = args.username.clone().or_else(|| pasted.username.clone()).or_else(|| known.username.clone());
    let username = dialogue.username(
        given.as_ref().and_then(usable),
        pasted.username.as_ref().and_then(usable).as_deref(),
        || address::without_user_name(&pasted),
    )?;
    if !dialogue.is_again() {
        address::check_user(&pasted, &username, &args.password)?;
    }
    // In a further round, neither the stored password nor the one in the environment is used again.
    let (password, is_again) = (known.password.clone().filter(|_| !dialogue.is_again()), dialogue.is_again());
    let login = Profile { password, ..known.clone() };
    let (source, password) =
        login::choose(&args.password, &login, pasted.password.clone(), !is_again, &mut || dialogue.password())
            .map_err(|failure| address::explained(failure, &pasted, &username, &args.password))?;
    let address = address::without_login(&pasted.address, &username, password.as_ref())?.to_string();
    let further_addresses = address::further(&others, &address, &username, password.as_ref())?;
    Ok(Profile {
        base_url: Some(address),
        further_addresses,
        username: Some(username),
        password: password.map(|password| password.expose().to_owned()),
        password_source: source,
        ..changed(known.clone(), args)
    })
}

/// Tests the login of a profile that may not be saved yet. Nothing is written.
async fn tested(row: &Profile, interrupt: &Interrupt) -> Result<LoginTest, Failure> {
    print_err(&format!("logging in at {} …", printable(row.base_url.as_deref().unwrap_or_default())));
    // A person is waiting, so there are few attempts.
    let args = PanelArgs { attempts: Some(2), ..PanelArgs::default() };
    let (panels, clock, facts) = (Panels::new(&args, interrupt), SystemClock::new(), PanelFacts::default());
    let test = test_login(row, &facts, &panels, &clock);
    interrupt.token.run_until_cancelled(test).await.ok_or_else(|| Failure::abandoned("nothing was saved"))?
}

/// Changes an existing profile.
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
        first_steps::print();
    }
    for profile in profiles {
        if json {
            json::print_out(&as_object(&profile));
        } else {
            print_out(&as_line(&profile));
        }
    }
    Ok(Exit::Done)
}

/// Returns a profile with all its settings, and without secrets.
fn as_object(profile: &Profile) -> ListedProfile<'_> {
    let mut password_source =
        SourceOfPassword { from: profile.password_source.as_str().into(), name: None, path: None };
    match &profile.password_source {
        PasswordSource::Environment(name) => password_source.name = Some(name.into()),
        PasswordSource::File(path) => password_source.path = Some(path.into()),
        // A command may contain a secret, so only the kind of the source is shown.
        _ => {}
    }
    ListedProfile {
        feed_days: profile.retention.feed_days,
        feed_entries: profile.retention.feed_entries,
        follow_other_hosts: profile.follow_other_hosts,
        further_urls: profile.further_addresses.iter().map(Into::into).collect(),
        parallel_requests: profile.parallel_requests,
        password_source,
        policy: profile.policy.as_str().into(),
        profile: profile.id.as_str().into(),
        release_days: profile.retention.release_days,
        release_listings: profile.retention.release_listings,
        removal_category_rows: profile.guard.category_rows,
        removal_floor_rows: profile.guard.floor_rows,
        removal_share_percent: profile.guard.share_percent,
        search: profile.search.as_str().into(),
        settings: SETTINGS.iter().map(|it| (it.key().into(), it.value(profile))).collect(),
        tombstone_days: profile.retention.tombstone_days,
        url: profile.base_url.as_deref().unwrap_or_default().into(),
        user_agent: profile.user_agent.as_deref().map(Into::into),
        verify_tls: profile.verify_tls,
    }
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
    if !database.exists() {
        return Err(Failure::unknown_profile(id));
    }
    let cache = wiring::open(database)?;
    // If the edits can't be counted, the profile is removed all the same.
    let edits = cache.edit_counts(&profile).await.map_or(0, |counts| counts.edits);
    if !cache.remove_profile(&profile).await? {
        return Err(Failure::unknown_profile(id));
    }
    let edits = match edits {
        0 => String::new(),
        1 => " and 1 edit".to_owned(),
        many => format!(" and {} edits", grouped(many)),
    };
    confirm(&format!("profile `{}` removed, with everything cached for it{edits}", printable(profile.as_str())));
    Ok(Exit::Done)
}
