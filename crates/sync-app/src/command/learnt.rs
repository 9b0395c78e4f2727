//! The facts about a panel, in words.

use sync_core::policy::probe::{ProbeWay, Standing};
use sync_core::text::one_line;
use sync_core::{ContentKind, KindFacts, PanelFacts};

use super::terminal::date;

/// Returns the facts that have an effect on the next run, one sentence per fact.
pub(crate) fn sentences(facts: &PanelFacts, now: i64) -> Vec<String> {
    let mut told = Vec::new();
    if facts.refusals > 0 {
        let last = facts.refused_at.map_or_else(String::new, |at| format!(", the last time on {}", date(at)));
        told.push(format!("the login was refused {} in a row{last}", times(facts.refusals)));
    }
    if let Some(user_agent) = &facts.user_agent {
        let compression = if facts.uncompressed { ", without compression" } else { "" };
        told.push(format!(
            "the panel accepts the user agent `{}`{compression}, and not the usual one",
            one_line(user_agent)
        ));
    }
    if let Some(known) = &facts.working_address {
        told.push(format!(
            "the panel answers at {}, since {}, and not at the addresses before it; the first one is tried again after a day",
            one_line(&known.address),
            date(known.at)
        ));
    }
    if let Some(at) = facts.validators_lied_at {
        told.push(format!(
            "the whole list is fetched each time: the panel called a changed one unchanged on {}",
            date(at)
        ));
    }
    for (kind, facts) in facts.kinds.iter() {
        told.extend(of_kind(kind, facts, now).into_iter().map(|sentence| format!("{kind}: {sentence}")));
    }
    told
}

fn of_kind(kind: ContentKind, facts: &KindFacts, now: i64) -> Vec<String> {
    let mut told = Vec::new();
    if facts.not_offered > 0 {
        let last = facts.not_offered_at.map_or_else(String::new, |at| format!(", as it said on {}", date(at)));
        told.push(format!("not offered by the panel{last}"));
    }
    match facts.overloads {
        0 => {}
        _ if facts.filter_ignored_at.is_some() => {}
        1 => told.push("the whole list was too much for the panel in the last run".to_owned()),
        _ => {
            let asked = facts.whole_asked_at.map_or_else(String::new, |at| format!("; last tried on {}", date(at)));
            told.push(format!("fetched by category: the whole list is too much for the panel{asked}"));
        }
    }
    if facts.filter_ignored_at.is_some() {
        told.push(
            "not fetched by category: the panel ignores which category it is asked for; tried again after a day"
                .to_owned(),
        );
    }
    told.extend(probes(facts, now));
    told.extend(volatile(kind, facts));
    for (sighting, what) in
        [(facts.unreadable, "elements that can't be read"), (facts.trailing, "something after the end of the list")]
    {
        if let Some(sighting) = sighting {
            told.push(format!("{what}, the same in {} in a row", counted(sighting.listings, "list")));
        }
    }
    told
}

/// Returns sentences about the probes that the service asks in place of lists.
fn probes(facts: &KindFacts, now: i64) -> Vec<String> {
    let mut told = Vec::new();
    let mut asks = false;
    for way in ProbeWay::ALL {
        let what = match way {
            ProbeWay::Growth => "what follows its last item",
            ProbeWay::Head => "the head of its list, which has the newest first",
            ProbeWay::Canary => "the categories that new items come to",
        };
        match facts.probe.way(way).standing(now) {
            // Only the first way that has proved itself is asked.
            Standing::Proved if asks => {}
            Standing::Proved => {
                asks = true;
                told.push(format!("`watch` may ask the panel for {what}, and for the whole list once a day"));
            }
            Standing::Dropped(at) => told.push(format!("the panel is not asked for {what}, since {}", date(at))),
            Standing::Unknown => {}
        }
    }
    told
}

/// Returns sentences about the fields that are not compared.
fn volatile(kind: ContentKind, facts: &KindFacts) -> Vec<String> {
    let (columns, keys) = facts.fields.volatile(kind);
    let (images, columns): (Vec<_>, Vec<_>) =
        columns.into_iter().partition(|name| matches!(*name, "stream_icon" | "cover"));
    let mut told = Vec::new();
    if !images.is_empty() {
        told.push("host and query of images are not compared: the panel changes them by itself".to_owned());
    }
    let keys = keys.into_iter().map(|key| format!("`extra.{}`", one_line(key)));
    let names: Vec<_> = columns.into_iter().map(|name| format!("`{name}`")).chain(keys).collect();
    if !names.is_empty() {
        told.push(format!(
            "not compared, because the panel changes them by itself in nearly every item: {}; compared again once a week",
            names.join(", ")
        ));
    }
    told
}

fn times(number: u32) -> String {
    if number == 1 { "once".to_owned() } else { counted(number, "time") }
}

fn counted(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{FieldFacts, Sighting, Standing, WorkingAddress};

    #[test]
    fn without_facts_nothing_is_printed() {
        assert_eq!(sentences(&PanelFacts::default(), 9), [""; 0]);
        let mut facts = PanelFacts::default();
        let met = Standing::Compared { met: 1 };
        facts.kinds[ContentKind::Channels].sound_listings = 9;
        facts.kinds[ContentKind::Channels].fields = FieldFacts::default()
            .with(ContentKind::Channels, "stream_icon", met)
            .with(ContentKind::Channels, "added", met)
            .with(ContentKind::Channels, "direct_source", Standing::Trial { rested: 1, met: 1, behind: 5 });
        assert_eq!(sentences(&facts, 86_400), [""; 0], "not yet in use");
    }

    #[test]
    fn facts_in_use_are_printed() {
        let volatile = Standing::Volatile { looked_at: 0 };
        let movies = KindFacts {
            overloads: 2,
            whole_asked_at: Some(0),
            fields: FieldFacts::default()
                .with(ContentKind::Movies, "stream_icon", volatile)
                .with(ContentKind::Movies, "added", Standing::Written { looked_at: 0 })
                .with(ContentKind::Movies, "rating", Standing::Compared { met: 1 })
                .with(ContentKind::Movies, "u\u{1b}rl", volatile),
            ..KindFacts::default()
        };
        let seen = Some(Sighting { digest: 7, listings: 3 });
        let series = KindFacts {
            not_offered: 1,
            not_offered_at: Some(86_400),
            filter_ignored_at: Some(9),
            overloads: 1,
            unreadable: seen,
            trailing: seen,
            ..KindFacts::default()
        };
        let facts = PanelFacts {
            kinds: sync_core::PerKind::new(KindFacts::default(), movies, series),
            user_agent: Some("Player\u{1b}/1".to_owned()),
            account_end: None,
            uncompressed: true,
            other_client_at: Some(0),
            refusals: 3,
            refused_at: Some(86_400),
            validators_lied_at: Some(0),
            working_address: Some(WorkingAddress { address: "http://b.example".to_owned(), at: 0 }),
            zone: None,
        };
        let expected = [
            "the login was refused 3 times in a row, the last time on 1970-01-02 00:00 UTC",
            "the panel accepts the user agent `Player /1`, without compression, and not the usual one",
            "the panel answers at http://b.example, since 1970-01-01 00:00 UTC, and not at the addresses before it; the first one is tried again after a day",
            "the whole list is fetched each time: the panel called a changed one unchanged on 1970-01-01 00:00 UTC",
            "movies: fetched by category: the whole list is too much for the panel; last tried on 1970-01-01 00:00 UTC",
            "movies: host and query of images are not compared: the panel changes them by itself",
            "movies: not compared, because the panel changes them by itself in nearly every item: `added`, `extra.u rl`; compared again once a week",
            "series: not offered by the panel, as it said on 1970-01-02 00:00 UTC",
            "series: not fetched by category: the panel ignores which category it is asked for; tried again after a day",
            "series: elements that can't be read, the same in 3 lists in a row",
            "series: something after the end of the list, the same in 3 lists in a row",
        ];
        assert_eq!(sentences(&facts, 86_400), expected);
    }
}
