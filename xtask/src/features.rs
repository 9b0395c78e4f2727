//! The step `features`: checks each library crate alone, without features and with each of its own features, and runs
//! the core's tests.
//!
//! Without features the store links the SQLite of the system. Such a build is only checked, because a system needn't
//! have SQLite.

use crate::Outcome;
use crate::shell::{cargo, run};
use crate::workspace::{LIBRARIES, Workspace};

/// The features with which each crate has to build alone, if it has them.
pub(crate) const FEATURES: [&str; 3] = ["mock", "serde", "testing"];

/// Features that the core doesn't have: the failpoints for the tests of this workspace, the command of the application
/// and its output as types, and the tables of the cache. Every other step builds with `bundled`, so it is not listed.
const OTHERS: [&str; 4] = ["failpoints", "cli", "json", "schema"];

pub(crate) fn check() -> Outcome {
    let workspace = Workspace::load()?;
    for name in LIBRARIES {
        let package = workspace.package(name)?;
        let alone = ["check", "-p", name, "--no-default-features", "--locked"];
        run(&mut cargo(alone))?;
        for feature in
            FEATURES.into_iter().chain(OTHERS).filter(|feature| package.features.iter().any(|known| known == feature))
        {
            run(cargo(alone).args(["--features", feature]))?;
        }
    }
    run(&mut cargo(["test", "-p", "sync-core", "--no-default-features", "--lib", "--locked"]))
}
