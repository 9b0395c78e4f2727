//! Cases of edits whose value the panel changes as well.

use super::overlay::{applied, changes, edit, edited, fields, flag, listed, named, names, renamed, text};
use super::session::added;
use crate::detect::merge::Change;
use crate::feed::change::LoggedChange;
use crate::model::{ContentId, FieldSet, Value};
use crate::overlay::{ConflictRule, ConflictRules, EditField, EditOp, EditOutcome, EditValue, PanelConflict};
use crate::ports::Cache;
use crate::ports::overlay::{EditCounts, EditQuery, OverlayError, ResolveRequest};
use crate::ports::profiles::Profile;
use crate::ports::store::ScopeCommit;
use crate::testing::{movie, profile, staged};

/// A conflict is reported once, and ends when the panel lists the base again. Only compared fields conflict.
pub async fn another_value_of_the_panel_is_a_conflict<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2)]).await;
    edit(
        cache,
        &[1],
        vec![EditOp::Set(EditField::Name, text("Mine")), EditOp::Set(EditField::Number, EditValue::Number(5))],
    )
    .await;
    let told = renamed(cache, 1, "Heat 4K", &[1, 2]).await;
    assert_eq!(told.edits.len(), 1);
    let event = &told.edits[0];
    assert_eq!((event.id, event.field, event.outcome), (ContentId(1), EditField::Name, EditOutcome::Conflicts));
    assert_eq!((event.name.as_str(), &event.local, &event.panel), ("Heat 4K", &text("Mine"), &Some(text("Heat 4K"))));
    let item = edited(cache, 1).await.unwrap();
    let conflict = PanelConflict { panel: Some(text("Heat 4K")), since: 3000 };
    let name = item.edit(EditField::Name).unwrap();
    assert_eq!((&name.base, &name.conflict), (&Some(text("Heat")), &Some(conflict)));
    assert_eq!(names(cache, |all| all).await[0], "Mine", "the user's value is shown");
    let home = profile("home");
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 1, 0));
    assert_eq!(cache.edited(&home, EditQuery::conflicts()).await.unwrap(), [item]);
    // Another panel value is not reported again. A return to the base ends the conflict.
    assert!(renamed(cache, 1, "Heat 8K", &[1, 2]).await.is_empty());
    let name = edited(cache, 1).await.unwrap();
    let conflict = PanelConflict { panel: Some(text("Heat 8K")), since: 3000 };
    assert_eq!(name.edit(EditField::Name).unwrap().conflict, Some(conflict));
    assert!(renamed(cache, 1, "Heat", &[1, 2]).await.is_empty());
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 0, 0));
    // A field that is not compared, or did not change, is no conflict.
    let update = staged(movie(1).name("Other"), Change::Updated(fields(&["plot"])));
    assert!(applied(cache, vec![update], &[1, 2], |commit| commit).await.is_empty());
    let compared = FieldSet::EMPTY;
    applied(cache, vec![], &[2], |commit| ScopeCommit { removals: vec![ContentId(1)], ..commit }).await;
    let back = vec![added(movie(1).name("Other"))];
    assert!(applied(cache, back, &[1, 2], |commit| ScopeCommit { compared, ..commit }).await.is_empty());
    assert_eq!(cache.edit_counts(&home).await.unwrap(), EditCounts::new(2, 0, 0));
}

/// An edit ends when the panel lists the user's value, and the feed has an entry for it.
pub async fn the_users_value_at_the_panel_ends_the_edit<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("Heat"), movie(2)]).await;
    edit(cache, &[1], named("Mine")).await;
    let told = renamed(cache, 1, "Mine", &[1, 2]).await;
    assert_eq!(told.edits.iter().map(|event| event.outcome).collect::<Vec<_>>(), [EditOutcome::Converged]);
    assert_eq!(edited(cache, 1).await, None);
    let last = changes(cache).await.pop().unwrap();
    assert_eq!(
        (last.change, last.id, last.name.as_deref()),
        (LoggedChange::Converged, Some(ContentId(1)), Some("Mine"))
    );
    assert!(last.run.is_some() && last.at == 3500);
    let columns = last.columns.unwrap();
    let mine = Value::Text("Mine".into());
    assert_eq!((columns.len(), columns[0].column, &columns[0].before, &columns[0].after), (1, "name", &mine, &mine));
}

/// The rules of a profile end edits or keep them.
pub async fn the_rule_of_the_profile_decides<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two"), movie(3).name("Three")]).await;
    let home = profile("home");
    let ruled = |conflicts| Profile { conflicts, ..Profile::new(home.clone()) };
    cache.save_profile(&ruled(ConflictRules::all(ConflictRule::TakePanel))).await.unwrap();
    assert_eq!(cache.profile(&home).await.unwrap().unwrap().conflicts.name, ConflictRule::TakePanel);
    edit(cache, &[1, 2], vec![EditOp::Set(EditField::Name, text("Mine")), flag(EditField::Favourite)]).await;
    let told = renamed(cache, 1, "Uno", &[1, 2, 3]).await;
    assert_eq!(told.edits[0].outcome, EditOutcome::Overruled);
    assert_eq!(
        edited(cache, 1).await.unwrap().edits.iter().map(|edit| edit.field).collect::<Vec<_>>(),
        [EditField::Favourite]
    );
    let last = changes(cache).await.pop().unwrap();
    assert_eq!(last.change, LoggedChange::Overruled);
    let column = &last.columns.unwrap()[0];
    assert_eq!((&column.before, &column.after), (&Value::Text("Mine".into()), &Value::Text("Uno".into())));
    cache.save_profile(&ruled(ConflictRules::all(ConflictRule::Newest))).await.unwrap();
    // The edit was made at 2500. The listing was asked for at 3000, or before the edit.
    let update = || vec![staged(movie(2).name("Due"), Change::Updated(fields(&["name"])))];
    let told = applied(cache, update(), &[1, 2, 3], |commit| ScopeCommit { asked_at: 2400, ..commit }).await;
    assert_eq!(told.edits[0].outcome, EditOutcome::Conflicts);
    assert!(
        renamed(cache, 2, "Zwei", &[1, 2, 3]).await.edits.iter().all(|event| event.outcome == EditOutcome::Overruled)
    );
    assert_eq!(edited(cache, 2).await.unwrap().edit(EditField::Name), None);
}

/// Keeping the user's value makes the panel's value the base. Taking the panel's value ends the edit.
pub async fn an_answer_ends_a_conflict<C: Cache>(cache: &C) {
    listed(cache, vec![movie(1).name("One"), movie(2).name("Two")]).await;
    edit(cache, &[1, 2], named("Mine")).await;
    renamed(cache, 1, "Uno", &[1, 2]).await;
    renamed(cache, 2, "Due", &[1, 2]).await;
    let home = profile("home");
    let answer = |ids: Option<&[i64]>, take_panel| {
        let ids = ids.map(|ids| ids.iter().copied().map(ContentId).collect());
        ResolveRequest { kind: None, ids, take_panel, at: 4000 }
    };
    let failed = cache.resolve(&home, answer(Some(&[1, 7]), false)).await;
    assert!(matches!(failed, Err(OverlayError::UnknownItems(ids)) if ids == [ContentId(7)]));
    let resolved = cache.resolve(&home, answer(Some(&[1]), false)).await.unwrap();
    assert_eq!((resolved.len(), &resolved[0].changed[..]), (1, &[EditField::Name][..]));
    let name = edited(cache, 1).await.unwrap();
    let name = name.edit(EditField::Name).unwrap();
    assert_eq!((&name.local, &name.base, &name.conflict), (&text("Mine"), &Some(text("Uno")), &None));
    let resolved = cache.resolve(&home, answer(None, true)).await.unwrap();
    assert_eq!(resolved.iter().map(|item| item.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(
        (edited(cache, 2).await, names(cache, |all| all).await),
        (None, vec!["Due".to_owned(), "Mine".to_owned()])
    );
    assert_eq!(cache.resolve(&home, answer(None, true)).await.unwrap(), []);
}
