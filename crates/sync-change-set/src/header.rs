//! The first line: the panel, the states at which the set begins, and the states to which it leads.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync_core::ContentKind;
use sync_core::change_set::{KindChange, Place, SetHeader};

use crate::error::Wrong;
use crate::format::{KINDS_MAX, is_name};
use crate::json::elements;

#[derive(Serialize)]
struct HeaderLine {
    panel: String,
    made_at: i64,
    display: bool,
    kinds: Vec<KindLine>,
}

#[derive(Deserialize)]
struct HeaderRead<'a> {
    panel: String,
    made_at: i64,
    display: bool,
    #[serde(borrow)]
    kinds: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
struct KindLine {
    kind: String,
    from: PlaceLine,
    to: PlaceLine,
    listed_at: Option<i64>,
    new: u64,
    changed: u64,
    gone: u64,
}

#[derive(Serialize, Deserialize)]
struct PlaceLine {
    epoch: i64,
    sequence: i64,
    hash: String,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
}

/// A kind of a header, as a reader finds it.
#[derive(Debug)]
pub(crate) enum Listed {
    Known(ContentKind),
    Unknown(String),
}

impl From<Place> for PlaceLine {
    fn from(place: Place) -> Self {
        Self { epoch: place.epoch, sequence: place.sequence, hash: place.hash.to_string() }
    }
}

impl PlaceLine {
    fn place(&self) -> Result<Place, Wrong> {
        let hash = self.hash.parse().map_err(|_| Wrong::damaged("has a hash that is none"))?;
        Ok(Place { epoch: self.epoch, sequence: self.sequence, hash })
    }
}

/// Writes the line without the line feed.
pub(crate) fn write(header: &SetHeader) -> Vec<u8> {
    let kinds = header.kinds.iter().map(|it| KindLine {
        kind: it.kind.to_string(),
        from: it.from.into(),
        to: it.to.into(),
        listed_at: it.listed_at,
        new: it.new,
        changed: it.changed,
        gone: it.gone,
    });
    let line = HeaderLine {
        panel: header.panel.to_string(),
        made_at: header.made_at,
        display: header.has_display,
        kinds: kinds.collect(),
    };
    serde_json::to_vec(&line).expect("numbers and texts are always JSON, and memory takes them")
}

/// Reads the line. Returns the header with the known kinds, and the names of all kinds in their order.
pub(crate) fn read(line: &str) -> Result<(SetHeader, Vec<Listed>), Wrong> {
    let wrong = |_| Wrong::damaged("is no header");
    let read: HeaderRead<'_> = serde_json::from_str(line).map_err(wrong)?;
    let panel = read.panel.parse().map_err(|_| Wrong::damaged("has an identity of the panel that is none"))?;
    let mut header = SetHeader { panel, made_at: read.made_at, has_display: read.display, kinds: Vec::new() };
    let mut listed = Vec::new();
    elements(read.kinds.get(), |json| {
        let Named { kind: name } = serde_json::from_str(json).map_err(wrong)?;
        if !is_name(&name) {
            return Err(Wrong::damaged("has a kind without a proper name"));
        }
        if listed.len() == KINDS_MAX || listed.iter().any(|it| name_of(it) == name) {
            return Err(Wrong::damaged("has too many kinds"));
        }
        let Ok(kind) = name.parse() else {
            listed.push(Listed::Unknown(name));
            return Ok(());
        };
        let line: KindLine = serde_json::from_str(json).map_err(wrong)?;
        let (from, to) = (line.from.place()?, line.to.place()?);
        let KindLine { listed_at, new, changed, gone, .. } = line;
        header.kinds.push(KindChange { kind, from, to, listed_at, new, changed, gone });
        listed.push(Listed::Known(kind));
        Ok(())
    })?;
    Ok((header, listed))
}

/// Returns the name of a kind of a header.
pub(crate) fn name_of(listed: &Listed) -> &str {
    match listed {
        Listed::Known(kind) => kind.as_str(),
        Listed::Unknown(name) => name,
    }
}
