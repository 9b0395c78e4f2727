//! `conflicts`: the values that both the user and the panel have changed, and the answers to them.

use std::collections::HashMap;
use std::path::Path;

use sync_core::overlay::{ConflictRule, Edit, EditField, EditValue, EditedItem};
use sync_core::text::one_line;
use sync_core::{ContentId, ContentKind, EditQuery, Profile};
use sync_service::{CategoryNames, Login, Service, WaitingEdits, value_json};

use super::args::{ConflictsArgs, ConflictsCommand, ResolveArgs};
use super::cell::fitted;
use super::exit::Exit;
use super::failure::Failure;
use super::results::Results;
use super::terminal::{confirm, counted, date, grouped, print_err};
use super::{edit, json, one_profile, refused, wiring};
use crate::json::{Conflict, ConflictLine, NamedItem, Offer, WaitingEdits as WaitingLine};

/// Shows or answers conflicts.
pub(crate) async fn run(
    database: &Path,
    command: Option<&ConflictsCommand>,
    list: &ConflictsArgs,
) -> Result<Exit, Failure> {
    match command {
        Some(ConflictsCommand::Resolve(args)) => resolve(database, args).await,
        None => show(database, list).await,
    }
}

async fn show(database: &Path, args: &ConflictsArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.of.id())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.of.id()).await?;
    let login = one_profile::login(&profile);
    if args.waiting {
        return waiting(&service, &profile, &login, args).await;
    }
    let mut query = EditQuery::conflicts();
    query.kind = args.kind;
    let items = cache.edited(&profile.id, query).await?;
    let mut names: HashMap<ContentKind, CategoryNames> = HashMap::new();
    for item in items.iter().filter(|_| !args.json) {
        if conflicts(item).any(|(edit, ..)| edit.field == EditField::Category) && !names.contains_key(&item.kind) {
            let mut categories = cache.categories(&profile.id, item.kind).await?;
            for category in &mut categories {
                category.name = login.blank(&category.name).into_owned();
            }
            names.insert(item.kind, CategoryNames::of(&categories));
        }
    }
    let none = CategoryNames::default();
    let mut results = Results::stdout();
    results.write(|mut out| {
        items.iter().try_for_each(|item| {
            if args.json {
                return write_json(&mut out, &profile, &login, item);
            }
            lines(&profile, &login, names.get(&item.kind).unwrap_or(&none), item)
                .iter()
                .try_for_each(|line| writeln!(out, "{line}"))
        })
    })?;
    results.end()?;
    if !args.json {
        print_err(if items.is_empty() {
            "note: there is no conflict"
        } else {
            "note: answer with `xtream-sync conflicts resolve ID --keep-local` or `--take-panel`"
        });
    }
    Ok(Exit::Done)
}

/// Returns the edits that conflict, each with the panel's value and the time since when.
fn conflicts(item: &EditedItem) -> impl Iterator<Item = (&Edit, Option<&EditValue>, i64)> {
    item.edits.iter().filter_map(|edit| edit.conflict.as_ref().map(|it| (edit, it.panel.as_ref(), it.since)))
}

fn write_json(
    mut out: impl std::io::Write,
    profile: &Profile,
    login: &Login,
    item: &EditedItem,
) -> std::io::Result<()> {
    let value = |value: &EditValue| value_json(&login.blank_value(value));
    let (id, kind, name) = (item.id.0, item.kind.as_str(), login.blank(&item.identity.name));
    for (edit, panel, since) in conflicts(item) {
        let line = ConflictLine::Conflict(Conflict {
            profile: profile.id.as_str().into(),
            kind: kind.into(),
            id,
            name: (&*name).into(),
            field: edit.field.as_str().into(),
            base: edit.base.as_ref().map(value),
            local: value(&edit.local),
            panel: panel.map(value),
            since,
            rule: profile.conflicts.of(edit.field).as_str().into(),
        });
        json::write_line(&mut out, &line)?;
    }
    if let Some((ContentId(other), other_name)) = &item.maybe {
        let maybe = NamedItem { id: *other, name: login.blank(other_name) };
        let (profile, kind) = (profile.id.as_str().into(), kind.into());
        json::write_line(&mut out, &ConflictLine::Offer(Offer { profile, kind, id, name, maybe }))?;
    }
    Ok(())
}

fn lines(profile: &Profile, login: &Login, names: &CategoryNames, item: &EditedItem) -> Vec<String> {
    let mut lines = vec![format!("{} {} {}", item.kind, item.id.0, one_line(&login.blank(&item.identity.name)))];
    for (edit, panel, since) in conflicts(item) {
        let rule = profile.conflicts.of(edit.field);
        let waits = if rule == ConflictRule::Ask { "it waits for your answer" } else { "yours stays" };
        lines.push(format!("  {}, since {}; {waits}", edit.field, date(since)));
        let words = |value| shown(login, names, edit.field, value);
        lines.push(format!("    yours    {}", words(Some(&edit.local))));
        lines.push(format!("    panel's  {}", words(panel)));
        lines.push(format!("    before   {}", words(edit.base.as_ref())));
    }
    if let Some((other, name)) = &item.maybe {
        let name = one_line(&login.blank(name));
        lines.push(format!("  the panel no longer lists it; it may be {} {name} now", other.0));
    }
    lines
}

/// Returns a value for people.
pub(crate) fn shown(login: &Login, names: &CategoryNames, field: EditField, value: Option<&EditValue>) -> String {
    const WIDTH: usize = 80;
    let text = value.map(|value| one_line(&names.value(field, &login.blank_value(value))));
    text.map_or_else(|| "(nothing)".to_owned(), |text| fitted(&text, WIDTH).into_owned())
}

/// Shows the edits whose items the panel no longer lists.
async fn waiting(service: &Service, profile: &Profile, login: &Login, args: &ConflictsArgs) -> Result<Exit, Failure> {
    let items = service.waiting_edits(&profile.id, args.kind).await?;
    let mut results = Results::stdout();
    results.write(|mut out| {
        items.iter().try_for_each(|item| {
            let WaitingEdits { kind, id, edits, candidates, .. } = item;
            let name = login.blank(&item.name);
            if args.json {
                let (profile, kind) = (profile.id.as_str().into(), kind.as_str().into());
                let (id, edits, candidates) = (id.0, *edits, *candidates);
                return json::write_line(&mut out, &WaitingLine { profile, kind, id, name, edits, candidates });
            }
            let named = match candidates {
                0 => "no item has its name".to_owned(),
                1 => "1 item has its name".to_owned(),
                many => format!("{} items have its name", grouped(*many)),
            };
            writeln!(out, "{kind} {} {}: {}; {named}", id.0, one_line(&name), counted(*edits, "edit"))
        })
    })?;
    results.end()?;
    if !args.json {
        print_err(if items.is_empty() {
            "note: the panel lists every edited item"
        } else {
            "note: the edits are shown when the panel lists the item again; `xtream-sync edit KIND ID FIELD=` ends one"
        });
    }
    Ok(Exit::Done)
}

async fn resolve(database: &Path, args: &ResolveArgs) -> Result<Exit, Failure> {
    let ids = edit::ids(&args.words)?;
    let cache = one_profile::cache_to_change(database, args.of.id())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.of.id()).await?;
    let ids = (!args.all).then(|| ids.into_iter().map(ContentId).collect());
    let resolved = service.answer_conflicts(&profile.id, args.kind, ids, args.take_panel).await;
    let resolved = resolved.map_err(refused::resolve)?;
    if args.json {
        edit::print_json(&profile, &resolved)?;
        return Ok(Exit::Done);
    }
    let answer = if args.take_panel { "the panel's values are taken" } else { "your values stay" };
    confirm(&match resolved.len() as u64 {
        0 => "there is no conflict; nothing has changed".to_owned(),
        1 => format!("1 item answered: {answer}"),
        many => format!("{} items answered: {answer}", grouped(many)),
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use sync_core::ProfileId;
    use sync_core::overlay::{ItemIdentity, PanelConflict};

    use super::*;

    fn item() -> EditedItem {
        let identity = ItemIdentity { name: "Heat".to_owned(), ..ItemIdentity::default() };
        let mut item = EditedItem::new(ContentKind::Movies, ContentId(42), identity);
        let text = |text: &str| EditValue::Text(text.to_owned());
        let conflict = PanelConflict { panel: Some(text("http://p.example/ann/s3cr3t/2.png")), since: 86_400 };
        let (local, base) = (text("http://x/y"), None);
        item.edits.push(Edit { field: EditField::Icon, local, base, edited_at: 5, conflict: Some(conflict) });
        let (local, base) = (EditValue::Flag(true), None);
        item.edits.push(Edit { field: EditField::Favourite, local, base, edited_at: 5, conflict: None });
        item.maybe = Some((ContentId(43), "Heat".to_owned()));
        item
    }

    #[test]
    fn conflicts_and_offers_are_lines_without_the_login() {
        let login = Login::new(Some("ann"), Some("s3cr3t"));
        let mut home = Profile::new(ProfileId::new("home").unwrap());
        home.conflicts.icon = ConflictRule::Ask;
        let mut out = Vec::new();
        write_json(&mut out, &home, &login, &item()).unwrap();
        let panel = "http://p.example/{username}/{password}/2.png";
        let expected = format!(
            "{{\"profile\":\"home\",\"kind\":\"movies\",\"id\":42,\"name\":\"Heat\",\"field\":\"icon\",\"base\":null,\
             \"local\":\"http://x/y\",\"panel\":\"{panel}\",\"since\":86400,\"rule\":\"ask\"}}\n\
             {{\"profile\":\"home\",\"kind\":\"movies\",\"id\":42,\"name\":\"Heat\",\
             \"maybe\":{{\"id\":43,\"name\":\"Heat\"}}}}\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let expected = [
            "movies 42 Heat",
            "  icon, since 1970-01-02 00:00 UTC; it waits for your answer",
            "    yours    http://x/y",
            &format!("    panel's  {panel}"),
            "    before   (nothing)",
            "  the panel no longer lists it; it may be 43 Heat now",
        ];
        assert_eq!(lines(&home, &login, &CategoryNames::default(), &item()), expected);
    }

    #[test]
    fn categories_have_their_names() {
        let names = CategoryNames::of(&[sync_core::testing::category("7")]);
        let list = |ids: &[&str]| EditValue::list(ids).unwrap();
        let mut item = item();
        let conflict = PanelConflict { panel: Some(list(&["8"])), since: 0 };
        let (field, local, base) = (EditField::Category, list(&["7"]), None);
        item.edits = vec![Edit { field, local, base, edited_at: 5, conflict: Some(conflict) }];
        let lines = lines(&Profile::new(ProfileId::new("home").unwrap()), &Login::default(), &names, &item);
        assert_eq!(lines[2..4], ["    yours    Category 7 (7)", "    panel's  8"]);
    }
}
