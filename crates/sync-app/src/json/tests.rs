//! Each type reads a line, and writes the same bytes again.

use std::borrow::Cow;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

/// Reads a line, and fails unless the type writes the same line again and reads that as the same value.
#[track_caller]
fn reads_back<T: DeserializeOwned + Serialize + PartialEq + Debug>(line: &str) -> T {
    let read: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{line}"));
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(written, line);
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read);
    read
}

const KIND: &str = r#"{"mode":"full","outcome":"held","added":1,"updated":2,"refreshed":3,"removed":4,"unchanged":5,"held":6,"skipped":7,"bytes":8,"requests":9,"duration_ms":10,"error":null}"#;

/// A kind with every member.
const FULL_KIND: &str = concat!(
    r#"{"mode":"full","outcome":"failed","added":0,"updated":0,"refreshed":0,"removed":0,"unchanged":0,"held":0,"#,
    r#""skipped":0,"bytes":0,"requests":0,"duration_ms":0,"error":{"code":"c","message":"m","hint":""},"#,
    r#""not_modified":true,"hold_reason":"share_lost","skipped_at":{"offset":16,"before":null,"after":2},"#,
    r#""plan":{"added":[{"id":1,"name":"a"}],"updated":[{"id":2,"name":"b","fields":["name"]}],"removed":[],"#,
    r#""held":[{"id":4,"name":"d","reason":"share_lost"}]},"switched_off":true,"#,
    r#""overlay":{"edits":[{"id":1,"name":"n","field":"tags","outcome":"conflicts","local":["x"],"panel":null}],"#,
    r#""moves":[{"from":1,"to":2,"name":null,"certain":false}],"new_categories":[{"id":"7","name":"c"}],"more":3}}"#,
);

fn report(end: &str) -> String {
    format!(
        r#"{{"profile":"home","status":"completed","kinds":{{"channels":{KIND},"movies":{FULL_KIND},"series":{KIND}}},"errors":[],"trigger":"manual","wire_bytes":null{end}}}"#
    )
}

const CHANGE: &str = r#"{"epoch":-5,"sequence":8,"run":null,"at":9,"profile":"home","kind":"movies","id":7,"parent":0,"change":"updated","name":"n","fields":{"name":{"before":"m","after":"n"},"extra":{"before":{"a":1e999,"a":2},"after":null},"year":null}}"#;

#[test]
fn reports_read_back() {
    let read = reads_back::<Report<'_>>(&report(""));
    assert!(!read.dry_run && read.warnings.is_empty());
    assert_eq!(read.kinds.movies.plan.as_ref().map(|plan| plan.added[0].id), Some(1));
    assert_eq!(read.kinds.get("movies"), Some(&read.kinds.movies));
    assert_eq!(read.kinds.get("episodes"), None);
    let all = report("").replace(r#""kinds":"#, r#""dry_run":true,"kinds":"#);
    let all = all.replace(r#""errors":[],"#, r#""errors":[{"code":"c","message":"m","hint":"h"}],"warnings":["w"],"#);
    assert!(reads_back::<Report<'_>>(&all).dry_run);
    let named = r#"{"added":[{"id":1,"name":"a"}],"updated":[],"removed":[]}"#;
    let more = r#"{"added":0,"updated":1,"removed":2}"#;
    let end = format!(
        r#","run":7,"changes":{{"channels":{named},"movies":{named},"series":{named}}},"more":{{"channels":{more},"movies":{more},"series":{more}}},"text":"t""#
    );
    let told = reads_back::<Told<'_>>(&report(&end));
    assert_eq!((told.report.kinds, told.run), (read.kinds, Some(7)));
}

#[test]
fn items_read_back() {
    reads_back::<FoundItem<'_>>(
        r#"{"profile":"home","kind":"movies","id":7,"name":"n","category":"1","category_name":null,"categories":["1","2"],"year":1999,"rating":8.5,"favourite":true,"cursor":"x"}"#,
    );
    let fields = r#"{"name":"n","year":null,"rating":8.0,"number":3,"category_ids":["1"]}"#;
    let shown = reads_back::<ShownItem<'_>>(&format!(
        r#"{{"profile":"home","kind":"movies","id":7,"name":"n","categories":[{{"id":"1","name":null}}],"created_at":1,"updated_at":2,"held":{{"reason":"r","since":3}},"fields":{fields},"extra":{{"b":1e999,"a":1,"a":1.50}},"changes":[{CHANGE}],"edits":{{"name":{{"base":null,"conflict":{{"panel":"p","since":4}},"edited_at":5,"local":"l"}},"tags":{{"base":null,"edited_at":5,"local":["x"]}}}},"shown":{{"name":"l"}},"hidden":false,"excluded":true}}"#
    ));
    let names: Vec<_> = shown.fields.as_ref().unwrap().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["name", "year", "rating", "number", "category_ids"]);
    assert_eq!(shown.extra.unwrap().get(), r#"{"b":1e999,"a":1,"a":1.50}"#);
    let removed = reads_back::<ShownItem<'_>>(
        r#"{"profile":"home","kind":"movies","id":7,"name":"n","categories":[],"created_at":null,"updated_at":null,"held":null,"fields":null,"extra":null,"changes":[],"removed_at":6,"edits":{},"shown":{},"hidden":false,"excluded":false}"#,
    );
    assert_eq!((removed.removed_at, removed.extra), (Some(6), None));
    reads_back::<ExportedItem<'_>>(&format!(
        r#"{{"profile":"home","kind":"series","id":7,"name":"n","categories":[],"fields":{fields},"extra":{{}}}}"#
    ));
    reads_back::<SizedCategory<'_>>(
        r#"{"profile":"home","kind":"movies","id":"7","name":null,"parent_id":0,"position":null,"items":3}"#,
    );
}

#[test]
fn changes_and_runs_read_back() {
    let change = reads_back::<Change<'_>>(CHANGE);
    let extra = change.fields.get("extra").unwrap().as_ref().unwrap();
    assert_eq!(extra.before.get(), r#"{"a":1e999,"a":2}"#);
    assert_eq!((change.fields.len(), change.fields.get("year")), (3, Some(&None)));
    assert_eq!(change.fields.get("name").unwrap().as_ref().unwrap().after.parse::<String>().unwrap(), "n");
    let undone = CHANGE.replace("updated", "undone").replace(r#""year":null}"#, r#""year":null},"of":"added""#);
    assert_eq!(reads_back::<Change<'_>>(&undone).of.as_deref(), Some("added"));
    reads_back::<NewItem<'_>>(
        r#"{"profile":"home","kind":"movies","category":"1","category_name":"c","id":7,"name":"n","year":null,"at":5,"returned":true}"#,
    );
    let run = reads_back::<Run<'_>>(&format!(
        r#"{{"run":3,"profile":"home","status":"failed","trigger":"undo","started_at":1,"finished_at":null,"duration_ms":null,"requests":2,"bytes":3,"wire_bytes":null,"kinds":{{"series":{KIND},"channels":{KIND}}},"error":{{"code":"c","message":"m"}}}}"#
    ));
    assert_eq!(run.kinds.get("series").map(|kind| kind.held), Some(6));
    let undo = reads_back::<UndoLine<'_>>(
        r#"{"profile":"home","run":null,"of":3,"kinds":{"movies":{"added":1,"updated":2,"removed":3,"held":4}}}"#,
    );
    assert!(matches!(undo, UndoLine::Done(undo) if undo.of == 3));
    let refused = reads_back::<UndoLine<'_>>(
        r#"{"profile":"home","of":3,"refused":"later_run","items":[{"kind":"movies","id":7,"name":null,"run":4}]}"#,
    );
    assert!(matches!(refused, UndoLine::Refused(refused) if refused.items[0].run == Some(4)));
    reads_back::<Applied<'_>>(
        r#"{"profile":"home","status":"partial","reason":"cancelled","from":null,"to":{"epoch":1,"sequence":2},"kinds":{"movies":{"added":1,"updated":2,"refreshed":3,"removed":4,"unchanged":5,"held":6,"skipped":7}},"run":null,"skipped":["episodes"],"off":["series"]}"#,
    );
}

#[test]
fn the_users_changes_read_back() {
    reads_back::<ChangedItem<'_>>(r#"{"profile":"home","kind":"movies","id":7,"changed":["name","tags"]}"#);
    let conflict = reads_back::<ConflictLine<'_>>(
        r#"{"profile":"home","kind":"movies","id":7,"name":"n","field":"icon","base":null,"local":true,"panel":"p","since":5,"rule":"ask"}"#,
    );
    assert!(matches!(conflict, ConflictLine::Conflict(conflict) if conflict.local == true));
    let offer = reads_back::<ConflictLine<'_>>(
        r#"{"profile":"home","kind":"movies","id":7,"name":"n","maybe":{"id":8,"name":"n"}}"#,
    );
    assert!(matches!(offer, ConflictLine::Offer(offer) if offer.maybe.id == 8));
    reads_back::<WaitingEdits<'_>>(r#"{"profile":"home","kind":"movies","id":7,"name":"n","edits":2,"candidates":0}"#);
    reads_back::<Imported<'_>>(r#"{"profile":"home","matched_by_id":1,"matched_by_name":2,"unmatched":3}"#);
    for end in ["", r#","left_out":4"#] {
        let rule = reads_back::<FilterLine<'_>>(&format!(
            r#"{{"profile":"home","kind":"movies","position":1,"action":"exclude","by":"name","match":"glob","pattern":"*","matches":3{end}}}"#
        ));
        assert!(matches!(rule, FilterLine::Rule(rule) if rule.left_out.is_some() != end.is_empty()));
    }
    let defaults = reads_back::<FilterLine<'_>>(
        r#"{"profile":"home","kind":"movies","default":"include","new":"exclude","left_out":4}"#,
    );
    assert!(matches!(defaults, FilterLine::Defaults(_)));
    reads_back::<FilterTrial<'_>>(
        r#"{"profile":"home","kind":"movies","shown":1,"hidden":2,"would_show":3,"would_hide":4,"examples":[{"id":7,"name":"n","would":"hide"}]}"#,
    );
    reads_back::<RewriteRule<'_>>(
        r#"{"profile":"home","kind":"movies","position":1,"pattern":"a","replacement":"b","matches":3}"#,
    );
    reads_back::<RewrittenName<'_>>(r#"{"profile":"home","kind":"movies","id":7,"before":"a","after":"b"}"#);
}

#[test]
fn profiles_read_back() {
    for source in [r#"{"from":"stored"}"#, r#"{"from":"environment","name":"N"}"#, r#"{"from":"file","path":"p"}"#] {
        reads_back::<ListedProfile<'_>>(&format!(
            r#"{{"feed_days":1,"feed_entries":2,"follow_other_hosts":true,"further_urls":["u"],"parallel_requests":1,"password_source":{source},"policy":"fingerprint","profile":"home","release_days":7,"release_listings":3,"removal_category_rows":10,"removal_floor_rows":20,"removal_share_percent":30,"search":"all","settings":{{"attempts":4,"kinds.off":[]}},"tombstone_days":90,"url":"","user_agent":null,"verify_tls":true}}"#
        ));
    }
    let settings = reads_back::<ProfileSettings<'_>>(
        r#"{"profile":"home","settings":{"guard.share":{"value":40,"default":30},"attempts":{"value":null,"default":null}}}"#,
    );
    assert_eq!(settings.settings.get("guard.share").unwrap().value, 40);
    let kind = r#"{"offered":true,"categories":null}"#;
    for account in ["null", r#"{"status":"Active","expires_at":null,"active_connections":0,"max_connections":1}"#] {
        reads_back::<LoginTest<'_>>(&format!(
            r#"{{"profile":"home","address":null,"login":"ok","account":{account},"kinds":{{"channels":{kind},"movies":{kind},"series":{kind}}}}}"#
        ));
    }
}

#[test]
fn status_and_check_read_back() {
    let group = r#"{"count":1,"evidence_since":null,"examples":["n"],"listings":0,"reason":"r","releases":"by_consent","since":5}"#;
    let plain = r#"{"held":[],"items":0,"last_sync":null}"#;
    let full = format!(
        r#"{{"doubted_since":1,"held":[{group}],"items":3,"last_sync":4,"probed_at":5,"switched_off":true,"volatile":["extra.x"]}}"#
    );
    let next = r#"{"next":null,"why":"w"}"#;
    let run_kind = r#"{"added":1,"bytes":8,"duration_ms":10,"error":null,"held":6,"mode":"full","outcome":"held","refreshed":3,"removed":4,"requests":9,"skipped":7,"unchanged":5,"updated":2}"#;
    let status = |account: &str, check: &str, pace: &str| {
        format!(
            r#"{{"account":{account},"address":"u",{check}"conflicts":2,"details":null,"feed":{{"epoch":1,"newest":2,"oldest":0}},"further_urls":[],"kinds":{{"channels":{plain},"movies":{full},"series":{plain}}},"learnt":[{{"kind":null,"name":"n","value":"v"}}],"message":null,"pace":{pace},"profile":"home","runs":[{{"finished_at":null,"kinds":{{"movies":{run_kind}}},"run":1,"started_at":2,"status":"syncing"}}],"schedule":{{"channels":{next},"movies":{next},"series":{next}}},"status":null,"url":null}}"#
        )
    };
    let read = reads_back::<Status<'_>>(&status("null", "", "null"));
    assert_eq!(read.runs[0].kinds.get("movies").map(|kind| kind.held), Some(6));
    reads_back::<Status<'_>>(&status(
        r#"{"checked_at":null,"expires_at":1,"status":"Active","unread_end":null}"#,
        r#""check":[{"kind":null,"problem":"stale","since":null}],"#,
        r#"{"budget":0,"held_until":null,"refused_at":1,"requests_per_second":0.457,"requests_today":3}"#,
    ));
    let finding = r#"{"code":"c","count":1,"examples":["7"],"kind":"movies","marked":true,"mended_by_check":false,"mended_by_sync":true,"message":"m"}"#;
    for panel in [String::new(), format!(r#","panel":{}"#, report(""))] {
        let checked = reads_back::<CheckLine<'_>>(&format!(
            r#"{{"profile":"home","status":"inconsistent","findings":[{finding}]{panel}}}"#
        ));
        assert!(matches!(checked, CheckLine::Checked(checked) if checked.panel.is_some() != panel.is_empty()));
    }
    let damaged = reads_back::<CheckLine<'_>>(r#"{"damage":["d"],"profile":null,"status":"damaged"}"#);
    assert!(matches!(damaged, CheckLine::Damaged(_)));
}

/// A reader of lines needs no lifetime: escapes are no obstacle, and the line may be gone.
#[test]
fn what_is_read_is_owned() {
    let line = r#"{"profile":"a\u001b\"b","kind":"movies","id":7,"changed":["n\n"]}"#.to_owned();
    let read: ChangedItem<'static> = serde_json::from_reader(line.as_bytes()).unwrap();
    drop(line);
    assert_eq!((&*read.profile, &*read.changed[0]), ("a\u{1b}\"b", "n\n"));
    assert!(matches!((&read.profile, &read.kind), (Cow::Owned(_), Cow::Owned(_))));
    let members: Members<'static, u8> = serde_json::from_str(r#"{"\u0061":1,"b":2}"#).unwrap();
    assert_eq!(members, [("a", 1), ("b", 2)].into_iter().collect());
    assert!(serde_json::from_str::<Members<'static, u8>>("[]").is_err());
}

#[test]
fn a_newer_command_is_read_and_an_older_one() {
    let newer = r#"{"profile":"home","kind":"episodes","id":7,"changed":[],"more":{"x":[1]}}"#;
    assert_eq!(serde_json::from_str::<ChangedItem<'_>>(newer).unwrap().kind, "episodes");
    let older = report("").replace(r#","wire_bytes":null"#, "");
    assert_eq!(serde_json::from_str::<Report<'_>>(&older).unwrap().wire_bytes, None);
    assert!(serde_json::from_str::<Report<'_>>(newer).is_err());
}
