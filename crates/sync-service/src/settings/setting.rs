//! One setting: its key, its words for people, and how it is read from a profile and written to it.

use serde_json::Value;
use sync_core::{ContentKind, NotAValue, Profile};

/// The text that is shown in place of a command.
const HIDDEN: &str = "(hidden)";

/// A setting of a profile.
#[derive(Debug)]
pub struct Setting {
    pub(super) key: &'static str,
    pub(super) unit: &'static str,
    pub(super) values: SettingValues,
    /// The default as text; empty if there is none.
    pub(super) default: &'static str,
    pub(super) help: &'static str,
    /// Returns the value as text; `None` if the profile leaves it to the source.
    pub(super) get: fn(&Profile, &str) -> Option<String>,
    /// Sets a text, or restores the default.
    pub(super) set: fn(&mut Profile, &str, Option<&str>) -> Result<(), NotAValue>,
}

/// The values that a setting accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum SettingValues {
    /// Whole numbers.
    Whole {
        /// The least number.
        least: u64,
        /// The greatest number; `None` if no limit matters.
        most: Option<u64>,
    },
    /// Numbers, which may have a fraction.
    Decimal {
        /// The least number, as text.
        least: &'static str,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// `yes` or `no`.
    YesNo,
    /// Kinds of content, separated by commas.
    Kinds,
    /// Rates by time of the week ([`Timetable`](sync_core::rate::Timetable)).
    Timetable,
    /// A schedule.
    Schedule,
    /// A length of time within this range.
    Interval(&'static str),
    /// Hours of the day.
    Hours,
    /// A command for the shell. It may contain a secret, so it is not shown.
    Command,
    /// A text.
    Text(&'static str),
}

impl SettingValues {
    /// Returns the range in words, such as `0 to 100`.
    pub fn range(self) -> String {
        match self {
            Self::Whole { least, most: Some(most) } => format!("{least} to {most}"),
            Self::Whole { least, most: None } => format!("{least} or more"),
            Self::Decimal { least } => format!("{least} or more, fractions allowed"),
            Self::Words(words) => words.join(", "),
            Self::YesNo => "yes, no".to_owned(),
            Self::Kinds => {
                let kinds = ContentKind::ALL.map(ContentKind::as_str).join(", ");
                format!("{kinds}; separated by commas")
            }
            Self::Timetable => "off, a rate, or a timetable".to_owned(),
            Self::Schedule => "auto, every 6h, cron 30 4 * * *, cron 30 4 * * * Europe/Berlin, off".to_owned(),
            Self::Hours => "hours such as 23:00-07:00".to_owned(),
            Self::Command => "a command for the shell".to_owned(),
            Self::Interval(what) | Self::Text(what) => what.to_owned(),
        }
    }

    /// Returns whether a rejected value may be shown. It may if the setting takes numbers or fixed words, and not any
    /// text.
    pub(super) const fn are_fixed(self) -> bool {
        !matches!(
            self,
            Self::Text(_) | Self::Timetable | Self::Schedule | Self::Interval(_) | Self::Hours | Self::Command
        )
    }

    /// Returns whether a text is within the range, as far as the range is fixed.
    fn allow(self, text: &str) -> bool {
        match self {
            Self::Whole { least, most } => {
                text.parse().is_ok_and(|number: u64| number >= least && most.is_none_or(|most| number <= most))
            }
            Self::Words(words) => words.contains(&text),
            Self::YesNo => ["yes", "no"].contains(&text),
            Self::Decimal { .. }
            | Self::Kinds
            | Self::Timetable
            | Self::Schedule
            | Self::Interval(_)
            | Self::Hours
            | Self::Command
            | Self::Text(_) => true,
        }
    }

    /// Returns a valid text as a value of JSON.
    fn typed(self, text: &str) -> Value {
        match self {
            Self::Whole { .. } => text.parse::<u64>().map_or(Value::Null, Value::from),
            Self::Decimal { .. } => match text.parse::<u64>() {
                Ok(whole) => whole.into(),
                Err(_) => text.parse::<f64>().map_or(Value::Null, Value::from),
            },
            Self::YesNo => (text == "yes").into(),
            Self::Kinds => text.split(',').filter(|kind| !kind.is_empty()).map(Value::from).collect(),
            _ if text.is_empty() => Value::Null,
            _ => text.into(),
        }
    }
}

impl Setting {
    /// Returns the key.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Returns the unit, such as `seconds`; empty if there is none.
    pub const fn unit(&self) -> &'static str {
        self.unit
    }

    /// Returns the values that the setting takes.
    pub const fn values(&self) -> SettingValues {
        self.values
    }

    /// Returns the default as a person would type it; empty if there is none.
    pub const fn default_text(&self) -> &'static str {
        self.default
    }

    /// Returns the meaning in one line, as an imperative.
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// Returns the value in a profile as a person would type it; empty if there is none.
    pub fn text(&self, profile: &Profile) -> String {
        (self.get)(profile, self.key).unwrap_or_else(|| self.default.to_owned())
    }

    /// Returns the value in a profile as it may be shown. For a command, it says only that there is one.
    pub fn shown(&self, profile: &Profile) -> String {
        let text = self.text(profile);
        if self.values == SettingValues::Command && !text.is_empty() { HIDDEN.to_owned() } else { text }
    }

    /// Returns the value in a profile for JSON, as it may be shown: a number, a truth value, a text, a list of kinds,
    /// or null if there is none.
    pub fn value(&self, profile: &Profile) -> Value {
        self.values.typed(&self.shown(profile))
    }

    /// Returns the default for JSON.
    pub fn default_value(&self) -> Value {
        self.values.typed(self.default)
    }

    /// Returns whether the value in a profile differs from the default.
    pub fn is_changed(&self, profile: &Profile) -> bool {
        self.text(profile) != self.default
    }

    /// Sets the value from what a person typed; an empty text restores the default.
    ///
    /// # Errors
    ///
    /// The text is no value of the setting. The profile is unchanged.
    pub fn set(&self, profile: &mut Profile, text: &str) -> Result<(), NotAValue> {
        let text = text.trim();
        if text.is_empty() {
            return (self.set)(profile, self.key, None);
        }
        if self.values.allow(text) { (self.set)(profile, self.key, Some(text)) } else { Err(NotAValue) }
    }
}
