//! Decides about an edit when the panel's value has changed. Pure functions.
//!
//! An edit has two values: the user's, and the panel's at the time of the edit, which is its base. When a listing, an
//! undo or a return brings another value, both sides have changed the same field. The rule of the field decides then,
//! and reads never wait for an answer.

use super::field::{EditField, EditValue};

/// The rule for an edit when the panel changes the same field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum ConflictRule {
    /// The user's value stays. The conflict is listed.
    #[default]
    KeepLocal,
    /// The edit ends, and the panel's value is shown.
    TakePanel,
    /// The later change wins. The panel's change has the time at which its listing was asked for.
    Newest,
    /// The user's value stays, and the conflict waits for an answer.
    Ask,
}

impl ConflictRule {
    /// Every rule.
    pub const ALL: [Self; 4] = [Self::KeepLocal, Self::TakePanel, Self::Newest, Self::Ask];

    /// Returns the word for the rule, in settings and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepLocal => "keep-local",
            Self::TakePanel => "take-panel",
            Self::Newest => "newest",
            Self::Ask => "ask",
        }
    }

    /// Returns the rule with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// The rule of each field that can conflict. The rules are settings of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConflictRules {
    /// The rule of names.
    pub name: ConflictRule,
    /// The rule of categories.
    pub category: ConflictRule,
    /// The rule of images.
    pub icon: ConflictRule,
}

impl ConflictRules {
    /// Returns the same rule for every field.
    pub const fn all(rule: ConflictRule) -> Self {
        Self { name: rule, category: rule, icon: rule }
    }

    /// Sets the rule of a field. A field that never conflicts has no rule.
    pub const fn set(&mut self, field: EditField, rule: ConflictRule) {
        match field {
            EditField::Name => self.name = rule,
            EditField::Category => self.category = rule,
            EditField::Icon => self.icon = rule,
            _ => {}
        }
    }

    /// Returns the rule of a field. A field that never conflicts keeps the user's value.
    pub const fn of(&self, field: EditField) -> ConflictRule {
        match field {
            EditField::Name => self.name,
            EditField::Category => self.category,
            EditField::Icon => self.icon,
            _ => ConflictRule::KeepLocal,
        }
    }
}

/// The panel's other value of a field that the user has edited.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PanelConflict {
    /// The panel's value; `None` if it has none any more.
    pub panel: Option<EditValue>,
    /// The time since which the values conflict, in unix seconds.
    pub since: i64,
}

/// The decision about an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditVerdict {
    /// The edit stays. The panel's value is the base, so there is no conflict, or no longer one.
    Stays,
    /// The panel has the user's value now. The edit ends.
    Converged,
    /// The edit stays, and conflicts with the panel's value.
    Conflicts(PanelConflict),
    /// The edit ends, and the panel's value is shown.
    Overruled,
}

/// The panel's value of a field after a change, and the time at which the panel was asked.
#[derive(Debug, Clone, Copy)]
pub struct PanelValue<'a> {
    /// The value; `None` if the panel has none.
    pub value: Option<&'a EditValue>,
    /// The time at which the listing with the value was asked for, in unix seconds.
    pub asked_at: i64,
}

/// Decides about the edit of a field whose panel value has changed or come back. `since` is the time since which the
/// edit already conflicts.
pub fn judge_edit(
    (base, local): (Option<&EditValue>, &EditValue),
    edited_at: i64,
    since: Option<i64>,
    panel: PanelValue<'_>,
    rule: ConflictRule,
) -> EditVerdict {
    if panel.value == Some(local) {
        return EditVerdict::Converged;
    }
    if panel.value == base {
        return EditVerdict::Stays;
    }
    let is_overruled = match rule {
        ConflictRule::KeepLocal | ConflictRule::Ask => false,
        ConflictRule::TakePanel => true,
        ConflictRule::Newest => edited_at < panel.asked_at,
    };
    if is_overruled {
        return EditVerdict::Overruled;
    }
    let conflict = PanelConflict { panel: panel.value.cloned(), since: since.unwrap_or(panel.asked_at) };
    EditVerdict::Conflicts(conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_values_and_rules_is_decided_as_the_rule_says() {
        let value = |name: &str| (name != "-").then(|| EditValue::Text(name.to_owned()));
        for base in ["-", "a", "b"] {
            for local in ["a", "b", "c"] {
                for panel in ["-", "a", "b"] {
                    for rule in ConflictRule::ALL {
                        for edited_at in [5, 15] {
                            let (base_value, local_value, panel_value) = (value(base), value(local), value(panel));
                            let new = PanelValue { value: panel_value.as_ref(), asked_at: 10 };
                            let edit = (base_value.as_ref(), local_value.as_ref().expect("it is a name"));
                            let verdict = judge_edit(edit, edited_at, None, new, rule);
                            let expected = match (local == panel, base == panel, rule.as_str(), edited_at) {
                                (true, ..) => EditVerdict::Converged,
                                (_, true, ..) => EditVerdict::Stays,
                                (_, _, "take-panel", _) | (_, _, "newest", 5) => EditVerdict::Overruled,
                                _ => EditVerdict::Conflicts(PanelConflict { panel: panel_value, since: 10 }),
                            };
                            assert_eq!(verdict, expected, "{base} {local} {panel} {} {edited_at}", rule.as_str());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_conflict_keeps_its_time_when_the_panel_changes_again() {
        let (base, local, panel) = (EditValue::Number(1), EditValue::Number(2), EditValue::Number(3));
        let new = PanelValue { value: Some(&panel), asked_at: 50 };
        let verdict = judge_edit((Some(&base), &local), 5, Some(20), new, ConflictRule::Ask);
        assert_eq!(verdict, EditVerdict::Conflicts(PanelConflict { panel: Some(panel), since: 20 }));
    }
}
