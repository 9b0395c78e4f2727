//! The step `features`: each library crate by itself, with no features, with each of its own, and the core's tests.
//!
//! Without features the store links the SQLite of the system: that is only checked, as none need be here.

use crate::Outcome;
use crate::shell::{cargo, run};
use crate::workspace::{LIBRARIES, Workspace};

/// The features that each crate must also build with alone, where it has them.
pub(crate) const FEATURES: [&str; 3] = ["mock", "serde", "testing"];

/// Those that are nothing of the core's: points for the tests of this workspace, the command of the application, and
/// the tables of the cache.
/// `bundled` is what every other step builds with.
const OTHERS: [&str; 3] = ["failpoints", "cli", "schema"];

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
