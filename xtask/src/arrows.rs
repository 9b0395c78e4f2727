//! The step `arrows`: crates depend on each other as designed, features included.
//!
//! `sync-app → {sync-service, sync-xtream, sync-sqlite} → sync-core` and `sync-service → sync-change-set → sync-core`
//! are the only dependencies. The core's normal dependencies contain no HTTP client, no database and no runtime, with
//! any of its features. mockall is in no normal graph, and the crates of the command are not in the graph of the
//! library.

use std::collections::BTreeSet;

use crate::shell::{cargo, read};
use crate::workspace::{LIBRARIES, Workspace};
use crate::{Outcome, features, purity};

/// Each crate with the crates of this workspace that it depends on directly, and those that it depends on at all.
const ARROWS: [(&str, &[&str], &[&str]); 6] = [
    ("sync-core", &[], &[]),
    ("sync-xtream", &["sync-core"], &["sync-core"]),
    ("sync-sqlite", &["sync-core"], &["sync-core"]),
    ("sync-change-set", &["sync-core"], &["sync-core"]),
    ("sync-service", &["sync-change-set", "sync-core"], &["sync-change-set", "sync-core"]),
    (
        "sync-app",
        &["sync-core", "sync-service", "sync-sqlite", "sync-xtream"],
        &["sync-change-set", "sync-core", "sync-service", "sync-sqlite", "sync-xtream"],
    ),
];

/// The crates that the core must never depend on.
const NOT_IN_CORE: [&str; 5] = ["reqwest", "hyper", "diesel", "libsqlite3-sys", "rusqlite"];

/// The crates that only the command needs. A program that uses the library must not compile them.
const COMMAND_ONLY: [&str; 11] = [
    "anstream",
    "clap",
    "csv",
    "directories",
    "prometheus",
    "rpassword",
    "sd-notify",
    "terminal_size",
    "tracing-subscriber",
    "unicode-segmentation",
    "unicode-width",
];

/// The features of tokio that the core may turn on: channels and locks, but no runtime, clock or sockets.
const TOKIO_IN_CORE: [&str; 2] = ["default", "sync"];

pub(crate) fn check() -> Outcome {
    let workspace = Workspace::load()?;
    let mut faults = Vec::new();
    let ours: BTreeSet<&str> = workspace.names().collect();
    for (name, direct, reached) in ARROWS {
        let package = workspace.package(name)?;
        let declared: BTreeSet<&str> = package.dependencies.iter().map(String::as_str).collect();
        faults.extend(unlike(name, "declares", direct, declared.intersection(&ours).copied()));
        for selection in [&[] as &[&str], &["--no-default-features"], &["--all-features"]] {
            let tree = tree(&["-p", name], selection)?;
            let seen: BTreeSet<&str> = tree.iter().map(|node| node.name.as_str()).collect();
            let seen = seen.intersection(&ours).copied().filter(|seen| *seen != name);
            faults.extend(unlike(name, &format!("reaches ({})", label(selection)), reached, seen));
        }
    }
    core_graphs(&workspace, &mut faults)?;
    for scope in LIBRARIES.iter().map(|name| vec!["-p", name]).chain([vec!["--workspace"]]) {
        if tree(&scope, &[])?.iter().any(|node| node.name == "mockall") {
            faults.push(format!("mockall is in the normal graph of `{}`", scope.join(" ")));
        }
    }
    for node in tree(&["-p", "sync-app"], &["--no-default-features", "--features", "bundled"])? {
        if COMMAND_ONLY.contains(&node.name.as_str()) {
            faults.push(format!("sync-app without the feature `cli` depends on {}", node.name));
        }
    }
    faults.extend(purity::core_sources()?);
    faults.extend(purity::migrations()?);
    if faults.is_empty() {
        println!("the arrows are as designed, the core is pure, the migrations are whole");
        return Ok(());
    }
    for fault in &faults {
        eprintln!("  {fault}");
    }
    Err(format!("{} faults in how the crates depend on each other", faults.len()).into())
}

/// Checks the core's graph without features, with each of its features, and with all of them.
fn core_graphs(workspace: &Workspace, faults: &mut Vec<String>) -> Outcome {
    let known = &workspace.package("sync-core")?.features;
    let mut selections = vec![vec!["--no-default-features"], vec![], vec!["--all-features"]];
    for feature in features::FEATURES {
        if known.iter().any(|known| known == feature) {
            selections.push(vec!["--no-default-features", "--features", feature]);
        } else {
            faults.push(format!("sync-core has no feature `{feature}`"));
        }
    }
    for selection in selections {
        for node in tree(&["-p", "sync-core"], &selection)? {
            if let Some(fault) = core_fault(&node) {
                faults.push(format!("sync-core ({}): {fault}", label(&selection)));
            }
        }
    }
    Ok(())
}

/// Returns a selection of features for a message.
fn label(selection: &[&str]) -> String {
    if selection.is_empty() { "default features".to_owned() } else { selection.join(" ") }
}

/// Returns the reason why a package may not be in the core's graph, or `None` if it may.
fn core_fault(node: &Node) -> Option<String> {
    if NOT_IN_CORE.contains(&node.name.as_str()) {
        return Some(format!("depends on {}", node.name));
    }
    let excess = node.features.iter().find(|feature| !TOKIO_IN_CORE.contains(&feature.as_str()));
    excess.filter(|_| node.name == "tokio").map(|feature| format!("turns on tokio's feature `{feature}`"))
}

/// Returns the fault of a set of crates, or `None` if the set is as designed.
fn unlike<'a>(name: &str, verb: &str, designed: &[&str], found: impl Iterator<Item = &'a str>) -> Option<String> {
    let found: BTreeSet<&str> = found.collect();
    let designed: BTreeSet<&str> = designed.iter().copied().collect();
    (found != designed).then(|| format!("{name} {verb} {found:?} of our crates, by design {designed:?}"))
}

/// One package of a dependency graph, with its active features.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    name: String,
    features: Vec<String>,
}

/// Returns the normal dependencies, on every platform, of the packages that `scope` selects.
fn tree(scope: &[&str], selection: &[&str]) -> Outcome<BTreeSet<Node>> {
    let shape = "-e normal --target all --prefix none --locked -f {p}|{f}".split(' ');
    let text = read(cargo(["tree"]).args(scope).args(selection).args(shape))?;
    Ok(text.lines().filter_map(node).collect())
}

/// Reads a line such as `tokio v1.54.0|default,sync`.
fn node(line: &str) -> Option<Node> {
    let (package, features) = line.split_once('|')?;
    let name = package.split(' ').next()?.to_owned();
    let features = features.split([',', ' ']).filter(|feature| !feature.is_empty() && *feature != "(*)");
    Some(Node { name, features: features.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_is_read() {
        let read = node("tokio v1.54.0|default,sync (*)").unwrap();
        assert_eq!(read, Node { name: "tokio".into(), features: vec!["default".into(), "sync".into()] });
        assert_eq!(node("sync-core v0.1.0 (/somewhere)|").unwrap().features, [""; 0]);
        assert_eq!(node(""), None);
    }

    #[test]
    fn a_runtime_in_the_core_is_a_fault() {
        assert_eq!(core_fault(&node("tokio v1|default,sync").unwrap()), None);
        assert!(core_fault(&node("tokio v1|rt,sync").unwrap()).unwrap().contains("`rt`"));
        assert!(core_fault(&node("diesel v2|").unwrap()).is_some());
    }

    #[test]
    fn a_missing_arrow_and_an_extra_arrow_are_faults() {
        assert!(unlike("a", "declares", &["b"], ["b"].into_iter()).is_none());
        assert!(unlike("a", "declares", &["b"], std::iter::empty()).is_some());
        assert!(unlike("a", "declares", &[], ["b"].into_iter()).is_some());
    }
}
