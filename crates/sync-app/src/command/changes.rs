//! `changes` and `new`.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::value::RawValue;
use sync_core::text::{one_line, printable};
use sync_core::{ChangeRecord, ContentKind, Extra, Feed, LoggedChange, Profile, Value};
use sync_service::{ChangesReader, ChangesRequest, FeedError, Login, NewItem, Since};

use super::args::{ChangesArgs, NewArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::one_profile::{self, kinds_of};
use super::terminal::{self, date, say};
use super::{json, wiring};

/// How often a feed that is followed is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows what has changed.
pub(crate) async fn run(database: &Path, args: &ChangesArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let mut request = ChangesRequest::new(args.since.unwrap_or(Since::Beginning));
    request.kinds = kinds_of(args.kind);
    (request.category, request.collapse) = (args.category.clone(), args.collapse);
    let mut reader = service.changes(&profile.id, request).await.map_err(gone)?;
    let (mut left, mut exit) = (args.limit.unwrap_or(u64::MAX), Exit::Done);
    while left > 0 {
        let next = tokio::select! {
            biased;
            () = interrupt.token.cancelled() => return Ok(Exit::Cancelled),
            next = reader.next() => next,
        };
        match next {
            Ok(Some(change)) => {
                print(&profile, &login, &reader, &change, args.json);
                left -= 1;
            }
            Ok(None) if !args.follow => break,
            // Nobody reads any more.
            Ok(None) if terminal::is_closed() => break,
            Ok(None) => tokio::select! {
                biased;
                () = interrupt.token.cancelled() => exit = Exit::Cancelled,
                () = tokio::time::sleep(PAUSE) => {}
            },
            Err(error) => return Err(gone(error)),
        }
        if exit != Exit::Done || terminal::is_closed() {
            break;
        }
    }
    Ok(exit)
}

/// Words for a feed that can't be read.
fn gone(error: FeedError) -> Failure {
    match error {
        FeedError::Gone { reason, feed } => {
            let Feed { epoch, oldest, newest } = feed;
            let positions = format!("the newest position is {epoch}:{newest}, the oldest {epoch}:{oldest}");
            Failure::of(
                Exit::Gone,
                format!("{reason}; {positions}"),
                "read the whole catalogue anew, and go on from the newest position",
            )
        }
        FeedError::Store(error) => error.into(),
        FeedError::UnknownRun(run) => Failure::usage(format!("there is no run {}", run.0), "see `xtream-sync history`"),
        FeedError::UnknownCategory => Failure::usage("there is no such category", "name its id, or its whole name"),
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

/// One line of `changes --json`.
#[derive(Serialize)]
struct Line<'a> {
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
    /// What an undo has taken back; left out of all other changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'static str>,
}

/// Columns in their order, each with what became of it; `null` where no values were kept.
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
        .map(|column| (column.column, Some([as_json(login, &column.before), as_json(login, &column.after)])))
        .collect();
    if whole {
        // The entry is of the profile, so the row has no column of it there.
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

/// A value as JSON, without the login.
fn as_json(login: &Login, value: &Value) -> Box<RawValue> {
    raw(match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => serde_json::Value::from(*number).to_string(),
        Value::Text(text) => serde_json::Value::from(login.blank(text)).to_string(),
        Value::Categories(set) if set.is_empty() => "null".to_owned(),
        Value::Categories(set) => {
            serde_json::Value::from(set.iter().map(ToString::to_string).collect::<Vec<_>>()).to_string()
        }
        Value::Extra(extra) => login.blank_json(&extra_json(extra)).into_owned(),
    })
}

/// Keys beyond the columns as a JSON object; `null` where there are none.
fn extra_json(extra: &Extra) -> String {
    if extra.is_empty() {
        return "null".to_owned();
    }
    let members = extra.iter().map(|(key, json)| {
        let value = if serde_json::from_str::<&RawValue>(json).is_ok() {
            json.to_string()
        } else {
            serde_json::Value::from(json.to_string()).to_string()
        };
        format!("{}:{value}", serde_json::Value::from(key.to_string()))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn print(profile: &Profile, login: &Login, reader: &ChangesReader, change: &ChangeRecord, as_json: bool) {
    let name = change.name.as_deref().map(|name| login.blank(name).into_owned());
    if as_json {
        let of = if let LoggedChange::Undone(taken) = change.change { Some(taken.as_str()) } else { None };
        return json::say(&Line {
            epoch: reader.epoch(),
            sequence: change.sequence,
            run: change.run.map(|run| run.0),
            at: change.at,
            profile: profile.id.as_str(),
            kind: change.kind.as_str(),
            id: change.id.map(|id| id.0),
            parent: change.parent,
            change: change.change.as_str(),
            name,
            fields: fields(profile, login, change),
            of,
        });
    }
    let item =
        change.id.map(|id| format!("  {} {}", id.0, one_line(name.as_deref().unwrap_or("")))).unwrap_or_default();
    let word = match change.change {
        LoggedChange::Undone(taken) => format!("undone ({})", taken.as_str()),
        other => other.as_str().to_owned(),
    };
    say(&format!("{:>7}  {}  {:<8}  {word:<9}{item}", change.sequence, date(change.at), change.kind.as_str()));
    if matches!(change.change, LoggedChange::Updated(_)) {
        for column in change.columns.iter().flatten() {
            let (before, after) = (shown(login, &column.before), shown(login, &column.after));
            say(&format!("{:>20}{}: {before} → {after}", "", column.column));
        }
    }
}

/// A value for people: short, and on one line.
fn shown(login: &Login, value: &Value) -> String {
    const WIDTH: usize = 60;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Text(text) => one_line(&login.blank(text)),
        other => as_json(login, other).get().to_owned(),
    };
    let text = printable(&text);
    if text.chars().count() <= WIDTH { text } else { text.chars().take(WIDTH - 1).chain(['…']).collect() }
}

/// One line of `new --json`.
#[derive(Serialize)]
struct NewLine<'a> {
    profile: &'a str,
    kind: &'static str,
    category: Option<String>,
    category_name: Option<String>,
    id: i64,
    name: String,
    year: Option<i64>,
    at: i64,
    returned: bool,
}

/// Shows what is new.
pub(crate) async fn new(database: &Path, args: &NewArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let kinds = kinds_of(args.kind);
    let items = service.new_items(&profile.id, &kinds, args.days).await.map_err(gone)?;
    for new in items.iter().take(usize::try_from(args.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX)) {
        print_new(&profile, &login, new, args.json);
    }
    Ok(Exit::Done)
}

fn print_new(profile: &Profile, login: &Login, new: &NewItem, as_json: bool) {
    let item = &new.item;
    let name = login.blank(item.name()).into_owned();
    let category_name = new.category.as_ref().map(|category| login.blank(&category.name).into_owned());
    if as_json {
        return json::say(&NewLine {
            profile: profile.id.as_str(),
            kind: item.kind().as_str(),
            category: item.category_id().map(ToString::to_string),
            category_name,
            id: item.id().0,
            name,
            year: year(item),
            at: new.at,
            returned: new.returned,
        });
    }
    let returned = if new.returned { "  (back)" } else { "" };
    let category = category_name.map(|name| format!("  [{}]", one_line(&name))).unwrap_or_default();
    say(&format!(
        "{}  {:<8}  {} {}{category}{returned}",
        date(new.at),
        item.kind().as_str(),
        item.id().0,
        one_line(&name)
    ));
}

/// The year of release, where the panel names one.
fn year(item: &sync_core::Item) -> Option<i64> {
    let kind = item.kind();
    let text = |column: &str| match item.value(kind.field(column)?) {
        sync_core::ValueRef::Text(text) => Some(text.to_owned()),
        _ => None,
    };
    let number = |text: String| text.get(..4)?.parse().ok().filter(|year| (1800..=2200).contains(year));
    text("year").and_then(number).or_else(|| text("release_date").and_then(number))
}
