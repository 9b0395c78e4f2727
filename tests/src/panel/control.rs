//! The control endpoints. They offer the methods of a test for a panel that runs as a program of its own.

use std::time::Duration;

use super::behaviour::{Action, Behaviour};
use super::condition::{Allowance, Condition};
use super::config::Framing;
use super::plan::Plan;
use super::pour::Pour;
use super::record::RequestRecord;
use super::request::Request;
use super::{Shared, lock};
use crate::item::Kind;
use crate::json::JsonForm;
use crate::step::Step;

pub(super) fn answer(shared: &Shared, request: &Request) -> Plan {
    let asked = request.path.trim_start_matches("/control/");
    let body = match (request.method.as_str(), asked) {
        ("POST", "advance") => step(request).map(|step| line(&shared.advance(&step).counts())),
        ("POST", "behaviour") => set_behaviour(shared, request),
        ("POST", "stop") => {
            shared.stopped.send_replace(true);
            Ok(line(&JsonForm::object([("stopping", JsonForm::Bool(true))])))
        }
        ("GET", "expected") => Ok(line(&lock(&shared.last_step).counts())),
        ("GET", "counts") => Ok(line(&counts(shared))),
        ("GET", "truth") => truth(shared, request),
        ("GET", "requests") => {
            Ok(shared.ledger.records().iter().flat_map(|record| line(&record_form(record))).collect())
        }
        _ => Err("no such control endpoint".to_owned()),
    };
    match body {
        Ok(body) => Plan::new(body, Framing::ContentLength),
        Err(message) => {
            let error = JsonForm::object([("error", JsonForm::text(message))]);
            let mut plan = Plan::new(line(&error), Framing::ContentLength);
            plan.status = 400;
            plan
        }
    }
}

fn line(form: &JsonForm) -> Vec<u8> {
    let mut line = form.to_bytes(false);
    line.push(b'\n');
    line
}

fn count(count: usize) -> JsonForm {
    JsonForm::Integer(i64::try_from(count).expect("a length fits"))
}

fn kind_named(name: &str) -> Result<Kind, String> {
    Kind::named(name).ok_or_else(|| format!("kind must be channels, movies or series, not {name:?}"))
}

fn step(request: &Request) -> Result<Step, String> {
    let percent = |name: &str| match request.param(name) {
        "" => Ok(0.0),
        text => match text.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
            _ => Err(format!("{name} must be a percentage, not {text:?}")),
        },
    };
    let kinds = match request.param("kinds") {
        "" => Kind::ALL.to_vec(),
        names => names.split(',').map(kind_named).collect::<Result<_, _>>()?,
    };
    Ok(Step {
        added_percent: percent("added")?,
        updated_percent: percent("updated")?,
        refreshed_percent: percent("refreshed")?,
        removed_percent: percent("removed")?,
        kinds,
        ..Step::default()
    })
}

fn counts(shared: &Shared) -> JsonForm {
    let catalogue = lock(&shared.catalogue);
    let version = JsonForm::Integer(i64::try_from(catalogue.version()).expect("versions are few"));
    let of_kinds = Kind::ALL.map(|kind| (kind.name(), count(catalogue.ids(kind).len())));
    JsonForm::object([("version", version)].into_iter().chain(of_kinds))
}

fn truth(shared: &Shared, request: &Request) -> Result<Vec<u8>, String> {
    let kind = kind_named(request.param("kind"))?;
    let truth = lock(&shared.catalogue).truth(kind);
    let row = |(id, row): (i64, crate::truth::Row)| {
        let columns = row.into_iter().map(|(column, content)| (column, content.form()));
        line(&JsonForm::object([(kind.id_key(), JsonForm::Integer(id))].into_iter().chain(columns)))
    };
    Ok(truth.into_iter().flat_map(row).collect())
}

fn set_behaviour(shared: &Shared, request: &Request) -> Result<Vec<u8>, String> {
    let behaviour = behaviour(request)?;
    let mut scripts = lock(&shared.scripts);
    let action = match (request.param("action"), Action::named(request.param("action"))) {
        ("account", _) => Action::Account,
        ("all", _) if request.param("times").is_empty() => {
            scripts.set_front(behaviour);
            return Ok(set());
        }
        ("all", _) => return Err("all actions at once can't be counted".to_owned()),
        (name, Action::Unknown | Action::Account) => return Err(format!("action {name:?} is none of this panel's")),
        (_, action) => action,
    };
    match request.param("times") {
        "" => scripts.set(action, behaviour),
        times => {
            let times = times.parse().ok().filter(|times| *times <= 1000);
            scripts.queue(action, times.ok_or("times must be a number up to 1000")?, &behaviour);
        }
    }
    Ok(set())
}

fn set() -> Vec<u8> {
    line(&JsonForm::object([("set", JsonForm::Bool(true))]))
}

/// Returns the behaviour that a request describes by `kind` and `value`.
fn behaviour(request: &Request) -> Result<Behaviour, String> {
    let value = request.param("value");
    let number = |otherwise: u64| if value.is_empty() { Ok(otherwise) } else { value.parse::<u64>() };
    let number = |otherwise| number(otherwise).map_err(|_| format!("value must be a whole number, not {value:?}"));
    Ok(match request.param("kind") {
        "normal" => Behaviour::Normal,
        "empty" => Behaviour::Empty,
        "half" => Behaviour::Half,
        "keyed" => Behaviour::KeyedObject,
        "keyed-by-id" => Behaviour::KeyedById,
        "filter-ignored" => Behaviour::FilterIgnored,
        "account" => Behaviour::AccountInstead,
        "refused" => Behaviour::Refused,
        "html" => Behaviour::html(),
        "blocked" => Behaviour::Body(b"Blocked".to_vec()),
        "hang" if value.is_empty() => Behaviour::Hang,
        "hang" => Behaviour::HangAfter(number(0)?),
        "cut" => Behaviour::CutAfter(number(1000)?),
        "reset" => Behaviour::ResetAfter(number(1000)?),
        "slow" => Behaviour::SlowFirstByte(Duration::from_millis(number(1000)?)),
        "throttle" => Behaviour::Throttle(number(1_000_000)?),
        "redirect" => Behaviour::Redirect(value.to_owned()),
        "endless" => Behaviour::endless_list(),
        "bomb" => Behaviour::Pour(Pour::gzip_bomb(b"[", b' ', number(4096)?)),
        "overloaded" => Behaviour::status(504).when(Condition::Whole),
        "category" => Behaviour::status(502).when(Condition::Category(value.to_owned())),
        "players-only" => Behaviour::players_only(403, &["VLC", "TiviMate"]),
        "one-connection" => Behaviour::status(403).when(Condition::Parallel),
        "too-many" => Behaviour::status(429).when(Condition::Beyond(Allowance::of(number(20)?))),
        "status" => match u16::try_from(number(503)?) {
            Ok(code @ 200..=999) => Behaviour::status(code),
            _ => return Err(format!("a status has three digits, unlike {value:?}")),
        },
        other => return Err(format!("unknown kind of behaviour {other:?}")),
    })
}

/// Returns a record without its headers and without the password.
fn record_form(record: &RequestRecord) -> JsonForm {
    let millis = |moment: Duration| JsonForm::Integer(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX));
    let open = record.params.iter().filter(|(name, _)| name != "password");
    JsonForm::object([
        ("method", JsonForm::text(record.method.clone())),
        ("path", JsonForm::text(record.path.clone())),
        ("params", JsonForm::object(open.map(|(name, value)| (name.clone(), JsonForm::text(value.clone()))))),
        ("status", record.status.map_or(JsonForm::Null, |status| JsonForm::Integer(status.into()))),
        ("began_ms", millis(record.began)),
        ("ended_ms", record.ended.map_or(JsonForm::Null, millis)),
        ("body_bytes", JsonForm::Integer(i64::try_from(record.body_bytes).unwrap_or(i64::MAX))),
    ])
}
