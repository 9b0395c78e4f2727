//! A listing of two kilobytes, cut at every byte, in the three ways in which a body can end.

use sync_core::{ContentKind, SyncOptions};
use sync_tests::{Action, Behaviour, Catalogue, CatalogueConfig, Framing, Item, Kind, Panel, PanelConfig, Shape};

use crate::library::{DAY, Library};
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config};
use crate::trial::Trial;

/// An hour in seconds. It is added to a day, because the clock of the machine may be set back during a run.
const HOUR: i64 = 3_600;

pub(crate) const CASES: &[Scenario] = &[
    case("j", "cut at every byte, length", "2 kB with Content-Length, cut after 0, 1, 2, … bytes", with_length),
    case("k", "cut at every byte, chunked", "the same in chunks", in_chunks),
    case("l", "cut at every byte, close", "the same without length or chunks", until_closed),
];

fn with_length(trial: &Trial) {
    cut_everywhere(trial, Framing::ContentLength);
}

fn in_chunks(trial: &Trial) {
    cut_everywhere(trial, Framing::Chunked);
}

fn until_closed(trial: &Trial) {
    cut_everywhere(trial, Framing::Close);
}

/// Returns a catalogue with twelve movies in two categories, about two kilobytes long.
fn two_kilobytes() -> Catalogue {
    let mut catalogue =
        Catalogue::new(&CatalogueConfig { movies: 0, channels: 1, series: 1, ..CatalogueConfig::small(1) });
    let categories: Vec<String> = catalogue.categories_truth(Kind::Movies).into_iter().map(|(id, ..)| id).collect();
    for id in 0..12 {
        let category = categories[usize::try_from(id % 2).unwrap()].clone();
        let item = Item::new(Kind::Movies, 100 + id, &format!("Movie \"{id}\" [{id}] {{é}}"));
        let item = item.with("category_id", category).with("plot", "A plot, with ],[ and },{ in it. \\");
        catalogue.insert(Kind::Movies, item.with("container_extension", "mp4"), sync_tests::Place::Bottom);
    }
    catalogue
}

/// Cuts the listing at every byte. Asserts that no run removes or adds an item, and that each run without the complete
/// listing reports an error.
fn cut_everywhere(trial: &Trial, framing: Framing) {
    let catalogue = two_kilobytes();
    let length = catalogue.render(Kind::Movies, Shape::Array, None).len();
    assert!((1800..2600).contains(&length), "{length} bytes");
    let home = trial.home_at(Panel::start(PanelConfig { framing, ..panel_config() }, catalogue).unwrap());
    let library = Library::new(&home);
    let options = SyncOptions { kinds: vec![ContentKind::Movies], ..SyncOptions::default() };
    let before = home.cache().raw_rows(HOME, Kind::Movies);
    let mut cut_whole = 0;
    for cut in 0..length {
        home.panel.on(Action::VodStreams, Behaviour::CutAfter(cut as u64));
        // Each run is a day later, so that it asks for the whole list and not only for the categories.
        library.pass(DAY + HOUR);
        home.panel.forget_requests();
        let report = library.run_unwatched(&options);
        let record = report.kind(ContentKind::Movies);
        assert_eq!((record.counts.removed, record.counts.added), (0, 0), "{framing:?}, {cut} bytes: {report:?}");
        let asked_whole = home
            .panel
            .requests()
            .iter()
            .any(|request| request.action == Some(Action::VodStreams) && request.param("category_id").is_none());
        cut_whole += usize::from(asked_whole);
        // An answer for a category may be shorter than the cut. Then it is complete.
        let by_category = home.panel.requests().iter().any(|request| request.param("category_id").is_some());
        assert!(by_category || record.error.is_some(), "{framing:?}, {cut} bytes: a cut is no answer: {report:?}");
        assert_eq!(library.count_movies(), 12, "{framing:?}, {cut} bytes");
        if cut % 97 == 0 {
            assert_eq!(home.cache().raw_rows(HOME, Kind::Movies), before, "{framing:?}, {cut} bytes");
        }
    }
    assert_eq!(cut_whole, length, "the whole list was cut at every byte");
    home.look();
    assert_eq!(home.cache().raw_rows(HOME, Kind::Movies), before);
    library.pass(DAY + HOUR);
    home.panel.behave();
    let report = library.run(&options);
    assert_eq!(report.errors, [], "{report:?}");
    home.assert_true_of(Kind::Movies);
    trial.outcome(format!("{length} cuts, nothing removed"));
}
