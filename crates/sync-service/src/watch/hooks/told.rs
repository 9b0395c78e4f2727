//! The message to a hook about a run.

use sync_core::text::{one_line, printable};
use sync_core::{ContentKind, PerKind, Profile, SyncReport, Trigger};

use crate::overlay::OverlayNews;
use crate::run_changes::KindChanges;

/// The number of names per kind in the line for people.
const NAMES_IN_TEXT: usize = 5;

/// The message to a hook about a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Told {
    /// The profile with its settings.
    pub profile: Profile,
    /// The result of the run.
    pub report: SyncReport,
    /// The trigger of the run.
    pub trigger: Trigger,
    /// The changes of the run, with the first names.
    pub changes: PerKind<KindChanges>,
    /// The findings of the run in the overlay.
    pub overlay: PerKind<OverlayNews>,
    /// The whole message as a line for people.
    pub text: String,
}

impl Told {
    /// Returns the message about a run with these changes.
    pub fn new(profile: Profile, report: SyncReport, trigger: Trigger, changes: PerKind<KindChanges>) -> Self {
        let overlay = PerKind::from_fn(|_| OverlayNews::default());
        let text = text(&report, &changes, &overlay);
        Self { profile, report, trigger, changes, overlay, text }
    }

    /// Adds the findings of the run in the overlay.
    #[must_use]
    pub fn with_overlay(self, overlay: PerKind<OverlayNews>) -> Self {
        let text = text(&self.report, &self.changes, &overlay);
        Self { overlay, text, ..self }
    }
}

fn text(report: &SyncReport, changes: &PerKind<KindChanges>, overlay: &PerKind<OverlayNews>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for kind in ContentKind::ALL {
        parts.extend(parts_of(report, kind, &changes[kind]));
        let sentences = overlay[kind].sentences(NAMES_IN_TEXT);
        parts.extend(sentences.into_iter().map(|sentence| format!("{kind}: {sentence}")));
    }
    parts.extend(report.errors.iter().map(|error| one_line(&error.to_string())));
    if parts.is_empty() {
        parts.push("nothing has changed".to_owned());
    }
    format!("{}: {}", printable(report.profile.as_str()), parts.join("; "))
}

fn parts_of(report: &SyncReport, kind: ContentKind, changes: &KindChanges) -> Vec<String> {
    let counts = report.kind(kind).counts;
    let mut parts = Vec::new();
    let items = |count: u64| format!("{count} {}", noun(kind, count));
    match counts.added {
        0 => {}
        added if changes.loaded => parts.push(format!("{} loaded", items(added))),
        added => {
            let names = changes.added.items.iter().map(|item| one_line(&item.name)).filter(|name| !name.is_empty());
            let names: Vec<_> = names.take(NAMES_IN_TEXT).collect();
            let more = added.saturating_sub(names.len() as u64);
            let rest = if more > 0 && !names.is_empty() { format!(" and {more} more") } else { String::new() };
            let list = if names.is_empty() { String::new() } else { format!(": {}{rest}", names.join(", ")) };
            parts.push(format!("{added} new {}{list}", noun(kind, added)));
        }
    }
    for (count, word) in [(counts.updated, "updated"), (counts.removed, "removed")] {
        if count > 0 {
            parts.push(format!("{} {word}", items(count)));
        }
    }
    if counts.held > 0 {
        parts.push(format!("removal of {} held", items(counts.held)));
    }
    parts
}

const fn noun(kind: ContentKind, count: u64) -> &'static str {
    match (kind, count) {
        (ContentKind::Channels, 1) => "channel",
        (ContentKind::Movies, 1) => "movie",
        (kind, _) => kind.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use sync_core::{ErrorCode, ProfileId, ReportError};

    use super::*;
    use crate::run_changes::{NamedItem, SomeItems};

    fn named(names: &[&str], more: u64) -> SomeItems {
        let items = names.iter().zip(1..).map(|(name, id)| NamedItem { id, name: (*name).to_owned() });
        SomeItems { items: items.collect(), more }
    }

    fn no_news() -> PerKind<OverlayNews> {
        PerKind::from_fn(|_| OverlayNews::default())
    }

    #[test]
    fn a_line_names_the_first_and_counts_the_rest() {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        let mut changes = PerKind::from_fn(|_| KindChanges::default());
        assert_eq!(text(&report, &changes, &no_news()), "home: nothing has changed");
        report.kinds[ContentKind::Movies].counts.added = 417;
        changes[ContentKind::Movies].added = named(&["A", "B\u{1b}[2J\n", "C", "D", "E", "F"], 411);
        assert_eq!(text(&report, &changes, &no_news()), "home: 417 new movies: A, B [2J, C, D, E and 412 more");
        report.kinds[ContentKind::Movies].counts.added = 1;
        changes[ContentKind::Movies].added = named(&["A"], 0);
        report.kinds[ContentKind::Channels].counts.updated = 1;
        report.kinds[ContentKind::Channels].counts.removed = 2;
        report.kinds[ContentKind::Series].counts.held = 1;
        report.errors.push(ReportError::new(Some(ContentKind::Series), ErrorCode::Truncated, "cut off".to_owned()));
        let expected = "home: 1 channel updated; 2 channels removed; 1 new movie: A; removal of 1 series held; \
                        series: cut off";
        assert_eq!(text(&report, &changes, &no_news()), expected);
    }

    #[test]
    fn a_first_list_is_loaded_and_names_nothing() {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        let mut changes = PerKind::from_fn(|_| KindChanges::default());
        report.kinds[ContentKind::Movies].counts.added = 12_000;
        assert_eq!(text(&report, &changes, &no_news()), "home: 12000 new movies", "names may be missing");
        changes[ContentKind::Movies].loaded = true;
        assert_eq!(text(&report, &changes, &no_news()), "home: 12000 movies loaded");
    }
}
