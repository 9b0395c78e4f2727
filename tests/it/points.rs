//! The failpoints, at which the torture stops the command, are in no build that users get.

use crate::program::{Running, command};
use crate::scene::Scene;

/// The variables that a build with the feature `failpoints` reads.
const VARIABLES: [&str; 5] = [
    "XTREAM_SYNC_STOP_AT",
    "XTREAM_SYNC_GO",
    "XTREAM_SYNC_MAX_PAGES",
    "XTREAM_SYNC_CACHE_PAGES",
    "XTREAM_SYNC_PATIENCE",
];

#[test]
fn a_build_without_the_feature_has_no_points() {
    let scene = Scene::synced(2001);
    let mut sync = command(&scene.database, &["sync", "--json"]);
    for (variable, value) in VARIABLES.iter().zip(["apply.begun=abort", "nowhere", "1", "1", "0"]) {
        sync.env(variable, value);
    }
    let program = std::fs::read(sync.get_program()).unwrap();
    for variable in VARIABLES {
        let known = program.windows(variable.len()).any(|bytes| bytes == variable.as_bytes());
        assert!(!known, "the command knows {variable}");
    }
    Running::start(sync).end().exits(0);
    scene.assert_true();
}
