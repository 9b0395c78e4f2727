//! Files of a newer version, which this version must not change.

use crate::scene::{HOME, Scene};

#[test]
fn a_cache_made_by_a_newer_version_is_refused_unchanged() {
    let scene = Scene::synced(1501);
    scene.cache().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let before = scene.bytes();
    assert!(before[0].is_some() && before[1].is_none());
    scene.panel.forget_requests();
    for args in [
        &["sync", "--json"][..],
        &["sync", "--dry-run"],
        &["status"],
        &["clear", HOME],
        &["profile", "list"],
        &["profile", "remove", HOME],
    ] {
        let run = scene.run(args).exits(9);
        assert!(run.stderr.contains("newer"), "{args:?}: {}", run.stderr);
        assert!(scene.bytes() == before, "{args:?} changed the file");
    }
    scene.add("other", "http://127.0.0.1:1", &[]).exits(9);
    assert!(scene.bytes() == before);
    assert_eq!(scene.panel.requests().len(), 0);
}

#[test]
fn a_file_that_is_no_cache_is_refused_unchanged() {
    let scene = Scene::synced(1502);
    for content in [&b"Dear diary,\n"[..], &[0xff; 5000]] {
        std::fs::write(&scene.database, content).unwrap();
        for args in [&["sync"][..], &["status"], &["clear", HOME]] {
            scene.run(args).exits(8);
            assert_eq!(std::fs::read(&scene.database).unwrap(), content, "{args:?}");
        }
    }
}
