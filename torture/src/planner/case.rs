//! Sequences of listings through `Differ`, `decide_removals` and the index, each beside the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sync_core::removal::{Circumstances, Missing};
use sync_core::source::Entry;
use sync_core::store::StagedItem;
use sync_core::{
    ChangePolicy, ContentId, ContentKind, Counts, Differ, DigestScheme, FieldClass, FieldFacts, GuardThresholds, Item,
    Listed, ListingIndex, Retention, Standing, Treatment,
};
use sync_core::{HeldRemoval, RunId};

use super::model::{Meaning, Rules, alike, by_id, candidates, meaning};
use super::removals::{self, retention, thresholds};
use crate::campaign::{Passed, Violation};
use crate::dice::Dice;
use crate::elements::{edit, random};
use crate::promise;
use crate::show;
use crate::trace::{Trace, raw_digest_but};

/// The scheme of a source that makes digests of its own.
const OWN: DigestScheme = DigestScheme(77);

/// The stored state of a kind.
#[derive(Debug, Clone)]
struct Known {
    rows: BTreeMap<i64, Item>,
    index: Arc<ListingIndex>,
    held: Vec<HeldRemoval>,
    sound: u64,
}

/// The way in which one listing is compared.
#[derive(Debug, Clone)]
struct Way {
    scheme: DigestScheme,
    rules: Rules,
    treatment: Arc<Treatment>,
    trusting: bool,
    /// The number of elements of a batch.
    batch: usize,
    /// Whether the listing begins again after a cut answer.
    restarted: bool,
    /// The ids of broken elements of the listing.
    broken: Vec<i64>,
    /// The salt for the places of the broken elements.
    salt: u64,
}

/// The result of a comparison.
struct Compared {
    differ: Differ,
    staged: BTreeMap<i64, StagedItem>,
    /// The rows after an apply without removals.
    rows: BTreeMap<i64, Item>,
    /// The ids in the order of the listing, each once. A broken element is in it if it has a row.
    order: Vec<i64>,
}

/// Runs the case of a seed. Broken elements are drawn from dice of their own, so that seeds from a time without them
/// still give the same cases.
pub(super) fn run(dice: &mut Dice, breakage: &mut Dice) -> Result<Passed, Violation> {
    let kind = dice.pick(&ContentKind::ALL);
    let empty = Arc::new(ListingIndex::empty(DigestScheme::FIELDS));
    let mut known = Known { rows: BTreeMap::new(), index: empty, held: Vec::new(), sound: 0 };
    let (mut panel, mut trace, mut passed) = (Vec::new(), Trace::default(), Passed::default());
    let mut facts = some_facts(dice, kind);
    let (guard, kept) = (thresholds(dice), retention(dice));
    for number in 1..=1 + dice.below(4) {
        move_on(dice, kind, &mut panel);
        let redrawn = dice.percent(20);
        if redrawn {
            facts = some_facts(dice, kind);
        }
        let way = Way { broken: some_broken(breakage), salt: breakage.salt(), ..a_way(dice, kind, &facts) };
        // Rows may hold old values of a field that is compared from now on. Such a listing is decoded as a whole.
        let way = Way { trusting: way.trusting && !redrawn, ..way };
        let compared = compare(dice, kind, &known, &panel, &way)?;
        check_rows(&known, &panel, &way, &compared)?;
        check_order(dice, kind, &known, &panel, &way, &compared)?;
        known = decided(dice, number, &known, &panel, compared, (guard, kept))?;
        check_again(dice, kind, &known, &panel, &way)?;
        for item in known.rows.values() {
            trace.item(item);
        }
        known.index.ids().iter().for_each(|id| trace.signed(*id));
        known.index.digests().iter().for_each(|digest| trace.number(*digest));
        passed.tally.count("listing", "compared");
        by_hand(dice, &mut known);
    }
    passed.trace = trace.digest();
    Ok(passed)
}

/// Changes a panel's list: some elements are new, changed, removed, repeated, or at another place.
fn move_on(dice: &mut Dice, kind: ContentKind, panel: &mut Vec<Listed>) {
    if dice.percent(5) {
        panel.clear();
    }
    let gone = dice.pick(&[0, 0, 10, 40]);
    panel.retain(|_| !dice.percent(gone));
    let edited = dice.pick(&[0, 10, 50]);
    for element in panel.iter_mut() {
        if dice.percent(edited) {
            edit(dice, element);
        }
    }
    let few = dice.pick(&[2, 8, 20]);
    for _ in 0..dice.below(few) {
        let id = match dice.below(30) {
            0 => dice.pick(&[i64::MIN, i64::MAX, -1, 0]),
            _ => dice.between(1, 40),
        };
        let element = random(dice, kind, id);
        let at = dice.below(panel.len() + 1);
        panel.insert(at, element);
    }
    if dice.percent(60) {
        let mut met = BTreeSet::new();
        panel.retain(|element| met.insert(element.item.id()));
    }
    match dice.below(6) {
        0 => dice.shuffle(panel),
        1 => panel.sort_by_key(|element| element.item.id()),
        2 if !panel.is_empty() => {
            let by = dice.below(panel.len());
            panel.rotate_left(by);
        }
        _ => {}
    }
}

/// Draws facts about some fields: they are volatile, or they are compared.
fn some_facts(dice: &mut Dice, kind: ContentKind) -> FieldFacts {
    let mut facts = FieldFacts::default();
    if dice.percent(40) {
        return facts;
    }
    let learnt = |class| [FieldClass::Display, FieldClass::Unproven].contains(&class);
    let columns = kind
        .fields()
        .iter()
        .filter(|spec| learnt(spec.class) && !["extra", "category_id"].contains(&spec.name))
        .map(|spec| spec.name);
    for name in columns.chain(["x", "y"]) {
        match dice.below(4) {
            0 => facts = facts.with(kind, name, Standing::Volatile { looked_at: 0 }),
            1 => facts = facts.with(kind, name, Standing::Compared { met: 0 }),
            _ => {}
        }
    }
    facts
}

fn a_way(dice: &mut Dice, kind: ContentKind, facts: &FieldFacts) -> Way {
    let policy = if dice.percent(75) {
        ChangePolicy::Fingerprint
    } else {
        let last = dice.pick(&[None, Some("1600000000"), Some("1700000000"), Some("2029-01-01T00:00:00Z")]);
        ChangePolicy::Timestamp { last_sync: last.map(str::to_owned) }
    };
    Way {
        scheme: dice.pick(&[DigestScheme::FIELDS, OWN, OWN]),
        treatment: Arc::new(facts.treatment(kind, &policy, None)),
        rules: Rules::of(kind, facts, policy),
        trusting: dice.percent(75),
        batch: dice.pick(&[1, 2, 3, 7, 100]),
        restarted: dice.percent(15),
        broken: Vec::new(),
        salt: 0,
    }
}

/// Returns the ids of broken elements: of rows that are listed, of rows that are not, and of no row.
fn some_broken(dice: &mut Dice) -> Vec<i64> {
    let count = dice.pick(&[0, 0, 1, 4]);
    (0..count).map(|_| dice.between(1, 50)).collect()
}

/// Returns the entries of a listing, as a source that keeps its contract sends them. Broken elements are anywhere.
fn entries(known: &Known, panel: &[Listed], way: &Way, spare: &mut Dice) -> Vec<Entry> {
    let mut met = BTreeSet::new();
    let left_out = way.treatment.left_out();
    let kind = panel.first().map_or(ContentKind::Movies, |element| element.item.kind());
    let lent = way.trusting && known.index.scheme() == way.scheme.leaving_out(kind, left_out);
    let entry = |element: &Listed| {
        let item = |digest| Entry::Item(Box::new(element.clone()), digest);
        if way.scheme == DigestScheme::FIELDS {
            return item(None);
        }
        let (id, digest) = (element.item.id(), raw_digest_but(element, left_out));
        let first = met.insert(id);
        let at = known.index.position(id, 0).filter(|_| lent && first);
        if at.is_some_and(|at| known.index.digest_at(at).same_as(digest)) {
            return Entry::Same(id);
        }
        item((!spare.percent(3)).then_some(digest))
    };
    let mut entries: Vec<_> = panel.iter().map(entry).collect();
    let mut places = Dice::new(way.salt);
    for id in &way.broken {
        entries.insert(places.below(entries.len() + 1), Entry::Broken(ContentId(*id)));
    }
    entries
}

/// Returns the known ids of which only broken elements are listed.
fn kept_as_broken(known: &Known, listed: &BTreeMap<i64, Vec<&Listed>>, way: &Way) -> BTreeSet<i64> {
    let broken = way.broken.iter().copied();
    broken.filter(|id| known.rows.contains_key(id) && !listed.contains_key(id)).collect()
}

fn compare(
    dice: &mut Dice,
    kind: ContentKind,
    known: &Known,
    panel: &[Listed],
    way: &Way,
) -> Result<Compared, Violation> {
    let policy = way.rules.policy.clone();
    let differ = Differ::new(kind, Arc::clone(&known.index), way.scheme, policy, way.trusting);
    let mut differ = differ.treating(Arc::clone(&way.treatment));
    let mut staged = BTreeMap::new();
    let all = entries(known, panel, way, dice);
    if way.restarted {
        let cut = dice.below(all.len() + 1);
        feed(&mut differ, known, &all[..cut], way.batch, &mut staged)?;
        differ.reset();
        staged.clear();
    }
    feed(&mut differ, known, &all, way.batch, &mut staged)?;
    let mut rows = known.rows.clone();
    for (id, one) in staged.iter().filter(|(_, one)| one.change.is_written()) {
        rows.insert(*id, one.item.clone());
    }
    let mut met = BTreeSet::new();
    let counts = |entry: &&Entry| !matches!(entry, Entry::Broken(id) if !known.rows.contains_key(&id.0));
    let ids = all.iter().filter(counts).map(|entry| entry.id().0);
    let order = ids.filter(|id| met.insert(*id)).collect();
    Ok(Compared { differ, staged, rows, order })
}

fn feed(
    differ: &mut Differ,
    known: &Known,
    entries: &[Entry],
    batch: usize,
    staged: &mut BTreeMap<i64, StagedItem>,
) -> Result<(), Violation> {
    for batch in entries.chunks(batch) {
        let mut batch = batch.to_vec();
        let needs = differ.prepare(&mut batch);
        let stored = needs.stored.iter().filter_map(|id| known.rows.get(&id.0).cloned()).collect();
        let before = needs.staged.iter().filter_map(|id| staged.get(&id.0).cloned()).collect();
        let resolved = differ.resolve(batch, stored, before);
        let resolved = resolved.map_err(|breach| Violation::new(format!("the differ refuses: {breach}")))?;
        for one in resolved {
            staged.insert(one.item.id().0, one);
        }
    }
    Ok(())
}

/// I1, I7: every row is as in the model, and the counts fit the rows. A row with a broken element is as before.
fn check_rows(known: &Known, panel: &[Listed], way: &Way, compared: &Compared) -> Result<(), Violation> {
    let mut expected = Counts::default();
    let listed = by_id(panel);
    for (id, elements) in &listed {
        let row = known.rows.get(id);
        let after = compared.rows.get(id).ok_or_else(|| Violation::new(format!("{id} is listed and not there")))?;
        let fits = |candidate: &Item| match meaning(row, candidate, &way.rules) {
            Meaning::Unchanged | Meaning::Passed => row == Some(after),
            _ if elements.len() == 1 => after == candidate,
            _ => alike(after, candidate, &way.rules),
        };
        let all = candidates(row, elements, &way.rules);
        promise!(
            all.iter().any(fits),
            "{} became {}, by {way:?}, of {}",
            show::row(row),
            show::item(after),
            show::elements(elements.iter().copied())
        );
        let counted = if row == Some(after) { Meaning::Unchanged } else { meaning(row, after, &way.rules) };
        match counted {
            Meaning::Added => expected.added += 1,
            Meaning::Updated => expected.updated += 1,
            Meaning::Refreshed => expected.refreshed += 1,
            Meaning::Unchanged | Meaning::Passed => expected.unchanged += 1,
        }
    }
    let kept = kept_as_broken(known, &listed, way);
    expected.unchanged += kept.len() as u64;
    for id in way.broken.iter().filter(|id| !listed.contains_key(*id)) {
        promise!(compared.rows.get(id) == known.rows.get(id), "{id} is broken and was written; by {way:?}");
    }
    let counts = compared.differ.counts();
    promise!(counts == expected, "{counts:?} counted, {expected:?} happened; by {way:?}");
    promise!(compared.differ.listed() == listed.len() + kept.len(), "{} listed", compared.differ.listed());
    let missing = known.index.ids().iter().filter(|id| !listed.contains_key(*id) && !kept.contains(id));
    let missing: Vec<_> = missing.map(|id| ContentId(*id)).collect();
    promise!(compared.differ.missing() == missing, "missing: {:?}, not {missing:?}", compared.differ.missing());
    Ok(())
}

/// I10: the elements in another order and in other batches give the same rows and counts.
fn check_order(
    dice: &mut Dice,
    kind: ContentKind,
    known: &Known,
    panel: &[Listed],
    way: &Way,
    compared: &Compared,
) -> Result<(), Violation> {
    let mut shuffled = panel.to_vec();
    dice.shuffle(&mut shuffled);
    let way = Way { batch: dice.pick(&[1, 3, 100]), restarted: false, salt: !way.salt, ..way.clone() };
    let other = compare(dice, kind, known, &shuffled, &way)?;
    let listed = by_id(panel);
    for (id, item) in &compared.rows {
        let same = other.rows.get(id).is_some_and(|other| alike(item, other, &way.rules));
        promise!(
            same,
            "the order matters: {} became {}, or {}, by {way:?}, of {}",
            show::row(known.rows.get(id)),
            show::item(item),
            show::row(other.rows.get(id)),
            show::elements(listed.get(id).into_iter().flatten().copied())
        );
    }
    let (counts, others) = (compared.differ.counts(), other.differ.counts());
    promise!(counts == others, "the order matters: {counts:?} or {others:?}");
    Ok(())
}

/// Decides about the missing items, and applies.
fn decided(
    dice: &mut Dice,
    number: usize,
    known: &Known,
    panel: &[Listed],
    compared: Compared,
    (thresholds, retention): (GuardThresholds, Retention),
) -> Result<Known, Violation> {
    let Compared { differ, mut rows, order, .. } = compared;
    let missing = differ.missing();
    let doubt = dice.percent(20).then(|| removals::doubt(dice));
    let partial = dice.percent(15);
    let missing: Vec<_> = missing
        .into_iter()
        .map(|id| Missing {
            id,
            covered: !partial || dice.percent(50),
            unanswered: partial && dice.percent(30),
            category_lost: dice.percent(10),
            category_dropped: dice.percent(10),
            successor: None,
        })
        .collect();
    let days = i64::try_from(number).expect("a small number") * 4;
    let now = 1_700_000_000 + days * 86_400;
    let at = Circumstances {
        stored: known.index.len() as u64,
        listed: differ.listed() as u64,
        doubt,
        held_before: &known.held,
        consent: dice.percent(25),
        others_shrank: false,
        thresholds,
        retention,
        listing: known.sound + 1,
        now,
        panel_now: now + dice.between(-100, 100),
        run: RunId(i64::try_from(number).expect("a small number")),
    };
    let decision = removals::checked(&at, &missing)?;
    for id in &decision.removed {
        rows.remove(&id.0);
    }
    let kept: Vec<_> = decision.held.iter().map(|held| held.id).chain(decision.not_covered).collect();
    let index = differ.into_index(&kept).map_or_else(|| Arc::clone(&known.index), Arc::new);
    check_index(&index, &rows, panel, (order, &kept))?;
    Ok(Known { rows, index, held: decision.held, sound: known.sound + u64::from(decision.evidence) })
}

/// Checks that the index has the existing rows: in the panel's order, and after it those that were kept.
fn check_index(
    index: &ListingIndex,
    rows: &BTreeMap<i64, Item>,
    panel: &[Listed],
    (mut expected, kept): (Vec<i64>, &[ContentId]),
) -> Result<(), Violation> {
    let listed = by_id(panel);
    expected.extend(kept.iter().map(|id| id.0));
    promise!(index.ids() == expected, "the index is {:?}, not {expected:?}", index.ids());
    promise!(rows.len() == index.len(), "{} rows, and an index of {}", rows.len(), index.len());
    for (at, id) in index.ids().iter().enumerate() {
        promise!(rows.contains_key(id), "{id} is in the index, and no row");
        promise!(index.position(ContentId(*id), at + 1) == Some(at), "{id} isn't found at {at}");
        let twice = listed.get(id).is_some_and(|elements| elements.len() > 1);
        promise!(!twice || index.digest_at(at).is_never(), "{id} came twice and has a digest");
    }
    Ok(())
}

/// I6: the same listing in a second sync writes nothing, in any order, with or without trust in the digests.
fn check_again(
    dice: &mut Dice,
    kind: ContentKind,
    known: &Known,
    panel: &[Listed],
    way: &Way,
) -> Result<(), Violation> {
    let full = dice.percent(30);
    let mut panel = panel.to_vec();
    if dice.percent(50) {
        dice.shuffle(&mut panel);
    }
    let way = Way { trusting: !full, restarted: false, ..way.clone() };
    let again = compare(dice, kind, known, &panel, &way)?;
    let listed = by_id(&panel);
    if let Some((id, one)) = again.staged.iter().find(|(_, one)| one.change.is_written()) {
        let elements = listed.get(id).map_or(&[][..], Vec::as_slice);
        return Err(Violation::new(format!(
            "the same listing again makes of {} {}, by {way:?}, of {}",
            show::row(known.rows.get(id)),
            show::item(&one.item),
            show::elements(elements.iter().copied())
        )));
    }
    let counts = again.differ.counts();
    let here = listed.len() + kept_as_broken(known, &listed, &way).len();
    promise!(counts.added == 0 && counts.listed() == here as u64, "the same listing again counts {counts:?}");
    promise!(counts.updated + counts.refreshed == 0, "the same listing again counts {counts:?}");
    Ok(())
}

/// Checks that an item that a user deletes is removed from the index as well.
fn by_hand(dice: &mut Dice, known: &mut Known) {
    if !dice.percent(20) {
        return;
    }
    let gone: Vec<_> = known.rows.keys().filter(|_| dice.percent(30)).map(|id| ContentId(*id)).collect();
    known.rows.retain(|id, _| !gone.contains(&ContentId(*id)));
    known.held.retain(|held| !gone.contains(&held.id));
    known.index = Arc::new(known.index.without(&gone));
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::Digest;
    use sync_core::testing::movie;

    /// A listing of three movies, one of them twice, and of three broken elements, compared with a cache of two.
    fn compared() -> (Known, Vec<Listed>, Way, Compared) {
        let kind = ContentKind::Movies;
        let ids = [1, 7].map(|id| (ContentId(id), Digest::NEVER));
        let index = ListingIndex::new(DigestScheme::FIELDS, ids).unwrap();
        let rows = [1, 7].map(|id| (id, movie(id).item())).into();
        let known = Known { rows, index: Arc::new(index), held: Vec::new(), sound: 0 };
        let panel = vec![
            movie(1).name("Another").listed(),
            movie(2).listed(),
            movie(3).listed(),
            movie(3).with("plot", "told").listed(),
        ];
        let rules = Rules::plain(ChangePolicy::Fingerprint);
        let treatment = Arc::new(Treatment::plain(kind));
        // One broken element is of a row, one of an item that is listed, and one of neither.
        let broken = vec![7, 2, 9];
        let scheme = DigestScheme::FIELDS;
        let way = Way { scheme, rules, treatment, trusting: true, batch: 2, restarted: false, broken, salt: 1 };
        let compared = compare(&mut Dice::new(1), kind, &known, &panel, &way).unwrap();
        (known, panel, way, compared)
    }

    #[test]
    fn the_result_of_the_differ_passes() {
        let (known, panel, way, compared) = compared();
        assert_eq!(check_rows(&known, &panel, &way, &compared), Ok(()));
    }

    #[test]
    fn a_row_that_is_forgotten_mixed_or_left_as_it_was_is_noticed() {
        let forgeries: [fn(&mut BTreeMap<i64, Item>); 7] = [
            |rows| drop(rows.remove(&2)),
            |rows| drop(rows.insert(1, movie(1).item())),
            |rows| drop(rows.insert(2, movie(2).name("Else").item())),
            |rows| drop(rows.insert(3, movie(3).with("plot", "another").item())),
            |rows| drop(rows.remove(&7)),
            |rows| drop(rows.insert(7, movie(7).name("Of a broken element").item())),
            |rows| drop(rows.insert(9, movie(9).item())),
        ];
        for (number, forge) in forgeries.into_iter().enumerate() {
            let (known, panel, way, mut compared) = compared();
            forge(&mut compared.rows);
            assert!(check_rows(&known, &panel, &way, &compared).is_err(), "forgery {number} goes unnoticed");
        }
    }

    #[test]
    fn an_index_that_lacks_a_row_or_its_order_is_noticed() {
        let (_, panel, _, compared) = compared();
        let index = |ids: &[i64]| {
            let entries = ids.iter().map(|id| (ContentId(*id), Digest::NEVER));
            ListingIndex::new(DigestScheme::FIELDS, entries).unwrap()
        };
        let check = |ids: &[i64]| check_index(&index(ids), &compared.rows, &panel, (vec![7, 1, 2, 3], &[]));
        assert_eq!(check(&[7, 1, 2, 3]), Ok(()));
        for ids in [&[7, 1, 2][..], &[1, 2, 3], &[7, 2, 1, 3], &[7, 1, 2, 3, 4]] {
            assert!(check(ids).is_err(), "{ids:?}");
        }
    }
}
