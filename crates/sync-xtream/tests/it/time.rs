//! The start of a listing by the panel's clock.

use sync_core::{ContentKind, ContentSource};
use sync_tests::{Action, Behaviour, PanelConfig};

use crate::scene::{Server, channels, list, ok, panel, quick, source};

const TWO_YEARS: i64 = 2 * 365 * 24 * 3600;

/// Returns a time that no clock of this computer shows.
fn odd_time() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + TWO_YEARS
}

#[tokio::test]
async fn the_accounts_clock_counts() {
    let panel = panel(PanelConfig { panel_time: odd_time(), date_header: false, ..PanelConfig::default() });
    let source = source(&panel.base_url(), quick());
    source.account().await.unwrap();
    let before = panel.panel_time();
    // The time that the panel takes for its answer doesn't count, and neither does a failed attempt.
    let slow = Behaviour::SlowFirstByte(std::time::Duration::from_millis(1500));
    panel.on(Action::LiveStreams, Behaviour::Sequence(vec![slow]));
    let started_at = list(&source, ContentKind::Channels).await.unwrap().end.started_at.unwrap();
    assert!((before - 1..=before + 1).contains(&started_at), "{started_at} {before}");
}

#[tokio::test]
async fn without_the_accounts_clock_the_date_of_the_answer_less_the_wait_counts() {
    let panel = panel(PanelConfig { panel_time: odd_time(), ..PanelConfig::default() });
    let source = source(&panel.base_url(), quick());
    let before = panel.panel_time();
    panel.on(Action::LiveStreams, Behaviour::SlowFirstByte(std::time::Duration::from_millis(2100)));
    let started_at = list(&source, ContentKind::Channels).await.unwrap().end.started_at.unwrap();
    assert!((before - 3..=before + 1).contains(&started_at), "{started_at} {before}");
}

#[tokio::test]
async fn a_panel_without_clock_has_none() {
    let server = Server::start(vec![ok(&channels(3))]).await;
    let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    assert_eq!(listed.end.started_at, None);
}

#[tokio::test]
async fn the_date_of_the_login_is_the_second_choice() {
    let panel = panel(PanelConfig { panel_time: odd_time(), ..PanelConfig::default() });
    let silent = br#"{"user_info":{"auth":1,"status":"Active"}}"#.to_vec();
    panel.on(Action::Account, Behaviour::Body(silent));
    let account = source(&panel.base_url(), quick()).account().await.unwrap();
    assert!((account.panel_time.unwrap() - panel.panel_time()).abs() <= 1);
}
