//! The overlay as a file: lines of JSON. `docs/guide.md` documents the format.
//!
//! The first line is a header. Then comes a line per kind that has rules, and then a line per edited item.

use serde_json::{Map, Value, json};
use sync_core::overlay::{
    EDITS_MAX, Edit, EditField, EditValue, EditedItem, Filter, FilterAction, FilterBy, FilterRule, InvalidEdit,
    InvalidRule, ItemIdentity, MatchBy, NewCategories, OverlayRules, PanelConflict, RewriteRule, RuleChange,
};
use sync_core::{ContentId, ContentKind, PerKind, Profile, ProfileId};
use url::Url;

use crate::secrets::Login;

/// The format that the header names.
const FORMAT: &str = "xtream-sync overlay";

/// The newest version that can be read.
const VERSION: u64 = 1;

/// The longest line, in bytes. An item with every edit at its limit is far below it.
const LINE_MAX: usize = 4 << 20;

/// The longest file, in bytes. The largest allowed number of edits takes far less.
const FILE_MAX: u64 = 256 << 20;

/// The overlay that a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverlayFile {
    /// The rules of each kind; `None` for a kind without rules in the file.
    pub rules: PerKind<Option<(Filter, Vec<RewriteRule>)>>,
    /// The edited items.
    pub items: Vec<EditedItem>,
}

/// The reason why a file can't be imported. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportProblem {
    /// The first line is not the header of an export.
    #[error("this is no export of an overlay")]
    NoExport,
    /// The file has a newer version.
    #[error("the export has version {0}, and this program reads version {VERSION}")]
    Newer(u64),
    /// A line can't be read.
    #[error("line {line}: {problem}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The file is too long.
    #[error("the export is longer than {} MiB", FILE_MAX >> 20)]
    TooLong,
    /// The file has more edits than a profile may have.
    #[error("the export has more than {EDITS_MAX} edits")]
    TooManyEdits,
}

/// Returns the header of an export.
pub(super) fn header(profile: &ProfileId) -> Value {
    json!({"format": FORMAT, "version": VERSION, "profile": profile.as_str()})
}

/// Returns the line with the rules of a kind.
pub(super) fn rules_line(kind: ContentKind, filter: &Filter, rewrites: &[RewriteRule]) -> Value {
    let rule = |rule: &FilterRule| json!({"action": rule.action.as_str(), "by": rule.by.as_str(), "match": rule.matches.as_str(), "pattern": rule.pattern});
    let rewrite = |rule: &RewriteRule| json!({"pattern": rule.pattern, "replacement": rule.replacement});
    json!({
        "kind": kind.as_str(),
        "filter": filter.rules.iter().map(rule).collect::<Vec<_>>(),
        "default": filter.otherwise.as_str(),
        "new": filter.new_categories.as_str(),
        "known_categories": filter.known_categories,
        "rewrite": rewrites.iter().map(rewrite).collect::<Vec<_>>(),
    })
}

/// Returns the line of an edited item.
pub(super) fn item_line(item: &EditedItem) -> Value {
    let edits: Map<_, _> = item.edits.iter().map(|edit| (edit.field.as_str().to_owned(), edit_object(edit))).collect();
    let identity = &item.identity;
    json!({
        "kind": item.kind.as_str(),
        "parent": item.parent,
        "id": item.id.0,
        "name": identity.name,
        "tmdb_id": identity.tmdb_id,
        "category_id": identity.category_id,
        "declined": item.declined.map(|id| id.0),
        "edits": edits,
    })
}

fn edit_object(edit: &Edit) -> Value {
    let mut object = json!({
        "local": value_json(&edit.local),
        "base": edit.base.as_ref().map(value_json),
        "edited_at": edit.edited_at,
    });
    if let Some(conflict) = &edit.conflict {
        object["conflict"] = json!({"panel": conflict.panel.as_ref().map(value_json), "since": conflict.since});
    }
    object
}

/// Returns the value of an edit as JSON: true, a number, a text or a list of texts.
pub fn value_json(value: &EditValue) -> Value {
    match value {
        EditValue::Flag(flag) => (*flag).into(),
        EditValue::Number(number) => (*number).into(),
        EditValue::Text(text) => text.as_str().into(),
        EditValue::List(texts) => texts.as_slice().into(),
    }
}

/// Changes every text of a JSON value, except the names of members.
pub(super) fn change_texts(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| change_texts(value, change)),
        Value::Object(members) => members.values_mut().for_each(|value| change_texts(value, change)),
        _ => {}
    }
}

/// Reads a file line by line.
#[derive(Debug)]
pub struct OverlayFileReader {
    login: Login,
    /// The hosts of the panel. They know the login anyway.
    hosts: Vec<String>,
    lines: u64,
    /// The number of bytes that may still come.
    left: u64,
    edits: usize,
    file: OverlayFile,
}

impl OverlayFileReader {
    /// Begins to read a file for a profile with this login.
    ///
    /// The login is filled in where it was blanked: in values of the panel, and in addresses on the panel's hosts. It
    /// is filled in nowhere else, so that a file from somebody else can't send it to another host, or put it into a
    /// name that the user sees.
    pub fn new(login: Login, profile: &Profile) -> Self {
        let hosts = profile.addresses().into_iter().filter_map(host_of).collect();
        let file = OverlayFile { rules: PerKind::from_fn(|_| None), items: Vec::new() };
        Self { login, hosts, lines: 0, left: FILE_MAX, edits: 0, file }
    }

    /// Fills the login in where it was blanked in an item.
    fn fill(&self, line: &mut Value) {
        let fill = |value: &mut Value| change_texts(value, &|text| self.login.fill(text).into_owned());
        for member in ["name", "tmdb_id", "category_id"] {
            line.get_mut(member).map(fill);
        }
        let edits = line.get_mut("edits").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, edit) in edits {
            edit.get_mut("base").map(fill);
            edit.get_mut("conflict").map(fill);
            let local = edit.get_mut("local");
            let is_panels = |text: &str| host_of(text).is_some_and(|host| self.hosts.contains(&host));
            local.filter(|local| local.as_str().is_some_and(is_panels)).map(fill);
        }
    }

    /// Takes the next line.
    ///
    /// # Errors
    ///
    /// [`ImportProblem`] says what is wrong with it.
    pub fn push(&mut self, line: &str) -> Result<(), ImportProblem> {
        self.lines += 1;
        self.left = self.left.checked_sub(line.len() as u64 + 1).ok_or(ImportProblem::TooLong)?;
        if self.lines == 1 {
            return check_header(line);
        }
        if line.trim().is_empty() {
            return Ok(());
        }
        let wrong = |problem| ImportProblem::Line { line: self.lines, problem };
        if line.len() > LINE_MAX {
            return Err(wrong(format!("it is longer than {LINE_MAX} bytes")));
        }
        let mut value: Value = serde_json::from_str(line).map_err(|_| wrong("it is no JSON".to_owned()))?;
        self.fill(&mut value);
        let object = value.as_object().ok_or_else(|| wrong("it is no JSON object".to_owned()))?;
        let kind = known(object, "kind", |name| name.parse::<ContentKind>().ok()).map_err(wrong)?;
        if object.contains_key("edits") {
            let item = item(kind, object).map_err(wrong)?;
            self.edits += item.edits.len();
            if self.edits > EDITS_MAX {
                return Err(ImportProblem::TooManyEdits);
            }
            self.file.items.push(item);
        } else {
            let rules = rules(object).map_err(wrong)?;
            // Rules that can't be used are found here, before anything is written.
            let replaced = RuleChange::Replace(rules.0.clone(), rules.1.clone());
            let checked = OverlayRules::default().change(kind, replaced, &[]);
            checked.map_err(|error: InvalidRule| wrong(error.to_string()))?;
            self.file.rules[kind] = Some(rules);
        }
        Ok(())
    }

    /// Returns what was read.
    ///
    /// # Errors
    ///
    /// [`ImportProblem::NoExport`] if there was no line at all.
    pub fn finish(self) -> Result<OverlayFile, ImportProblem> {
        if self.lines == 0 { Err(ImportProblem::NoExport) } else { Ok(self.file) }
    }
}

/// Returns the host of an address.
fn host_of(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}

fn check_header(line: &str) -> Result<(), ImportProblem> {
    let header: Value = serde_json::from_str(line).map_err(|_| ImportProblem::NoExport)?;
    let version = header["version"].as_u64().filter(|_| header["format"] == FORMAT);
    match version {
        None => Err(ImportProblem::NoExport),
        Some(newer) if newer > VERSION => Err(ImportProblem::Newer(newer)),
        Some(_) => Ok(()),
    }
}

/// Returns a member whose text is one of some words.
fn known<T>(object: &Map<String, Value>, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    let found = object.get(name).and_then(Value::as_str).and_then(read);
    found.ok_or_else(|| format!("`{name}` is missing or not known"))
}

fn text(object: &Map<String, Value>, name: &str) -> Result<String, String> {
    known(object, name, |text| Some(text.to_owned()))
}

/// Returns a member that may be missing or null.
fn optional<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(|| format!("`{name}` is of another type")),
    }
}

fn number(object: &Map<String, Value>, name: &str) -> Result<i64, String> {
    optional(object, name, Value::as_i64)?.ok_or_else(|| format!("`{name}` is missing"))
}

fn objects<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a Map<String, Value>>, String> {
    let wrong = || format!("`{name}` is no list of objects");
    let values = object.get(name).and_then(Value::as_array).ok_or_else(wrong)?;
    values.iter().map(|value| value.as_object().ok_or_else(wrong)).collect()
}

fn rules(object: &Map<String, Value>) -> Result<(Filter, Vec<RewriteRule>), String> {
    let rule = |rule: &Map<String, Value>| {
        Ok(FilterRule {
            action: known(rule, "action", FilterAction::from_name)?,
            by: known(rule, "by", FilterBy::from_name)?,
            matches: known(rule, "match", MatchBy::from_name)?,
            pattern: text(rule, "pattern")?,
        })
    };
    let rewrite = |rule: &Map<String, Value>| {
        Ok(RewriteRule { pattern: text(rule, "pattern")?, replacement: text(rule, "replacement")? })
    };
    let texts = |value: &Value| {
        let texts = value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Option<_>>()
    };
    let filter = Filter {
        rules: objects(object, "filter")?.into_iter().map(rule).collect::<Result<_, String>>()?,
        otherwise: known(object, "default", FilterAction::from_name)?,
        new_categories: known(object, "new", NewCategories::from_name)?,
        known_categories: optional(object, "known_categories", texts)?,
        ..Filter::default()
    };
    let rewrites = objects(object, "rewrite")?.into_iter().map(rewrite).collect::<Result<_, String>>()?;
    Ok((filter, rewrites))
}

fn item(kind: ContentKind, object: &Map<String, Value>) -> Result<EditedItem, String> {
    let optional_text = |name| optional(object, name, |value| value.as_str().map(str::to_owned));
    let identity = ItemIdentity {
        name: text(object, "name")?,
        tmdb_id: optional_text("tmdb_id")?,
        category_id: optional_text("category_id")?,
    };
    let mut item = EditedItem::new(kind, ContentId(number(object, "id")?), identity);
    if optional(object, "parent", Value::as_i64)?.is_some_and(|parent| parent != 0) {
        return Err("`parent` is not 0: this version has no edits of episodes".to_owned());
    }
    item.declined = optional(object, "declined", Value::as_i64)?.map(ContentId);
    let edits = object.get("edits").and_then(Value::as_object).ok_or("`edits` is no object")?;
    for (name, value) in edits {
        let field = EditField::from_name(name).ok_or("a field of `edits` is not known")?;
        let of_edit = value.as_object().ok_or("an edit is no object")?;
        let local = of_edit.get("local").and_then(value_of).ok_or("`local` is missing")?;
        let conflict = match optional(of_edit, "conflict", |value| value.as_object().cloned())? {
            Some(conflict) => {
                let panel = optional(&conflict, "panel", value_of)?;
                Some(PanelConflict { panel, since: number(&conflict, "since")? })
            }
            None => None,
        };
        item.edits.push(Edit {
            field,
            local: local.checked(field).map_err(|error: InvalidEdit| error.to_string())?,
            base: optional(of_edit, "base", value_of)?,
            edited_at: number(of_edit, "edited_at")?,
            conflict,
        });
    }
    item.edits.sort_by_key(|edit| edit.field);
    if item.edits.is_empty() { Err("`edits` is empty".to_owned()) } else { Ok(item) }
}

/// Returns the value of an edit for a JSON value; `None` if an edit has no such values.
fn value_of(value: &Value) -> Option<EditValue> {
    match value {
        Value::Bool(flag) => Some(EditValue::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(EditValue::Number),
        Value::String(text) => Some(EditValue::Text(text.clone())),
        Value::Array(texts) => EditValue::list(texts.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"format":"xtream-sync overlay","version":1,"profile":"home"}"#;

    fn read(lines: &[&str]) -> Result<OverlayFile, ImportProblem> {
        let mut reader = OverlayFileReader::new(Login::default(), &Profile::new(ProfileId::new("home").unwrap()));
        lines.iter().try_for_each(|line| reader.push(line))?;
        reader.finish()
    }

    #[test]
    fn a_file_that_is_no_export_or_a_newer_one_is_refused() {
        assert_eq!(read(&[]), Err(ImportProblem::NoExport));
        for first in ["", "{}", "x", r#"{"format":"xtream-sync overlay"}"#, r#"{"format":"x","version":1}"#] {
            assert_eq!(read(&[first]), Err(ImportProblem::NoExport), "{first}");
        }
        let newer = r#"{"format":"xtream-sync overlay","version":2,"profile":"home"}"#;
        assert_eq!(read(&[newer]), Err(ImportProblem::Newer(2)));
        assert_eq!(read(&[HEADER, ""]), Ok(OverlayFile { rules: PerKind::from_fn(|_| None), items: Vec::new() }));
    }

    #[test]
    fn a_line_that_cant_be_used_is_named_with_its_number() {
        let rule = |by: &str, matches: &str, pattern: &str| {
            format!(
                r#"{{"kind":"movies","filter":[{{"action":"exclude","by":"{by}","match":"{matches}","pattern":"{pattern}"}}],"default":"include","new":"include","known_categories":[],"rewrite":[]}}"#
            )
        };
        let item = |edits: &str| format!(r#"{{"kind":"movies","id":1,"name":"One","edits":{{{edits}}}}}"#);
        assert_eq!(read(&[HEADER, &rule("name", "glob", "FR*")]).unwrap().rules[ContentKind::Movies].iter().len(), 1);
        assert_eq!(read(&[HEADER, &item(r#""name":{"local":"x","edited_at":5}"#)]).unwrap().items.len(), 1);
        for (wrong, why) in [
            ("x".to_owned(), "JSON"),
            ("[]".to_owned(), "object"),
            (r#"{"kind":"films","edits":{}}"#.to_owned(), "`kind`"),
            (r#"{"kind":"series","parent":7,"id":1,"name":"x","edits":{}}"#.to_owned(), "`parent`"),
            (item(r#""icon":{"local":"banana","edited_at":5}"#), "icon"),
            (rule("name", "id", "1"), "by id"),
            (rule("name", "regex", "("), "regular expression"),
            (rule("name", "like", "x"), "`match`"),
            (item(""), "empty"),
            (item(r#""colour":{"local":"x","edited_at":5}"#), "field"),
            (item(r#""name":{"local":"","edited_at":5}"#), "name"),
            (item(r#""name":{"local":true,"edited_at":5}"#), "another type"),
            (item(r#""name":{"local":"x"}"#), "`edited_at`"),
            (item(r#""number":{"local":1.5,"edited_at":5}"#), "`local`"),
        ] {
            let Err(ImportProblem::Line { line, problem }) = read(&[HEADER, "", &wrong]) else { panic!("{wrong}") };
            assert!(line == 3 && problem.contains(why), "{wrong}: {problem}");
        }
    }

    #[test]
    fn a_file_has_a_bound() {
        let mut reader = OverlayFileReader::new(Login::default(), &Profile::new(ProfileId::new("home").unwrap()));
        reader.left = HEADER.len() as u64 + 3;
        reader.push(HEADER).unwrap();
        reader.push(" ").unwrap();
        assert_eq!(reader.push(""), Err(ImportProblem::TooLong));
    }

    #[test]
    fn the_login_is_filled_in_for_its_panel_only() {
        let mut home = Profile::new(ProfileId::new("home").unwrap());
        home.base_url = Some("http://p.example:8080".to_owned());
        let mut reader = OverlayFileReader::new(Login::new(Some("ann"), Some("s3cr3t-word")), &home);
        reader.push(HEADER).unwrap();
        let item = |local: &str| {
            format!(
                r#"{{"kind":"movies","id":1,"name":"One","edits":{{"icon":{{"local":"{local}","base":"http://x.example/{{password}}","edited_at":5}}}}}}"#
            )
        };
        let locals = [
            ("http://p.example/{username}/{password}/1", "http://p.example/ann/s3cr3t-word/1"),
            ("http://evil.example/{password}", "http://evil.example/{password}"),
            ("http://p.example@evil.example/{password}", "http://p.example@evil.example/{password}"),
        ];
        for (local, _) in locals {
            reader.push(&item(local)).unwrap();
        }
        reader
            .push(r#"{"kind":"movies","filter":[],"default":"include","new":"include","rewrite":[{"pattern":"^","replacement":"{password}"}]}"#)
            .unwrap();
        let file = reader.finish().unwrap();
        for (read, (_, expected)) in file.items.iter().zip(locals) {
            assert_eq!(read.edits[0].local.text(), Some(expected));
            assert_eq!(read.edits[0].base, Some(EditValue::Text("http://x.example/s3cr3t-word".to_owned())));
        }
        assert_eq!(file.rules[ContentKind::Movies].as_ref().unwrap().1[0].replacement, "{password}");
    }

    #[test]
    fn an_item_is_read_as_it_was_written() {
        let identity = ItemIdentity { name: "One".to_owned(), tmdb_id: None, category_id: Some("7".to_owned()) };
        let mut item = EditedItem::new(ContentKind::Series, ContentId(-3), identity);
        item.declined = Some(ContentId(9));
        let conflict = PanelConflict { panel: None, since: 8 };
        for (field, local, base) in [
            (EditField::Favourite, EditValue::Flag(true), None),
            (EditField::Name, EditValue::Text("Uno".to_owned()), Some(EditValue::Text("One".to_owned()))),
            (EditField::Number, EditValue::Number(5), Some(EditValue::Number(1))),
            (EditField::Tags, EditValue::List(vec!["a".to_owned(), "b".to_owned()]), None),
        ] {
            let conflict = Some(conflict.clone()).filter(|_| field == EditField::Name);
            item.edits.push(Edit { field, local, base, edited_at: 5, conflict });
        }
        assert_eq!(read(&[HEADER, &item_line(&item).to_string()]).unwrap().items, [item]);
    }
}
