//! Filters: which items of a kind are shown. Pure rules over names and categories.
//!
//! The rules of a kind are ordered, and the first one that matches decides. Rules look at what the panel lists. A
//! user's own name or category and rewrite rules have no influence on which rule matches. Filters have no part in a
//! sync: rows stay, and removals are decided without filters.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;

use super::pattern::{InvalidPattern, MatchBy, compile};
use crate::model::{Category, CategorySet};

/// The most rules of a kind.
pub const RULES_MAX: usize = 100;

/// The largest number of sets of categories whose verdicts are kept in memory.
const SETS_MAX: usize = 10_000;

/// The action for the items that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum FilterAction {
    /// The items are shown.
    #[default]
    Include,
    /// The items are left out of lists.
    Exclude,
}

impl FilterAction {
    /// Returns the word for the action, in tables, arguments and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }

    /// Returns the action with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Include, Self::Exclude].into_iter().find(|action| action.as_str() == name)
    }
}

/// The rule for items that no rule matches and whose categories are all new. A category is new if it was first listed
/// after the first rule of the kind was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum NewCategories {
    /// The items are shown.
    #[default]
    Include,
    /// The items are left out of lists.
    Exclude,
    /// The items are shown, and reports name the categories once.
    IncludeAndTell,
}

impl NewCategories {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Include, Self::Exclude, Self::IncludeAndTell];

    /// Returns the word for the value, in tables, arguments and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
            Self::IncludeAndTell => "tell",
        }
    }

    /// Returns the value with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|new| new.as_str() == name)
    }
}

/// The values that a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterBy {
    /// The categories of an item. One matching category is enough.
    Category,
    /// The name of an item.
    Name,
}

impl FilterBy {
    /// Returns the word for the value, in tables, arguments and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Name => "name",
        }
    }

    /// Returns the value with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Category, Self::Name].into_iter().find(|by| by.as_str() == name)
    }
}

/// A rule of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FilterRule {
    /// The action.
    pub action: FilterAction,
    /// The values that the rule looks at.
    pub by: FilterBy,
    /// The way in which the rule compares.
    pub matches: MatchBy,
    /// The text with which the rule compares.
    pub pattern: String,
}

impl FilterRule {
    /// Returns the rule if its pattern can be used.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] says why it can't.
    pub fn checked(self) -> Result<Self, InvalidPattern> {
        if (self.by, self.matches) == (FilterBy::Name, MatchBy::Id) {
            return Err(InvalidPattern::IdOfItem);
        }
        compile(self.matches, &self.pattern)?;
        Ok(self)
    }
}

/// The filter of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Filter {
    /// The rules, in their order.
    pub rules: Vec<FilterRule>,
    /// The action for items that no rule matches.
    pub otherwise: FilterAction,
    /// The rule for such items in new categories.
    pub new_categories: NewCategories,
    /// The ids of the categories that are not new: those that were listed when the first rule was made, or with the
    /// first list after it. `None` if there are no rules, or no categories yet.
    pub known_categories: Option<BTreeSet<String>>,
    /// The ids of the new categories that reports have named. A category that goes and comes back is not named again.
    pub told_categories: BTreeSet<String>,
}

impl Filter {
    /// Returns whether the filter leaves out nothing, whatever is listed.
    pub fn is_empty(&self) -> bool {
        let excludes = self.rules.iter().any(|rule| rule.action == FilterAction::Exclude);
        !excludes && self.otherwise == FilterAction::Include && self.new_categories != NewCategories::Exclude
    }

    /// Returns whether the decision about an item depends on the names of categories, or on which categories are
    /// listed.
    pub fn depends_on_categories(&self) -> bool {
        let by_name = |rule: &FilterRule| rule.by == FilterBy::Category && rule.matches != MatchBy::Id;
        self.rules.iter().any(by_name)
    }

    /// Records the listed categories as those that are not new, if the filter has rules and no such record yet. This
    /// happens when the first rule is made, or with the first list after it. Returns whether it happened.
    pub fn meet(&mut self, listed: &[Category]) -> bool {
        let is_first = !self.rules.is_empty() && self.known_categories.is_none() && !listed.is_empty();
        if is_first {
            self.known_categories = Some(listed.iter().map(|category| category.id.0.clone()).collect());
        }
        is_first
    }

    /// Returns the categories that reports name now, and records that they are named. They are listed, new, were not
    /// listed before (`known`), and were not named before. The result is empty unless new categories are to be
    /// reported.
    pub fn tell(&mut self, known: &[Category], listed: &[Category]) -> Vec<Category> {
        if self.new_categories != NewCategories::IncludeAndTell {
            return Vec::new();
        }
        let known: BTreeSet<_> = known.iter().map(|category| &category.id).collect();
        let mut told = Vec::new();
        for category in listed {
            let is_new = self.is_new(&category.id.0) && !known.contains(&category.id);
            if is_new && self.told_categories.insert(category.id.0.clone()) {
                told.push(category.clone());
            }
        }
        told
    }

    /// Returns whether a category was first listed after the first rule.
    pub fn is_new(&self, category: &str) -> bool {
        self.known_categories.as_ref().is_some_and(|known| !known.contains(category))
    }

    /// Prepares the filter for the items of a panel with these categories.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] if a rule was not checked.
    pub fn compile(&self, categories: &[Category]) -> Result<CompiledFilter, InvalidPattern> {
        let mut rules = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let pattern = compile(rule.matches, &rule.pattern)?;
            let test = match rule.by {
                FilterBy::Name => Test::Name(pattern),
                FilterBy::Category if rule.matches == MatchBy::Id => Test::Categories([rule.pattern.clone()].into()),
                FilterBy::Category => {
                    let found = categories.iter().filter(|category| pattern.is_match(&category.name));
                    Test::Categories(found.map(|category| category.id.0.clone()).collect())
                }
            };
            rules.push((rule.action, test));
        }
        Ok(CompiledFilter { filter: self.clone(), rules, known: HashMap::new() })
    }
}

/// The test of a compiled rule.
#[derive(Debug, Clone)]
enum Test {
    Name(Regex),
    Categories(BTreeSet<String>),
}

/// A filter that is prepared to judge items.
#[derive(Debug, Clone)]
pub struct CompiledFilter {
    filter: Filter,
    rules: Vec<(FilterAction, Test)>,
    /// For each set of categories, the verdict that follows from the categories alone. Most sets belong to many items.
    known: HashMap<CategorySet, SetVerdict>,
}

/// The verdict about an item that follows from its categories alone.
#[derive(Debug, Clone)]
struct SetVerdict {
    /// The rules that can decide, in order: the rules by name, and the first rule by category that matches.
    left: Vec<usize>,
    /// The action if none of these rules decides.
    otherwise: FilterAction,
}

impl CompiledFilter {
    /// Returns whether an item is left out of lists.
    pub fn excludes(&mut self, name: &str, categories: &CategorySet) -> bool {
        if !self.known.contains_key(categories) {
            if self.known.len() >= SETS_MAX {
                self.known.clear();
            }
            let verdict = self.of_set(categories);
            self.known.insert(categories.clone(), verdict);
        }
        let verdict = &self.known[categories];
        let deciding = verdict.left.iter().map(|rule| &self.rules[*rule]).find(|(_, test)| match test {
            Test::Name(pattern) => pattern.is_match(name),
            Test::Categories(_) => true,
        });
        deciding.map_or(verdict.otherwise, |(action, _)| *action) == FilterAction::Exclude
    }

    /// Returns whether a rule matches an item, regardless of the rules before it.
    pub fn matches(&self, rule: usize, name: &str, categories: &CategorySet) -> bool {
        match &self.rules[rule].1 {
            Test::Name(pattern) => pattern.is_match(name),
            Test::Categories(ids) => categories.iter().any(|id| ids.contains(id.as_str())),
        }
    }

    fn of_set(&self, categories: &CategorySet) -> SetVerdict {
        let mut left = Vec::new();
        for (rule, (_, test)) in self.rules.iter().enumerate() {
            match test {
                Test::Name(_) => left.push(rule),
                Test::Categories(ids) if categories.iter().any(|id| ids.contains(id.as_str())) => {
                    left.push(rule);
                    break;
                }
                Test::Categories(_) => {}
            }
        }
        let is_new = !categories.is_empty() && categories.iter().all(|id| self.filter.is_new(id.as_str()));
        let otherwise = match self.filter.new_categories {
            _ if !is_new => self.filter.otherwise,
            NewCategories::Exclude => FilterAction::Exclude,
            _ => FilterAction::Include,
        };
        SetVerdict { left, otherwise }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CategoryId;

    fn category(id: &str, name: &str) -> Category {
        Category { id: CategoryId(id.to_owned()), name: name.to_owned(), parent_id: None }
    }

    fn rule(action: FilterAction, by: FilterBy, matches: MatchBy, pattern: &str) -> FilterRule {
        FilterRule { action, by, matches, pattern: pattern.to_owned() }.checked().unwrap()
    }

    fn excludes(filter: &Filter, name: &str, categories: &[&str]) -> bool {
        let listed =
            [category("1", "FR| Sport"), category("2", "FR| Ciné"), category("3", "XXX Adults"), category("9", "New")];
        let mut compiled = filter.compile(&listed).unwrap();
        compiled.excludes(name, &categories.iter().copied().collect())
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        use FilterAction::{Exclude, Include};
        let mut filter = Filter::default();
        assert!(filter.is_empty() && !excludes(&filter, "a", &["1"]) && !excludes(&filter, "a", &[]));
        filter.rules.push(rule(Exclude, FilterBy::Category, MatchBy::Glob, "xxx*"));
        assert!(excludes(&filter, "a", &["3"]) && !excludes(&filter, "a", &["1"]));
        assert!(excludes(&filter, "a", &["1", "3"]), "one category that matches is enough");
        filter.rules.insert(0, rule(Include, FilterBy::Name, MatchBy::Name, "keep me"));
        assert!(!excludes(&filter, "Keep Me", &["3"]) && excludes(&filter, "other", &["3"]));
        filter.rules.push(rule(Include, FilterBy::Category, MatchBy::Id, "1"));
        filter.otherwise = Exclude;
        assert!(!excludes(&filter, "a", &["1"]) && excludes(&filter, "a", &["2"]) && excludes(&filter, "a", &[]));
        assert!(!filter.is_empty());
    }

    #[test]
    fn new_categories_have_a_rule_of_their_own() {
        use FilterAction::{Exclude, Include};
        let known = ["1", "2", "3"].map(str::to_owned).into_iter().collect();
        let sport = rule(Include, FilterBy::Category, MatchBy::Id, "1");
        let filter = Filter { rules: vec![sport], known_categories: Some(known), ..Filter::default() };
        let of = |new_categories, otherwise, categories: &[&str]| {
            excludes(&Filter { otherwise, new_categories, ..filter.clone() }, "a", categories)
        };
        assert!(of(NewCategories::Exclude, Include, &["9"]));
        assert!(!of(NewCategories::Exclude, Include, &["2", "9"]), "it is also in a known one");
        assert!(!of(NewCategories::Exclude, Include, &["2"]) && !of(NewCategories::Exclude, Include, &[]));
        assert!(!of(NewCategories::IncludeAndTell, Exclude, &["9"]) && of(NewCategories::Include, Exclude, &["2"]));
    }

    #[test]
    fn a_new_category_is_reported_once_even_if_it_returns() {
        let sport = rule(FilterAction::Include, FilterBy::Category, MatchBy::Id, "1");
        let mut filter = Filter { rules: vec![sport], ..Filter::default() };
        let [old, new, other] = [category("1", "Old"), category("2", "New"), category("3", "Other")];
        filter.meet(std::slice::from_ref(&old));
        let all = [old.clone(), new.clone(), new.clone()];
        assert_eq!(filter.tell(std::slice::from_ref(&old), &all), [], "nobody wants to know");
        filter.new_categories = NewCategories::IncludeAndTell;
        assert_eq!(filter.tell(&all, &all), [], "it was listed before");
        assert_eq!(filter.tell(std::slice::from_ref(&old), &all), std::slice::from_ref(&new));
        assert_eq!(filter.tell(std::slice::from_ref(&old), &all), [], "it came back");
        assert_eq!(filter.tell(&all, &[new, other.clone()]), [other]);
    }

    #[test]
    fn a_rule_by_id_is_for_categories_only() {
        let wrong = FilterRule {
            action: FilterAction::Exclude,
            by: FilterBy::Name,
            matches: MatchBy::Id,
            pattern: "1".to_owned(),
        };
        assert_eq!(wrong.checked(), Err(InvalidPattern::IdOfItem));
    }
}
