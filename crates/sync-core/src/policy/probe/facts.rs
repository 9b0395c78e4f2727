//! The facts about probes of a kind, and their rows.

use std::collections::BTreeMap;

use super::ProbeWay;
use super::base::Base;
use super::ledger::WayFacts;

const BASE: &str = "probe.base";
const LISTS: &str = "probe.lists";
const AT_HEAD: &str = "probe.at_head";
const CATEGORY: &str = "probe.category.";

/// The greatest number of categories that are kept.
const CATEGORIES: usize = 24;

/// The facts about probes of a kind at a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeFacts {
    /// The last whole list.
    pub base: Option<Base>,
    /// The ways, in the order of [`ProbeWay::ALL`].
    pub(super) ways: [WayFacts; 3],
    /// The number of lists in a row that had all their new items at the head.
    pub(super) at_head: u32,
    /// The number of lists with additions whose categories are known, at most 32.
    pub(super) lists: u32,
    /// For each category, a bit for each of these lists, the newest in the lowest bit: whether the list had additions
    /// in it.
    pub(super) categories: BTreeMap<String, u32>,
}

impl ProbeFacts {
    /// Returns the facts about a way.
    pub fn way(&self, way: ProbeWay) -> &WayFacts {
        &self.ways[way as usize]
    }

    pub(super) fn way_mut(&mut self, way: ProbeWay) -> &mut WayFacts {
        &mut self.ways[way as usize]
    }

    /// Records the categories of the additions of a list.
    pub(super) fn note_categories<'a>(&mut self, categories: impl IntoIterator<Item = &'a String>) {
        self.lists = (self.lists + 1).min(32);
        for lists in self.categories.values_mut() {
            *lists <<= 1;
        }
        for category in categories {
            *self.categories.entry(category.clone()).or_default() |= 1;
        }
        self.categories.retain(|_, lists| *lists > 0);
        while self.categories.len() > CATEGORIES {
            let least = self.categories.iter().min_by_key(|(_, lists)| (lists.count_ones(), lists.leading_zeros()));
            let Some(least) = least.map(|(category, _)| category.clone()) else { break };
            self.categories.remove(&least);
        }
    }

    /// Returns the rows, each a name and a value.
    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        let mut row = |name: &str, value: Option<String>| rows.extend(value.map(|value| (name.to_owned(), value)));
        row(BASE, self.base.as_ref().map(Base::text));
        for way in ProbeWay::ALL {
            row(&name(way), self.way(way).text());
        }
        row(AT_HEAD, (self.at_head > 0).then(|| self.at_head.to_string()));
        row(LISTS, (self.lists > 0).then(|| self.lists.to_string()));
        for (category, lists) in &self.categories {
            row(&format!("{CATEGORY}{category}"), Some(format!("{lists:x}")));
        }
        rows
    }

    /// Sets the value of a row. Returns whether the row is one of these facts. A value that can't be read counts as
    /// unknown.
    pub(crate) fn set(&mut self, fact: &str, value: &str) -> bool {
        if let Some(way) = ProbeWay::ALL.into_iter().find(|way| name(*way) == fact) {
            *self.way_mut(way) = WayFacts::read(value).unwrap_or_default();
        } else if let Some(category) = fact.strip_prefix(CATEGORY) {
            let lists = u32::from_str_radix(value, 16).unwrap_or_default();
            if lists > 0 {
                self.categories.insert(category.to_owned(), lists);
            }
        } else {
            match fact {
                BASE => self.base = Base::read(value),
                AT_HEAD => self.at_head = value.parse().unwrap_or_default(),
                LISTS => self.lists = value.parse::<u32>().unwrap_or_default().min(32),
                _ => return false,
            }
        }
        true
    }
}

fn name(way: ProbeWay) -> String {
    format!("probe.{way}")
}
