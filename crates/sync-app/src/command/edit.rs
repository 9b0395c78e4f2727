//! `edit`, `favourite`, `hide`, `tag` and `watched`.

use std::path::Path;

use sync_core::overlay::{EditField, EditOp, EditValue};
use sync_core::{ChangedItem, ContentId, ContentKind, Profile};
use sync_service::{EditItems, ItemChange, ItemFilter, WhichItems, similar};

use super::args::{ChosenArgs, EditArgs, FavouriteArgs, HideArgs, TagArgs, WatchedArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::results::Results;
use super::terminal::{confirm, grouped};
use super::{json, one_profile, refused, usage, wiring};
use crate::json::ChangedItem as Line;

/// Changes fields of items.
pub(crate) async fn edit(database: &Path, args: &EditArgs) -> Result<Exit, Failure> {
    let (mut found, mut changes) = (Vec::new(), Vec::new());
    for (at, word) in (1..).zip(&args.words) {
        match word.split_once('=') {
            Some((name, value)) => {
                let field = EditField::from_name(name.trim()).ok_or_else(|| unknown_field(at, name.trim()))?;
                changes.push(ItemChange::Typed(field, value.to_owned()));
            }
            None => found.push(word.parse().map_err(|_| {
                let hint =
                    "write ids of items, and FIELD=VALUE for what is to be changed; see `xtream-sync edit --help`";
                let message =
                    format!("word {at} behind the kind is neither an id nor FIELD=VALUE; nothing was changed");
                Failure::usage(message, hint)
            })?),
        }
    }
    if changes.is_empty() {
        return Err(Failure::usage("nothing is said about what to change", "write FIELD=VALUE, such as name=Heat"));
    }
    run(database, args.kind, &found, changes, &args.chosen).await
}

/// Returns the error that a field is not known. The name is shown only if it looks like the name of an option.
fn unknown_field(at: usize, name: &str) -> Failure {
    let fields = EditField::ALL.map(EditField::as_str);
    let meant = similar(name, fields).map(|field| format!("did you mean `{field}`? ")).unwrap_or_default();
    let shown = if usage::is_name(&name.replace('_', "-")) { format!("`{name}`") } else { format!("of word {at}") };
    let message = format!("the field {shown} is not known; nothing was changed");
    Failure::usage(message, format!("{meant}The fields are {}", fields.join(", ")))
}

/// Reads ids. An error names an invalid word by its position only, because the word may be a misplaced password.
pub(crate) fn ids(words: &[String]) -> Result<Vec<i64>, Failure> {
    let read = |(at, word): (usize, &String)| {
        word.parse().map_err(|_| {
            let message = if words.len() == 1 {
                "the id is no whole number; nothing was changed".to_owned()
            } else {
                format!("id {at} of {} is no whole number; nothing was changed", words.len())
            };
            Failure::usage(message, "`xtream-sync list` and `xtream-sync search` show the ids")
        })
    };
    (1..).zip(words).map(read).collect()
}

/// Makes items favourites, or ordinary items again.
pub(crate) async fn favourite(database: &Path, args: &FavouriteArgs) -> Result<Exit, Failure> {
    run(database, args.kind, &ids(&args.ids.words)?, vec![flag(EditField::Favourite, !args.off)], &args.chosen).await
}

/// Hides items, or shows them again.
pub(crate) async fn hide(database: &Path, args: &HideArgs) -> Result<Exit, Failure> {
    run(database, args.kind, &ids(&args.ids.words)?, vec![flag(EditField::Hidden, !args.off)], &args.chosen).await
}

/// Gives tags to items, or takes tags away.
pub(crate) async fn tag(database: &Path, args: &TagArgs) -> Result<Exit, Failure> {
    let tags = args.tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
    let op = |tag| ItemChange::Op(if args.off { EditOp::RemoveTag(tag) } else { EditOp::AddTag(tag) });
    let changes: Vec<_> = tags.map(op).collect();
    if changes.is_empty() {
        return Err(Failure::usage("there is no tag", "name one, or several with commas between them"));
    }
    run(database, args.kind, &ids(&args.ids.words)?, changes, &args.chosen).await
}

/// Marks items as watched now, or clears the mark.
pub(crate) async fn watched(database: &Path, args: &WatchedArgs) -> Result<Exit, Failure> {
    let set = |field, number: i64| ItemChange::Op(EditOp::Set(field, EditValue::Number(number)));
    let clear = |field| ItemChange::Op(EditOp::Clear(field));
    let now = ItemChange::Now(EditField::LastWatched);
    let changes = match args.position {
        _ if args.off => [EditField::Watched, EditField::Position, EditField::LastWatched].map(clear).to_vec(),
        // Players do the same: an item with a position isn't watched to its end, even if it was before.
        Some(position) => vec![set(EditField::Position, position.into()), clear(EditField::Watched), now],
        None => vec![flag(EditField::Watched, true), clear(EditField::Position), now],
    };
    run(database, args.kind, &ids(&args.ids.words)?, changes, &args.chosen).await
}

fn flag(field: EditField, is_set: bool) -> ItemChange {
    ItemChange::Op(if is_set { EditOp::Set(field, EditValue::Flag(true)) } else { EditOp::Clear(field) })
}

async fn run(
    database: &Path,
    kind: ContentKind,
    ids: &[i64],
    changes: Vec<ItemChange>,
    chosen: &ChosenArgs,
) -> Result<Exit, Failure> {
    let which = which(ids, chosen)?;
    let cache = one_profile::cache_to_change(database, chosen.of.id())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, chosen.of.id()).await?;
    let login = one_profile::login(&profile);
    let edited = service.edit_items(&profile.id, &EditItems::new(kind, which, changes)).await;
    let edited = edited.map_err(|error| refused::edit(error, Some(kind), &login))?;
    if chosen.json {
        print_json(&profile, &edited)?;
    } else {
        confirm(&sentence(kind, &edited));
    }
    Ok(Exit::Done)
}

/// Returns which items are meant: those with the ids, or those that meet the conditions.
fn which(ids: &[i64], chosen: &ChosenArgs) -> Result<WhichItems, Failure> {
    let (filter, view) = (chosen.conditions.filter(), (chosen.hidden, chosen.all));
    // `--hidden` is no condition, because alone it would choose every item by mistake.
    let has_conditions = filter != ItemFilter::none() || chosen.all;
    match (ids, has_conditions) {
        ([], false) => Err(Failure::usage(
            "nothing says which items are meant",
            "name ids, or choose items with the options of `list`, such as --category; --all takes all of them",
        )),
        ([], true) => {
            let (hidden, excluded) = view;
            Ok(WhichItems::Selected(filter, sync_core::catalogue::View { panel: false, hidden, excluded }))
        }
        (ids, false) => Ok(WhichItems::Ids(ids.iter().copied().map(ContentId).collect())),
        (_, true) => Err(Failure::usage(
            "there are both ids and conditions",
            "name ids, or choose items with the options of `list`; an item with an id is edited whatever it is like",
        )),
    }
}

/// Prints items with the fields that have changed.
pub(crate) fn print_json(profile: &Profile, items: &[ChangedItem]) -> Result<(), Failure> {
    let mut results = Results::stdout();
    results.write(|mut out| {
        items.iter().try_for_each(|item| {
            let changed = item.changed.iter().map(|field| field.as_str().into()).collect();
            let (profile, kind) = (profile.id.as_str().into(), item.kind.as_str().into());
            let line = Line { profile, kind, id: item.id.0, changed };
            json::write_line(&mut out, &line)
        })
    })?;
    results.end()
}

/// Says how many items have changed, and which of their fields.
fn sentence(kind: ContentKind, items: &[ChangedItem]) -> String {
    let changed = items.iter().filter(|item| !item.changed.is_empty()).count() as u64;
    let fields = EditField::ALL.into_iter().filter(|field| items.iter().any(|item| item.changed.contains(field)));
    let fields: Vec<_> = fields.map(EditField::as_str).collect();
    let same = items.len() as u64 - changed;
    match (changed, same) {
        (0, 0) => format!("no {kind} were found; nothing has changed"),
        (0, same) => format!("{kind}: {} as before, none changed", grouped(same)),
        (changed, 0) => format!("{kind}: {} changed ({})", grouped(changed), fields.join(", ")),
        (changed, same) => {
            format!("{kind}: {} changed ({}), {} as before", grouped(changed), fields.join(", "), grouped(same))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_word_is_named_by_its_place_or_as_a_field() {
        let words = |words: &[&str]| ids(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["4", "-7"]).unwrap(), [4, -7]);
        let told = |failure: Failure| failure.to_string();
        assert_eq!(told(words(&["x"]).unwrap_err()), "the id is no whole number; nothing was changed");
        assert_eq!(told(words(&["1", "s3cr3t"]).unwrap_err()), "id 2 of 2 is no whole number; nothing was changed");
        assert_eq!(told(unknown_field(2, "nmae")), "the field `nmae` is not known; nothing was changed");
        assert_eq!(told(unknown_field(2, "last_seen")), "the field `last_seen` is not known; nothing was changed");
        assert_eq!(told(unknown_field(2, "S3cr3t")), "the field of word 2 is not known; nothing was changed");
    }

    #[test]
    fn a_sentence_counts_items_and_names_fields() {
        let item = |id, changed: &[EditField]| ChangedItem {
            kind: ContentKind::Movies,
            id: ContentId(id),
            changed: changed.to_vec(),
        };
        let of = |items: &[ChangedItem]| sentence(ContentKind::Movies, items);
        let (name, tags) = (item(1, &[EditField::Name]), item(2, &[EditField::Tags, EditField::Name]));
        assert_eq!(of(&[name.clone(), tags.clone()]), "movies: 2 changed (name, tags)");
        assert_eq!(of(&[name, item(3, &[])]), "movies: 1 changed (name), 1 as before");
        assert_eq!(of(&[item(3, &[])]), "movies: 1 as before, none changed");
        assert_eq!(of(&[]), "no movies were found; nothing has changed");
    }
}
