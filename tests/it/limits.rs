//! A limit on the size of files is reported as a full disk. Its signal doesn't end the program.

use std::process::Command;

use crate::program::{Running, command};
use crate::scene::{HOME, Scene, some_hundred};

#[test]
fn files_that_may_not_grow_are_a_full_disk() {
    let scene = Scene::of(&some_hundred(2101));
    let before = scene.cache().content(HOME);
    let sync = command(&scene.database, &["sync", "--json", "--backoff", "0.01"]);
    let program = sync.get_program().to_str().unwrap().to_owned();
    // Blocks of half a KiB each: from too few for the first transaction to enough for the first ones.
    for blocks in [1, 40, 160] {
        for signal in ["", "trap '' XFSZ; "] {
            let mut limited = Command::new("sh");
            limited
                .args(["-c", &format!("{signal}ulimit -f {blocks}; exec \"$@\""), "sh", &program])
                .args(sync.get_args());
            limited.env("XTREAM_SYNC_DATABASE", &scene.database).stdin(std::process::Stdio::null());
            limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            let run = Running::start(limited).end().exits(8);
            assert!(run.stderr.contains("the disk is full") && run.stderr.contains("make room"), "{run:?}");
            scene.cache().assert_sound();
        }
    }
    assert_eq!(scene.cache().content(HOME).get("xtream_movies"), before.get("xtream_movies"));
    scene.sync(&[]).exits(0);
    scene.assert_true();
}
