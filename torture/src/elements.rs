//! Elements as panels list them: random, and changed at random.

use std::sync::OnceLock;

use sync_core::testing::ItemBuilder;
use sync_core::{ContentKind, FieldClass, Item, Listed, Login, PerKind, Value, ValueRef};

use crate::dice::Dice;

/// A secret that no output may show. It stands for the credentials that panels put into addresses.
pub(crate) const SECRET: &str = "c4n4ry-s3cr3t";

/// The positions of the fields of a kind that the cases change.
struct Places {
    name: usize,
    /// Significant.
    text: usize,
    /// Display.
    rating: usize,
    image: usize,
    added: usize,
    category: usize,
    categories: usize,
    /// Ignored.
    ignored: usize,
    number: usize,
    extra: usize,
    /// The series' own date.
    modified: Option<usize>,
    film: Option<usize>,
}

fn places(kind: ContentKind) -> &'static Places {
    static PLACES: OnceLock<PerKind<Places>> = OnceLock::new();
    let all = PLACES.get_or_init(|| {
        PerKind::from_fn(|kind| {
            let at = |names: &[&str]| names.iter().find_map(|name| kind.field(name));
            let of = |names: &[&str]| at(names).expect("every kind has such a field");
            Places {
                name: of(&["name"]),
                text: of(&["plot", "epg_channel_id"]),
                rating: of(&["rating", "num"]),
                image: of(&["stream_icon", "cover"]),
                added: of(&["added"]),
                category: of(&["category_id"]),
                categories: of(&["category_ids"]),
                ignored: of(&["direct_source", "listed_category_ids"]),
                number: of(&["num"]),
                extra: of(&["extra"]),
                modified: at(&["last_modified"]),
                film: at(&["tmdb_id"]),
            }
        })
    });
    &all[kind]
}

/// The categories of panels.
pub(crate) const CATEGORIES: [&str; 4] = ["1", "2", "3", "40"];

fn put(listed: &mut Listed, at: usize, value: Value) {
    listed.item.set(at, value);
    listed.present.add(at);
}

fn text(listed: &mut Listed, at: usize, text: &str) {
    put(listed, at, Value::Text(text.into()));
}

fn leave_out(listed: &mut Listed, at: usize) {
    listed.item.set(at, Value::Null);
    listed.present.drop(at);
}

/// Returns an element with a few random fields.
pub(crate) fn random(dice: &mut Dice, kind: ContentKind, id: i64) -> Listed {
    let mut listed = ItemBuilder::of(kind, id).listed();
    let edits = 2 + dice.below(5);
    for _ in 0..edits {
        edit(dice, &mut listed);
    }
    if kind != ContentKind::Channels {
        text(&mut listed, places(kind).ignored, SECRET);
    }
    listed
}

/// Changes the value of one field of an element, or adds or removes its key.
pub(crate) fn edit(dice: &mut Dice, listed: &mut Listed) {
    let at = places(listed.item.kind());
    match dice.below(14) {
        0 => text(listed, at.name, dice.pick(&["A", "B", "C", ""])),
        1 => text(listed, at.text, dice.pick(&["a", "b", ""])),
        2 => leave_out(listed, at.text),
        3 => text(listed, at.rating, dice.pick(&["1", "2.0", "2", ""])),
        4 => leave_out(listed, at.rating),
        5 => text(
            listed,
            at.image,
            dice.pick(&["http://a.example/1.png", "http://b.example/1.png?t=2", "http://a.example/2.png", ""]),
        ),
        6 => text(
            listed,
            dice.pick(&[Some(at.added), at.modified]).unwrap_or(at.added),
            dice.pick(&["1600000000", "1700000005", "2030-01-01T00:00:00Z", "soon", ""]),
        ),
        7 => text(listed, at.category, dice.pick(&["1", "2", "3", "40", ""])),
        8 => leave_out(listed, at.category),
        9 => {
            let count = dice.below(3);
            let set = (0..count).map(|_| dice.pick(&CATEGORIES)).collect();
            put(listed, at.categories, Value::Categories(set));
        }
        10 => leave_out(listed, at.categories),
        11 => text(listed, at.number, dice.pick(&["1", "2", "3"])),
        12 => {
            let (key, json) = (dice.pick(&["x", "y"]), dice.pick(&["1", "2"]));
            put(listed, at.extra, Value::Extra([(key, json)].into()));
        }
        _ => {
            if let Some(film) = at.film {
                text(listed, film, dice.pick(&["7", "8", "0"]));
            } else {
                text(listed, at.text, "c");
            }
        }
    }
}

/// Puts a login into a significant field. In a panel's list, a placeholder stands for the login of the account that
/// asks.
pub(crate) fn put_login(dice: &mut Dice, listed: &mut Listed) {
    let at = places(listed.item.kind());
    let address = dice.pick(&[
        "http://p.example/live/{username}/{password}/1.ts",
        "http://p.example/live/{username}/{password}/2.ts",
        "http://p.example/x.php?username={username}&password={password}&type=a",
        "http://{username}:{password}@p.example/a",
    ]);
    text(listed, at.text, address);
}

/// Replaces placeholders by the login.
pub(crate) fn fill(item: &mut Item, login: &Login) {
    replace_texts(item, |text| login.fill(text).into_owned());
}

/// Replaces the login by placeholders.
pub(crate) fn blank(item: &mut Item, login: &Login) {
    replace_texts(item, |text| login.blank(text).into_owned());
}

fn replace_texts(item: &mut Item, replaced: impl Fn(&str) -> String) {
    for at in item.kind().of_class(FieldClass::Significant).positions() {
        let ValueRef::Text(text) = item.value(at) else { continue };
        let other = replaced(text);
        if other != text {
            item.set(at, Value::Text(other.into()));
        }
    }
}
