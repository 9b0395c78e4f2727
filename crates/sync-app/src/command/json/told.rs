//! A result as hooks get it, in JSON: the line of `sync --json`, and the changes with their first names.

use sync_service::watch;
use sync_service::{KindChanges, SomeItems};

use super::Items;
use crate::json::{Kinds, NamedChanges, NamedItem, Report, Told, UnnamedChanges};

impl<'a> From<&'a KindChanges> for NamedChanges<'a> {
    fn from(changes: &'a KindChanges) -> Self {
        let item = |item: &'a sync_service::NamedItem| NamedItem { id: item.id, name: item.name.as_str().into() };
        let items = |some: &'a SomeItems| some.items.iter().map(item).collect();
        Self { added: items(&changes.added), updated: items(&changes.updated), removed: items(&changes.removed) }
    }
}

impl From<&KindChanges> for UnnamedChanges {
    fn from(changes: &KindChanges) -> Self {
        Self { added: changes.added.more, updated: changes.updated.more, removed: changes.removed.more }
    }
}

impl<'a> From<&'a watch::Told> for Told<'a, Items<'a>> {
    fn from(told: &'a watch::Told) -> Self {
        let off: Vec<_> = told.profile.kinds_off.iter().copied().collect();
        Self {
            report: Report::from(&told.report).with_overlay(&told.overlay).with_off(&off).with_trigger(told.trigger),
            run: told.report.run.map(|run| run.0),
            changes: Kinds::of(|kind| (&told.changes[kind]).into()),
            more: Kinds::of(|kind| (&told.changes[kind]).into()),
            text: told.text.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_core::{ContentKind, Profile, ProfileId, RunId, SyncReport, Trigger};
    use sync_service::Service;

    /// The members are those that `docs/watch.md` lists.
    #[test]
    fn the_json_has_the_documented_shape() {
        let home = Profile::new(ProfileId::new("home").unwrap());
        let mut report = SyncReport::new(home.id.clone());
        report.run = Some(RunId(7));
        report.kinds[ContentKind::Movies].counts.added = 3;
        let changes = Service::counted_changes(&report);
        let told = super::watch::Told::new(home, report, Trigger::OnceDue, changes);
        let line = String::from_utf8(super::super::told(&told)).unwrap();
        let nothing = r#"{"added":[],"updated":[],"removed":[]}"#;
        let none = r#"{"added":0,"updated":0,"removed":0}"#;
        let end = format!(
            r#""trigger":"once_due","wire_bytes":0,"run":7,"changes":{{"channels":{nothing},"movies":{nothing},"series":{nothing}}},"more":{{"channels":{none},"movies":{{"added":3,"updated":0,"removed":0}},"series":{none}}},"text":"home: 3 new movies"}}"#
        );
        assert!(line.starts_with(r#"{"profile":"home","status":"failed","kinds":{"channels":{"mode""#), "{line}");
        assert!(line.ends_with(&(end + "\n")), "{line}");
    }
}
