//! The facts about the fields of a kind, and what follows from a listing.

use std::collections::BTreeMap;

use super::tally::{Count, KEYS_MAX, Tally};
use super::treatment::{Making, Role, Treatment};
use super::{Note, Seen, Standing};
use crate::facts::FactRow;
use crate::model::{ContentKind, FieldClass, FieldSet, Text};
use crate::run::options::ChangePolicy;

/// The facts about the fields of a kind. A display field without a fact is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldFacts {
    /// The standing of columns, by position in the kind's table.
    columns: BTreeMap<usize, Standing>,
    /// The standing of keys without a column, by key.
    extra: BTreeMap<Text, Standing>,
}

/// The properties of a listing on which learning depends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// Whether the listing is of the whole kind.
    pub(crate) whole: bool,
    /// The number of rows that were not listed.
    pub(crate) missing: u64,
    /// Our clock, in unix seconds.
    pub(crate) now: i64,
}

/// The result of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conclusion {
    standings: Vec<(Field, Standing)>,
    /// The tentative fields that have stopped being volatile.
    pub(crate) accepted: Note,
}

/// A field: a column, or the position of a key among the known ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Column(usize),
    Key(usize),
}

/// The beginning of the names of these facts.
const COLUMN: &str = "field.";
const EXTRA: &str = "extra.";

/// The number that stands for "nobody knows how many rows hold an old value".
const ALL: u64 = u64::MAX;

impl FieldFacts {
    /// Returns the facts with this standing of a column, or of a key if the kind has no such column.
    #[must_use]
    pub fn with(mut self, kind: ContentKind, name: &str, standing: Standing) -> Self {
        match kind.field(name) {
            Some(at) => self.columns.insert(at, standing),
            None => self.extra.insert(name.into(), standing),
        };
        self
    }

    /// Returns the standing of a column, or of a key that has none.
    pub fn standing(&self, kind: ContentKind, name: &str) -> Option<Standing> {
        match kind.field(name) {
            Some(at) => self.columns.get(&at).copied(),
            None => self.extra.get(name).copied(),
        }
    }

    /// Returns the names of the volatile columns, and the volatile keys.
    pub fn volatile(&self, kind: ContentKind) -> (Vec<&'static str>, Vec<&str>) {
        let columns = self.columns.iter().filter(|(_, standing)| standing.is_volatile());
        let extra = self.extra.iter().filter(|(_, standing)| standing.is_volatile());
        let names = columns.filter_map(|(at, _)| Some(kind.fields().get(*at)?.name));
        (names.collect(), extra.map(|(key, _)| key.as_str()).collect())
    }

    /// Returns the facts as rows.
    pub fn rows(&self, kind: ContentKind) -> Vec<FactRow> {
        let row = |prefix: &str, name: &str, standing: Standing| FactRow {
            kind: Some(kind),
            name: format!("{prefix}{name}"),
            value: standing.text(),
        };
        let columns = self.columns.iter().filter_map(|(at, standing)| Some((kind.fields().get(*at)?.name, standing)));
        let columns = columns.map(|(name, standing)| row(COLUMN, name, *standing));
        columns.chain(self.extra.iter().map(|(key, standing)| row(EXTRA, key, *standing))).collect()
    }

    /// Returns whether a fact of this name is about a field.
    pub fn is_named(name: &str) -> bool {
        name.starts_with(COLUMN) || name.starts_with(EXTRA)
    }

    /// Takes one of [`Self::rows`]. A row that is not understood is ignored.
    pub(crate) fn set(&mut self, kind: ContentKind, name: &str, value: &str) {
        let Some(standing) = Standing::read(value) else { return };
        if let Some(at) = name.strip_prefix(COLUMN).and_then(|name| kind.field(name)) {
            if can_be_learnt(kind, at) {
                self.columns.insert(at, standing);
            }
        } else if let Some(key) = name.strip_prefix(EXTRA)
            && self.extra.len() < KEYS_MAX
        {
            self.extra.insert(key.into(), standing);
        }
    }

    /// Takes over an older fact: most images differed in host and query in `runs` runs. The time of that comparison is
    /// unknown, so the field is compared again.
    pub(crate) fn images_rotate(&mut self, kind: ContentKind, runs: u32) {
        if let Some(at) = kind.field_positions().image.filter(|_| runs > 1) {
            self.columns.entry(at).or_insert(Standing::Volatile { looked_at: 0 });
        }
    }

    /// Returns the treatment of the fields in a listing. Under the policy `timestamp` no field is tried, because rows
    /// whose difference it ignores are old, and a comparison with them proves nothing. Without `now`, volatile fields
    /// are not compared again.
    pub fn treatment(&self, kind: ContentKind, policy: &ChangePolicy, now: Option<i64>) -> Treatment {
        let tries = matches!(policy, ChangePolicy::Fingerprint);
        let mut making = Making { treatment: Treatment { tries, ..Treatment::plain(kind) }, extra: BTreeMap::new() };
        let treatment = &mut making.treatment;
        for (at, standing) in &self.columns {
            treatment.compared.drop(*at);
            match role(*standing, tries, now) {
                Role::Compared => treatment.compared.add(*at),
                Role::Tentative => treatment.tentative.add(*at),
                Role::Watched => {}
                Role::LeftOut => treatment.left_out.fields.add(*at),
            }
        }
        let extra = &mut making.extra;
        extra.extend(self.extra.iter().map(|(key, standing)| (key.clone(), role(*standing, tries, now))));
        let all = self.columns.values().chain(self.extra.values());
        for standing in all.filter(|_| tries) {
            treatment.looks_again |= now.is_some_and(|now| standing.is_due(now));
            treatment.needs_all |= matches!(standing, Standing::Trial { rested: 1.., behind: 1.., .. });
        }
        making.finish()
    }

    /// Returns what follows from a listing that was treated so.
    pub(crate) fn after(&self, kind: ContentKind, treatment: &Treatment, tally: &Tally, heard: Heard) -> Conclusion {
        let mut conclusion = Conclusion { standings: Vec::new(), accepted: Note::default() };
        for at in (0..kind.fields().len()).filter(|at| can_be_learnt(kind, *at)) {
            let count = tally.columns.get(at).copied().unwrap_or_default();
            let standing = match (self.columns.get(&at), kind.fields()[at].class) {
                (Some(known), _) => *known,
                (None, FieldClass::Unproven) => {
                    let behind = if tally.same == 0 { heard.missing } else { ALL };
                    conclusion.standings.push((Field::Column(at), Standing::trial(behind)));
                    continue;
                }
                (None, _) => Standing::Compared { met: 0 },
            };
            let role = if treatment.compared.has(at) {
                Role::Compared
            } else if treatment.tentative.has(at) {
                Role::Tentative
            } else if standing.is_volatile() {
                Role::LeftOut
            } else {
                Role::Watched
            };
            let image = kind.field_positions().image == Some(at);
            let next = judged(standing, (role, treatment.tries), count, tally, heard, image);
            if role == Role::Tentative && matches!(next, Standing::Compared { .. }) {
                conclusion.accepted.columns.add(at);
            }
            conclusion.standings.push((Field::Column(at), next));
        }
        for (place, (key, role)) in treatment.keys.iter().enumerate() {
            let Some(standing) = self.extra.get(key) else { continue };
            let count = tally.keys.get(place).copied().unwrap_or_default();
            let image = IMAGE_KEYS.contains(&key.as_str());
            let next = judged(*standing, (*role, treatment.tries), count, tally, heard, image);
            if *role == Role::Tentative && matches!(next, Standing::Compared { .. }) {
                conclusion.accepted.keys |= 1 << place;
            }
            conclusion.standings.push((Field::Key(place), next));
        }
        conclusion
    }

    /// Returns the facts after the rows are written. By then, the tally knows which rows were left as they were.
    pub(crate) fn concluded(
        kind: ContentKind,
        treatment: &Treatment,
        tally: &Tally,
        heard: Heard,
        conclusion: &Conclusion,
    ) -> Self {
        let mut facts = Self::default();
        let all = tally.same == 0 && heard.missing == 0;
        let in_step = |standing, count: Option<&Count>| match standing {
            Standing::Trial { rested, met, behind } => {
                let left = count.map_or(0, |count| count.unwritten);
                let before = if all { 0 } else { behind };
                Standing::Trial { rested, met, behind: before.saturating_add(left) }
            }
            standing => standing,
        };
        for (field, standing) in &conclusion.standings {
            match *field {
                Field::Column(at) => {
                    let standing = in_step(*standing, tally.columns.get(at));
                    let usual = kind.fields()[at].class == FieldClass::Display;
                    if !(usual && standing == Standing::Compared { met: 0 }) {
                        facts.columns.insert(at, standing);
                    }
                }
                Field::Key(place) => {
                    let standing = in_step(*standing, tally.keys.get(place));
                    // A key that no item has any more makes room for others.
                    let gone = all && heard.whole && tally.decoded > 0 && tally.met & 1 << place == 0;
                    if !(gone && matches!(standing, Standing::Trial { .. })) {
                        facts.extra.insert(treatment.keys[place].0.clone(), standing);
                    }
                }
            }
        }
        let room = KEYS_MAX - facts.extra.len();
        let behind = tally.decoded.saturating_add(heard.missing);
        facts.extra.extend(tally.new.iter().take(room).map(|key| (key.clone(), Standing::trial(behind))));
        facts
    }

    /// Returns whether these facts say something of the rows that `before` doesn't: that more rows may hold old values,
    /// or that a field is written from now on, or no longer. Such facts are written together with the rows. Other facts
    /// may be lost with their run, and are learnt again.
    pub(crate) fn come_with_rows(&self, before: &Self) -> bool {
        let columns = self.columns.iter().map(|(at, standing)| (*standing, before.columns.get(at)));
        let extra = self.extra.iter().map(|(key, standing)| (*standing, before.extra.get(key)));
        columns.chain(extra).any(|(now, before)| match (before, now) {
            (None, Standing::Trial { behind, .. }) => behind > 0,
            (None, Standing::Compared { .. }) => false,
            (Some(Standing::Trial { behind: before, .. }), Standing::Trial { behind, .. }) => behind > *before,
            (Some(before), now) => std::mem::discriminant(before) != std::mem::discriminant(&now),
            (None, _) => true,
        }) || before.columns.keys().any(|at| !self.columns.contains_key(at))
    }

    /// Returns the facts after a listing of `rows` rows that the panel calls not modified.
    pub(crate) fn unmodified(&self, kind: ContentKind, policy: &ChangePolicy, rows: u64, now: i64) -> Self {
        let tries = matches!(policy, ChangePolicy::Fingerprint);
        let next = |standing: Standing| {
            let compared = tries || matches!(standing, Standing::Compared { .. });
            if compared { standing.after(Seen { rows, differing: 0, image: false }, now) } else { standing }
        };
        let columns = self.columns.iter().map(|(at, standing)| (*at, next(*standing)));
        let usual = |at: usize| kind.fields()[at].class == FieldClass::Display;
        let columns = columns.filter(|(at, standing)| !(usual(*at) && *standing == Standing::Compared { met: 0 }));
        let extra = self.extra.iter().map(|(key, standing)| (key.clone(), next(*standing)));
        Self { columns: columns.collect(), extra: extra.collect() }
    }
}

/// Keys without a column that contain addresses of images. Panels that rotate the hosts of images rotate those of these
/// keys as well, and many items have none. So these keys have the threshold of images. Their paths are not compared.
const IMAGE_KEYS: [&str; 3] = ["backdrop_path", "cover_big", "movie_image"];

/// Returns whether facts are kept about a column. They are kept about columns that count as display fields, or may.
/// `category_id` is excepted, because the significant category set is made of it and must not hold an old value. `num`
/// is excepted, because it is the number of a channel that viewers dial: it moves with each new channel if these come
/// first, and has to be right.
fn can_be_learnt(kind: ContentKind, at: usize) -> bool {
    let learnt = FieldSet(kind.of_class(FieldClass::Display).0 | kind.of_class(FieldClass::Unproven).0);
    let excepted = [Some(kind.field_positions().extra), Some(kind.field_positions().category_id), kind.field("num")];
    learnt.has(at) && !excepted.contains(&Some(at))
}

fn role(standing: Standing, tries: bool, now: Option<i64>) -> Role {
    match standing {
        Standing::Compared { .. } => Role::Compared,
        Standing::Trial { rested: 1.., .. } | Standing::Written { .. } if tries => Role::Tentative,
        Standing::Trial { .. } => Role::Watched,
        Standing::Volatile { .. } if tries && now.is_some_and(|now| standing.is_due(now)) => Role::Compared,
        Standing::Volatile { .. } | Standing::Written { .. } => Role::LeftOut,
    }
}

/// Returns the standing of a field after a listing that has treated it so.
fn judged(
    standing: Standing,
    (role, tries): (Role, bool),
    count: Count,
    tally: &Tally,
    heard: Heard,
    image: bool,
) -> Standing {
    match (standing, role) {
        // The field was written so that the next listing can be compared with it.
        (Standing::Volatile { looked_at }, Role::Compared) if heard.whole => Standing::Written { looked_at },
        // The rows no longer have the values of one listing.
        (Standing::Written { looked_at }, _) if !heard.whole || role == Role::LeftOut => {
            Standing::Volatile { looked_at }
        }
        (Standing::Trial { behind, .. }, _) if heard.whole && tries => {
            // A difference from a row with an old value proves nothing. But an element with the bytes of the last
            // listing differs in nothing.
            let differing = count.differing.saturating_add(behind).min(tally.moved()).min(tally.rows);
            standing.after(Seen { rows: tally.rows, differing, image }, heard.now)
        }
        (Standing::Compared { .. } | Standing::Written { .. }, _) if heard.whole => {
            standing.after(Seen { rows: tally.rows, differing: count.differing, image }, heard.now)
        }
        _ => standing,
    }
}
