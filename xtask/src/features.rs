//! The step `features`: each library crate by itself, with no features, with `mock`, with `testing`, with `failpoints`.

use crate::Outcome;
use crate::shell::{cargo, run};
use crate::workspace::{LIBRARIES, Workspace};

/// The features that each crate must also build with alone, where it has them.
pub(crate) const FEATURES: [&str; 2] = ["mock", "testing"];

/// What only the tests of this workspace turn on: it is nothing of the core's.
const FOR_TORTURE: &str = "failpoints";

pub(crate) fn check() -> Outcome {
    let workspace = Workspace::load()?;
    for name in LIBRARIES {
        let package = workspace.package(name)?;
        let alone = ["check", "-p", name, "--no-default-features", "--locked"];
        run(&mut cargo(alone))?;
        for feature in FEATURES
            .into_iter()
            .chain([FOR_TORTURE])
            .filter(|feature| package.features.iter().any(|known| known == feature))
        {
            run(cargo(alone).args(["--features", feature]))?;
        }
    }
    run(&mut cargo(["test", "-p", "sync-core", "--no-default-features", "--lib", "--locked"]))
}
