//! `list` and `search`.

use std::path::Path;

use sync_core::ContentKind;
use sync_core::Profile;
use sync_core::catalogue::AnsweredBy;
use sync_service::{ItemsPage, ListRequest, Login, ReadError, SearchRequest, Service};

use super::args::{ListArgs, SearchArgs, WhichArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::found::Lines;
use super::interrupt::Interrupt;
use super::look::Look;
use super::results::Results;
use super::terminal::print_err;
use super::{first_steps, no_category, one_profile, wiring};

/// The number of items that are read at a time.
const PAGE: u32 = 5_000;

/// The number of items that are shown if the command line names no number.
const LIMIT: u64 = 50;

/// Lists the items of a kind.
pub(crate) async fn list(database: &Path, args: &ListArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let id = args.which.profile.as_deref();
    let is_there = match wiring::existing(database)? {
        None => false,
        Some(cache) => id.is_some() || !cache.profiles().await?.is_empty(),
    };
    if !is_there {
        if let Some(id) = id {
            return Err(Failure::unknown_profile(id));
        }
        if !args.which.json && !args.which.csv {
            first_steps::print();
        }
        return Ok(Exit::Done);
    }
    let mut request = ListRequest::new(args.kind).filtered(args.which.conditions.filter()).seen(args.which.view.view());
    if let Some(order) = args.which.sort {
        request.sort = order.into();
    }
    let limit = if args.which.json || args.which.csv { None } else { Some(LIMIT) };
    run(database, Request::List(request), &args.which, limit, interrupt).await
}

/// Shows the items that a search finds.
pub(crate) async fn search(database: &Path, args: &SearchArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let words: Vec<_> = args.words.iter().chain(&args.more).map(|word| word.to_string_lossy()).collect();
    let mut request = SearchRequest::new(words.join(" "));
    request = request.filtered(args.which.conditions.filter()).seen(args.which.view.view());
    // Before `--`, a `-` begins an option.
    request.exclusions = !args.more.is_empty();
    if !args.kinds.is_empty() {
        request.kinds.clone_from(&args.kinds);
    }
    if let Some(order) = args.which.sort {
        request.sort = order.into();
    }
    run(database, Request::Search(request), &args.which, Some(LIMIT), interrupt).await
}

/// The request: a list or a search.
enum Request {
    List(ListRequest),
    Search(SearchRequest),
}

impl Request {
    /// Returns the kinds whose items may be found.
    fn kinds(&self) -> &[ContentKind] {
        match self {
            Self::List(request) => std::slice::from_ref(&request.kind),
            Self::Search(request) => &request.kinds,
        }
    }

    /// Sets the cursor behind which the next page begins.
    fn go_on(&mut self, cursor: Option<String>, limit: u32) {
        let (after, most) = match self {
            Self::List(request) => (&mut request.after, &mut request.limit),
            Self::Search(request) => (&mut request.after, &mut request.limit),
        };
        (*after, *most) = (cursor, limit);
    }

    async fn page(&self, service: &Service, profile: &Profile) -> Result<ItemsPage, ReadError> {
        match self {
            Self::List(request) => service.list(&profile.id, request).await,
            Self::Search(request) => service.search(&profile.id, request).await,
        }
    }
}

async fn run(
    database: &Path,
    mut request: Request,
    which: &WhichArgs,
    limit: Option<u64>,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, which.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, which.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let has_kinds = request.kinds().len() > 1;
    let mut lines = Lines::new(&profile, &login, which, has_kinds, Look::of_stdout());
    let mut left = which.limit.or(limit).unwrap_or(u64::MAX);
    let mut results = Results::stdout();
    let mut next = which.after.clone();
    let mut is_first = true;
    while left > 0 {
        request.go_on(next.take(), u32::try_from(left).unwrap_or(PAGE).min(PAGE));
        let asking = request.page(&service, &profile);
        let Some(page) = interrupt.token.run_until_cancelled(asking).await else { return Ok(Exit::Cancelled) };
        let page = page.map_err(|error| failed(error, &login))?;
        if std::mem::take(&mut is_first) {
            told(page.answered_by);
        }
        left -= page.items.len() as u64;
        let more = results.write(|out| lines.write(&page.items, out))?;
        next = page.next;
        if !more || next.is_none() {
            break;
        }
    }
    results.end()?;
    if !which.json && !which.csv {
        if let Some(next) = next {
            print_err(&format!("note: there are more; name a larger --limit, or go on with --after {next}"));
        } else if !lines.any() {
            print_err("note: nothing was found");
        }
    }
    Ok(Exit::Done)
}

/// Prints a note if rows had to be read although the search text should have answered.
fn told(answered_by: AnsweredBy) {
    match answered_by {
        AnsweredBy::RowsUntilSync => {
            print_err("note: the search text is not up to date, so all rows were read; the next sync writes it");
        }
        AnsweredBy::RowsWithoutText => tracing::info!("the profile keeps no search text, so all rows were read"),
        _ => {}
    }
}

/// Returns the error for a request that can't be answered.
pub(crate) fn failed(error: ReadError, login: &Login) -> Failure {
    match error {
        ReadError::Store(error) => error.into(),
        ReadError::UnknownCategory { similar } => no_category::unknown(&similar, login),
        ReadError::AmbiguousCategory { found } => no_category::ambiguous(&found, login),
        ReadError::Cursor(error) => Failure::usage(
            error.to_string(),
            "--after takes the `cursor` of a line of --json, together with the other options of that command",
        ),
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}
