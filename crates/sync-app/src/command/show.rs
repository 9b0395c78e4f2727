//! `show`.

use std::borrow::Cow;
use std::path::Path;

use sync_core::catalogue::ItemState;
use sync_core::text::one_line;
use sync_core::{ContentId, FieldSpec, HeldRemoval, Item, Profile, Shape, ValueRef};
use sync_service::{BlankJson as _, Login, NamedCategory, ShownItem};

use super::args::ShowArgs;
use super::cell::{clean, isolated, width, wrapped};
use super::exit::Exit;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::look::Look;
use super::results;
use super::terminal::{date, print_out};
use super::value::as_text;
use super::{change, json, one_profile, show_edits, wiring};
use crate::json::{Change, Held, ShownItem as Line};

/// Shows an item.
pub(crate) async fn run(database: &Path, args: &ShowArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = if args.secrets { Login::default() } else { one_profile::login(&profile) };
    let shown = service.show(&profile.id, args.kind, ContentId(args.id)).await?.ok_or_else(|| {
        let hint = "see `xtream-sync list` and `xtream-sync search` for the ids";
        Failure::usage(format!("there is no item {} among the {}", args.id, args.kind), hint)
    })?;
    if args.secrets {
        results::keep_stdout_private();
    }
    if args.json {
        let item = item(args, &shown);
        json::print_out(&line(&profile, &login, args, &shown, item.as_deref()));
    } else {
        print(&login, args, &shown, Look::of_stdout());
    }
    Ok(Exit::Done)
}

fn line<'a>(
    profile: &'a Profile,
    login: &'a Login,
    args: &ShowArgs,
    shown: &'a ShownItem,
    item: Option<&'a Item>,
) -> Line<'a, Fields<'a>> {
    let changes = shown.changes.iter().map(|it| Change::of_record(profile, login, shown.epoch, it)).collect();
    let mut line = Line {
        profile: profile.id.as_str().into(),
        kind: args.kind.as_str().into(),
        id: args.id,
        name: Cow::Borrowed(""),
        categories: fields::categories(categories(args, shown), login),
        created_at: None,
        updated_at: None,
        held: None,
        fields: None,
        extra: None,
        changes,
        removed_at: None,
        edits: show_edits::as_object(login, shown),
        shown: show_edits::shown_object(login, shown),
        hidden: shown.shown.hidden,
        excluded: shown.shown.excluded,
    };
    match &shown.state {
        ItemState::Present { created_at, updated_at, held, .. } => {
            let Some(item) = item else { return line };
            line.name = login.blank(item.name());
            (line.created_at, line.updated_at) = (Some(*created_at), Some(*updated_at));
            line.held = held.as_ref().map(|held| Held { reason: held.reason.as_str().into(), since: held.since });
            line.fields = Some(Fields(item, login));
            line.extra = Some(fields::extra_json(item, login).into());
        }
        ItemState::Removed { name, removed_at } => {
            line.name = login.blank(name);
            line.removed_at = Some(*removed_at);
        }
        _ => line.name = login.blank(show_edits::name(shown)),
    }
    line
}

/// Returns the item as it is shown, or as the panel lists it. Returns `None` if the item has no row.
fn item<'a>(args: &ShowArgs, shown: &'a ShownItem) -> Option<Cow<'a, Item>> {
    match &shown.state {
        ItemState::Present { item, .. } if args.as_panel => Some(Cow::Borrowed(item)),
        _ => shown.item().map(Cow::Owned),
    }
}

fn categories<'a>(args: &ShowArgs, shown: &'a ShownItem) -> &'a [NamedCategory] {
    if args.as_panel { &shown.panel_categories } else { &shown.categories }
}

/// Prints an item for people.
fn print(login: &Login, args: &ShowArgs, shown: &ShownItem, look: Look) {
    for line in lines(login, args, shown, look) {
        print_out(&line);
    }
}

fn lines(login: &Login, args: &ShowArgs, shown: &ShownItem, look: Look) -> Vec<String> {
    let item = item(args, shown);
    let (name, mut rows) = match (&shown.state, item.as_deref()) {
        (ItemState::Present { created_at, updated_at, held, .. }, Some(item)) => {
            let mut rows = present(login, item, categories(args, shown));
            rows.push(("created", date(*created_at)));
            rows.push(("updated", date(*updated_at)));
            rows.extend(held.as_ref().map(|held| ("held", held_text(held))));
            (item.name(), rows)
        }
        (ItemState::Removed { name, removed_at }, _) => (name.as_str(), vec![("removed", date(*removed_at))]),
        _ => (show_edits::name(shown), vec![("listed", "no; only your edits of it are kept".to_owned())]),
    };
    let name = clean(&login.blank(name));
    let mut lines = vec![look.bold(&if look.is_terminal() { isolated(&name).into_owned() } else { name })];
    rows.insert(0, ("id", args.id.to_string()));
    rows.insert(0, ("kind", args.kind.to_string()));
    lines.extend(aligned(&rows, look));
    let edits = show_edits::rows(login, shown);
    if !edits.is_empty() {
        lines.push("  your changes".to_owned());
        lines.extend(edits.into_iter().map(|edit| format!("    {edit}")));
    }
    if !shown.changes.is_empty() {
        lines.push("  changes".to_owned());
    }
    for it in &shown.changes {
        lines.push(format!("    {}  {}", date(it.at), change::word(it)));
        lines.extend(change::values(login, it).into_iter().map(|value| format!("      {value}")));
    }
    lines
}

/// Returns the values of a row.
fn present<'a>(login: &Login, item: &'a Item, categories: &[NamedCategory]) -> Vec<(&'a str, String)> {
    let mut rows = Vec::new();
    for (field, value) in fields::columns(item) {
        // The name is the title of the output, and the categories are shown by name.
        if field.name == "name" || field.name.contains("categor") {
            continue;
        }
        let text = text(login, field, value);
        if !text.is_empty() {
            rows.push((field.name, text));
        }
    }
    let category = |it: &NamedCategory| match &it.name {
        Some(name) => format!("{} ({})", clean(&login.blank(name)), clean(&it.id.0)),
        None => format!("{} (not listed)", clean(&it.id.0)),
    };
    let categories: Vec<_> = categories.iter().map(category).collect();
    if !categories.is_empty() {
        rows.push(("categories", categories.join(", ")));
    }
    rows.extend(fields::extra(item).map(|(key, json)| (key, one_line(&login.blank_json(json)))));
    rows
}

/// Returns a value for people.
fn text(login: &Login, field: &FieldSpec, value: ValueRef<'_>) -> String {
    let is_moment = matches!(field.name, "added" | "last_modified");
    match (field.shape, value) {
        (Shape::Flag | Shape::Switch, ValueRef::Integer(number)) => if number == 0 { "no" } else { "yes" }.to_owned(),
        (_, ValueRef::Text(text)) if is_moment => text.parse().map_or_else(|_| clean(&login.blank(text)), date),
        (_, value) => clean(&as_text(login, value)),
    }
}

fn held_text(held: &HeldRemoval) -> String {
    format!("since {}, because {}", date(held.since), held.reason)
}

/// Returns lines of a name and a value each. On a terminal, long values are wrapped within their column.
fn aligned(rows: &[(&str, String)], look: Look) -> Vec<String> {
    const INDENT: usize = 2;
    const NAME_MAX: usize = 24;
    let names: Vec<_> = rows.iter().map(|(name, _)| super::cell::fitted(&clean(name), NAME_MAX).into_owned()).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, (_, value)) in names.iter().zip(rows) {
        let begin = INDENT + widest + 2;
        let parts = match look.width {
            Some(room) => wrapped(value, room.saturating_sub(begin)),
            None => vec![value.clone()],
        };
        for (at, part) in parts.iter().enumerate() {
            let name = if at == 0 { name.as_str() } else { "" };
            let spaces = " ".repeat(begin - INDENT - width(name));
            let part = if look.is_terminal() { isolated(part) } else { part.as_str().into() };
            lines.push(format!("{:INDENT$}{}{spaces}{part}", "", look.dim(name)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::testing::movie;
    use sync_core::{ContentKind, catalogue::KnownItem};

    fn shown() -> (ShowArgs, ShownItem) {
        let item = movie(7)
            .name("The Long Name")
            .with("year", "1999")
            .with("rating", "8.5")
            .with("added", "1700000000")
            .with("is_adult", "0")
            .with("cast", "שלום עולם, Ann Example")
            .with("plot", "A man goes to town and finds that everything that he knew is elsewhere. 日本語の長い文章がここにあります。")
            .with("direct_source", "http://p.example/movie/ann/s3cr3t-pw/7.mp4")
            .in_categories(&["1", "9"])
            .item();
        let state = ItemState::Present { item: Box::new(item), created_at: 0, updated_at: 86_400, held: None };
        let args =
            ShowArgs { kind: ContentKind::Movies, id: 7, profile: None, secrets: false, as_panel: false, json: false };
        let category = sync_core::testing::category("1");
        (args, ShownItem::of(KnownItem::new(state, Vec::new()), 1, &[category]))
    }

    #[test]
    fn long_values_are_wrapped_on_a_terminal_and_whole_in_a_file() {
        let (args, shown) = shown();
        let login = Login::new(Some("ann"), Some("s3cr3t-pw"));
        let plain = lines(&login, &args, &shown, Look::PLAIN);
        assert!(plain.iter().any(|line| line.contains("elsewhere. 日本語の長い文章がここにあります。")), "{plain:#?}");
        for room in [40, 80, 120] {
            let wrapped = lines(&login, &args, &shown, Look { width: Some(room), colour: false });
            assert!(wrapped.iter().all(|line| width(line) <= room), "{room}: {wrapped:#?}");
        }
        assert!(plain.iter().any(|line| line.ends_with("/movie/{username}/{password}/7.mp4")), "{plain:#?}");
    }
}
