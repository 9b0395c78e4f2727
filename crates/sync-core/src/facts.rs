//! Facts that runs learn about a panel. They are kept with the profile, and the next run uses them.
//!
//! A store keeps facts as rows of kind, name and value ([`PanelFacts::rows`]). The names are a public interface. A row
//! that is not understood is ignored, so that an older program can read the facts of a newer one.

use crate::detect::volatile::FieldFacts;
use crate::model::{ContentKind, PerKind};
use crate::policy::auto::arrivals::Arrivals;
use crate::policy::probe::ProbeFacts;
use crate::policy::zone::PanelZone;

/// The facts about a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PanelFacts {
    /// The facts per kind.
    pub kinds: PerKind<KindFacts>,
    /// The user agent that the panel accepted after it had refused the usual one.
    pub user_agent: Option<String>,
    /// The end of the account in the panel's words, if it can't be read with certainty.
    pub account_end: Option<String>,
    /// Whether the accepted client asks for no compression.
    pub uncompressed: bool,
    /// The time at which a panel that had accepted the profile before was last asked as another client, in unix
    /// seconds.
    pub other_client_at: Option<i64>,
    /// The number of refused logins in a row. Unattended runs wait longer after each.
    pub refusals: u32,
    /// The time of the last refused login, in unix seconds.
    pub refused_at: Option<i64>,
    /// The time at which the panel last gave a changed listing the validator of the one before, in unix seconds.
    pub validators_lied_at: Option<i64>,
    /// The address that worked last, if it was not the first one of the profile.
    pub working_address: Option<WorkingAddress>,
    /// The panel's time zone, if it tells it.
    pub zone: Option<PanelZone>,
}

/// The address of a panel that worked when those before it didn't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingAddress {
    /// The address as the profile has it: without credentials.
    pub address: String,
    /// The time at which it worked, in unix seconds.
    pub at: i64,
}

/// The facts about a kind at a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindFacts {
    /// The number of sound listings that were compared while items were missing. Evidence against held items is counted
    /// by it.
    pub sound_listings: u64,
    /// The elements of the last listings that could not be read, or not completely.
    pub unreadable: Option<Sighting>,
    /// The bytes after the end of the last listings.
    pub trailing: Option<Sighting>,
    /// The number of runs in a row in which the panel answered that it doesn't offer this kind, and answered for
    /// another.
    pub not_offered: u32,
    /// The time of the last such answer, in unix seconds.
    pub not_offered_at: Option<i64>,
    /// The time at which the panel was last found to ignore the category that it was asked for, in unix seconds.
    pub filter_ignored_at: Option<i64>,
    /// The number of runs in a row in which the whole listing was too much for the panel.
    pub overloads: u32,
    /// The time at which the whole listing was last asked for although it is too much, in unix seconds.
    pub whole_asked_at: Option<i64>,
    /// The size of the last complete listing in bytes of the wire. It tells how much of a slow listing is missing.
    pub listing_wire_bytes: Option<u64>,
    /// The facts about fields: which of them the panel changes by itself.
    pub fields: FieldFacts,
    /// When new titles come, as far as listings have shown it.
    pub arrivals: Option<Arrivals>,
    /// The facts about probes: how the panel can be asked whether the list has changed.
    pub probe: ProbeFacts,
}

/// A defect that several listings in a row had alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The number that stands for the defect.
    pub digest: u64,
    /// The number of complete listings in a row that had it.
    pub listings: u32,
}

/// One fact, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactRow {
    /// The kind; `None` for the panel as a whole.
    pub kind: Option<ContentKind>,
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The pause after the first refused login, in seconds. It doubles after each further one.
const REFUSAL_PAUSE: i64 = 3600;

/// The longest pause, in seconds.
const REFUSAL_PAUSE_MAX: i64 = 86_400;

/// The seconds after which a panel that has accepted the profile before may be asked as another client again.
const OTHER_CLIENT_PAUSE: i64 = 86_400;

/// The seconds for which an address that worked is tried first.
const ADDRESS_LASTS: i64 = 86_400;

impl PanelFacts {
    /// Returns the time from which on an unattended run may ask again after refused logins, in unix seconds, or `None`
    /// if none was refused. Panels ban addresses that keep asking. A run that a person starts may always ask.
    pub fn unattended_not_before(&self) -> Option<i64> {
        let doublings = self.refusals.checked_sub(1)?.min(16);
        let pause = (REFUSAL_PAUSE << doublings).min(REFUSAL_PAUSE_MAX);
        Some(self.refused_at?.saturating_add(pause))
    }

    /// Returns whether the panel may be asked as another client if it refuses the usual one. For a profile that was
    /// accepted before, this is allowed once a day.
    pub fn may_try_other_client(&self, now: i64) -> bool {
        !self.other_client_at.is_some_and(|at| (0..OTHER_CLIENT_PAUSE).contains(&now.saturating_sub(at)))
    }

    /// Returns the addresses of a profile in the order in which they are tried: first the one that worked within the
    /// last day, if the profile still has it.
    pub fn addresses_to_try<'a>(&self, addresses: &[&'a str], now: i64) -> Vec<&'a str> {
        let first = self.address_in_use(now);
        let mut ordered = addresses.to_vec();
        // The sort is stable: the others stay in their order.
        ordered.sort_by_key(|address| first.is_none_or(|first| first.address != *address));
        ordered
    }

    /// Returns the further address of a profile that is tried first now, if there is one.
    pub fn address_in_use(&self, now: i64) -> Option<&WorkingAddress> {
        self.working_address.as_ref().filter(|known| (0..ADDRESS_LASTS).contains(&now.saturating_sub(known.at)))
    }

    /// Remembers which further address worked; `None` is the first one, which needs no fact.
    ///
    /// While an address is remembered, its use doesn't make the time longer. So the first address is tried once a day.
    pub(crate) fn remember_address(&mut self, worked: Option<String>, now: i64) {
        let lasts = self.address_in_use(now).is_some_and(|known| Some(&known.address) == worked.as_ref());
        if !lasts {
            self.working_address = worked.map(|address| WorkingAddress { address, at: now });
        }
    }

    /// Returns the facts as rows, sorted. An unknown fact has no row.
    pub fn rows(&self) -> Vec<FactRow> {
        let mut rows = Vec::new();
        let mut row = |kind, name: &str, value: Option<String>| {
            rows.extend(value.map(|value| FactRow { kind, name: name.to_owned(), value }));
        };
        row(None, "user_agent", self.user_agent.clone());
        row(None, "account_end", self.account_end.clone());
        row(None, "uncompressed", some(self.uncompressed));
        row(None, "other_client_at", self.other_client_at.map(|at| at.to_string()));
        row(None, "refusals", some(self.refusals));
        row(None, "refused_at", self.refused_at.map(|at| at.to_string()));
        row(None, "validators_lied_at", self.validators_lied_at.map(|at| at.to_string()));
        row(None, "working_address", self.working_address.as_ref().map(WorkingAddress::text));
        row(None, "time_zone", self.zone.map(|zone| zone.to_string()));
        for (kind, facts) in self.kinds.iter() {
            let kind = Some(kind);
            row(kind, "sound_listings", some(facts.sound_listings));
            row(kind, "unreadable", facts.unreadable.map(Sighting::text));
            row(kind, "trailing", facts.trailing.map(Sighting::text));
            row(kind, "not_offered", some(facts.not_offered));
            row(kind, "not_offered_at", facts.not_offered_at.map(|at| at.to_string()));
            row(kind, "filter_ignored_at", facts.filter_ignored_at.map(|at| at.to_string()));
            row(kind, "overloads", some(facts.overloads));
            row(kind, "whole_asked_at", facts.whole_asked_at.map(|at| at.to_string()));
            row(kind, "listing_wire_bytes", facts.listing_wire_bytes.map(|bytes| bytes.to_string()));
            row(kind, "arrivals", facts.arrivals.as_ref().map(Arrivals::text));
        }
        for (kind, facts) in self.kinds.iter() {
            rows.extend(facts.fields.rows(kind));
            let probe = facts.probe.rows().into_iter();
            rows.extend(probe.map(|(name, value)| FactRow { kind: Some(kind), name, value }));
        }
        rows.sort();
        rows
    }

    /// Returns the facts of these rows, which may be in any order.
    pub fn from_rows(rows: impl IntoIterator<Item = FactRow>) -> Self {
        let mut facts = Self::default();
        for FactRow { kind, name, value } in rows {
            match kind {
                Some(kind) => facts.kinds[kind].set(kind, &name, &value),
                None => match name.as_str() {
                    "user_agent" => facts.user_agent = Some(value),
                    "account_end" => facts.account_end = Some(value),
                    "uncompressed" => facts.uncompressed = value == "1",
                    "other_client_at" => facts.other_client_at = value.parse().ok(),
                    "refusals" => facts.refusals = value.parse().unwrap_or_default(),
                    "refused_at" => facts.refused_at = value.parse().ok(),
                    "validators_lied_at" => facts.validators_lied_at = value.parse().ok(),
                    "working_address" => facts.working_address = WorkingAddress::read(&value),
                    "time_zone" => facts.zone = value.parse().ok(),
                    _ => {}
                },
            }
        }
        facts
    }
}

/// The number of complete listings in a row after which a common defect is known.
const KNOWN_AFTER: u32 = 3;

impl KindFacts {
    /// Returns the sighting after a complete listing, and whether the defect is known now. `seen` is whether the
    /// listing had a defect at all, and `digest` stands for it.
    pub(crate) fn sighted(known: Option<Sighting>, seen: bool, digest: Option<u64>) -> (Option<Sighting>, bool) {
        let Some(digest) = digest.filter(|_| seen) else { return (None, false) };
        let before = known.filter(|known| known.digest == digest).map_or(0, |known| known.listings);
        let listings = before.saturating_add(1).min(KNOWN_AFTER);
        (Some(Sighting { digest, listings }), listings == KNOWN_AFTER)
    }

    fn set(&mut self, kind: ContentKind, name: &str, value: &str) {
        match name {
            "sound_listings" => self.sound_listings = value.parse().unwrap_or_default(),
            "unreadable" => self.unreadable = Sighting::read(value),
            "trailing" => self.trailing = Sighting::read(value),
            "not_offered" => self.not_offered = value.parse().unwrap_or_default(),
            "not_offered_at" => self.not_offered_at = value.parse().ok(),
            "filter_ignored_at" => self.filter_ignored_at = value.parse().ok(),
            "overloads" => self.overloads = value.parse().unwrap_or_default(),
            "whole_asked_at" => self.whole_asked_at = value.parse().ok(),
            "listing_wire_bytes" => self.listing_wire_bytes = value.parse().ok(),
            "arrivals" => self.arrivals = Arrivals::read(value),
            // An older version recorded this fact before facts were kept per field.
            "rotations" => self.fields.images_rotate(kind, value.parse().unwrap_or_default()),
            _ if self.probe.set(name, value) => {}
            _ => self.fields.set(kind, name, value),
        }
    }
}

impl WorkingAddress {
    fn text(&self) -> String {
        format!("{} {}", self.at, self.address)
    }

    fn read(text: &str) -> Option<Self> {
        let (at, address) = text.split_once(' ')?;
        Some(Self { address: address.to_owned(), at: at.parse().ok()? })
    }
}

impl Sighting {
    fn text(self) -> String {
        format!("{:016x} {}", self.digest, self.listings)
    }

    fn read(text: &str) -> Option<Self> {
        let (digest, listings) = text.split_once(' ')?;
        Some(Self { digest: u64::from_str_radix(digest, 16).ok()?, listings: listings.parse().ok()? })
    }
}

/// Returns a number as text, or `None` for zero.
fn some(number: impl Into<u64>) -> Option<String> {
    let number = number.into();
    (number > 0).then(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::volatile::Standing;

    #[test]
    fn facts_survive_as_rows() {
        assert_eq!(PanelFacts::default().rows(), []);
        let sighting = |digest| Some(Sighting { digest, listings: 2 });
        let series =
            KindFacts {
                sound_listings: u64::MAX,
                unreadable: sighting(u64::MAX),
                trailing: sighting(7),
                not_offered: 1,
                not_offered_at: Some(-5),
                filter_ignored_at: Some(5),
                overloads: 3,
                whole_asked_at: Some(1_700_000_000),
                listing_wire_bytes: Some(u64::MAX),
                arrivals: Some(Arrivals::default()),
                fields: FieldFacts::default()
                    .with(ContentKind::Series, "cover", Standing::Volatile { looked_at: 7 })
                    .with(ContentKind::Series, "backdrop_path", Standing::Compared { met: 1 }),
                probe: ProbeFacts::default(),
            };
        let facts = PanelFacts {
            kinds: PerKind::new(KindFacts::default(), KindFacts::default(), series),
            user_agent: Some("Player/1 (x)".to_owned()),
            account_end: Some("in spring".to_owned()),
            uncompressed: true,
            other_client_at: Some(7),
            refusals: 4,
            refused_at: Some(9),
            validators_lied_at: Some(8),
            working_address: Some(WorkingAddress { address: "http://b.example:8080/tv".to_owned(), at: -3 }),
            zone: Some(PanelZone::ahead(-3600)),
        };
        assert_eq!(facts.rows().len(), 21);
        assert_eq!(PanelFacts::from_rows(facts.rows().into_iter().rev()), facts);
    }

    #[test]
    fn a_defect_is_known_after_three_listings_in_a_row() {
        let mut sighting = None;
        let mut told = Vec::new();
        for digest in [5, 5, 6, 6, 6, 6] {
            let (seen, known) = KindFacts::sighted(sighting, true, Some(digest));
            sighting = seen;
            told.push(known);
        }
        assert_eq!(told, [false, false, false, false, true, true]);
        assert_eq!(sighting, Some(Sighting { digest: 6, listings: 3 }), "no more is counted, so nothing is rewritten");
        assert_eq!(KindFacts::sighted(sighting, false, None), (None, false), "gone is forgotten");
        assert_eq!(KindFacts::sighted(sighting, true, None), (None, false), "a source that can't tell");
    }

    #[test]
    fn unattended_runs_wait_longer_after_each_refusal() {
        let after = |refusals| PanelFacts { refusals, refused_at: Some(1000), ..PanelFacts::default() };
        let pause = |refusals| after(refusals).unattended_not_before().map(|at| at - 1000);
        assert_eq!([0, 1, 2, 3].map(pause), [None, Some(3600), Some(7200), Some(14_400)]);
        assert_eq!([6, 7, 1000].map(pause), [Some(86_400); 3]);
        assert_eq!(PanelFacts { refused_at: None, ..after(3) }.unattended_not_before(), None);
    }

    #[test]
    fn field_04_another_client_is_tried_once_a_day() {
        let facts = PanelFacts { other_client_at: Some(1000), ..PanelFacts::default() };
        let may = |now| facts.may_try_other_client(now);
        assert_eq!([1000, 87_399, 87_400, 999].map(may), [false, false, true, true]);
        assert!(PanelFacts::default().may_try_other_client(0));
    }

    #[test]
    fn an_address_that_worked_is_tried_first_for_a_day() {
        let addresses = ["http://a.example", "http://b.example", "http://c.example"];
        let [a, b, c] = addresses;
        let day = 86_400;
        for (worked, now, order) in [
            (Some(b), 1000, [b, a, c]),
            (Some(c), 1000 + day - 1, [c, a, b]),
            (Some(c), 1000 + day, addresses),
            (Some(c), 999, addresses),
            (Some(a), 1000, addresses),
            (Some("http://gone.example"), 1000, addresses),
            (None, 1000, addresses),
        ] {
            let working_address = worked.map(|address| WorkingAddress { address: address.to_owned(), at: 1000 });
            let facts = PanelFacts { working_address, ..PanelFacts::default() };
            assert_eq!(facts.addresses_to_try(&addresses, now), order, "{worked:?} {now}");
            assert_eq!(facts.addresses_to_try(&[], now), [""; 0]);
        }
    }

    #[test]
    fn an_address_is_remembered_for_a_day_even_if_it_is_used() {
        let mut facts = PanelFacts::default();
        let (b, c) = (|| Some("http://b.example".to_owned()), || Some("http://c.example".to_owned()));
        for (worked, now, known) in [
            (None, 0, None),
            (b(), 10, Some(("http://b.example", 10))),
            (b(), 86_409, Some(("http://b.example", 10))),
            (b(), 86_410, Some(("http://b.example", 86_410))),
            (c(), 86_411, Some(("http://c.example", 86_411))),
            // A clock that was set back.
            (c(), 5, Some(("http://c.example", 5))),
            (None, 6, None),
        ] {
            facts.remember_address(worked, now);
            let found = facts.working_address.as_ref().map(|known| (known.address.as_str(), known.at));
            assert_eq!(found, known, "{now}");
        }
    }

    #[test]
    fn unknown_rows_are_ignored() {
        let row = |kind, name: &str, value: &str| FactRow { kind, name: name.to_owned(), value: value.to_owned() };
        let movies = Some(ContentKind::Movies);
        let rows = [
            row(None, "from_the_future", "1"),
            row(movies, "unreadable", "xyz"),
            row(movies, "overloads", "-1"),
            row(None, "working_address", "http://b.example"),
            row(None, "working_address", "today http://b.example"),
            row(movies, "whole_asked_at", "soon"),
            row(movies, "rotations", "2"),
            row(movies, "field.name", "volatile 1"),
            row(movies, "field.from_the_future", "volatile 1"),
            row(movies, "field.added", "restless 1"),
            row(movies, "field.rating", "volatile 1"),
        ];
        let facts = PanelFacts::from_rows(rows);
        let understood = [row(movies, "field.rating", "volatile 1"), row(movies, "field.stream_icon", "volatile 0")];
        assert_eq!(facts.rows(), understood);
    }
}
