//! The rules of a profile: filters and rewrite rules of each kind, and what a user does to them.

use super::filter::{Filter, FilterAction, FilterRule, NewCategories, RULES_MAX};
use super::pattern::InvalidPattern;
use super::rewrite::RewriteRule;
use crate::model::{Category, ContentKind, PerKind};

/// The filters and rewrite rules of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OverlayRules {
    /// The filter of each kind.
    pub filters: PerKind<Filter>,
    /// The rewrite rules of each kind, in their order.
    pub rewrites: PerKind<Vec<RewriteRule>>,
}

/// A change that a user makes to the rules of a kind. Positions begin at 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleChange {
    /// A filter rule is inserted before the one at a position, or after the last one.
    AddFilter(FilterRule, Option<usize>),
    /// The filter rule at a position is removed.
    RemoveFilter(usize),
    /// The action for items that no rule matches is set.
    Otherwise(FilterAction),
    /// The rule for such items in new categories is set.
    NewCategories(NewCategories),
    /// A rewrite rule is inserted before the one at a position, or after the last one.
    AddRewrite(RewriteRule, Option<usize>),
    /// The rewrite rule at a position is removed.
    RemoveRewrite(usize),
    /// The filter and the rewrite rules are replaced.
    Replace(Filter, Vec<RewriteRule>),
}

/// A change of rules that can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRule {
    /// The pattern can't be used.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    /// There is no rule at this position.
    #[error("there is no rule {0}")]
    NoRule(usize),
    /// The kind has as many rules as it may have.
    #[error("a kind has at most {RULES_MAX} rules")]
    TooMany,
}

impl OverlayRules {
    /// Carries out a change of the rules of a kind that has these categories.
    ///
    /// # Errors
    ///
    /// [`InvalidRule`] says what is wrong; then nothing has changed.
    pub fn change(
        &mut self,
        kind: ContentKind,
        change: RuleChange,
        categories: &[Category],
    ) -> Result<(), InvalidRule> {
        let (filter, rewrites) = (&mut self.filters[kind], &mut self.rewrites[kind]);
        match change {
            RuleChange::AddFilter(rule, before) => insert(&mut filter.rules, rule.checked()?, before)?,
            RuleChange::RemoveFilter(position) => remove(&mut filter.rules, position)?,
            RuleChange::Otherwise(action) => filter.otherwise = action,
            RuleChange::NewCategories(new) => filter.new_categories = new,
            RuleChange::AddRewrite(rule, before) => insert(rewrites, rule.checked()?, before)?,
            RuleChange::RemoveRewrite(position) => remove(rewrites, position)?,
            RuleChange::Replace(new, new_rewrites) => {
                if new.rules.len().max(new_rewrites.len()) > RULES_MAX {
                    return Err(InvalidRule::TooMany);
                }
                for rule in &new.rules {
                    rule.clone().checked()?;
                }
                for rule in &new_rewrites {
                    rule.clone().checked()?;
                }
                (*filter, *rewrites) = (new, new_rewrites);
            }
        }
        // Categories are new from the first rule on. A filter without rules knows none.
        if filter.rules.is_empty() {
            filter.known_categories = None;
            filter.told_categories.clear();
        } else {
            filter.meet(categories);
        }
        Ok(())
    }

    /// Returns whether a kind has neither rules nor defaults of its own.
    pub fn is_empty(&self, kind: ContentKind) -> bool {
        self.filters[kind] == Filter::default() && self.rewrites[kind].is_empty()
    }
}

fn insert<T>(rules: &mut Vec<T>, rule: T, before: Option<usize>) -> Result<(), InvalidRule> {
    if rules.len() >= RULES_MAX {
        return Err(InvalidRule::TooMany);
    }
    let at = match before {
        None => rules.len(),
        Some(position) if (1..=rules.len() + 1).contains(&position) => position - 1,
        Some(position) => return Err(InvalidRule::NoRule(position)),
    };
    rules.insert(at, rule);
    Ok(())
}

fn remove<T>(rules: &mut Vec<T>, position: usize) -> Result<(), InvalidRule> {
    if !(1..=rules.len()).contains(&position) {
        return Err(InvalidRule::NoRule(position));
    }
    rules.remove(position - 1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CategoryId;
    use crate::overlay::{FilterBy, MatchBy};

    #[test]
    fn rules_are_added_removed_and_bounded() {
        let kind = ContentKind::Movies;
        let listed = [Category { id: CategoryId("1".to_owned()), name: "One".to_owned(), parent_id: None }];
        let rule = |pattern: &str| FilterRule {
            action: FilterAction::Exclude,
            by: FilterBy::Name,
            matches: MatchBy::Glob,
            pattern: pattern.to_owned(),
        };
        let mut rules = OverlayRules::default();
        assert!(rules.is_empty(kind));
        rules.change(kind, RuleChange::AddFilter(rule("a"), None), &listed).unwrap();
        rules.change(kind, RuleChange::AddFilter(rule("b"), Some(1)), &[]).unwrap();
        let patterns =
            |rules: &OverlayRules| rules.filters[kind].rules.iter().map(|it| it.pattern.clone()).collect::<String>();
        assert_eq!(patterns(&rules), "ba");
        assert!(!rules.filters[kind].is_new("1") && rules.filters[kind].is_new("2"));
        let wrong = |rules: &mut OverlayRules, change| rules.change(kind, change, &listed).unwrap_err();
        assert_eq!(wrong(&mut rules, RuleChange::RemoveFilter(3)), InvalidRule::NoRule(3));
        assert_eq!(wrong(&mut rules, RuleChange::RemoveFilter(0)), InvalidRule::NoRule(0));
        assert_eq!(wrong(&mut rules, RuleChange::AddFilter(rule("c"), Some(4))), InvalidRule::NoRule(4));
        assert!(matches!(wrong(&mut rules, RuleChange::AddFilter(rule(""), None)), InvalidRule::Pattern(_)));
        rules.change(kind, RuleChange::RemoveFilter(1), &listed).unwrap();
        rules.change(kind, RuleChange::RemoveFilter(1), &listed).unwrap();
        assert!(rules.is_empty(kind) && !rules.filters[kind].is_new("2"));
        for _ in 0..RULES_MAX {
            rules.change(kind, RuleChange::AddFilter(rule("x"), None), &listed).unwrap();
        }
        assert_eq!(wrong(&mut rules, RuleChange::AddFilter(rule("x"), None)), InvalidRule::TooMany);
        let rewrite = RewriteRule { pattern: "^FR".to_owned(), replacement: String::new() };
        rules.change(kind, RuleChange::AddRewrite(rewrite.clone(), None), &listed).unwrap();
        assert_eq!(rules.rewrites[kind], [rewrite]);
    }
}
