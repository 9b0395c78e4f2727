//! A source over several addresses of one panel.
//!
//! The next address is tried only if an address is unreachable, or if its answer is not that of a panel. After a panel
//! has refused the login, no other address is asked, because panels ban accounts and clients that go on asking.

mod listing;
mod rules;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use sync_core::source::{
    Denial, Learnt, Listing, ListingRequest, ProbeAnswer, ProbeRequest, SharedPace, Usage, WaitObserver,
};
use sync_core::{
    Account, Category, ContentKind, ContentSource, DigestScheme, Login, PanelFacts, Profile, ReportError, SourceError,
};

use crate::source::SourceFactory;
use listing::Moving;
use rules::{is_elsewhere, is_gone};

/// An address, and the source for it.
struct Place {
    address: String,
    source: Arc<dyn ContentSource>,
}

/// The source over several addresses. Clones share its state.
#[derive(Clone)]
pub(crate) struct Failover(Arc<Shared>);

struct Shared {
    /// The places in the order in which they are tried.
    places: Vec<Place>,
    /// The first address of the profile. It is not reported as a fact.
    first: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of places that were tried. Each is tried once.
    tried: usize,
    /// The place that is used. Before the login it is the first place.
    used: usize,
    /// The message of the panel when it refused the login at another address. After that, nothing is asked.
    refused: Option<String>,
    notices: Vec<String>,
}

/// The result of the search for another address.
enum Moved {
    /// Another address is used now.
    Yes,
    /// There is no other address.
    No,
    /// The panel refuses the login at another address.
    Refused(SourceError),
}

/// Returns the source of a profile. A profile with one address gets the source of the factory.
pub(crate) async fn source<F: SourceFactory + ?Sized>(
    profile: &Profile,
    learnt: &PanelFacts,
    sources: &F,
    now: i64,
) -> Result<Arc<dyn ContentSource>, F::Error> {
    let addresses = profile.addresses();
    let mut ordered: Vec<&str> = Vec::new();
    for address in learnt.addresses_to_try(&addresses, now) {
        if !ordered.contains(&address) {
            ordered.push(address);
        }
    }
    let (Some(first), 2..) = (addresses.first(), ordered.len()) else {
        return sources.source(profile, learnt).await;
    };
    let mut places = Vec::new();
    for address in ordered {
        let at = Profile { base_url: Some(address.to_owned()), further_addresses: Vec::new(), ..profile.clone() };
        places.push(Place { address: address.to_owned(), source: sources.source(&at, learnt).await? });
    }
    Ok(Arc::new(Failover(Arc::new(Shared { places, first: (*first).to_owned(), state: Mutex::default() }))))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> usize {
        self.state().used
    }

    /// Returns the refusal after which nothing is asked; `None` if there was none.
    fn refusal(&self) -> Option<SourceError> {
        self.state().refused.clone().map(|message| SourceError::Refused { message })
    }

    fn source(&self, at: usize) -> &dyn ContentSource {
        &*self.places[at].source
    }

    /// Returns the next place that was not tried, and counts it as tried; `None` if all were tried.
    fn next(&self) -> Option<usize> {
        let mut state = self.state();
        let next = state.tried;
        (next < self.places.len()).then(|| {
            state.tried += 1;
            next
        })
    }

    /// Uses a place from now on, and adds notices. `failed` has the errors of the places that were tried before.
    fn use_place(&self, at: usize, failed: &[(usize, SourceError)]) {
        let here = label(&self.places[at].address);
        let notice = |(other, error): &(usize, SourceError)| {
            let there = label(&self.places[*other].address);
            tracing::warn!(code = error.code().as_str(), "another address of the panel is used");
            format!("the address {there} can't be used ({}); {here} is used instead", words(error))
        };
        let mut state = self.state();
        state.notices.extend(failed.iter().map(notice));
        state.used = at;
    }

    /// Logs in at the places that were not tried, until one answers. `failed` has the errors so far, and gets the new
    /// ones. Returns `None` if no place answers.
    async fn log_in(&self, failed: &mut Vec<(usize, SourceError)>) -> Option<Result<Account, SourceError>> {
        while let Some(at) = self.next() {
            match self.source(at).account().await {
                Err(error) if is_elsewhere(&error) => failed.push((at, error)),
                answer => {
                    self.use_place(at, failed);
                    return Some(answer);
                }
            }
        }
        None
    }

    /// Looks for another address after a request at the place `at` has failed finally.
    async fn move_on(&self, at: usize, error: SourceError) -> (Moved, SourceError) {
        if self.used() != at {
            // Another request has already changed the place.
            return (Moved::Yes, error);
        }
        let mut failed = vec![(at, error)];
        let answer = self.log_in(&mut failed).await;
        let moved = match answer {
            None => Moved::No,
            Some(Ok(account)) => match ReportError::from_account(&account) {
                None => Moved::Yes,
                Some(ended) => Moved::Refused(SourceError::Denied { denial: Denial::Account, message: ended.message }),
            },
            Some(Err(error)) => Moved::Refused(error),
        };
        if let Moved::Refused(error) = &moved {
            self.state().refused = Some(words(error).to_owned());
        }
        (moved, failed.swap_remove(0).1)
    }
}

#[async_trait]
impl ContentSource for Failover {
    fn digest_scheme(&self) -> DigestScheme {
        self.0.source(self.0.used()).digest_scheme()
    }

    fn usage(&self) -> Usage {
        let usages = self.0.places.iter().map(|place| place.source.usage());
        // There are always two places or more.
        usages.reduce(|sum, one| sum + one).unwrap_or_default()
    }

    fn learnt(&self) -> Learnt {
        let used = self.0.used();
        let learnt = self.0.source(used).learnt();
        let address = self.0.places[used].address.clone();
        let state = self.0.state();
        Learnt {
            other_client_tried: self.0.places[..state.tried]
                .iter()
                .any(|place| place.source.learnt().other_client_tried),
            notices: state.notices.iter().cloned().chain(learnt.notices).collect(),
            address: Some(address).filter(|address| *address != self.0.first),
            ..learnt
        }
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let mut failed = Vec::new();
        match self.0.log_in(&mut failed).await {
            Some(answer) => answer,
            None if failed.is_empty() => self.0.source(self.0.used()).account().await,
            None => Err(rules::none_answers(
                failed.into_iter().map(|(at, error)| (label(&self.0.places[at].address).to_owned(), error)),
            )),
        }
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        loop {
            if let Some(refusal) = self.0.refusal() {
                return Err(refusal);
            }
            let at = self.0.used();
            match self.0.source(at).categories(kind).await {
                Err(error) if is_gone(&error) => match self.0.move_on(at, error).await {
                    (Moved::Yes, _) => {}
                    (Moved::No, error) | (Moved::Refused(error), _) => return Err(error),
                },
                answer => return answer,
            }
        }
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        if let Some(refusal) = self.0.refusal() {
            return Err(refusal);
        }
        let at = self.0.used();
        // The first request is sent at once, as with a single address.
        let begun = self.0.source(at).listing(request.clone()).await;
        Ok(Listing { events: Moving::new(self.clone(), request, at, begun).events().boxed() })
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        if let Some(refusal) = self.0.refusal() {
            return Err(refusal);
        }
        // If the address is gone, the request for the listing that follows uses another one.
        self.0.source(self.0.used()).probe(request).await
    }

    fn observe_waits(&self, observer: Arc<dyn WaitObserver>) {
        for place in &self.0.places {
            place.source.observe_waits(Arc::clone(&observer));
        }
    }

    fn keep_pace(&self, pace: Arc<SharedPace>) {
        for place in &self.0.places {
            place.source.keep_pace(Arc::clone(&pace));
        }
    }

    fn ask_as_other_client(&self) {
        self.0.source(self.0.used()).ask_as_other_client();
    }

    fn login(&self) -> Login {
        self.0.source(self.0.used()).login()
    }
}

/// Returns an address as messages show it: host, port and folder.
fn label(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

/// Returns the message of an error without the words that its variant adds.
fn words(error: &SourceError) -> &str {
    match error {
        SourceError::Unreachable { message, .. }
        | SourceError::Obstructed { message, .. }
        | SourceError::Refused { message }
        | SourceError::Denied { message, .. }
        | SourceError::Unusable { message, .. }
        | SourceError::TooSlow { message } => message,
        _ => "it failed",
    }
}
