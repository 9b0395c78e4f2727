//! Tools that are not part of the toolchain. They are used if they exist, or else installed below the target folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::shell::{cargo, run};
use crate::workspace::Workspace;

/// Returns the path of a tool. Installs the tool if it is missing, which takes some minutes.
pub(crate) fn find(name: &str) -> Outcome<PathBuf> {
    let root = Workspace::load()?.target.join("tools");
    let own = root.join("bin").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    for candidate in [PathBuf::from(name), own.clone()] {
        let mut call = Command::new(&candidate);
        let call = call.arg(name.trim_start_matches("cargo-")).arg("--version");
        if call.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|end| end.success())
        {
            return Ok(candidate);
        }
    }
    println!("{name} is not here yet; it is built into {}.", root.display());
    run(cargo(["install", "--locked", "--quiet", name, "--root"]).arg(&root))?;
    Ok(own)
}
