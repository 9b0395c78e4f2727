//! `changes` and `new`.

use std::path::Path;
use std::time::Duration;

use sync_core::text::one_line;
use sync_core::{ChangeRecord, Feed, Profile};
use sync_service::{ChangesReader, ChangesRequest, FeedError, Login, NewItem, Since};

use super::args::{ChangesArgs, NewArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::one_profile::{self, kinds_of};
use super::terminal::{self, date, print_out};
use super::{change, json, wiring};
use crate::json::{Change, NewItem as NewLine};

/// The time between two reads of a feed that is followed.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows what has changed.
pub(crate) async fn run(database: &Path, args: &ChangesArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let mut request = ChangesRequest::new(args.since.unwrap_or(Since::Beginning));
    request.kinds = kinds_of(args.kind);
    (request.category, request.collapse) = (args.category.clone(), args.collapse);
    let mut reader = service.changes(&profile.id, request).await.map_err(gone)?;
    let (mut left, mut exit) = (args.limit.unwrap_or(u64::MAX), Exit::Done);
    while left > 0 {
        let next = tokio::select! {
            biased;
            () = interrupt.token.cancelled() => return Ok(Exit::Cancelled),
            next = reader.next() => next,
        };
        match next {
            Ok(Some(change)) => {
                print(&profile, &login, &reader, &change, args.json);
                left -= 1;
            }
            Ok(None) if !args.follow => break,
            // The reader of the results has gone.
            Ok(None) if terminal::is_closed() => break,
            Ok(None) => tokio::select! {
                biased;
                () = interrupt.token.cancelled() => exit = Exit::Cancelled,
                () = tokio::time::sleep(PAUSE) => {}
            },
            Err(error) => return Err(gone(error)),
        }
        if exit != Exit::Done || terminal::is_closed() {
            break;
        }
    }
    Ok(exit)
}

/// Returns the error for a feed that can't be read.
fn gone(error: FeedError) -> Failure {
    match error {
        FeedError::Gone { reason, feed } => {
            let Feed { epoch, oldest, newest } = feed;
            let positions = format!("the newest position is {epoch}:{newest}, the oldest {epoch}:{oldest}");
            Failure::of(
                Exit::Gone,
                format!("{reason}; {positions}"),
                "read the whole catalogue anew, and go on from the newest position",
            )
        }
        FeedError::Store(error) => error.into(),
        FeedError::UnknownRun(run) => Failure::usage(format!("there is no run {}", run.0), "see `xtream-sync history`"),
        FeedError::UnknownCategory => Failure::usage("there is no such category", "name its id, or its whole name"),
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

fn print(profile: &Profile, login: &Login, reader: &ChangesReader, change: &ChangeRecord, as_json: bool) {
    if as_json {
        return json::print_out(&Change::of_record(profile, login, reader.epoch(), change));
    }
    for line in change::lines(login, change) {
        print_out(&line);
    }
}

/// Shows what is new.
pub(crate) async fn new(database: &Path, args: &NewArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let kinds = kinds_of(args.kind);
    let items = service.new_items(&profile.id, &kinds, args.days, args.view.view()).await.map_err(gone)?;
    for new in items.iter().take(usize::try_from(args.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX)) {
        print_new(&profile, &login, new, args.json);
    }
    Ok(Exit::Done)
}

fn print_new(profile: &Profile, login: &Login, new: &NewItem, as_json: bool) {
    let item = &new.item;
    let name = login.blank(item.name()).into_owned();
    let category_name = new.category.as_ref().map(|category| login.blank(&category.name).into_owned());
    if as_json {
        return json::print_out(&NewLine {
            profile: profile.id.as_str().into(),
            kind: item.kind().as_str().into(),
            category: item.category_id().map(|id| id.to_string().into()),
            category_name: category_name.map(Into::into),
            id: item.id().0,
            name: name.into(),
            year: item.year(),
            at: new.at,
            returned: new.returned,
        });
    }
    let returned = if new.returned { "  (back)" } else { "" };
    let category = category_name.map(|name| format!("  [{}]", one_line(&name))).unwrap_or_default();
    print_out(&format!(
        "{}  {:<8}  {} {}{category}{returned}",
        date(new.at),
        item.kind().as_str(),
        item.id().0,
        one_line(&name)
    ));
}
