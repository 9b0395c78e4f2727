//! The watermark is the panel's time at the start of the listing.

use std::time::{SystemTime, UNIX_EPOCH};

use sync_tests::{Action, Behaviour, Catalogue, Gate, Kind, Panel, PanelConfig};

use crate::program::wait_until;
use crate::scene::{HOME, Scene, panel_config, some_hundred};

fn last_sync(scene: &Scene, kind: Kind) -> i64 {
    scene.cache().number(&format!("SELECT last_sync_{kind} FROM xtream_content_sync WHERE profile_id='{HOME}'"))
}

fn scene(seed: u64, years_off: i64, date_header: bool) -> Scene {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let panel_time = now + years_off * 365 * 86_400;
    let config = PanelConfig { panel_time, date_header, ..panel_config() };
    Scene::at(Panel::start(config, Catalogue::new(&some_hundred(seed))).unwrap())
}

#[test]
fn last_sync_is_the_panels_clock_at_the_start_of_the_listing() {
    for (seed, years_off, date_header) in [(1701, -2, true), (1702, 2, true), (1703, -2, false)] {
        let scene = scene(seed, years_off, date_header);
        let gate = Gate::new();
        scene.panel.on(Action::VodStreams, Behaviour::Gate(50_000, gate.clone()));
        let start = scene.panel.panel_time();
        let running = scene.start_sync(&[]);
        wait_until("the movies are under way", || gate.reached_count() == 1);
        let middle = scene.panel.panel_time();
        // The panel's time at the end of the listing doesn't count.
        scene.panel.set_panel_time(middle + 5000);
        gate.open();
        running.end().exits(0);
        let now = scene.panel.panel_time();
        for kind in [Kind::Channels, Kind::Movies] {
            let at = last_sync(&scene, kind);
            assert!((start - 1..=middle + 1).contains(&at), "{kind}: {at} is not within {start}..{middle}");
        }
        let at = last_sync(&scene, Kind::Series);
        assert!((start - 1..=now + 1).contains(&at), "{at}");
        scene.assert_true();
    }
}

#[test]
fn a_failed_kind_keeps_its_watermark() {
    let scene = scene(1704, -2, true);
    scene.sync(&[]).exits(0);
    let before = Kind::ALL.map(|kind| last_sync(&scene, kind));
    scene.panel.set_panel_time(before[0] + 86_400);
    scene.panel.on(Action::VodStreams, Behaviour::html());
    scene.sync(&[]).exits(3);
    assert_eq!(last_sync(&scene, Kind::Movies), before[1]);
    assert!(last_sync(&scene, Kind::Channels) >= before[0] + 86_400);
    assert!(last_sync(&scene, Kind::Series) >= before[2] + 86_399);
}
