//! Counts what filters and rewrite rules match, and tries rules before they are saved.

use sync_core::catalogue::{PageRequest, View};
use sync_core::overlay::{
    CompiledRewrites, Filter, FilterBy, FilterRule, InvalidPattern, InvalidRule, OverlayRules, RewriteRule, RuleChange,
};
use sync_core::{Category, CategorySet, ContentId, ContentKind, OverlayError, ProfileId, StoreError};

use crate::service::Service;

/// The number of items that a trial names.
const EXAMPLES: usize = 10;

/// A filter rule, and how much it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CountedFilter {
    /// The position, from 1.
    pub position: usize,
    /// The rule.
    pub rule: FilterRule,
    /// The number of items that the rule matches by itself, regardless of the rules before it.
    pub matches: u64,
}

/// A rewrite rule, and how much it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CountedRewrite {
    /// The position, from 1.
    pub position: usize,
    /// The rule.
    pub rule: RewriteRule,
    /// The number of items whose panel names the rule changes by itself.
    pub matches: u64,
}

/// The number of items that the filter of a kind leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The number of items that the filter leaves out.
    pub left_out: u64,
    /// The number of all items of the kind.
    pub items: u64,
}

/// The effect that a filter rule would have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterTrial {
    /// The number of items that are shown now.
    pub shown: u64,
    /// The number of items that are left out now: by the filter, or because the user has hidden them.
    pub hidden: u64,
    /// The number of items that are left out now, and would be shown.
    pub would_show: u64,
    /// The number of items that are shown now, and would be left out.
    pub would_hide: u64,
    /// Some of the items that would be shown or left out.
    pub examples: Vec<TrialItem>,
}

/// An item that a filter rule would show or leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrialItem {
    /// The panel's id.
    pub id: ContentId,
    /// The panel's name.
    pub name: String,
    /// Whether the item would be shown. Otherwise it would be left out.
    pub would_show: bool,
}

/// A name that rewrite rules change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewritten {
    /// The panel's id.
    pub id: ContentId,
    /// The name without the rules, or without the rule that is tried.
    pub before: String,
    /// The name with all rules.
    pub after: String,
}

/// A filter rule by categories that matches no category.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdleRule {
    /// The position, from 1.
    pub position: usize,
    /// The rule.
    pub rule: FilterRule,
}

/// Returns the rules of a filter that go by names or ids of categories and match none of these categories.
///
/// # Errors
///
/// [`InvalidPattern`] if a rule was not checked.
pub fn idle_rules(filter: &Filter, categories: &[Category]) -> Result<Vec<IdleRule>, InvalidPattern> {
    let compiled = filter.compile(categories)?;
    let sets: Vec<CategorySet> =
        categories.iter().map(|category| std::iter::once(category.id.0.as_str()).collect()).collect();
    let is_idle = |(at, rule): &(usize, &FilterRule)| {
        rule.by == FilterBy::Category && !sets.iter().any(|set| compiled.matches(*at, "", set))
    };
    let idle = filter.rules.iter().enumerate().filter(is_idle);
    Ok(idle.map(|(at, rule)| IdleRule { position: at + 1, rule: rule.clone() }).collect())
}

impl Service {
    /// Returns the filter rules of a kind, each with the number of items that it matches.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Store`] if the cache can't be read.
    pub async fn filter_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<CountedFilter>, OverlayError> {
        let filter = self.cache().rules(profile).await?.filters[kind].clone();
        if filter.rules.is_empty() {
            return Ok(Vec::new());
        }
        let compiled = filter.compile(&self.cache().categories(profile, kind).await?).map_err(InvalidRule::from)?;
        let mut counts = vec![0; filter.rules.len()];
        for item in self.cache().named_items(profile, kind).await? {
            for (at, count) in counts.iter_mut().enumerate() {
                *count += u64::from(compiled.matches(at, &item.name, &item.categories));
            }
        }
        let rules = filter.rules.into_iter().zip(counts).zip(1..);
        Ok(rules.map(|((rule, matches), position)| CountedFilter { position, rule, matches }).collect())
    }

    /// Returns how many items of a kind the filter leaves out.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Store`] if the cache can't be read.
    pub async fn left_out(&self, profile: &ProfileId, kind: ContentKind) -> Result<LeftOut, OverlayError> {
        let filter = self.cache().rules(profile).await?.filters[kind].clone();
        let categories = self.cache().categories(profile, kind).await?;
        let mut compiled = filter.compile(&categories).map_err(InvalidRule::from)?;
        let mut counts = LeftOut::default();
        for item in self.cache().named_items(profile, kind).await? {
            counts.items += 1;
            counts.left_out += u64::from(compiled.excludes(&item.name, &item.categories));
        }
        Ok(counts)
    }

    /// Returns whether a kind has items and its filter leaves out all of them. If it leaves in an item, only one page
    /// is read.
    ///
    /// # Errors
    ///
    /// The cache can't be read.
    pub async fn leaves_out_all(&self, profile: &ProfileId, kind: ContentKind) -> Result<bool, StoreError> {
        let has_item = async |excluded| {
            let view = View { hidden: true, excluded, ..View::SHOWN };
            let page = self.cache().page(profile, kind, PageRequest::first(1).seen(view)).await;
            page.map(|page| !page.items.is_empty())
        };
        Ok(!has_item(false).await? && has_item(true).await?)
    }

    /// Returns what a filter rule would do, and saves nothing. The rule is inserted before the one at the position
    /// `before`, or after the last one.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Rule`] if the rule can't be used.
    pub async fn try_filter(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        rule: FilterRule,
        before: Option<usize>,
    ) -> Result<FilterTrial, OverlayError> {
        let (rules, categories) = (self.cache().rules(profile).await?, self.cache().categories(profile, kind).await?);
        let mut tried = rules.clone();
        tried.change(kind, RuleChange::AddFilter(rule, before), &categories)?;
        let compile = |rules: &OverlayRules| rules.filters[kind].compile(&categories).map_err(InvalidRule::from);
        let (mut now, mut then) = (compile(&rules)?, compile(&tried)?);
        let mut trial = FilterTrial::default();
        for item in self.cache().named_items(profile, kind).await? {
            let is_shown = !item.hidden && !now.excludes(&item.name, &item.categories);
            let would_show = !item.hidden && !then.excludes(&item.name, &item.categories);
            *(if is_shown { &mut trial.shown } else { &mut trial.hidden }) += 1;
            if is_shown == would_show {
                continue;
            }
            *(if would_show { &mut trial.would_show } else { &mut trial.would_hide }) += 1;
            if trial.examples.len() < EXAMPLES {
                trial.examples.push(TrialItem { id: item.id, name: item.name, would_show });
            }
        }
        Ok(trial)
    }

    /// Returns the rewrite rules of a kind, each with the number of names that it changes.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Store`] if the cache can't be read.
    pub async fn rewrite_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<CountedRewrite>, OverlayError> {
        let rules = self.cache().rules(profile).await?.rewrites[kind].clone();
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let alone = rules.iter().map(|rule| compile(std::slice::from_ref(rule))).collect::<Result<Vec<_>, _>>()?;
        let mut counts = vec![0; rules.len()];
        for item in self.cache().named_items(profile, kind).await? {
            for (rule, count) in alone.iter().zip(&mut counts) {
                *count += u64::from(rule.rewritten(&item.name).is_some());
            }
        }
        let rules = rules.into_iter().zip(counts).zip(1..);
        Ok(rules.map(|((rule, matches), position)| CountedRewrite { position, rule, matches }).collect())
    }

    /// Returns the names that the rewrite rules of a kind change, by ascending id. With a rule, it returns the names
    /// for which this rule makes a difference if it is inserted before the one at a position, or after the last one.
    /// Nothing is saved.
    ///
    /// # Errors
    ///
    /// [`OverlayError::Rule`] if the rule can't be used.
    pub async fn try_rewrite(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        rule: Option<(RewriteRule, Option<usize>)>,
    ) -> Result<Vec<Rewritten>, OverlayError> {
        let saved = self.cache().rules(profile).await?;
        let mut tried = saved.clone();
        let mut before = CompiledRewrites::default();
        if let Some((rule, at)) = rule {
            before = compile(&saved.rewrites[kind])?;
            tried.change(kind, RuleChange::AddRewrite(rule, at), &[])?;
        }
        let after = compile(&tried.rewrites[kind])?;
        let mut rewritten = Vec::new();
        for item in self.cache().named_items(profile, kind).await? {
            let of = |rules: &CompiledRewrites| rules.rewritten(&item.name).unwrap_or_else(|| item.name.clone());
            let (before, after) = (of(&before), of(&after));
            if before != after {
                rewritten.push(Rewritten { id: item.id, before, after });
            }
        }
        Ok(rewritten)
    }
}

fn compile(rules: &[RewriteRule]) -> Result<CompiledRewrites, InvalidRule> {
    Ok(CompiledRewrites::new(rules)?)
}
