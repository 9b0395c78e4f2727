//! The panel as a process: the simulated panel, but with prepared bodies, so that making them costs nothing and sending
//! them costs little.
//!
//! Orders come on standard input, one per line, with tabs between the words. Each is answered by a line. `serve` has a
//! folder, a version and in some cases `gzip`. `restless` has a folder and a number; it serves the first version, with
//! other dates for each number. `report` returns the requests since the last report.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sync_tests::{Action, Behaviour, Catalogue, CatalogueConfig, Framing, Kind, Panel, PanelConfig, Pour};

use crate::Outcome;
use crate::bodies::{Bodies, Version, actions};

/// The options of the panel.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Honour validators, as real panels do not
    #[arg(long)]
    validators: bool,
}

/// The requests to the panel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Requests of the player API.
    pub(crate) requests: u64,
    /// The bytes of listings on the wire.
    pub(crate) listing_bytes: u64,
    /// Whether every request for a list accepts gzip.
    pub(crate) takes_gzip: bool,
}

pub(crate) fn main(args: &Args) -> Outcome {
    let nothing = CatalogueConfig { channels: 0, movies: 0, series: 0, ..CatalogueConfig::default() };
    // Stock panels close the connection after the body, and so does this one.
    let config = PanelConfig { framing: Framing::Close, validators: args.validators, ..PanelConfig::default() };
    let panel = Panel::start(config, Catalogue::new(&nothing))?;
    let mut out = io::stdout();
    writeln!(out, "{}", panel.base_url())?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split('\t').collect::<Vec<_>>()[..] {
            ["serve", folder, version] => serve(&panel, folder, version, How::Plain),
            ["serve", folder, version, "gzip"] => serve(&panel, folder, version, How::Gzip),
            ["restless", folder, number] => number
                .parse()
                .map_err(Into::into)
                .and_then(|number| serve(&panel, folder, Version::First.name(), How::Restless(number))),
            ["report"] => Ok(serde_json::to_string(&asked(&panel))?),
            _ => Err(format!("no such order: {line}").into()),
        };
        writeln!(out, "{}", answer.unwrap_or_else(|failure| format!("failed: {failure}")))?;
    }
    Ok(())
}

/// The way in which bodies are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Plain,
    Gzip,
    /// The dates in every item depend on a number, as on panels that write the time of the answer into them.
    Restless(u32),
}

/// Replaces each date by another one of the same length.
fn redate(body: &mut [u8], number: u32) {
    for key in [&b"\"added\":"[..], b"\"last_modified\":"] {
        let places: Vec<_> = memchr::memmem::find_iter(body, key).map(|at| at + key.len()).collect();
        for place in places {
            let value = &mut body[place..];
            let quote = usize::from(value.first() == Some(&b'"'));
            let Some(date) = value.get_mut(quote..quote + 10).filter(|date| date.iter().all(u8::is_ascii_digit)) else {
                continue;
            };
            date[1..].copy_from_slice(format!("{:09}", number % 1_000_000_000).as_bytes());
        }
    }
}

fn serve(panel: &Panel, folder: &str, version: &str, how: How) -> Outcome<String> {
    let gzip = how == How::Gzip;
    let bodies = Bodies::at(Path::new(folder))?;
    let version = Version::named(version).ok_or("there is no such version")?;
    for name in Kind::ALL.into_iter().flat_map(actions) {
        let path = if gzip { bodies.gzip_path(name) } else { bodies.path(version, name) };
        let mut body = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if let How::Restless(number) = how {
            redate(&mut body, number);
        }
        let body = Bytes::from(body);
        let mut headers = vec![("Content-Length".to_owned(), body.len().to_string())];
        headers.extend(gzip.then(|| ("Content-Encoding".to_owned(), "gzip".to_owned())));
        // One piece, which all answers share.
        let whole = Pour::of(move |number| (number == 0).then(|| body.clone()));
        panel.on(Action::named(name), Behaviour::Together(vec![Behaviour::Pour(whole), Behaviour::Headers(headers)]));
    }
    Ok("serving".to_owned())
}

fn asked(panel: &Panel) -> Asked {
    let mut asked = Asked { takes_gzip: true, ..Asked::default() };
    for record in panel.requests() {
        let Some(action) = record.action else { continue };
        asked.requests += 1;
        if action != Action::Account {
            let listing = Kind::ALL.into_iter().any(|kind| Action::listing(kind) == action);
            asked.listing_bytes += if listing { record.body_bytes } else { 0 };
            asked.takes_gzip &= record.header("accept-encoding").is_some_and(|header| header.contains("gzip"));
        }
    }
    panel.forget_requests();
    asked
}
