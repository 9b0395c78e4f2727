//! The facts that runs learn of a panel, and the evidence for held removals.

use sync_core::store::{ContentStore, RunEnd, ScopeCommit};
use sync_core::testing::{movie, profile};
use sync_core::{
    CategoryId, ContentId, ContentKind, Doubt, HoldReason, KindFacts, Loss, PanelFacts, Profiles as _, Sighting,
    StoreError,
};
use sync_core::{Evidence, HeldRemoval};

use crate::fixture::{Cache, added, index_of};

/// Returns facts with a value in each part.
fn facts() -> PanelFacts {
    let mut facts = PanelFacts {
        user_agent: Some("Player '1' ü".to_owned()),
        uncompressed: true,
        other_client_at: Some(1_700_000_000),
        refusals: 2,
        refused_at: Some(1_700_000_000),
        ..PanelFacts::default()
    };
    for (at, kind) in facts.kinds.values_mut().enumerate() {
        *kind = KindFacts {
            sound_listings: 3 + at as u64,
            unreadable: Some(Sighting { digest: u64::MAX, listings: 3 }),
            filter_ignored_at: Some(9),
            whole_asked_at: Some(-1),
            ..KindFacts::default()
        };
    }
    facts
}

#[tokio::test]
async fn facts_that_did_not_change_are_not_written() {
    let cache = Cache::new();
    // Triggers note each row that is written, for this test only.
    cache.execute("CREATE TABLE written (what TEXT)");
    for event in ["INSERT", "UPDATE", "DELETE"] {
        let row = if event == "DELETE" { "old" } else { "new" };
        cache.execute(&format!(
            "CREATE TRIGGER on_{event} AFTER {event} ON xtream_panel_facts \
             BEGIN INSERT INTO written VALUES ('{event} ' || {row}.kind || '.' || {row}.fact); END"
        ));
    }
    let written = || {
        let lines = cache.sql("SELECT what AS line FROM written ORDER BY 1");
        cache.execute("DELETE FROM written");
        lines
    };
    let learn = async |facts: &PanelFacts| {
        let run = cache.start();
        cache.store.finish_run(&cache.home, RunEnd { facts: Some(facts.clone()), ..run.end() }).await.unwrap();
        assert_eq!(cache.store.sync_state(&cache.home).await.unwrap().facts, *facts);
    };
    let mut facts = facts();
    learn(&facts).await;
    assert_eq!(written().len(), 17);
    learn(&facts).await;
    assert_eq!(written(), [""; 0]);
    facts.kinds[ContentKind::Movies].sound_listings = 5;
    facts.kinds[ContentKind::Series].filter_ignored_at = None;
    facts.kinds[ContentKind::Channels].overloads = 1;
    learn(&facts).await;
    assert_eq!(
        written(),
        ["DELETE series.filter_ignored_at", "INSERT channels.overloads", "UPDATE movies.sound_listings"]
    );
}

/// The facts that a run has learnt are stored only together with the end of the run.
#[tokio::test]
async fn a_refused_end_of_a_run_teaches_nothing() {
    let cache = Cache::new();
    cache.load(1..=3).await;
    let run = cache.start();
    let held = vec![run.held(2, HoldReason::Loss(Loss::ShareLost), 5)];
    let commit = ScopeCommit { held: Some(held), ..run.commit(ContentKind::Movies) };
    cache.apply(Vec::new(), commit).await.unwrap();
    let before = cache.contents();
    let told = run.held(2, HoldReason::Loss(Loss::SeveralKinds), 5);
    let end = RunEnd { facts: Some(facts()), held: vec![(ContentKind::Movies, told)], ..run.end() };
    let late = RunEnd { fence: end.fence - 1, ..end.clone() };
    assert!(matches!(cache.store.finish_run(&cache.home, late).await, Err(StoreError::Fenced)));
    assert_eq!(cache.contents(), before);
    // If a fact can't be written, everything that the end of the run wrote before is taken back.
    cache.execute(
        "CREATE TRIGGER no_series BEFORE INSERT ON xtream_panel_facts WHEN new.kind='series' \
         BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    cache.store.finish_run(&cache.home, end.clone()).await.unwrap_err();
    assert_eq!(cache.contents(), before);
    cache.execute("DROP TRIGGER no_series");
    cache.store.finish_run(&cache.home, end).await.unwrap();
    assert_eq!(cache.store.sync_state(&cache.home).await.unwrap().facts, facts());
    let reason = cache.store.held(&cache.home, ContentKind::Movies).await.unwrap()[0].reason;
    assert_eq!(reason, HoldReason::Loss(Loss::SeveralKinds));
}

#[tokio::test]
async fn unknown_facts_are_ignored() {
    let cache = Cache::new();
    cache.execute(
        "INSERT INTO xtream_panel_facts (profile_id,kind,fact,value) VALUES ('home','','mood','bad'), \
         ('home','episodes','overloads','9'), ('home','movies','overloads','2'), ('home','series','rotations','x')",
    );
    let known = cache.store.sync_state(&cache.home).await.unwrap().facts;
    let mut expected = PanelFacts::default();
    expected.kinds[ContentKind::Movies].overloads = 2;
    assert_eq!(known, expected);
}

#[tokio::test]
async fn evidence_is_written_where_it_differs() {
    let cache = Cache::new();
    cache.load(1..=40).await;
    cache.execute("CREATE TABLE written (id INTEGER)");
    for event in ["INSERT", "UPDATE"] {
        cache.execute(&format!(
            "CREATE TRIGGER on_{event} AFTER {event} ON xtream_held_removals \
             BEGIN INSERT INTO written VALUES (new.content_id); END"
        ));
    }
    let run = cache.start();
    let evidence = |listing| Some(Evidence { listing, at: 77, panel_at: -5 });
    let held = |id, listing, successor: Option<i64>| HeldRemoval {
        evidence: evidence(listing),
        successor: successor.map(ContentId),
        ..run.held(id, HoldReason::Loss(Loss::Renumbered), 5)
    };
    let record = async |rows: &[HeldRemoval]| {
        let commit = ScopeCommit { held: Some(rows.to_vec()), ..run.commit(ContentKind::Movies) };
        cache.apply(Vec::new(), commit).await.unwrap();
        assert_eq!(cache.store.held(&cache.home, ContentKind::Movies).await.unwrap(), rows);
        let written = cache.sql("SELECT id AS line FROM written ORDER BY id");
        cache.execute("DELETE FROM written");
        written
    };
    let mut rows =
        vec![held(2, 1, None), held(3, 1, Some(-900)), run.held(4, HoldReason::Doubt(Doubt::UnreadableIds), 6)];
    assert_eq!(record(&rows).await, ["2", "3", "4"]);
    assert_eq!(record(&rows).await, [""; 0]);
    rows[0].evidence = evidence(2);
    rows[1].successor = None;
    assert_eq!(record(&rows).await, ["2", "3"]);
    rows[0].evidence = None;
    rows.pop();
    assert_eq!(record(&rows).await, ["2"]);
}

#[tokio::test]
async fn categories_are_counted_whatever_their_names_and_their_writer() {
    let cache = Cache::new();
    let names =
        ["7", " ", "%", "a,b", "[\"7\"]", "日本", "back\\slash", "nul \0 inside", "'); --", "\u{1b}", "7.0", "null"];
    let run = cache.start();
    let ids: Vec<i64> = (1..=i64::try_from(names.len()).unwrap()).collect();
    let items = ids.iter().zip(names).map(|(id, name)| added(movie(*id).in_categories(&[name, "all"])));
    let commit = ScopeCommit { index: index_of(&ids), first_load: true, ..run.commit(ContentKind::Movies) };
    cache.apply(items.collect(), commit).await.unwrap();
    let sizes = async |names: &[&str]| {
        let asked = names.iter().map(|name| CategoryId((*name).to_owned())).collect();
        cache.store.category_sizes(&cache.home, ContentKind::Movies, asked).await.unwrap()
    };
    for name in names {
        assert_eq!(sizes(&[name, "all", "none"]).await, [1, 12, 0], "{name:?}");
    }
    // Other programs may have written such values.
    cache.execute("UPDATE xtream_movies SET category_ids='{' WHERE stream_id=1");
    cache.execute("UPDATE xtream_movies SET category_ids=NULL WHERE stream_id=2");
    assert_eq!(sizes(&["all", "7", "%"]).await, [10, 0, 1]);
    let unknown = cache.store.category_sizes(&profile("nobody"), ContentKind::Movies, Vec::new()).await;
    assert!(matches!(unknown, Err(StoreError::UnknownProfile(_))));
}

#[tokio::test]
async fn facts_about_a_panel_are_deleted_with_its_address() {
    let cache = Cache::new();
    let mut row = cache.store.profile(&cache.home).await.unwrap().unwrap();
    row.base_url = Some("http://a.example".to_owned());
    cache.store.save_profile(&row).await.unwrap();
    let run = cache.start();
    cache.store.finish_run(&cache.home, RunEnd { facts: Some(facts()), ..run.end() }).await.unwrap();
    let known = async || cache.store.sync_state(&cache.home).await.unwrap().facts;
    row.user_agent = Some("other".to_owned());
    cache.store.save_profile(&row).await.unwrap();
    assert_eq!(known().await, facts(), "the same panel");
    row.base_url = Some("http://b.example".to_owned());
    cache.store.save_profile(&row).await.unwrap();
    assert_eq!(known().await, PanelFacts::default());
}
