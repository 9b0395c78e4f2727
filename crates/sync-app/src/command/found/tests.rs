//! Snapshots of a list and a search as a terminal shows them, in `tests/snapshots/terminal`; see `args/help.rs` for how
//! to renew them.

use std::path::PathBuf;

use clap::Parser as _;
use sync_core::search::{RowsOfKind, select_from_rows};
use sync_core::testing::{ItemBuilder, category, profile};
use sync_core::{Category, CategoryId, ContentKind, PerKind, SearchFields};
use sync_service::{ListRequest, Query, SearchRequest};

use super::*;
use crate::command::args::{Args, Command};

/// Names that are hard for a table.
const NAMES: [(&str, &str, &str); 10] = [
    ("The Matrix", "1999", "8.7"),
    (
        "A name that is so long that no terminal of a usual width has room for it, whatever else is on its line",
        "2024",
        "5",
    ),
    ("千と千尋の神隠し、とても長い日本語の名前がここに続いていく", "2001", "8.6"),
    ("שלום עולם 3 (סרט)", "2010", "7"),
    ("قصة طويلة جدا عن مدينة بعيدة 2", "1987", ""),
    ("Zu\u{308}rich e\u{301}te\u{301} Z\u{336}a\u{336}l\u{336}g\u{336}o\u{336}", "", "6.25"),
    ("👩‍👩‍👧 Family 🇩🇪 🎬", "2019", "7.1"),
    ("in\u{200b}visi\u{ad}ble\u{feff}", "2000", "1"),
    ("\u{1b}[31mred\u{1b}[0m\ttab\u{202e}turned", "2003", "2"),
    ("http://panel.example/movie/ann/s3cr3t-word/7.mp4", "2020", "0"),
];

fn which(more: &[&str]) -> WhichArgs {
    let args = Args::try_parse_from([&["xtream-sync", "list", "movies"], more].concat()).unwrap();
    let Command::List(list) = args.command else { panic!("list") };
    list.which
}

/// Returns the output of a list, or of a search of all kinds.
fn printed(look: Look, is_search: bool, more: &[&str]) -> String {
    let rows = NAMES.iter().zip(1..).map(|((name, year, rating), id)| {
        let id: i64 = id * id * 1_000;
        let builder = ItemBuilder::of(ContentKind::Movies, id).name(name).with("year", year).with("rating", rating);
        if id % 2 == 0 { builder.in_categories(&["2"]).with("category_id", "2").item() } else { builder.item() }
    });
    let rows: Vec<_> = rows.collect();
    let mut kinds = PerKind::from_fn(|_| RowsOfKind::default());
    kinds[ContentKind::Movies] =
        RowsOfKind { rows: rows.iter().collect(), listed: Vec::new(), ..RowsOfKind::default() };
    let mut categories = PerKind::from_fn(|_| Vec::new());
    let arabic = Category { id: CategoryId("2".to_owned()), name: "عربي | Comedy".to_owned(), parent_id: None };
    categories[ContentKind::Movies] = vec![category("1"), arabic];
    let (list, search) = (ListRequest::new(ContentKind::Movies), SearchRequest::new("x"));
    let query = if is_search { Query::from(&search) } else { Query::from(&list) };
    let asked = query.selection(&categories, 0).unwrap();
    // The same items are found in both cases. Only the kinds of the query decide the columns.
    let selection = Query::from(&list).selection(&categories, 0).unwrap().selection;
    let selected = select_from_rows(&kinds, &selection, SearchFields::All);
    let page = asked.page(selected, &categories);
    let (home, login) = (Profile::new(profile("home")), Login::new(Some("ann"), Some("s3cr3t-word")));
    let mut out = Vec::new();
    Lines::new(&home, &login, &which(more), is_search, look).write(&page.items, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_terminal_shows_what_is_in_the_snapshots() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/terminal");
    for is_search in [false, true] {
        for width in [80, 120] {
            for colour in [false, true] {
                let text = printed(Look { width: Some(width), colour }, is_search, &[]);
                let colours = if colour { "-colour" } else { "" };
                let command = if is_search { "search" } else { "list" };
                let file = folder.join(format!("{command}-{width}{colours}.txt"));
                if std::env::var_os("RENEW_SNAPSHOTS").is_some() {
                    std::fs::create_dir_all(&folder).unwrap();
                    std::fs::write(&file, &text).unwrap();
                }
                let stored = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
                assert_eq!(text, stored, "{}: renew it with RENEW_SNAPSHOTS=1", file.display());
            }
        }
    }
}

#[test]
fn lines_have_no_control_characters_and_fit_the_terminal() {
    for width in [20, 40, 80, 120, 200] {
        for is_search in [false, true] {
            for line in printed(Look { width: Some(width), colour: false }, is_search, &[]).lines() {
                assert!(crate::command::cell::width(line) <= width, "{width}: {line}");
                let isolates = ['\u{2068}', '\u{2069}'];
                assert_eq!(printable(&line.replace(isolates, "")), line.replace(isolates, ""));
            }
        }
    }
    for form in [&["--json"][..], &["--csv"]] {
        let text = printed(Look { width: Some(80), colour: true }, false, form);
        assert!(text.lines().all(|line| printable(line) == line), "{text}");
    }
}

#[test]
fn a_file_gets_csv_as_the_panel_sent_it() {
    let text = printed(Look::PLAIN, false, &["--csv"]);
    assert!(text.contains("\u{1b}[31mred\u{1b}[0m\ttab\u{202e}turned"), "{text}");
    assert!(text.contains("http://panel.example/movie/{username}/{password}/7.mp4"), "{text}");
}

/// Each JSON line has the cursor of its own item.
#[test]
fn each_line_has_the_cursor_of_its_item() {
    let json = printed(Look::PLAIN, false, &["--json"]);
    let cursors: std::collections::BTreeSet<_> = json
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["cursor"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(cursors.len(), NAMES.len());
}
