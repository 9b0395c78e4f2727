//! A source that answers from a script.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::detect::digest::DigestScheme;
use crate::login::Login;
use crate::model::{Account, Category, CategoryId, ContentKind, Listed, PerKind};
use crate::ports::source::{
    Completeness, ContentSource, Entry, Learnt, Listing, ListingEvent, ListingRequest, ProbeAnswer, ProbeRequest,
    SourceError, Usage, Validator, Wait, WaitObserver,
};

/// The answer of a scripted source to a request for a listing.
pub enum Answer {
    /// These items, in batches, and the proof that they are complete.
    Items(Vec<Listed>, Completeness),
    /// The same with a validator. A request with this validator is answered with "not modified".
    Version(&'static str, Vec<Listed>, Completeness),
    /// These events, and then the error, or an end without one.
    Events(Vec<ListingEvent>, Option<SourceError>),
    /// An error at once.
    Error(SourceError),
    /// These events, and then silence. The token is cancelled when the silence begins.
    Silence(Vec<ListingEvent>, CancellationToken),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// The number of items per batch of [`Answer::Items`].
const BATCH: usize = 3;

/// A source for tests. Without a script it answers with an active account and empty lists.
///
/// It makes no digests of its own. Answers to the same request are given in the order in which they were scripted;
/// after that, the last good one is repeated. Clones share their script.
#[derive(Debug, Clone, Default)]
pub struct ScriptedSource {
    script: Arc<Mutex<Script>>,
}

/// The items, the end of the listing, and its validator.
type LastListing = (Vec<Listed>, Completeness, Option<Validator>);

#[derive(Default)]
struct Script {
    account: VecDeque<Result<Account, SourceError>>,
    categories: PerKind<VecDeque<Result<Vec<Category>, SourceError>>>,
    listings: PerKind<VecDeque<Answer>>,
    within: HashMap<(ContentKind, CategoryId), VecDeque<Answer>>,
    probes: PerKind<VecDeque<Result<ProbeAnswer, SourceError>>>,
    last_account: Option<Account>,
    last_categories: PerKind<Vec<Category>>,
    last_listings: PerKind<LastListing>,
    usage: Usage,
    asked: Vec<String>,
    learnt: Learnt,
    login: Login,
    /// The waits before requests, by the words of [`ScriptedSource::asked`].
    waits: Vec<(String, Wait)>,
    observer: Option<Arc<dyn WaitObserver>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Script {
    /// Records a request, and reports the waits before it.
    fn ask(&mut self, request: String) {
        self.usage.requests += 1;
        self.usage.wire_bytes.get_or_insert_default();
        for (_, wait) in self.waits.iter().filter(|(before, _)| *before == request) {
            if let Some(observer) = &self.observer {
                observer.waits(wait.clone());
            }
        }
        self.asked.push(request);
    }
}

impl ScriptedSource {
    /// Returns a source with an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("nothing panics while holding it")
    }

    /// Sets the login that the values of the panel contain.
    pub fn with_login(self, login: Login) -> Self {
        self.script().login = login;
        self
    }

    /// Scripts the answer to a login.
    pub fn account(self, answer: Result<Account, SourceError>) -> Self {
        self.script().account.push_back(answer);
        self
    }

    /// Scripts the answer to a request for categories.
    pub fn categories(self, kind: ContentKind, answer: Result<Vec<Category>, SourceError>) -> Self {
        self.script().categories[kind].push_back(answer);
        self
    }

    /// Scripts the answer to a request for a listing.
    pub fn answer(self, kind: ContentKind, answer: Answer) -> Self {
        self.script().listings[kind].push_back(answer);
        self
    }

    /// Scripts the answer to a request for the listing of a category. Without a script it is empty.
    pub fn answer_within(self, kind: ContentKind, category: &str, answer: Answer) -> Self {
        self.script().within.entry((kind, CategoryId(category.to_owned()))).or_default().push_back(answer);
        self
    }

    /// Scripts the answer to a probe. Without one, the source can't be asked.
    pub fn probe(self, kind: ContentKind, answer: Result<ProbeAnswer, SourceError>) -> Self {
        self.script().probes[kind].push_back(answer);
        self
    }

    /// Scripts a whole listing.
    pub fn lists(self, kind: ContentKind, items: impl IntoIterator<Item = Listed>) -> Self {
        self.answer(kind, Answer::Items(items.into_iter().collect(), Completeness::default()))
    }

    /// Scripts the facts that the source has learnt about its panel.
    pub fn learns(self, learnt: Learnt) -> Self {
        self.script().learnt = learnt;
        self
    }

    /// Scripts a wait before a request. `before` names the request as in [`Self::asked`]. The wait is reported, but
    /// takes no time.
    pub fn waits(self, before: &str, wait: Wait) -> Self {
        self.script().waits.push((before.to_owned(), wait));
        self
    }

    /// Returns the requests in their order: `account`, `categories movies`, `listing movies`, `listing movies in 7`,
    /// `listing movies unless v1`, `probe movies behind 99`, `probe movies in 7`.
    pub fn asked(&self) -> Vec<String> {
        self.script().asked.clone()
    }
}

#[async_trait]
impl ContentSource for ScriptedSource {
    fn digest_scheme(&self) -> DigestScheme {
        DigestScheme::FIELDS
    }

    fn usage(&self) -> Usage {
        self.script().usage
    }

    fn learnt(&self) -> Learnt {
        self.script().learnt.clone()
    }

    fn login(&self) -> Login {
        self.script().login.clone()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let mut script = self.script();
        script.ask("account".to_owned());
        match script.account.pop_front() {
            Some(answer) => {
                let account = answer?;
                script.last_account = Some(account.clone());
                Ok(account)
            }
            None => Ok(script.last_account.clone().unwrap_or_else(Account::active)),
        }
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        let mut script = self.script();
        script.ask(format!("categories {kind}"));
        if let Some(answer) = script.categories[kind].pop_front() {
            script.last_categories[kind] = answer?;
        }
        Ok(script.last_categories[kind].clone())
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let kind = request.scope.kind;
        let mut script = self.script();
        script.usage.bytes += 10;
        *script.usage.wire_bytes.get_or_insert_default() += 3;
        let within = request.scope.within;
        let place = within.as_ref().map(|category| format!(" in {category}")).unwrap_or_default();
        let unless = request.baseline.validator().cloned();
        let condition = unless.as_ref().map(|Validator(text)| format!(" unless {text}")).unwrap_or_default();
        let size = request.wire_bytes.map(|bytes| format!(" of {bytes} bytes")).unwrap_or_default();
        script.ask(format!("listing {kind}{place}{condition}{size}"));
        let answer = match within {
            Some(category) => {
                let scripted = script.within.get_mut(&(kind, category)).and_then(VecDeque::pop_front);
                Some(scripted.unwrap_or(Answer::Items(Vec::new(), Completeness::default())))
            }
            None => script.listings[kind].pop_front(),
        };
        let whole = place.is_empty();
        let events = match answer {
            Some(Answer::Error(error)) => return Err(error),
            Some(Answer::Events(events, error)) => {
                let events = events.into_iter().map(Ok).chain(error.map(Err));
                stream::iter(events.collect::<Vec<_>>()).boxed()
            }
            Some(Answer::Silence(events, token)) => {
                let silence = stream::once(async move {
                    token.cancel();
                    std::future::pending().await
                });
                stream::iter(events.into_iter().map(Ok)).chain(silence).boxed()
            }
            Some(Answer::Items(items, end)) => {
                if whole {
                    script.last_listings[kind] = (items.clone(), end, None);
                }
                listing_of((items, end, None), unless.as_ref())
            }
            Some(Answer::Version(text, items, end)) => {
                let answer = (items, end, Some(Validator(text.to_owned())));
                script.last_listings[kind] = answer.clone();
                listing_of(answer, unless.as_ref())
            }
            None => listing_of(script.last_listings[kind].clone(), unless.as_ref()),
        };
        Ok(Listing { events })
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        let kind = request.scope.kind;
        let mut script = self.script();
        let place = request.scope.within.map(|category| format!(" in {category}")).unwrap_or_default();
        let behind = request.offset.map(|offset| format!(" behind {offset}")).unwrap_or_default();
        script.ask(format!("probe {kind}{place}{behind}"));
        script.usage.bytes += 5;
        *script.usage.wire_bytes.get_or_insert_default() += 2;
        script.probes[kind].pop_front().unwrap_or(Err(SourceError::Unsupported))
    }

    fn observe_waits(&self, observer: Arc<dyn WaitObserver>) {
        self.script().observer = Some(observer);
    }
}

fn listing_of(
    (items, end, version): LastListing,
    unless: Option<&Validator>,
) -> stream::BoxStream<'static, Result<ListingEvent, SourceError>> {
    if version.is_some() && version.as_ref() == unless {
        return stream::iter([Ok(ListingEvent::Unmodified { started_at: end.started_at })]).boxed();
    }
    let entries: Vec<_> = items.into_iter().map(|item| Entry::Item(Box::new(item), None)).collect();
    let batches = entries.chunks(BATCH).map(|batch| ListingEvent::Batch(batch.to_vec()));
    let ending = version.map(ListingEvent::Version).into_iter().chain([ListingEvent::Complete(end)]);
    let events: Vec<_> = batches.chain(ending).map(Ok).collect();
    stream::iter(events).boxed()
}

/// Shares a source between a test and an engine.
impl ScriptedSource {
    /// Returns the source, shared.
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}
