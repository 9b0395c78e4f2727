//! Ready-made behaviours that real panels, and the networks in front of them, are known for.

use std::sync::atomic::{AtomicU64, Ordering};

use super::behaviour::{Behaviour, BodyEdit};
use super::condition::Condition;
use super::config::Framing;
use super::pour::Pour;

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

impl Behaviour {
    /// Returns a web page with status 200, as a firewall in front of a panel sends it.
    pub fn html() -> Self {
        Self::Together(vec![
            Self::Body(page("Just a moment...")),
            Self::Headers(vec![header("Content-Type", "text/html; charset=UTF-8")]),
        ])
    }

    /// Returns a status with a web page, as the network in front of a panel sends it.
    pub fn html_status(code: u16, title: &str) -> Self {
        Self::Status(code, page(title), vec![header("Content-Type", "text/html")])
    }

    /// Returns a status with an empty body.
    pub fn status(code: u16) -> Self {
        Self::Status(code, Vec::new(), Vec::new())
    }

    /// Returns the right body, changed by `edit`.
    pub fn edited(edit: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Edited(BodyEdit::new(edit))
    }

    /// Returns the right body with bytes before and after it.
    pub fn wrapped(before: &[u8], after: &[u8]) -> Self {
        let (before, after) = (before.to_vec(), after.to_vec());
        Self::edited(move |body| [&before, body, &after].concat())
    }

    /// Returns the right body with another value of one header.
    pub fn with_header(name: &str, value: &str) -> Self {
        Self::Headers(vec![header(name, value)])
    }

    /// Returns a chunked body without the last, empty chunk.
    pub fn without_last_chunk() -> Self {
        Self::Together(vec![Self::Framed(Framing::Chunked), Self::CutAfter(u64::MAX)])
    }

    /// Returns a list of valid elements without an end.
    pub fn endless_list() -> Self {
        let element = |number: u64| format!("{{\"num\":{number},\"name\":\"On and on\",\"stream_id\":{number}}},");
        Self::Pour(Pour::of(move |piece| {
            let elements = (piece * 500 + 1..=piece * 500 + 500).map(element);
            Some(if piece == 0 { "[".to_owned() + &elements.collect::<String>() } else { elements.collect() }.into())
        }))
    }

    /// Answers only clients whose user agent contains one of these words. The others get a status and a web page.
    pub fn players_only(code: u16, players: &[&str]) -> Self {
        let words = players.iter().map(|word| (*word).to_owned()).collect();
        Self::html_status(code, "Access denied").when(Condition::UserAgentWithout(words))
    }

    /// Replaces the host `image.example.org` of images by another host in every answer.
    pub fn image_roulette() -> Self {
        let turn = AtomicU64::new(0);
        Self::edited(move |body| {
            let host = format!("img{}.example.org", turn.fetch_add(1, Ordering::Relaxed));
            String::from_utf8_lossy(body).replace("image.example.org", &host).into_bytes()
        })
    }

    /// Replaces every empty `direct_source` by an address with a token, which is another one in every answer.
    pub fn token_churn() -> Self {
        let turn = AtomicU64::new(0);
        Self::edited(move |body| {
            let turn = turn.fetch_add(1, Ordering::Relaxed);
            let token = format!("\"direct_source\":\"http://panel.example/play/T0KEN{turn:04x}\"");
            String::from_utf8_lossy(body).replace("\"direct_source\":\"\"", &token).into_bytes()
        })
    }
}

fn page(title: &str) -> Vec<u8> {
    format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body></body></html>").into_bytes()
}
