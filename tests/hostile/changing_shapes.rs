//! Cases 35 and 36: every field in every JSON type.

use std::collections::BTreeSet;

use sync_tests::{Catalogue, CatalogueConfig, Item, JsonForm, Kind, Panel, columns};

use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("35", "type soup", "every field as N, NS, \"\", null, A, O, true, false", soup),
    case("36", "type flip", "numbers, then numeric strings, same values", flipped),
];

/// Keys of listings that have no column, or that are another spelling of a column.
const FURTHER_KEYS: [&str; 16] = [
    "num",
    "tmdb",
    "tmdb_id",
    "imdb",
    "trailer",
    "releaseDate",
    "releasedate",
    "backdrop_path",
    "rating",
    "added",
    "last_modified",
    "server_hint",
    "custom_sid",
    "direct_source",
    "thumbnail",
    "epg_channel_id",
];

fn shapes() -> [JsonForm; 8] {
    [
        JsonForm::Integer(7),
        JsonForm::text("8"),
        JsonForm::text(""),
        JsonForm::Null,
        JsonForm::array([JsonForm::text("x"), JsonForm::Null, JsonForm::Integer(3)]),
        JsonForm::object([("key", JsonForm::text("value"))]),
        JsonForm::Bool(true),
        JsonForm::Bool(false),
    ]
}

/// Returns the keys that an element of a kind may have, besides its id.
fn keys(kind: Kind) -> Vec<&'static str> {
    let own = columns(kind).iter().flat_map(|column| column.keys.iter().copied());
    let keys: BTreeSet<&str> = own.chain(FURTHER_KEYS).collect();
    keys.into_iter().collect()
}

/// Returns an ordinary element, as every panel sends it.
fn plain(kind: Kind, id: i64) -> Item {
    Item::new(kind, id, &format!("Number {id}")).with("category_id", "1").with("added", "1700000000")
}

fn soup(trial: &Trial) {
    let mut catalogue =
        Catalogue::new(&CatalogueConfig { channels: 0, movies: 0, series: 0, ..CatalogueConfig::small(35) });
    let mut listed = [0; 3];
    for kind in Kind::ALL {
        let shaped = keys(kind).into_iter().flat_map(|key| shapes().map(|shape| (key, shape)));
        let items: Vec<_> = (1000..).zip(shaped).map(|(id, (key, shape))| plain(kind, id).with(key, shape)).collect();
        listed[kind as usize] = items.len() as u64;
        catalogue.append(kind, items);
        // The id itself in every shape: two of the shapes are readable ids, six are not.
        let odd = shapes().map(|shape| Item::bare(kind).with("name", "Whoever").with(kind.id_key(), shape));
        catalogue.append(kind, odd);
    }
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        let counts = report.counts(kind);
        let expected = listed[kind as usize] + 2;
        assert_eq!((counts.added, counts.skipped), (expected, 6), "{kind}: no item is lost, no list is lost");
        let ids: BTreeSet<i64> = home.cache().row_ids(HOME, kind).into_keys().collect();
        let right = (1000..).zip(0..listed[kind as usize]).map(|(id, _)| id).chain([7, 8]).collect();
        assert_eq!(ids, right, "{kind}");
    }
    for more in [&[][..], &["--full"]] {
        assert_eq!(home.sync(more).exits(0).report().outcomes(), ["unchanged"; 3], "and it comes to rest");
    }
    // The same shapes over good rows: nothing is held and nothing is removed.
    let home = trial.home();
    for (at, shape) in shapes().into_iter().enumerate() {
        for kind in Kind::ALL {
            home.panel.catalogue(|catalogue| {
                let mut items = catalogue.items(kind).to_vec();
                for (item, key) in items.iter_mut().skip(at).step_by(2).zip(keys(kind)) {
                    item.set(key, shape.clone());
                }
                catalogue.remove_all(kind);
                catalogue.append(kind, items);
            });
        }
        let report = home.sync(&[]).exits(0).report();
        for kind in Kind::ALL {
            let counts = report.counts(kind);
            let told = (counts.added, counts.removed, counts.held, counts.skipped);
            assert_eq!(told, (0, 0, 0, 0), "{kind}, {shape:?}");
        }
    }
}

fn flipped(trial: &Trial) {
    let home = trial.home_of(&some_hundred(36));
    for _ in 0..2 {
        for kind in Kind::ALL {
            assert!(home.panel.catalogue(|catalogue| catalogue.flip_types(kind)).is_empty());
        }
        for more in [&[][..], &["--full"]] {
            assert_eq!(home.sync(more).exits(0).report().outcomes(), ["unchanged"; 3]);
            home.keeps_all();
        }
    }
    for kind in Kind::ALL {
        home.panel.catalogue(|catalogue| catalogue.ids_as_strings(kind));
    }
    assert_eq!(home.sync(&[]).exits(0).report().outcomes(), ["unchanged"; 3]);
    home.keeps_all();
    home.assert_true();
}
