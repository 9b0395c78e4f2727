//! A change as a line: as JSON, and for people.

use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::value::RawValue;
use sync_core::text::one_line;
use sync_core::{ChangeRecord, ContentKind, LoggedChange, Profile, Value};
use sync_service::Login;

use super::terminal::date;
use super::value::{as_json, borrowed, raw, shown};

/// One line of `changes --json`.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    epoch: i64,
    sequence: i64,
    run: Option<i64>,
    at: i64,
    profile: &'a str,
    kind: &'static str,
    id: Option<i64>,
    parent: i64,
    change: &'static str,
    name: Option<String>,
    fields: Fields,
    /// The change that an undo took back. The member is left out for all other changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'static str>,
}

/// Columns in their order, each with its values before and after the change; `null` if no values were kept.
struct Fields(Vec<(&'static str, Option<[Box<RawValue>; 2]>)>);

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Both<'a> {
            before: &'a RawValue,
            after: &'a RawValue,
        }
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (column, values) in &self.0 {
            match values {
                Some([before, after]) => map.serialize_entry(column, &Both { before, after })?,
                None => map.serialize_entry(column, &None::<u8>)?,
            }
        }
        map.end()
    }
}

fn fields(profile: &Profile, login: &Login, change: &ChangeRecord) -> Fields {
    let Some(columns) = &change.columns else {
        let names: Vec<_> = match change.change {
            LoggedChange::Updated(fields) => fields.names(change.kind.fields()).collect(),
            LoggedChange::Removed => all_columns(change.kind),
            _ => Vec::new(),
        };
        return Fields(names.into_iter().map(|name| (name, None)).collect());
    };
    let whole = columns.iter().any(|column| column.column == "id");
    let mut fields: Vec<_> = columns
        .iter()
        .map(|column| {
            (column.column, Some([&column.before, &column.after].map(|value| as_json(login, borrowed(value)))))
        })
        .collect();
    if whole {
        // The change log belongs to a profile, so its entries have no column of the profile.
        let own = raw(serde_json::Value::from(profile.id.as_str()).to_string());
        let went = columns.iter().any(|column| column.column == "id" && column.before != Value::Null);
        let values = if went { [own, raw("null".to_owned())] } else { [raw("null".to_owned()), own] };
        fields.retain(|(column, _)| *column != "profile_id");
        fields.insert(1, ("profile_id", Some(values)));
    }
    Fields(fields)
}

fn all_columns(kind: ContentKind) -> Vec<&'static str> {
    let fields = kind.fields().iter().map(|field| field.name);
    ["id", "profile_id", kind.id_column()].into_iter().chain(fields).chain(["created_at", "updated_at"]).collect()
}

impl<'a> Line<'a> {
    /// Returns the line of a change in this epoch.
    pub(crate) fn of(profile: &'a Profile, login: &Login, epoch: i64, change: &ChangeRecord) -> Self {
        let of = if let LoggedChange::Undone(taken) = change.change { Some(taken.as_str()) } else { None };
        Self {
            epoch,
            sequence: change.sequence,
            run: change.run.map(|run| run.0),
            at: change.at,
            profile: profile.id.as_str(),
            kind: change.kind.as_str(),
            id: change.id.map(|id| id.0),
            parent: change.parent,
            change: change.change.as_str(),
            name: change.name.as_deref().map(|name| login.blank(name).into_owned()),
            fields: fields(profile, login, change),
            of,
        }
    }
}

/// Returns the lines that show a change to people.
pub(crate) fn lines(login: &Login, change: &ChangeRecord) -> Vec<String> {
    let name = change.name.as_deref().map(|name| one_line(&login.blank(name))).unwrap_or_default();
    let item = change.id.map(|id| format!("  {} {name}", id.0)).unwrap_or_default();
    let word = word(change);
    let (sequence, at, kind) = (change.sequence, date(change.at), change.kind.as_str());
    let mut lines = vec![format!("{sequence:>7}  {at}  {kind:<8}  {word:<9}{item}")];
    lines.extend(values(login, change).into_iter().map(|value| format!("{:>20}{value}", "")));
    lines
}

/// Returns the word for a change.
pub(crate) fn word(change: &ChangeRecord) -> String {
    match change.change {
        LoggedChange::Undone(taken) => format!("undone ({})", taken.as_str()),
        other => other.as_str().to_owned(),
    }
}

/// Returns the columns of an update, each with its values. For the end of an edit, the values are the user's and the
/// panel's.
pub(crate) fn values(login: &Login, change: &ChangeRecord) -> Vec<String> {
    if !matches!(change.change, LoggedChange::Updated(_)) && !change.change.is_of_edit() {
        return Vec::new();
    }
    let columns = change.columns.iter().flatten();
    let both = columns.map(|column| {
        let (before, after) = (shown(login, &column.before), shown(login, &column.after));
        match change.change {
            LoggedChange::Converged => format!("{}: your value is the panel's now: {after}", column.column),
            LoggedChange::Overruled => format!("{}: yours was {before}, the panel's is {after}", column.column),
            _ => format!("{}: {before} → {after}", column.column),
        }
    });
    both.collect()
}
