//! The workspace as cargo describes it: its folders, its packages, and their features.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Outcome;
use crate::shell::{cargo, read};

/// The crates that are published, lowest first. Each may depend only on those before it.
pub(crate) const LIBRARIES: [&str; 6] =
    ["sync-core", "sync-xtream", "sync-sqlite", "sync-change-set", "sync-service", "sync-app"];

/// The workspace as `cargo metadata` describes it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of builds.
    pub(crate) target: PathBuf,
    packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
    /// The names of the packages that it needs outside tests, with any features.
    pub(crate) dependencies: Vec<String>,
}

/// Makes the root of the repository the current folder, so that every path in a task is relative to the root.
pub(crate) fn enter() -> Outcome {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = own.parent().map_or_else(|| Path::new(".").to_owned(), Path::to_owned);
    std::env::set_current_dir(&root).map_err(|error| format!("{}: {error}", root.display()).into())
}

impl Workspace {
    pub(crate) fn load() -> Outcome<Self> {
        let text = read(&mut cargo(["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
        Self::parse(&serde_json::from_str(&text)?)
    }

    fn parse(metadata: &Value) -> Outcome<Self> {
        let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target folder")?.into();
        let packages = metadata["packages"].as_array().into_iter().flatten().map(Package::parse).collect();
        Ok(Self { target, packages })
    }

    pub(crate) fn package(&self, name: &str) -> Outcome<&Package> {
        let found = self.packages.iter().find(|package| package.name == name);
        found.ok_or_else(|| format!("the workspace has no package `{name}`").into())
    }

    /// Returns the names of all members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.name.as_str())
    }
}

impl Package {
    fn parse(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let dependencies = value["dependencies"].as_array().into_iter().flatten();
        Self {
            name: text("name"),
            version: text("version"),
            features: value["features"].as_object().into_iter().flat_map(|table| table.keys().cloned()).collect(),
            dependencies: dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normal_dependencies_make_arrows() {
        let metadata = serde_json::json!({"target_directory": "t", "packages": [{
            "name": "a", "version": "1.0.0", "features": {"mock": []},
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}],
        }]});
        let workspace = Workspace::parse(&metadata).unwrap();
        assert_eq!(workspace.package("a").unwrap().dependencies, ["b"]);
        assert_eq!(workspace.package("a").unwrap().features, ["mock"]);
        assert!(workspace.package("c").is_err());
    }
}
