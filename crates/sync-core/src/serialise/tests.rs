//! Tests of the JSON form of each type, and of reading it back.

use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};

use super::*;
use crate::error::ErrorClass;
use crate::model::{Account, AccountStatus, Category, CategoryId, Channel, Content, FieldSet, Item, Movie, Series};
use crate::ports::source::{Wait, WaitCause};
use crate::removal::guard::HoldReason;
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::counts::Counts;
use crate::run::options::SyncMode;
use crate::run::progress::{Phase, Progress};
use crate::run::record::{KindOutcome, KindRecord, RunStatus};
use crate::run::record::{RunId, RunRecord};
use crate::run::report::SyncReport;

fn home() -> ProfileId {
    ProfileId::new("home").unwrap()
}

/// Asserts that the value has this form, and that reading it back gives the same value.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, shape: Value) {
    assert_eq!(to_value(value).unwrap(), shape);
    assert_eq!(from_value::<T>(shape).unwrap(), *value);
}

fn one_way(value: &impl Serialize, shape: &Value) {
    assert_eq!(to_value(value).unwrap(), *shape);
}

#[test]
fn names_are_those_of_tables_and_reports() {
    for kind in ContentKind::ALL {
        both_ways(&kind, json!(kind.as_str()));
    }
    for status in RunStatus::ALL {
        both_ways(&status, json!(status.as_str()));
    }
    for outcome in KindOutcome::ALL {
        both_ways(&outcome, json!(outcome.as_str()));
    }
    for reason in HoldReason::ALL {
        both_ways(&reason, json!(reason.as_str()));
    }
    for mode in [SyncMode::Auto, SyncMode::Full, SyncMode::Incremental] {
        both_ways(&mode, json!(mode.as_str()));
    }
    for code in ErrorCode::ALL.iter().filter(|code| **code != ErrorCode::CallRefused) {
        both_ways(code, json!(code.as_str()));
        both_ways(&code.class(), json!(code.class().as_str()));
    }
    both_ways(&ErrorClass::NewerCache, json!("newer_cache"));
    both_ways(&Phase::Categories, json!("categories"));
}

#[test]
fn ids_are_bare() {
    both_ways(&ContentId(7), json!(7));
    both_ways(&CategoryId("x 1".to_owned()), json!("x 1"));
    both_ways(&RunId(3), json!(3));
    both_ways(&home(), json!("home"));
    assert!(from_value::<ProfileId>(json!(" ")).is_err(), "the rules of ids hold");
}

#[test]
fn an_item_is_flat_with_its_kind_beside_its_fields() {
    let mut movie = Movie::with_id(ContentId(7));
    movie.name = "Amélie".into();
    movie.rating = Some(8.5);
    movie.category_ids = ["3", "12"].into_iter().collect();
    movie.extra.insert("backdrop".into(), "[]".into());
    let shape = to_value(&movie).unwrap();
    assert_eq!((&shape["stream_id"], &shape["name"], &shape["rating"]), (&json!(7), &json!("Amélie"), &json!(8.5)));
    assert_eq!((&shape["category_ids"], &shape["extra"]), (&json!(["12", "3"]), &json!({"backdrop": "[]"})));
    assert_eq!(shape.as_object().unwrap().len(), 1 + Movie::FIELDS.len());
    both_ways(&movie, shape.clone());
    let mut of_kind = shape;
    of_kind["kind"] = json!("movies");
    both_ways(&movie.into_item(), of_kind);
    let series = Series::with_id(ContentId(1));
    both_ways(&series, to_value(&series).unwrap());
    let few = json!({"kind": "channels", "stream_id": 2, "name": "News"});
    let mut channel = Channel::with_id(ContentId(2));
    channel.name = "News".into();
    assert_eq!(from_value::<Item>(few).unwrap(), channel.into_item(), "a field that is absent is empty");
}

#[test]
fn a_category_and_an_account() {
    let category = Category { id: CategoryId("3".to_owned()), name: "News".to_owned(), parent_id: None };
    both_ways(&category, json!({"id": "3", "name": "News", "parent_id": null}));
    let account = Account { expires_at: Some(9), ..Account::active() };
    let shape = json!({"status": "active", "expires_at": 9, "unread_end": null, "panel_time": null,
        "max_connections": null, "message": null, "active_connections": null});
    both_ways(&account, shape);
    both_ways(&AccountStatus::Inactive("Banned".to_owned()), json!({"inactive": "Banned"}));
}

fn counts() -> Value {
    json!({"added": 1, "updated": 0, "refreshed": 0, "removed": 0, "unchanged": 0, "held": 0, "skipped": 0})
}

#[test]
fn counts_and_values_per_kind() {
    let one = Counts { added: 1, ..Counts::default() };
    both_ways(&one, counts());
    both_ways(&PerKind::new(1, 2, 3), json!({"channels": 1, "movies": 2, "series": 3}));
}

#[test]
fn progress_and_records_of_kinds() {
    let mut progress = Progress::new(home(), Some(ContentKind::Movies), Phase::Listing);
    (progress.seen, progress.counts.added) = (1, 1);
    let shape = json!({"profile": "home", "kind": "movies", "phase": "listing", "seen": 1, "expected": 0, "bytes": 0,
        "wire_bytes": null, "counts": counts(), "percent": 0});
    one_way(&progress, &shape);
    progress.wait = Some(Wait::new(WaitCause::Asked, Duration::from_secs(2)));
    let mut waiting = shape;
    waiting["wait"] = json!({"cause": "asked", "duration_ms": 2000});
    one_way(&progress, &waiting);
    let mut record = KindRecord::skipped(ContentKind::Series, SyncMode::Full);
    (record.counts.added, record.duration) = (1, Duration::from_micros(2_500));
    one_way(&record, &kind_record());
    let mut run = RunRecord::new(RunId(3), RunStatus::Syncing, 5);
    run.kinds.push(record);
    let shape = json!({"run": 3, "status": "syncing", "started_at": 5, "finished_at": null, "trigger": "unknown",
        "error": null, "kinds": [kind_record()]});
    one_way(&run, &shape);
}

fn kind_record() -> Value {
    json!({"kind": "series", "mode": "full", "outcome": "skipped", "counts": counts(), "not_modified": false,
        "bytes": 0, "wire_bytes": 0, "requests": 0, "duration_ms": 2, "hold_reason": null, "skipped_at": null, "error": null})
}

#[test]
fn a_report_has_its_errors_with_class_and_hint() {
    let error = ReportError::new(None, ErrorCode::DiskFull, "full".to_owned()).with_hint(Hint::MakeRoom);
    let told = json!({"kind": null, "code": "disk_full", "class": "store", "message": "full",
        "hint": "make room and sync again; the cache is unchanged"});
    one_way(&error, &told);
    let mut report = SyncReport::new(home());
    report.errors.push(error);
    report.warnings.push("careful".to_owned().into());
    report.plan.push(KindPlan::new(ContentKind::Series));
    let shape = to_value(&report).unwrap();
    assert_eq!((&shape["profile"], &shape["status"], &shape["run"]), (&json!("home"), &json!("failed"), &Value::Null));
    assert_eq!((&shape["errors"], &shape["warnings"]), (&json!([told]), &json!(["careful"])));
    assert_eq!((&shape["duration_ms"], &shape["kinds"]["movies"]["outcome"]), (&json!(0), &json!("skipped")));
    assert_eq!(shape["plan"][0]["kind"], "series");
}

#[test]
fn a_plan_names_fields_and_reasons() {
    let item = || PlannedItem { id: ContentId(7), name: "Amélie".to_owned() };
    let mut fields = FieldSet::EMPTY;
    fields.add(ContentKind::Movies.field("year").unwrap());
    let mut plan = KindPlan::new(ContentKind::Movies);
    plan.added.push(item());
    plan.updated.push(PlannedUpdate { item: item(), fields });
    plan.held.push(PlannedRemoval { item: item(), reason: HoldReason::Loss(crate::removal::guard::Loss::ShareLost) });
    let shape = json!({"kind": "movies", "added": [{"id": 7, "name": "Amélie"}],
        "updated": [{"id": 7, "name": "Amélie", "fields": ["year"]}], "removed": [],
        "held": [{"id": 7, "name": "Amélie", "reason": "share_lost"}], "unnoticed": []});
    one_way(&plan, &shape);
}

#[test]
fn held_removals_and_changes() {
    let held = HeldRemoval {
        id: ContentId(7),
        reason: HoldReason::Loss(crate::removal::guard::Loss::ShareLost),
        since: 5,
        run: RunId(3),
        evidence: Some(Evidence { listing: 2, at: 6, panel_at: 7 }),
        successor: None,
    };
    let shape = json!({"id": 7, "reason": "share_lost", "since": 5, "run": 3,
        "evidence": {"listing": 2, "at": 6, "panel_at": 7}, "successor": null});
    both_ways(&held, shape);
    let mut fields = FieldSet::EMPTY;
    fields.add(ContentKind::Movies.field("name").unwrap());
    let change = ChangeRecord::new(4, 9, ContentKind::Movies, LoggedChange::Updated(fields));
    let shape = json!({"sequence": 4, "run": 3, "at": 9, "kind": "movies", "parent": 0, "id": 7, "change": "updated",
        "name": "A", "fields": ["name"]});
    one_way(&change.of_run(Some(RunId(3))).of_item(Some(ContentId(7)), Some("A".to_owned())), &shape);
}
