//! Reads a change set, record by record.

use std::io::Read;

use sync_core::change_set::{KindChange, Record, SetHeader};
use sync_core::{ContentId, ContentKind};

use crate::error::{ReadError, Wrong};
use crate::format::END;
use crate::header::{self, Listed};
use crate::limits::Limits;
use crate::line::{self, Line};
use crate::lines::Lines;
use crate::order::OrderBuilder;

/// A part of a change set.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "an event is taken apart at once, and nearly all are records")]
pub enum Event {
    /// A kind begins.
    Kind(ContentKind),
    /// A record of the kind.
    Record(Record),
    /// The kind ends. All its records were read, as many as the header says.
    End,
}

/// Reads a change set from a file or a pipe.
///
/// Each frame is checked before it is decompressed, and each line before it is returned. Whether the file is complete
/// is known only at the end, when [`SetReader::next`] returns `None`.
pub struct SetReader<R> {
    lines: Lines<R>,
    limits: Limits,
    header: SetHeader,
    skipped: Vec<String>,
    listed: std::vec::IntoIter<Listed>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between kinds.
    Between,
    /// In a kind.
    In(Box<Progress>),
    /// After the end.
    Ended,
    /// After an error.
    Failed,
}

/// The state of a kind that is being read.
#[derive(Debug)]
struct Progress {
    change: KindChange,
    counts: [u64; 3],
    last_id: Option<ContentId>,
    part: Part,
    order: Option<OrderBuilder>,
    /// Whether the last line is still to be read as a line of its own, because it has ended an order.
    is_line_open: bool,
}

/// The parts of a kind, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Rows,
    Categories,
    Order,
}

impl<R: Read> SetReader<R> {
    /// Reads the header.
    pub fn new(input: R, limits: Limits) -> Result<Self, ReadError> {
        let mut lines = Lines::new(input, limits)?;
        if !lines.advance()? {
            return Err(lines.damaged("is missing: there is no header"));
        }
        let (header, listed) = header::read(lines.text()?).map_err(|wrong| error(&lines, wrong))?;
        let skipped = listed.iter().filter(|it| matches!(it, Listed::Unknown(_)));
        let skipped = skipped.map(|it| header::name_of(it).to_owned()).collect();
        Ok(Self { lines, limits, header, skipped, listed: listed.into_iter(), state: State::Between })
    }

    /// Returns the header, without the kinds that are skipped.
    pub const fn header(&self) -> &SetHeader {
        &self.header
    }

    /// Returns the names of the kinds that this version doesn't know. Their records are not returned.
    pub fn skipped_kinds(&self) -> &[String] {
        &self.skipped
    }

    /// Returns the next part. Returns `None` if the file was read to its end and is complete.
    #[expect(clippy::should_implement_trait, reason = "an iterator has no place for an error apart from its items")]
    pub fn next(&mut self) -> Result<Option<Event>, ReadError> {
        // An error below leaves this state.
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Failed => Err(self.lines.damaged("was the last one that was read, because of an error")),
            State::Ended => {
                self.state = State::Ended;
                Ok(None)
            }
            State::Between => self.begin(),
            State::In(progress) => self.record(progress).map(Some),
        }
    }

    /// Begins the next known kind.
    fn begin(&mut self) -> Result<Option<Event>, ReadError> {
        while let Some(listed) = self.listed.next() {
            if !self.lines.advance()? {
                return Err(self.lines.damaged("is missing: there are too few kinds"));
            }
            let name = line::begun(self.lines.text()?).map_err(|wrong| error(&self.lines, wrong))?;
            if name != header::name_of(&listed) {
                return Err(self.lines.damaged("begins another kind than the header says"));
            }
            match listed {
                Listed::Known(kind) => {
                    let change = self.header.kinds.iter().find(|it| it.kind == kind).expect("the header lists it");
                    self.state = State::In(Box::new(Progress::new(change.clone())));
                    return Ok(Some(Event::Kind(kind)));
                }
                Listed::Unknown(name) => self.skip(&name)?,
            }
        }
        if self.lines.advance()? {
            return Err(self.lines.damaged("follows the last kind"));
        }
        self.state = State::Ended;
        Ok(None)
    }

    /// Skips the lines of a kind.
    fn skip(&mut self, name: &str) -> Result<(), ReadError> {
        let end = format!("{{\"{END}\":");
        while self.lines.advance()? {
            if !self.lines.bytes().starts_with(end.as_bytes()) {
                continue;
            }
            let ended = line::ended(self.lines.text()?).map_err(|wrong| error(&self.lines, wrong))?;
            return match ended {
                Some(ended) if ended == name => Ok(()),
                _ => Err(self.lines.damaged("ends another kind")),
            };
        }
        Err(self.lines.damaged("is missing: a kind has no end"))
    }

    /// Returns the next record of a kind, or its end.
    fn record(&mut self, mut progress: Box<Progress>) -> Result<Event, ReadError> {
        loop {
            if !std::mem::take(&mut progress.is_line_open) && !self.lines.advance()? {
                return Err(self.lines.damaged("is missing: a kind has no end"));
            }
            let text = self.lines.text()?;
            let read = line::read(text, progress.change.kind, self.header.has_display)
                .and_then(|line| progress.take(line, &self.limits));
            match read.map_err(|wrong| error(&self.lines, wrong))? {
                None => {}
                Some(Event::End) => {
                    self.state = State::Between;
                    return Ok(Event::End);
                }
                Some(event) => {
                    self.state = State::In(progress);
                    return Ok(event);
                }
            }
        }
    }
}

impl Progress {
    const fn new(change: KindChange) -> Self {
        Self { change, counts: [0; 3], last_id: None, part: Part::Rows, order: None, is_line_open: false }
    }

    /// Takes a line. Returns the part that the line completes, if there is one.
    fn take(&mut self, line: Line<'_>, limits: &Limits) -> Result<Option<Event>, Wrong> {
        match line {
            Line::Whole(json) => return self.order(json, true, limits),
            Line::Placed(json) => return self.order(json, false, limits),
            _ => {}
        }
        if let Some(order) = self.order.take() {
            self.is_line_open = true;
            return Ok(Some(Event::Record(Record::Order(order.end()))));
        }
        match line {
            Line::End => {
                let KindChange { new, changed, gone, .. } = self.change;
                let is_all = self.counts == [new, changed, gone];
                if is_all { Ok(Some(Event::End)) } else { Err(Wrong::damaged("ends a kind of which rows are missing")) }
            }
            Line::Record(record) => {
                match &record {
                    Record::New(item) => self.row(0, item.id(), self.change.new)?,
                    Record::Changed(row) => self.row(1, row.item.id(), self.change.changed)?,
                    Record::Gone(id) => self.row(2, *id, self.change.gone)?,
                    Record::Categories(_) => self.enter(Part::Categories)?,
                    Record::Order(_) => {}
                }
                Ok(Some(Event::Record(record)))
            }
            Line::Whole(_) | Line::Placed(_) => Ok(None),
        }
    }

    fn row(&mut self, which: usize, id: ContentId, most: u64) -> Result<(), Wrong> {
        if self.part != Part::Rows {
            return Err(Wrong::damaged("has a row after the categories or the order"));
        }
        if self.last_id.is_some_and(|last| last >= id) {
            return Err(Wrong::damaged("has an id that is not greater than the one before it"));
        }
        if self.counts[which] == most {
            return Err(Wrong::damaged("is a row more than the header says"));
        }
        self.last_id = Some(id);
        self.counts[which] += 1;
        Ok(())
    }

    /// Begins a part that occurs only once.
    fn enter(&mut self, part: Part) -> Result<(), Wrong> {
        if self.part >= part {
            return Err(Wrong::damaged("has a part of a kind twice, or after a later one"));
        }
        self.part = part;
        Ok(())
    }

    fn order(&mut self, json: &str, is_whole: bool, limits: &Limits) -> Result<Option<Event>, Wrong> {
        if self.order.is_none() {
            self.enter(Part::Order)?;
            self.order = Some(if is_whole { OrderBuilder::whole() } else { OrderBuilder::placed() });
        }
        match &mut self.order {
            Some(order) if order.is_whole() == is_whole => order.add(json, limits).map(|()| None),
            _ => Err(Wrong::damaged("has another form of the order than the line before it")),
        }
    }
}

fn error<R: Read>(lines: &Lines<R>, wrong: Wrong) -> ReadError {
    match wrong {
        Wrong::Damaged(what) => lines.damaged(&what),
        Wrong::Column(kind, column) => ReadError::UnknownColumn { kind, column },
        Wrong::TooLarge(limit) => ReadError::TooLarge(limit),
    }
}

impl<R> std::fmt::Debug for SetReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetReader").field("header", &self.header).field("state", &self.state).finish_non_exhaustive()
    }
}
