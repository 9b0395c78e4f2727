//! The result of an edit for every combination of values, rules and events, compared with a second, naive rule.

use std::fmt;

use sync_core::overlay::{ConflictRule, ConflictRules, EditField, EditOp, EditValue, EditedItem};
use sync_core::store::RunEnd;
use sync_core::testing::{ItemBuilder, ScriptedSource, movie};
use sync_core::{
    Clock as _, ContentId, ContentStore as _, EditQuery, EditRequest, FieldFacts, Listed, Overlay as _, PanelFacts,
    Profile, Profiles as _, Standing, SyncMode, SyncOptions, UndoOutcome, UndoRequest,
};

use crate::support::{Bench, Movies, NOW, only};

/// A field that is edited, and three values for it. The panel's value may be missing.
#[derive(Clone, Copy)]
struct Subject {
    field: EditField,
    column: &'static str,
    values: [&'static str; 3],
}

const SUBJECTS: [Subject; 3] = [
    Subject { field: EditField::Name, column: "name", values: ["Heat", "Ronin", "Thief"] },
    Subject { field: EditField::Icon, column: "stream_icon", values: ["", "http://a/1.png", "http://a/2.png"] },
    Subject { field: EditField::Category, column: "", values: ["", "7", "8"] },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The panel lists the new value.
    Stays,
    /// The panel no longer lists the item.
    Removed,
    /// The item is removed, and comes back with the new value.
    Returned,
    /// The item is gone. An item with the same name and id at themoviedb.org has the new value under another id.
    Renumbered,
    /// The profile has another address, and the panel there lists the new value.
    HostMoved,
    /// The content is cleared, and the new value is loaded.
    Cleared,
    /// A full sync lists the new value.
    Full,
    /// The panel lists the new value, and that run is undone.
    Undone,
    /// The panel lists the new value of a field that it changes by itself.
    Volatile,
}

impl Event {
    const ALL: [Self; 9] = [
        Self::Stays,
        Self::Removed,
        Self::Returned,
        Self::Renumbered,
        Self::HostMoved,
        Self::Cleared,
        Self::Full,
        Self::Undone,
        Self::Volatile,
    ];
}

/// The result of an edit: the id under which it is, and the panel's value with which it conflicts.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Ended,
    Kept { id: i64 },
    Conflicts { id: i64, panel: String },
}

struct Case {
    subject: Subject,
    base: &'static str,
    local: &'static str,
    panel: &'static str,
    rule: ConflictRule,
    event: Event,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, base, local, panel, rule, event } = self;
        write!(f, "{} {base:?} {local:?} {panel:?} {} {event:?}", subject.field, rule.as_str())
    }
}

impl Case {
    /// Returns the expected outcome, by looking at the values one by one.
    fn expected(&self) -> Outcome {
        let is_seen = match self.event {
            Event::Removed | Event::Undone | Event::Volatile => false,
            // With another name, the item is not recognised under its new id.
            Event::Renumbered if self.subject.field == EditField::Name => self.panel == self.base,
            _ => true,
        };
        let follows = self.event == Event::Renumbered && is_seen;
        let id = if follows { 11 } else { 1 };
        // A value that equals the panel's own makes no edit.
        if self.local == self.base {
            return Outcome::Ended;
        }
        if !is_seen || self.panel == self.base {
            return Outcome::Kept { id };
        }
        if self.panel == self.local {
            return Outcome::Ended;
        }
        match self.rule {
            // The edit is older than the listing.
            ConflictRule::TakePanel | ConflictRule::Newest => Outcome::Ended,
            _ => Outcome::Conflicts { id, panel: self.panel.to_owned() },
        }
    }

    fn item(&self, id: i64, value: &str) -> Listed {
        let item = movie(id).with("tmdb_id", "949");
        let item: ItemBuilder = match self.subject.field {
            EditField::Category if value.is_empty() => item.with("category_id", "").in_categories(&[]),
            EditField::Category => item.with("category_id", value).in_categories(&[value]),
            EditField::Name => item.name(value),
            _ => item.name("Heat").with(self.subject.column, value),
        };
        let item = if self.subject.field == EditField::Category { item.name("Heat") } else { item };
        item.listed()
    }

    /// Returns a panel with other movies as well, so that no list is empty. Its images may differ in every list.
    fn panel(&self, item: Option<(i64, &str)>, at: i64) -> ScriptedSource {
        let other = |id| match self.event {
            Event::Volatile => movie(id).with(self.subject.column, &format!("http://a/{id}-{at}.png")).listed(),
            _ => movie(id).listed(),
        };
        let mut items: Vec<_> = (100..120).map(other).collect();
        items.extend(item.map(|(id, value)| self.item(id, value)));
        ScriptedSource::new().lists(Movies, items)
    }

    async fn sync(&self, bench: &Bench, item: Option<(i64, &str)>, mode: SyncMode) {
        bench.clock.pass(std::time::Duration::from_secs(3600));
        let panel = self.panel(item, bench.clock.now());
        bench.sync(&panel, &SyncOptions { mode, ..only(Movies) }).await;
    }

    async fn outcome(&self) -> Outcome {
        let bench = Bench::new().await;
        let settings = Profile {
            conflicts: ConflictRules::all(self.rule),
            base_url: Some("http://one.example".to_owned()),
            ..Profile::new(bench.profile.clone())
        };
        bench.store.save_profile(&settings).await.unwrap();
        self.sync(&bench, Some((1, self.base)), SyncMode::Auto).await;
        let local = EditValue::read(self.subject.field, self.local).unwrap();
        let op = local.map_or(EditOp::Clear(self.subject.field), |local| EditOp::Set(self.subject.field, local));
        let request = EditRequest { kind: Movies, ids: vec![ContentId(1)], ops: vec![op], at: NOW };
        bench.store.edit(&bench.profile, request).await.unwrap();
        let new = Some((1, self.panel));
        match self.event {
            Event::Stays => self.sync(&bench, new, SyncMode::Auto).await,
            Event::Full => self.sync(&bench, new, SyncMode::Full).await,
            Event::Removed => self.sync(&bench, None, SyncMode::Auto).await,
            Event::Returned => {
                self.sync(&bench, None, SyncMode::Auto).await;
                self.sync(&bench, new, SyncMode::Auto).await;
            }
            Event::Renumbered => self.sync(&bench, Some((11, self.panel)), SyncMode::Auto).await,
            Event::HostMoved => {
                let moved = Profile { base_url: Some("http://two.example".to_owned()), ..settings };
                bench.store.save_profile(&moved).await.unwrap();
                self.sync(&bench, new, SyncMode::Auto).await;
            }
            Event::Cleared => {
                bench.store.clear(&bench.profile).await.unwrap();
                self.sync(&bench, new, SyncMode::Auto).await;
            }
            Event::Undone => {
                self.sync(&bench, new, SyncMode::Auto).await;
                undo(&bench).await;
            }
            Event::Volatile => {
                make_volatile(&bench, self.subject.column).await;
                self.sync(&bench, new, SyncMode::Auto).await;
            }
        }
        let edited = bench.store.edited(&bench.profile, EditQuery::all()).await.unwrap();
        let items: Vec<&EditedItem> = edited.iter().collect();
        let [item] = items[..] else {
            assert!(items.is_empty(), "{self}: {edited:?}");
            return Outcome::Ended;
        };
        match &item.edits[0].conflict {
            None => Outcome::Kept { id: item.id.0 },
            Some(conflict) => {
                let panel = conflict.panel.as_ref().map(ToString::to_string).unwrap_or_default();
                Outcome::Conflicts { id: item.id.0, panel }
            }
        }
    }
}

async fn undo(bench: &Bench) {
    let lease = bench.store.lease(&bench.profile).await.unwrap();
    let at = NOW + 100_000;
    let request = UndoRequest { fence: Some(lease.fence), run: None, kinds: vec![Movies], at };
    // If the run logged no change, there is nothing to undo.
    let _: UndoOutcome = bench.store.undo(&bench.profile, request).await.unwrap();
}

async fn make_volatile(bench: &Bench, column: &str) {
    let lease = bench.store.lease(&bench.profile).await.unwrap();
    let run = bench.store.start_run(&bench.profile, lease.fence, NOW + 10).await.unwrap();
    let mut facts = PanelFacts::default();
    facts.kinds[Movies].fields = FieldFacts::default().with(Movies, column, Standing::Volatile { looked_at: NOW + 10 });
    let end = RunEnd { facts: Some(facts), ..RunEnd::new(run, lease.fence, NOW + 11) };
    bench.store.finish_run(&bench.profile, end).await.unwrap();
}

#[tokio::test]
async fn every_edit_has_the_outcome_of_a_naive_rule() {
    let mut cases = 0;
    for subject in SUBJECTS {
        for base in subject.values {
            for local in subject.values.into_iter().filter(|value| !value.is_empty()) {
                for panel in subject.values {
                    for rule in ConflictRule::ALL {
                        for event in Event::ALL {
                            // Only display fields can be volatile, and an undo takes back only logged changes.
                            let is_display = subject.field == EditField::Icon;
                            let is_possible = match event {
                                Event::Volatile => is_display,
                                Event::Undone => !is_display,
                                _ => true,
                            };
                            if is_possible {
                                let case = Case { subject, base, local, panel, rule, event };
                                assert_eq!(case.outcome().await, case.expected(), "{case}");
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cases, (27 + 18 + 18) * 4 * 8);
}
