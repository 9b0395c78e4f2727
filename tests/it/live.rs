//! The live lines of a sync on a terminal, and the report that follows them.

use std::net::TcpListener;
use std::process::Stdio;

use sync_tests::{Action, Behaviour, CatalogueConfig, Gate, JsonForm, Kind, Step};

use crate::program::{PASSWORD, command_without_log, wait_until};
use crate::pseudo_terminal::{Ended, PseudoTerminal};
use crate::scene::{HOME, Scene};

/// The pictures of a live line.
const MOVING: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Returns the configuration of a catalogue with enough movies for several batches.
fn several_batches(seed: u64) -> CatalogueConfig {
    CatalogueConfig { seed, channels: 150, movies: 3_000, series: 120, items_per_category: 40 }
}

fn start(scene: &Scene, columns: u16, args: &[&str]) -> PseudoTerminal {
    PseudoTerminal::start(command_without_log(&scene.database, args), columns, 24)
}

/// Fails if a live line is left on the screen.
#[track_caller]
fn is_cleaned_up(ended: &Ended) {
    assert!(!ended.text.contains(MOVING), "{}", ended.text);
}

#[test]
fn each_kind_has_a_line_that_fits_and_is_removed_at_the_end() {
    for (seed, columns) in [(3001, 80), (3002, 60), (3003, 30)] {
        let scene = Scene::of(&several_batches(seed));
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(1_500_000, gate.clone()));
        let terminal = start(&scene, columns, &["sync"]);
        terminal.wait_until("movies under way, channels done", |screen| {
            let has = |line: &str, words: &str| line.contains(words) && line.contains("items");
            let of_movies = screen.lines().any(|line| line.starts_with(MOVING) && has(line, "movies    "));
            of_movies && screen.lines().any(|line| line.starts_with("✓ channels  done, 150 items"))
        });
        assert!(!terminal.screen().contains("logging in"), "{}", terminal.screen());
        gate.open();
        let ended = terminal.end().exits(0).fits().leaves_a_sane_terminal();
        is_cleaned_up(&ended);
        assert!(ended.text.starts_with("home: completed in "), "{}", ended.text);
        for words in ["outcome", "added", "completed", "3,000"] {
            assert!(ended.text.contains(words), "{words}: {}", ended.text);
        }
        assert!(!ended.text.contains("refreshed"), "nothing was refreshed: {}", ended.text);
        scene.assert_true();
    }
}

#[test]
fn the_terminal_may_be_resized_while_the_panel_is_waited_for() {
    let scene = Scene::synced(3004);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(0, gate.clone()));
    let terminal = start(&scene, 80, &["sync"]);
    terminal.wait_for("movies    waiting for the panel  ");
    let before = terminal.screen();
    terminal.resize(40, 20);
    terminal.wait_until("the time goes on", |screen| screen != before && screen.contains(" waiting for the panel  "));
    terminal.resize(20, 20);
    terminal.wait_for("movies    waitin…");
    terminal.resize(120, 40);
    terminal.wait_for("movies    waiting for the panel");
    gate.open();
    let ended = terminal.end().exits(0).leaves_a_sane_terminal();
    is_cleaned_up(&ended);
}

#[test]
fn ctrl_c_ends_a_sync_and_leaves_the_terminal_as_it_was() {
    let scene = Scene::synced(3005);
    let before = scene.cache().content_of(HOME, Kind::Movies);
    let gate = Gate::new();
    scene.panel.on(Action::VodStreams, Behaviour::Gate(1_000, gate.clone()));
    let terminal = start(&scene, 80, &["sync"]);
    terminal.wait_for("movies    waiting for the panel");
    wait_until("the body is under way", || gate.reached_count() > 0);
    terminal.send_ctrl_c();
    let ended = terminal.end().exits(130).leaves_a_sane_terminal();
    is_cleaned_up(&ended);
    assert!(ended.text.contains("stopping; what is committed stays"), "{}", ended.text);
    assert!(ended.text.contains("home: cancelled in "), "{}", ended.text);
    assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before);
}

#[test]
fn a_wait_is_shown_with_its_cause() {
    let scene = Scene::synced(3006);
    let asks = vec![("Retry-After".to_owned(), "30".to_owned())];
    scene.panel.on(Action::VodStreams, Behaviour::Status(503, Vec::new(), asks));
    let terminal = start(&scene, 80, &["sync", HOME]);
    terminal.wait_for("movies    the panel asked for 30 s: attempt 2 of 4 in ");
    terminal.send_ctrl_c();
    let ended = terminal.end().exits(130).leaves_a_sane_terminal();
    // Hints may go over the edge, and live lines may not.
    assert!(!ended.wrapped.iter().any(|line| line.starts_with(MOVING)), "{:?}", ended.wrapped);
    is_cleaned_up(&ended);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    scene.add("away", &nowhere, &[]).exits(0);
    let terminal = start(&scene, 80, &["sync", "away", "--backoff", "60"]);
    terminal.wait_until("the wait is told", |screen| {
        screen.contains("attempt 2 of 4 in ") && screen.contains(" s: the connection is refused")
    });
    terminal.send_ctrl_c();
    let ended = terminal.end().exits(130).leaves_a_sane_terminal();
    // Hints may go over the edge, and live lines may not.
    assert!(!ended.wrapped.iter().any(|line| line.starts_with(MOVING)), "{:?}", ended.wrapped);
    is_cleaned_up(&ended);
}

#[test]
fn new_items_are_named_and_the_rest_is_counted() {
    let scene = Scene::synced(3007);
    let step = Step { added_percent: 5.0, updated_percent: 0.0, refreshed_percent: 0.0, ..Step::ordinary() };
    let expected = scene.panel.advance(&step);
    let added = expected.of(Kind::Movies).added.len();
    assert!(added > 5, "{added}");
    let ended = start(&scene, 80, &["sync"]).end().exits(0).fits();
    let new: Vec<_> = ended.text.lines().skip_while(|line| *line != "  new movies:").skip(1).take(6).collect();
    assert!(new.iter().all(|line| line.starts_with("    ")), "{}", ended.text);
    assert_eq!(new[5], format!("    and {} more", added - 5), "{}", ended.text);
    let told: Vec<_> = new[..5].iter().map(|line| line.trim()).collect();
    let names: Vec<String> = scene
        .cache()
        .lines("SELECT * FROM (SELECT name FROM xtream_changes WHERE kind='movies' AND change='added' ORDER BY sequence LIMIT 5)");
    for (told, name) in told.iter().zip(names) {
        let whole: String = name.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
        let shown: String = told.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
        assert_eq!(shown, whole, "{}", ended.text);
    }
    // A name may contain the login.
    let id = scene.ids(Kind::Movies)[0];
    let with_login = scene.panel.catalogue(|catalogue| {
        let mut item = catalogue.item(Kind::Movies, id).unwrap().clone();
        item.set(Kind::Movies.id_key(), JsonForm::Integer(7_000_001));
        item.set("name", JsonForm::text(format!("Of {PASSWORD}")));
        catalogue.append(Kind::Movies, [item])
    });
    assert_eq!(with_login.of(Kind::Movies).added.len(), 1);
    let shown = start(&scene, 80, &["sync"]).end().exits(0).fits();
    assert!(shown.text.contains("  new movies:\n    Of {password}"), "{}", shown.text);
    let quiet = start(&scene, 80, &["sync", "--quiet"]).end().exits(0);
    assert_eq!(quiet.bytes, "");
}

#[test]
fn colours_of_a_terminal_can_be_turned_off() {
    let scene = Scene::synced(3008);
    let bold = "\u{1b}[1m";
    let with = |variable: &str, value: &str, args: &[&str]| {
        let mut command = command_without_log(&scene.database, args);
        command.env(variable, value);
        PseudoTerminal::start(command, 80, 24).end().exits(0).bytes
    };
    assert!(with("X", "", &["sync"]).contains(bold));
    assert!(
        with("X", "", &["sync", "--help"]).contains("\u{1b}[1m\u{1b}[32m"),
        "{:?}",
        with("X", "", &["sync", "--help"])
    );
    for plain in [
        with("NO_COLOR", "1", &["sync"]),
        with("X", "", &["sync", "--color", "never"]),
        with("NO_COLOR", "1", &["sync", "--help"]),
    ] {
        // Without colours, the cursor still moves.
        let codes = ["1", "2", "32", "33", "36", "1;31"].map(|code| format!("\u{1b}[{code}m"));
        assert!(!codes.iter().any(|code| plain.contains(code)), "{plain:?}");
    }
    let dumb = with("TERM", "dumb", &["sync"]);
    assert!(!dumb.contains('\u{1b}') && dumb.contains("home: movies: listing"), "{dumb:?}");
}

/// Whether a stream is a terminal is decided per stream.
#[test]
fn redirected_data_are_plain_while_progress_is_shown() {
    let scene = Scene::synced(3009);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let command = command_without_log(&scene.database, &["sync", "--full"]);
    let terminal = PseudoTerminal::start_with_stdout(command, Stdio::from(writer), 80, 24);
    let ended = terminal.end().exits(0);
    is_cleaned_up(&ended);
    let mut report = String::new();
    std::io::Read::read_to_string(&mut reader, &mut report).unwrap();
    assert!(report.starts_with("home: completed in ") && report.contains("refreshed"), "{report}");
    assert!(!report.contains('\u{1b}') && ended.bytes.contains("movies"), "{report:?} {:?}", ended.bytes);
}
