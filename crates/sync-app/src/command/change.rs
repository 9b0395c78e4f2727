//! A change as a line: as JSON, and for people.

use sync_core::text::one_line;
use sync_core::{ChangeRecord, ContentKind, LoggedChange, Profile, Value};
use sync_service::Login;

use super::terminal::date;
use super::value::{as_json, borrowed, raw, shown};
use crate::json::{BeforeAndAfter, Change, Members};

/// The columns of a change, each with its values.
type Fields = Members<'static, Option<BeforeAndAfter>>;

fn fields(profile: &Profile, login: &Login, change: &ChangeRecord) -> Fields {
    let Some(columns) = &change.columns else {
        let names: Vec<_> = match change.change {
            LoggedChange::Updated(fields) => fields.names(change.kind.fields()).collect(),
            LoggedChange::Removed => all_columns(change.kind),
            _ => Vec::new(),
        };
        return names.into_iter().map(|name| (name, None)).collect();
    };
    let whole = columns.iter().any(|column| column.column == "id");
    let mut fields: Vec<_> = columns
        .iter()
        .map(|column| {
            let [before, after] = [&column.before, &column.after].map(|value| as_json(login, borrowed(value)).into());
            (column.column, Some(BeforeAndAfter { before, after }))
        })
        .collect();
    if whole {
        // The change log belongs to a profile, so its entries have no column of the profile.
        let own = raw(serde_json::Value::from(profile.id.as_str()).to_string());
        let went = columns.iter().any(|column| column.column == "id" && column.before != Value::Null);
        let [before, after] = if went { [own, raw("null".to_owned())] } else { [raw("null".to_owned()), own] };
        let values = BeforeAndAfter { before: before.into(), after: after.into() };
        fields.retain(|(column, _)| *column != "profile_id");
        fields.insert(1, ("profile_id", Some(values)));
    }
    fields.into_iter().collect()
}

fn all_columns(kind: ContentKind) -> Vec<&'static str> {
    let fields = kind.fields().iter().map(|field| field.name);
    ["id", "profile_id", kind.id_column()].into_iter().chain(fields).chain(["created_at", "updated_at"]).collect()
}

impl<'a> Change<'a> {
    /// Returns the line of a change in this epoch.
    pub(crate) fn of_record(profile: &'a Profile, login: &Login, epoch: i64, change: &ChangeRecord) -> Self {
        let of = if let LoggedChange::Undone(taken) = change.change { Some(taken.as_str().into()) } else { None };
        Self {
            epoch,
            sequence: change.sequence,
            run: change.run.map(|run| run.0),
            at: change.at,
            profile: profile.id.as_str().into(),
            kind: change.kind.as_str().into(),
            id: change.id.map(|id| id.0),
            parent: change.parent,
            change: change.change.as_str().into(),
            name: change.name.as_deref().map(|name| login.blank(name).into_owned().into()),
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
