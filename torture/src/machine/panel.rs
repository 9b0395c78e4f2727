//! A panel: its real lists, and its answers on a bad day.

use std::collections::BTreeSet;

use sync_core::source::{AnswerFault, Completeness, Validator};
use sync_core::testing::category;
use sync_core::{
    Account, AccountStatus, Category, CategoryId, ContentId, ContentKind, DigestScheme, Item, Listed, PerKind,
    SourceError, Value, ValueRef,
};

use super::step::{Lie, Mood, ServerChange};
use crate::dice::Dice;
use crate::elements::{CATEGORIES, SECRET, edit, put_login, random};
use crate::trace::{Trace, raw_digest};

/// The scheme of sources that make digests of their own.
pub(crate) const OWN: DigestScheme = DigestScheme(77);

/// A part of an answer to a request for a listing.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    Batch(Vec<Element>),
    Restarted,
    /// The panel's name for this version of the list.
    Version(Validator),
    Complete(Completeness),
    /// The list is the version that was asked about.
    Unmodified(Option<i64>),
}

/// An element of a listing.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Sound(Box<Listed>),
    /// Only the id of the element is certain.
    Broken(ContentId),
}

/// A request to a panel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) kind: ContentKind,
    pub(crate) within: Option<&'a CategoryId>,
    /// The version that need not be sent.
    pub(crate) unless: Option<&'a Validator>,
    /// The time by the panel's clock.
    pub(crate) now: i64,
    /// The number of the request.
    pub(crate) visit: u64,
}

/// A panel and one account at it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(crate) struct Panel {
    pub(crate) truth: PerKind<Vec<Listed>>,
    pub(crate) categories: PerKind<Vec<Category>>,
    pub(crate) lies: PerKind<Option<(Lie, u64)>>,
    pub(crate) mood: Mood,
    /// The scheme of the digests that the source of this panel makes.
    pub(crate) scheme: DigestScheme,
    /// Whether the panel says when a listing began.
    tells_start: bool,
    /// Whether the panel has names for versions of its lists.
    pub(crate) has_versions: bool,
    /// Whether the panel honours an offset, for channels and movies.
    pub(crate) pages: bool,
    /// Whether some values hold the login of the account that asks.
    pub(crate) holds_logins: bool,
    batch: usize,
    next_id: i64,
}

impl Panel {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let mut panel = Self {
            truth: PerKind::default(),
            categories: PerKind::from_fn(|_| CATEGORIES.map(category).to_vec()),
            lies: PerKind::default(),
            mood: Mood::Active,
            scheme: dice.pick(&[DigestScheme::FIELDS, OWN]),
            tells_start: dice.percent(50),
            has_versions: dice.percent(60),
            pages: false,
            holds_logins: false,
            batch: dice.pick(&[2, 5, 50]),
            next_id: 1,
        };
        for kind in ContentKind::ALL {
            let count = dice.pick(&[0, 3, 6, 12]);
            panel.change(kind, ServerChange::Add { count }, dice.salt());
        }
        panel
    }

    /// Changes the list of a kind.
    pub(crate) fn change(&mut self, kind: ContentKind, change: ServerChange, salt: u64) {
        let mut dice = Dice::new(salt);
        let list = &mut self.truth[kind];
        match change {
            ServerChange::Add { count } => {
                for _ in 0..count {
                    // Different kinds and profiles have the same ids. Some ids are unusual.
                    let id = if dice.percent(3) { dice.pick(&[i64::MIN, i64::MAX, -7, 0]) } else { self.next_id };
                    self.next_id += 1;
                    let known = list.iter().any(|element| element.item.id().0 == id);
                    let at = dice.below(list.len() + 1);
                    if !known {
                        list.insert(at, random(&mut dice, kind, id));
                    }
                }
            }
            ServerChange::Edit { percent } => {
                for element in list.iter_mut() {
                    if dice.percent(percent) {
                        edit(&mut dice, element);
                    }
                }
            }
            ServerChange::Logins { percent } => {
                self.holds_logins = true;
                for element in list.iter_mut() {
                    if dice.percent(percent) {
                        put_login(&mut dice, element);
                    }
                }
            }
            ServerChange::Delete { percent } => list.retain(|_| !dice.percent(percent)),
            ServerChange::Renumber => {
                for element in list.iter_mut() {
                    *element = renamed(element, self.next_id);
                    self.next_id += 1;
                }
            }
            ServerChange::Shuffle => dice.shuffle(list),
            ServerChange::Categories => change_categories(&mut self.categories[kind], &mut dice),
        }
    }

    pub(crate) fn account(&self, now: i64) -> Result<Account, SourceError> {
        let told = Account { panel_time: Some(now), ..Account::active() };
        match self.mood {
            Mood::Active => Ok(told),
            Mood::PastItsEnd => Ok(Account { expires_at: Some(now - 1), ..told }),
            Mood::Inactive => Ok(Account { status: AccountStatus::Inactive("Banned".to_owned()), ..told }),
            Mood::Refused => Err(SourceError::Refused { message: "auth is 0".to_owned() }),
            Mood::Timeless => Ok(Account::active()),
        }
    }

    pub(crate) fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        match self.lies[kind] {
            Some((Lie::NoCategories, _)) => Err(unusable(AnswerFault::Html)),
            Some((Lie::EmptyCategories, _)) => Ok(Vec::new()),
            _ => Ok(self.categories[kind].clone()),
        }
    }

    /// Returns the parts of an answer to a request for a listing.
    pub(crate) fn listing(&self, question: Question<'_>) -> Vec<Result<Sent, SourceError>> {
        let Question { kind, within, unless, now, visit } = question;
        let lie = self.lies[kind];
        let mut dice = Dice::new(lie.map_or(0, |(_, salt)| salt));
        let mut list: Vec<Listed> =
            self.truth[kind].iter().filter(|element| is_within(&element.item, within)).cloned().collect();
        // The list is large enough for a probe.
        let wire_bytes = within.is_none().then_some(1 << 20);
        let mut end =
            Completeness { started_at: self.tells_start.then_some(now), wire_bytes, ..Completeness::default() };
        let mut broken = Vec::new();
        let mut cut = None;
        match lie.map(|(lie, _)| lie) {
            Some(Lie::Empty) => list.clear(),
            Some(Lie::Shrunk { percent }) => list.retain(|_| dice.percent(percent)),
            Some(Lie::Duplicates) => repeat(&mut list, &mut dice),
            Some(Lie::Unreadable { told }) => {
                let before = list.len();
                list.retain(|_| dice.percent(80));
                end.unreadable = (before - list.len()) as u64 + 1;
                end.unreadable_digest = told.then_some(end.unreadable);
            }
            Some(Lie::Broken { told }) => {
                let (sound, spoilt) = list.into_iter().partition(|_| dice.percent(80));
                list = sound;
                (broken, end.unreadable) = broken_ids(&spoilt, self.next_id, &mut dice);
                end.unreadable_digest = told.then_some(end.unreadable);
            }
            Some(Lie::Trailing) => {
                end.trailing_bytes = true;
                end.trailing_digest = dice.percent(50).then_some(5);
                list.retain(|_| dice.percent(90));
            }
            Some(Lie::ErrorPage) => {
                let faults = [AnswerFault::Html, AnswerFault::NotAList, AnswerFault::Empty, AnswerFault::TooLarge];
                return vec![Err(unusable(dice.pick(&faults)))];
            }
            Some(Lie::AccountObject) => return vec![Err(unusable(AnswerFault::AccountObject))],
            Some(Lie::Truncated) if within.is_none() || dice.percent(30) => {
                cut = Some(Err(unusable(AnswerFault::Truncated)));
            }
            Some(Lie::BareEnd) => {
                let list: Vec<_> = list.into_iter().map(|element| Element::Sound(Box::new(element))).collect();
                let batches = self.batches(&list);
                let some = dice.below(batches.len() + 1);
                return batches.into_iter().take(some).map(Ok).collect();
            }
            Some(Lie::Restarted) => cut = Some(Ok(Sent::Restarted)),
            Some(Lie::Overloaded) if within.is_none_or(|category| fails(category, &mut dice)) => {
                let message = "504, again and again".to_owned();
                cut = Some(Err(SourceError::Unreachable { message, attempts: 4, overloaded: true }));
            }
            Some(Lie::Tokens) => {
                redraw(&mut list, "direct_source", &format!("{SECRET}-{visit}"));
                redraw_key(&mut list, "token", &visit.to_string());
            }
            Some(Lie::Stamps) => {
                let moment = (1_600_000_000 + visit).to_string();
                redraw(&mut list, "added", &moment);
                redraw(&mut list, "last_modified", &moment);
            }
            Some(Lie::Images) => redraw_images(&mut list, visit),
            _ => {}
        }
        let mut sent = Vec::new();
        let stale = lie.is_some_and(|(lie, _)| lie == Lie::StaleVersions);
        let version = (self.has_versions && within.is_none() && cut.is_none()).then(|| version(&list, end, stale));
        let mut list: Vec<Element> = list.into_iter().map(|element| Element::Sound(Box::new(element))).collect();
        for id in broken {
            list.insert(dice.below(list.len() + 1), Element::Broken(id));
        }
        if unless.is_some() && unless == version.as_ref() {
            return vec![Ok(Sent::Unmodified(end.started_at))];
        }
        let batches = self.batches(&list);
        if let Some(cut) = cut {
            let is_end = cut.is_err();
            let some = dice.below(batches.len() + 1);
            sent.extend(batches.iter().take(some).cloned().map(Ok));
            sent.push(cut);
            if is_end {
                return sent;
            }
        }
        sent.extend(batches.into_iter().chain(version.map(Sent::Version)).chain([Sent::Complete(end)]).map(Ok));
        sent
    }

    /// Returns the list behind an offset: at most one element more than were asked for.
    pub(crate) fn part(&self, kind: ContentKind, offset: Option<u64>, most: usize) -> Result<Vec<Listed>, SourceError> {
        let list = &self.truth[kind];
        let honoured = offset.filter(|_| self.pages && kind != ContentKind::Series);
        match self.lies[kind].map(|(lie, _)| lie) {
            Some(Lie::Empty | Lie::NothingBehind) => return Ok(Vec::new()),
            Some(Lie::LastBehind) => return Ok(list.last().cloned().into_iter().collect()),
            Some(Lie::ErrorPage) => return Err(unusable(AnswerFault::Html)),
            Some(Lie::AccountObject) => return Err(unusable(AnswerFault::AccountObject)),
            Some(Lie::Truncated | Lie::BareEnd) => return Err(unusable(AnswerFault::Truncated)),
            _ => {}
        }
        let offset = honoured.map_or(0, |offset| usize::try_from(offset).unwrap_or(usize::MAX));
        let page = if honoured.is_some() { most } else { most + 1 };
        Ok(list.iter().skip(offset).take(page).cloned().collect())
    }

    fn batches(&self, list: &[Element]) -> Vec<Sent> {
        list.chunks(self.batch).map(|batch| Sent::Batch(batch.to_vec())).collect()
    }
}

/// Returns the facts about broken elements in the damaged part: some ids, and the number of elements. Some elements
/// have no readable id, some are of no item, and one may be broken twice.
fn broken_ids(spoilt: &[Listed], unknown: i64, dice: &mut Dice) -> (Vec<ContentId>, u64) {
    let mut ids: Vec<_> = spoilt.iter().filter(|_| dice.percent(80)).map(|element| element.item.id()).collect();
    if dice.percent(30) {
        ids.push(ContentId(unknown));
    }
    if let (Some(id), true) = (ids.first().copied(), dice.percent(20)) {
        ids.push(id);
    }
    let beyond = 1 + spoilt.len().saturating_sub(ids.len());
    let count = (ids.len() + beyond) as u64;
    (ids, count)
}

/// Returns the name of a version. Any difference gives another name, unless the panel is `stale`.
fn version(list: &[Listed], end: Completeness, stale: bool) -> Validator {
    if stale {
        return Validator("the same for ever".to_owned());
    }
    let mut trace = Trace::default();
    for element in list {
        trace.number(raw_digest(element).0);
    }
    trace.number(end.unreadable);
    trace.number(u64::from(end.trailing_bytes));
    Validator(format!("{:016x}", trace.digest()))
}

fn unusable(fault: AnswerFault) -> SourceError {
    SourceError::Unusable { fault, message: "not what was asked for".to_owned() }
}

/// Returns whether a request for a category fails as well.
fn fails(category: &CategoryId, dice: &mut Dice) -> bool {
    dice.percent(25) && category.0 != CATEGORIES[0]
}

fn is_within(item: &Item, within: Option<&CategoryId>) -> bool {
    let Some(category) = within else { return true };
    let at = item.kind().field("category_id").expect("every kind has one");
    item.categories().contains(&category.0) || matches!(item.value(at), ValueRef::Text(id) if id == category.0.as_str())
}

/// Returns the same element under another id.
fn renamed(element: &Listed, id: i64) -> Listed {
    let kind = element.item.kind();
    let mut item = Item::with_id(kind, ContentId(id));
    for at in 0..kind.fields().len() {
        item.set(at, element.item.value(at).to_owned());
    }
    Listed { item, present: element.present }
}

fn repeat(list: &mut Vec<Listed>, dice: &mut Dice) {
    let twice: Vec<_> = list.iter().filter(|_| dice.percent(30)).cloned().collect();
    for mut element in twice {
        for _ in 0..dice.below(3) {
            edit(dice, &mut element);
        }
        let at = dice.below(list.len() + 1);
        list.insert(at, element);
    }
}

fn redraw(list: &mut [Listed], field: &str, text: &str) {
    for element in list {
        if let Some(at) = element.item.kind().field(field) {
            element.item.set(at, Value::Text(text.into()));
            element.present.add(at);
        }
    }
}

/// Gives every element a key that has no column.
fn redraw_key(list: &mut [Listed], key: &str, json: &str) {
    for element in list {
        let at = element.item.kind().field("extra").expect("every kind has it");
        if let Value::Extra(mut extra) = element.item.value(at).to_owned() {
            extra.insert(key.into(), json.into());
            element.item.set(at, Value::Extra(extra));
            element.present.add(at);
        }
    }
}

fn redraw_images(list: &mut [Listed], visit: u64) {
    for element in list {
        let kind = element.item.kind();
        let at = kind.field("stream_icon").or_else(|| kind.field("cover")).expect("every kind has an image");
        let address = format!("http://host{visit}.example/{}.png", element.item.id());
        element.item.set(at, Value::Text(address.into()));
        element.present.add(at);
    }
}

fn change_categories(list: &mut Vec<Category>, dice: &mut Dice) {
    match dice.below(4) {
        0 => {
            let gone = dice.below(list.len() + 1);
            list.truncate(gone);
        }
        1 => list.reverse(),
        2 => {
            for category in list.iter_mut() {
                if dice.percent(50) {
                    category.name = format!("Shelf {}", dice.below(3));
                }
            }
        }
        _ => {
            let mut met: BTreeSet<_> = list.iter().map(|known| known.id.clone()).collect();
            for name in CATEGORIES {
                let new = category(name);
                if met.insert(new.id.clone()) {
                    list.push(new);
                }
            }
        }
    }
}
