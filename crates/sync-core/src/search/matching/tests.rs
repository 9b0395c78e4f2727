use proptest::prelude::*;

use super::super::{Entry, SearchFields};
use super::*;
use crate::testing::movie;

/// Returns an index of movies with these names. The ids begin at 0, and the year falls with the id.
fn of_names(names: &[&str]) -> SearchIndex {
    let item = |(id, name): (i64, &&str)| movie(id).name(name).with("year", &(2020 - id).to_string()).item();
    SearchIndex::from_entries((0..).zip(names).map(item).map(|item| Entry::of(&item, SearchFields::All)).collect())
}

fn all(index: &SearchIndex, text: &str) -> Vec<(u8, i64)> {
    found(index, &Words::new(text))
}

fn found(index: &SearchIndex, words: &Words) -> Vec<(u8, i64)> {
    let wanted = Wanted { after: None, limit: usize::MAX, passes: &|_| true };
    let found = find(index, words, &wanted);
    // A frequent word is looked for in another way, and the results are the same.
    assert_eq!(found, find_among(index, words, &wanted, 0), "{words:?}");
    found.into_iter().map(|found| (found.rank, index.id(found.position).0)).collect()
}

#[test]
fn the_best_come_first_and_of_equals_the_newest() {
    let index = of_names(&["Blue Dune", "Dunes of Arrakis", "Dune", "EN - Dune (1984)", "DUNE!", "Du Ne", "Tundra"]);
    let expected = [(EXACT, 2), (EXACT, 4), (PREFIX, 1), (NAME, 0), (NAME, 3), (JOINED, 5)];
    assert_eq!(all(&index, "dune"), expected);
}

#[test]
fn every_word_is_a_prefix_in_any_order() {
    let index = of_names(&["The Good, the Bad and the Ugly", "Ugly Betty", "Goodfellas"]);
    assert_eq!(all(&index, "ugl goo"), [(NAME, 0)]);
    assert_eq!(all(&index, "ood"), [], "not within a word");
    assert_eq!(all(&index, "good ugly bad"), [(NAME, 0)]);
}

/// Names as panels write them, and texts that people type for them.
const FOUND: [(&str, &[&str]); 30] = [
    ("Spider-Man", &["spiderman", "spider man", "spider-man", "SPIDER–MAN", "spid"]),
    ("Spider Man: Homecoming", &["spiderman", "spider-man", "spidermanhome", "spiderman homecoming"]),
    ("Spiderman 2", &["spider man", "spider-man 2", "spiderman", "2 spider man"]),
    ("Ocean's Eleven", &["oceans", "ocean's", "ocean s", "ocean’s eleven", "oceans eleven", "oceanseleven"]),
    ("Oceans Twelve", &["ocean's", "ocean's twelve", "ocean s twelve"]),
    ("S.W.A.T.", &["swat", "s.w.a.t.", "s w a t", "s.w.a.t"]),
    ("SWAT Firefight", &["s.w.a.t.", "s w a t", "swat"]),
    ("24/7 Sports", &["24/7", "24 7", "24-7"]),
    ("C++ in a Day", &["c++", "C++ day"]),
    ("X-Men", &["xmen", "x men", "x-men", "X"]),
    ("Xmen Apocalypse", &["x-men", "x men", "x men apo"]),
    ("Amélie", &["amelie", "AMÉLIE", "Ame\u{301}lie"]),
    ("Die Straße", &["strasse", "straße", "STRASSE"]),
    ("Smørrebrød", &["smorrebrod", "smørrebrød"]),
    ("Kızıl Elma", &["kizil", "KIZIL", "kızıl"]),
    ("Łódź", &["lodz", "łódź"]),
    ("Ελλάδα", &["ελλαδα", "ΕΛΛΆΔΑ"]),
    ("Ёлки", &["елки", "ЁЛКИ"]),
    ("مُحَمَّد رسول الله", &["محمد", "مُحَمَّد", "رسول"]),
    ("東京物語", &["東京", "京物", "物語", "語", "東"]),
    ("スター・ウォーズ", &["スターウォーズ", "ウォーズ", "スター ウォーズ", "ォー"]),
    ("기생충", &["기생", "생충", "충"]),
    ("ฉลาดเกมส์โกง", &["เกมส์", "โกง"]),
    ("L'Été meurtrier", &["l'ete", "lete", "été", "ete meurtrier"]),
    ("O'Brother", &["obrother", "o brother", "o'brother", "brother"]),
    ("Mr. Robot", &["mr robot", "mr. robot", "mrrobot", "robot"]),
    ("EN - The Matrix (1999)", &["matrix", "the matrix", "matrix 1999", "en - the matrix (1999)"]),
    ("*** VIP *** 50% off_now", &["vip", "50%", "off_now", "*** VIP *** 50% off_now"]),
    ("AND OR NOT NEAR", &["AND", "NEAR(", "not near", "\"or not\""]),
    ("-30-", &["-30-", "30"]),
];

#[test]
fn names_are_found_however_they_are_written() {
    let names: Vec<_> = FOUND.iter().map(|(name, _)| *name).collect();
    let index = of_names(&names);
    for (id, (name, texts)) in (0..).zip(FOUND) {
        for text in texts.iter().chain([&name]) {
            let found = all(&index, text);
            assert!(found.iter().any(|(_, found)| *found == id), "{text} finds {name}: {found:?}");
        }
    }
}

/// The words are too rare for a sample to tell which is the rarer one.
#[test]
fn a_rare_word_is_found_apart_beside_another_rare_one() {
    let filler = (0..30_000).map(|number| format!("Filler {number}"));
    let names: Vec<_> = filler.chain(["Spider Man: Homecoming".to_owned()]).collect();
    let index = SearchIndex::from_entries(
        (0..).zip(&names).map(|(id, name)| Entry::of(&movie(id).name(name).item(), SearchFields::Names)).collect(),
    );
    for text in ["spiderman homecoming", "homecoming spiderman", "spider homecoming", "homecom spiderm"] {
        assert_eq!(all(&index, text).len(), 1, "{text}");
    }
}

#[test]
fn a_text_without_a_word_finds_nothing() {
    let index = of_names(&["Dune", "%", "★"]);
    for text in ["", " ", "%", "_", "\"", "*", "😀", "\0", "-", "--", "\"\"", "'"] {
        assert_eq!(all(&index, text), [], "{text}");
    }
}

#[test]
fn words_are_found_in_the_other_fields_behind_the_names() {
    let of = |id, name, cast| movie(id).name(name).with("cast", cast).with("genre", "Drama").item();
    let items = [of(1, "Heat", "Al Pacino, Sinéad O'Connor"), of(2, "Al Capone", "x"), of(3, "Spider Man", "Holland")];
    let index = SearchIndex::from_entries(items.iter().map(|item| Entry::of(item, SearchFields::All)).collect());
    assert_eq!(all(&index, "al"), [(PREFIX, 2), (ANYWHERE, 1)]);
    assert_eq!(all(&index, "pacino heat"), [(ANYWHERE, 1)]);
    assert_eq!(all(&index, "drama").len(), 3);
    for text in ["oconnor", "o'connor", "o connor", "sinead oconnor"] {
        assert_eq!(all(&index, text), [(ANYWHERE, 1)], "{text}");
    }
    assert_eq!(all(&index, "spiderman holland"), [(ANYWHERE, 3)]);
    assert_eq!(all(&index, "holland spider-man"), [(ANYWHERE, 3)]);
    let names = SearchIndex::from_entries(items.iter().map(|item| Entry::of(item, SearchFields::Names)).collect());
    assert_eq!(all(&names, "pacino"), []);
}

#[test]
fn words_in_quotes_have_to_be_next_to_each_other() {
    let index = of_names(&["Star Wars", "Wars of a Star", "Starry Wars", "Star Warsaw"]);
    assert_eq!(all(&index, "\"star wars\""), [(EXACT, 0)]);
    assert_eq!(all(&index, "\"wars of\""), [(PREFIX, 1)]);
    let ids: Vec<_> = all(&index, "star wars").into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, [0, 3, 1, 2]);
}

#[test]
fn words_after_a_minus_must_not_occur() {
    let index = of_names(&["Star Wars", "Star Trek", "Star Wars: Clone Wars", "Star-Lord", "Foo -Bar"]);
    let ids = |text| found(&index, &Words::with_exclusions(text)).into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(ids("star -wars"), [1, 3]);
    assert_eq!(ids("star -clone -trek -starlord"), [0]);
    assert_eq!(ids("star -\"clone wars\""), [0, 1, 3]);
    assert_eq!(ids("-foo"), [4], "only exclusions: as it stands");
    assert_eq!(all(&index, "foo -bar"), [(EXACT, 4)], "a name as it stands");
    assert_eq!(all(&index, "star -trek"), [(EXACT, 1)]);
}

#[test]
fn a_page_continues_after_the_one_before() {
    let names = ["Dune", "Dune Two", "Blue Dune", "Du Ne", "Red Dune", "Dune", "Tundra", "Dune Three"];
    let items: Vec<_> = (0..)
        .zip(names)
        .map(|(id, name)| {
            movie(id).name(name).with("year", "2000").with("cast", if id == 6 { "Dune" } else { "" }).item()
        })
        .collect();
    let index = SearchIndex::from_entries(items.iter().map(|item| Entry::of(item, SearchFields::All)).collect());
    let words = Words::new("dune");
    let whole = find(&index, &words, &Wanted { after: None, limit: 99, passes: &|_| true });
    assert_eq!(whole.len(), 8);
    for (limit, few) in (1..9).flat_map(|limit| [(limit, 0), (limit, 99)]) {
        let (mut pages, mut after) = (Vec::new(), None);
        loop {
            let page = find_among(&index, &words, &Wanted { after, limit, passes: &|_| true }, few);
            assert!(page.len() <= limit);
            after = page.last().copied();
            if page.is_empty() {
                break;
            }
            pages.extend(page);
        }
        assert_eq!(pages, whole, "pages of {limit}");
    }
    let odd = find(&index, &words, &Wanted { after: None, limit: 99, passes: &|position| position % 2 == 1 });
    assert_eq!(odd, whole.into_iter().filter(|found| found.position % 2 == 1).collect::<Vec<_>>());
}

#[test]
fn a_needle_that_reaches_over_two_names_is_in_neither() {
    let index = of_names(&["a b", "c d"]);
    assert_eq!(all(&index, "\"b c\""), []);
    assert_eq!(all(&index, "bc"), []);
}

/// Returns a strategy for names that the parts make.
fn names() -> impl Strategy<Value = Vec<String>> {
    let word =
        prop::sample::select(vec!["star", "wars", "spider-man", "ocean's", "東京", "é", "x", "s.w.a.t", "the", "-30-"]);
    let name = prop::collection::vec(word, 1..4).prop_map(|words| words.join(" "));
    prop::collection::vec(name, 1..12)
}

proptest! {
    #[test]
    fn every_item_is_found_by_its_exact_name(names in names()) {
        let index = of_names(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (id, name) in (0..).zip(&names) {
            let found = all(&index, name);
            prop_assert!(found.contains(&(EXACT, id)), "{} in {:?}", name, found);
            prop_assert!(found.is_sorted_by_key(|(rank, id)| (*rank, *id)));
        }
    }

    #[test]
    fn any_text_is_searched_without_an_error(text in "\\PC{0,40}", names in prop::collection::vec("\\PC{1,20}", 1..8)) {
        let index = of_names(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = all(&index, &text);
        let mut ids: Vec<_> = found.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), found.len(), "each once");
        for (id, name) in (0..).zip(&names) {
            let is_searchable = !Words::new(name).is_empty();
            prop_assert!(!is_searchable || all(&index, name).contains(&(EXACT, id)), "{}", name);
        }
    }
}

#[test]
fn a_very_long_text_is_searched() {
    let name = "word ".repeat(2_000);
    let index = of_names(&["word", &name]);
    assert_eq!(all(&index, &name), [(EXACT, 1), (NAME, 0)]);
}
