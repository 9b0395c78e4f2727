//! Held removals in words: their number, reason, date and examples, and what to do about them.

use sync_core::text::one_line;
use sync_core::{ContentKind, HoldReason, Loss, Retention};
use sync_core::{Profile, catalogue::HeldGroup};

use super::terminal::{date, grouped, quoted};

/// The ways in which a held removal can be released, other than by the return of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Releases {
    /// Evidence, which is further listings without the item, or consent.
    ByEvidence,
    /// Consent only.
    ByConsent,
    /// The next sound listing.
    NextListing,
}

impl Releases {
    pub(crate) const fn of(reason: HoldReason) -> Self {
        if reason.yields_to_evidence() {
            Self::ByEvidence
        } else if reason.is_loss() {
            Self::ByConsent
        } else {
            Self::NextListing
        }
    }

    /// Returns the word for scripts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ByEvidence => "by_evidence",
            Self::ByConsent => "by_consent",
            Self::NextListing => "next_listing",
        }
    }
}

/// Returns a group of held removals as a paragraph. The caller puts `held:` before its first line; the other lines
/// are indented.
pub(crate) fn paragraph(profile: &Profile, kind: ContentKind, held: &HeldGroup) -> Vec<String> {
    let since = date(held.oldest_since);
    let removals = if held.count == 1 { "removal" } else { "removals" };
    let mut lines = vec![format!("{} {removals} since {since}, because {}", grouped(held.count), held.reason)];
    if !held.examples.is_empty() {
        let names: Vec<_> = held.examples.iter().map(|name| one_line(name)).collect();
        lines.push(format!("  such as {}", names.join("; ")));
    }
    lines.extend(ways_out(profile, kind, held));
    lines
}

/// Returns what a person can do about a group, and what happens if they do nothing.
fn ways_out(profile: &Profile, kind: ContentKind, held: &HeldGroup) -> Vec<String> {
    let Retention { release_listings, release_days, .. } = profile.retention;
    let agree = format!(
        "if they are really gone: xtream-sync sync {} --accept-removals --only {kind}",
        quoted(profile.id.as_str())
    );
    let mut lines = Vec::new();
    match Releases::of(held.reason) {
        Releases::ByEvidence => {
            let so_far = match held.evidence_since {
                Some(since) if held.listings > 0 => format!("so far {}, since {}", grouped(held.listings), date(since)),
                _ => "none so far".to_owned(),
            };
            let listings = counted(release_listings, "complete list", "complete lists");
            let days = counted(release_days, "day", "days");
            lines.push(format!("  released after {listings} without them over at least {days}: {so_far}"));
            lines.push(format!("  {agree}"));
        }
        Releases::ByConsent if held.reason == HoldReason::Loss(Loss::Undone) => {
            lines.push("  they stay until the panel lists them again, or you agree".to_owned());
            lines.push(format!("  {agree}"));
        }
        Releases::ByConsent => {
            lines.push("  if the panel has a bad day, wait: items that it lists again are no longer held".to_owned());
            lines.push(format!("  {agree}"));
        }
        Releases::NextListing => {
            lines.push("  the next sync decides again".to_owned());
            if held.reason.yields_to_consent() {
                lines.push(format!("  {agree}"));
            }
        }
    }
    lines
}

fn counted(number: u32, one: &str, more: &str) -> String {
    format!("{} {}", grouped(number.into()), if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{Doubt, ProfileId};

    fn profile() -> Profile {
        Profile::new(ProfileId::new("my home").unwrap())
    }

    fn group(reason: HoldReason) -> HeldGroup {
        HeldGroup {
            reason,
            count: 60_000,
            oldest_since: 0,
            examples: vec!["One\u{1b}[31m".to_owned(), "Two\u{202e}".to_owned()],
            listings: 0,
            evidence_since: None,
        }
    }

    const AGREE: &str = "  if they are really gone: xtream-sync sync 'my home' --accept-removals --only movies";

    fn told(held: &HeldGroup) -> Vec<String> {
        paragraph(&profile(), ContentKind::Movies, held)
    }

    #[test]
    fn a_loss_is_shown_with_its_evidence() {
        let mut held = group(HoldReason::Loss(Loss::ShareLost));
        let first = "60,000 removals since 1970-01-01 00:00 UTC, because more items are missing than is plausible";
        let waits = "  released after 3 complete lists without them over at least 7 days: none so far";
        assert_eq!(told(&held), [first, "  such as One [31m; Two", waits, AGREE]);
        (held.listings, held.evidence_since, held.count) = (2, Some(86_400), 1);
        let lines = told(&held);
        assert!(lines[0].starts_with("1 removal since"), "{lines:?}");
        assert!(lines[2].ends_with(": so far 2, since 1970-01-02 00:00 UTC"), "{lines:?}");
    }

    #[test]
    fn only_consent_releases_an_empty_listing() {
        let waits = "  if the panel has a bad day, wait: items that it lists again are no longer held";
        assert_eq!(told(&group(HoldReason::Loss(Loss::EmptyListing)))[2..], [waits, AGREE]);
    }

    #[test]
    fn a_doubt_ends_with_the_next_sound_list() {
        let again = "  the next sync decides again";
        assert_eq!(told(&group(HoldReason::Doubt(Doubt::UnreadableIds)))[2..], [again, AGREE]);
        assert_eq!(told(&group(HoldReason::Doubt(Doubt::CategoriesMissing)))[2..], [again]);
    }

    #[test]
    fn every_reason_has_advice() {
        for reason in HoldReason::ALL {
            let releases = Releases::of(reason);
            assert!(releases != Releases::ByConsent || reason.yields_to_consent(), "{reason}");
            assert!(told(&group(reason)).len() > 2, "{reason}");
        }
    }
}
