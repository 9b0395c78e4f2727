//! Rebuilds the crate when a migration is added: the macro that embeds them doesn't watch folders.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    // The folder of the packaged crate holds files; that of the repository is a symlink.
    if let Ok(folder) = std::fs::canonicalize("migrations") {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
}
