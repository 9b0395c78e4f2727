//! Cases 29 to 33: invalid JSON and invalid text.

use sync_tests::{Action, Behaviour, Catalogue, Expected, JsonForm, Kind, Panel, Place, Step, Truth};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("29", "garbage prefix", "BOM; PHP warnings; white space before the list", before_the_list),
    case("30", "garbage suffix", "a comment, a warning, a second JSON after the list", after_the_list),
    case("31", "trailing comma, NaN, newlines", "each of them within the list", lax_json),
    case("32", "invalid UTF-8 name", "bytes C3 28 within a name", broken_text),
    case("33", "null name", "\"name\":null in item 100", no_name),
];

/// Advances the panel without removals, so that the counts of the next run follow from the step alone.
fn news(home: &Home<'_>) -> Expected {
    home.advance(&Step { added_percent: 2.0, updated_percent: 3.0, ..Step::default() })
}

#[track_caller]
fn understood(home: &Home<'_>, behaviour: &Behaviour) {
    let expected = news(home);
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), behaviour.clone());
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), home.counts(&expected, kind), "{kind}");
    }
    home.assert_true();
    home.panel.behave();
}

fn before_the_list(trial: &Trial) {
    let home = trial.home();
    let warning =
        b"<br />\n<b>Warning</b>:  mysqli::query(): [2006] gone away in <b>/home/x/api.php</b> on line <b>9</b>\n";
    for before in [&b"\xef\xbb\xbf"[..], b"\r\n\r\n  ", warning, b"\nNotice: Undefined index: x in /a.php on line 3\n"]
    {
        understood(&home, &Behaviour::wrapped(before, b""));
    }
    // The login and the categories are read in the same way.
    home.panel.in_front(Behaviour::wrapped(b"\xef\xbb\xbf", b""));
    home.sync(&[]).exits(0);
    home.panel.in_front(Behaviour::wrapped(warning, b""));
    home.sync(&[]).exits(0);
    home.assert_true();
}

fn after_the_list(trial: &Trial) {
    let home = trial.home();
    understood(&home, &Behaviour::wrapped(b"", b"\n\n  \r\n"));
    for after in [&b"<!-- 0.3s -->"[..], b"<br />\n<b>Warning</b>: x", b"[{\"stream_id\":1,\"series_id\":1}]", b"}]"] {
        understood(&home, &Behaviour::wrapped(b"", after));
        home.remember();
        // If an item is missing as well, it may be in the bytes after the list, so its removal is held.
        let gone = home.ids(Kind::Movies)[7];
        let item = home.panel.catalogue(|catalogue| catalogue.item(Kind::Movies, gone).cloned()).unwrap();
        home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
        let other = [after, b" "].concat();
        home.panel.on(Action::VodStreams, Behaviour::wrapped(b"", &[&other[..], after].concat()));
        home.holds(Kind::Movies, "trailing_bytes", 1, &[]);
        home.keeps(&[Kind::Movies]);
        home.panel.catalogue(|catalogue| catalogue.insert(Kind::Movies, item, Place::At(7)));
        home.recovers();
    }
    // The same bytes in a third listing are a known defect and hold no removals.
    let gone = home.ids(Kind::Movies)[8];
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
    home.panel.on(Action::VodStreams, Behaviour::wrapped(b"", b"<!-- 0.3s -->"));
    home.holds(Kind::Movies, "trailing_bytes", 1, &[]);
    home.holds(Kind::Movies, "trailing_bytes", 1, &[]);
    home.may_go(Kind::Movies, [gone]);
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (1, 0));
    home.assert_true();
}

fn lax_json(trial: &Trial) {
    let home = trial.home();
    let comma = |body: &[u8]| [&body[..body.len() - 1], b",]"].concat();
    let commas = |body: &[u8]| String::from_utf8_lossy(body).replace("},{", "},,{").into_bytes();
    // The key has no column, so the expected rows stay the same.
    let not_a_number = |body: &[u8]| {
        String::from_utf8_lossy(body)
            .replacen("{\"num\"", "{\"score\":NaN,\"drift\":-Infinity,\"num\"", 40)
            .into_bytes()
    };
    let spread = |body: &[u8]| String::from_utf8_lossy(body).replace("},{", "}\n,\r\n\t {").into_bytes();
    for edit in [
        Behaviour::edited(comma),
        Behaviour::edited(commas),
        Behaviour::edited(not_a_number),
        Behaviour::edited(spread),
    ] {
        understood(&home, &edit);
    }
    // An unescaped newline or tab within a text is read as it is.
    let id = home.ids(Kind::Movies)[20];
    let raw = JsonForm::verbatim(*b"\"two\nlines\tand a tab\"", JsonForm::text("two\nlines\tand a tab"));
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "plot", raw));
    assert_eq!(home.sync(&[]).exits(0).report().counts(Kind::Movies).updated, 1);
    home.assert_true();
    // A number that is not finite is read as `null`.
    let id = home.ids(Kind::Movies)[21];
    let nan = JsonForm::verbatim(*b"NaN", JsonForm::Null);
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "rating", nan));
    home.sync(&[]).exits(0);
    home.assert_true();
}

fn broken_text(trial: &Trial) {
    let home = trial.home();
    for kind in Kind::ALL {
        let id = home.ids(kind)[11];
        let name = JsonForm::verbatim(*b"\"Caf\xc3\x28 \xff\"", JsonForm::text("CafÃ( ÿ"));
        home.panel.catalogue(|catalogue| catalogue.edit(kind, id, "name", name));
        let report = home.sync(&[]).exits(0).report();
        let counts = report.counts(kind);
        assert_eq!((counts.updated, counts.skipped, counts.removed), (1, 0, 0), "{kind}");
        home.assert_true();
        // The same bytes always give the same name, also in a full run.
        for more in [&[][..], &["--full"]] {
            let counts = home.sync(more).exits(0).report().counts(kind);
            assert_eq!((counts.updated, counts.refreshed), (0, 0), "{kind}");
        }
    }
    // PHP has cut a surrogate pair in half.
    let id = home.ids(Kind::Series)[12];
    let half = JsonForm::verbatim(*br#""x \ud83d y""#, JsonForm::text("x \u{fffd} y"));
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "name", half));
    home.sync(&[]).exits(0);
    home.assert_true();
}

fn no_name(trial: &Trial) {
    let home = trial.home();
    let id = home.ids(Kind::Movies)[100];
    let known = home.cache().rows(HOME, Kind::Movies)[&id]["name"].clone();
    home.panel.catalogue(|catalogue| catalogue.edit(Kind::Movies, id, "name", JsonForm::Null));
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.updated, counts.unchanged, counts.skipped), (0, 400, 0));
    assert_eq!(home.cache().rows(HOME, Kind::Movies)[&id]["name"], known, "the old name stays");
    home.assert_true();

    // An item that never had a name gets its id as name.
    let mut catalogue = Catalogue::new(&some_hundred(33));
    let nameless: Vec<i64> = catalogue.ids(Kind::Movies)[100..103].to_vec();
    catalogue.edit(Kind::Movies, nameless[0], "name", JsonForm::Null);
    catalogue.edit(Kind::Movies, nameless[1], "name", "");
    catalogue.drop_key(Kind::Movies, nameless[2], "name");
    catalogue.forget_earlier_versions();
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    home.sync(&[]).exits(0);
    home.assert_true();
    for id in nameless {
        assert_eq!(home.cache().rows(HOME, Kind::Movies)[&id]["name"], Truth::Text(format!("#{id}")));
    }
}
