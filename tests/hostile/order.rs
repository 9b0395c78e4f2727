//! A listing gives the same cache in any order and with any repetitions.

use std::collections::BTreeMap;

use sync_tests::{Catalogue, Kind, Panel, Place, Row};

use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] =
    &[case("m", "any order, any repetition", "eight shuffles with repeated elements", any_order)];

/// Returns the rows of all kinds. The number of a channel is left out, because it is the place in the list.
fn rows(cache: &mut crate::cache::Cache) -> [BTreeMap<i64, Row>; 3] {
    Kind::ALL.map(|kind| {
        let mut rows = cache.rows(HOME, kind);
        for row in rows.values_mut() {
            row.remove("num");
        }
        rows
    })
}

fn any_order(trial: &Trial) {
    let original = Catalogue::new(&some_hundred(90));
    let follower = trial.home_at(Panel::start(panel_config(), original.clone()).unwrap());
    let right = rows(&mut follower.cache());
    for seed in 0..8 {
        let mut catalogue = original.clone();
        for kind in Kind::ALL {
            let again: Vec<_> = catalogue.items(kind).iter().skip(seed).step_by(3 + seed).cloned().collect();
            for item in again {
                for _ in 0..=seed % 3 {
                    catalogue.insert(kind, item.clone(), Place::Random);
                }
            }
            catalogue.shuffle(kind, seed as u64);
        }
        // A new cache whose first listing has this order.
        let fresh = trial.new_home(Panel::start(panel_config(), catalogue.clone()).unwrap());
        fresh.sync(&[]).exits(0);
        assert!(rows(&mut fresh.cache()) == right, "seed {seed}: another cache");
        // A cache that had another order before.
        follower.panel.catalogue(|own| *own = catalogue);
        let report = follower.sync(&[]).exits(0).report();
        for kind in Kind::ALL {
            let counts = report.counts(kind);
            let told = (counts.added, counts.updated, counts.removed, counts.held, counts.skipped);
            assert_eq!(told, (0, 0, 0, 0, 0), "{kind}, seed {seed}");
        }
        assert!(rows(&mut follower.cache()) == right, "seed {seed}: another cache");
    }
}
