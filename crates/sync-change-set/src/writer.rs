//! Writes a change set, record by record.

use std::io::Write;

use sync_core::change_set::{KindChange, OrderChange, Placed, Record, SetHeader};
use sync_core::{ContentId, ContentKind};
use zstd::stream::write::Encoder;

use crate::error::WriteError;
use crate::format::{BEGIN, END, KINDS_MAX, LINE_MAX};
use crate::frames::FrameWriter;
use crate::tuning::Tuning;
use crate::{header, line, order};

/// Writes a change set to a file or a pipe.
///
/// The calls follow the order of the format. For each kind of the header, these are [`begin`](Self::begin), the rows by
/// ascending id, the categories, the order, and [`end`](Self::end). The last call is [`finish`](Self::finish). After an
/// error the file is incomplete, and no reader accepts it.
pub struct SetWriter<W: Write> {
    encoder: Encoder<'static, FrameWriter<W>>,
    has_display: bool,
    /// The kinds that are not finished. The next one is the last.
    kinds: Vec<KindChange>,
    part: Part,
    counts: [u64; 3],
    last_id: Option<ContentId>,
    line: Vec<u8>,
    has_failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Outside,
    Rows,
    Categories,
    /// A whole order was begun, and may continue.
    Whole,
    Order,
}

impl<W: Write> SetWriter<W> {
    /// Writes the header.
    pub fn new(out: W, header: &SetHeader, tuning: Tuning) -> Result<Self, WriteError> {
        let kinds: Vec<KindChange> = header.kinds.iter().rev().cloned().collect();
        let is_twice = |it: &KindChange| kinds.iter().filter(|other| other.kind == it.kind).count() > 1;
        if kinds.len() > KINDS_MAX || kinds.iter().any(is_twice) {
            return Err(WriteError::WrongOrder("a kind is in the header twice"));
        }
        let mut writer = Self {
            encoder: tuning.encoder(FrameWriter::new(out)?)?,
            has_display: header.has_display,
            kinds,
            part: Part::Outside,
            counts: [0; 3],
            last_id: None,
            line: header::write(header),
            has_failed: false,
        };
        writer.end_line()?;
        Ok(writer)
    }

    /// Begins the next kind of the header.
    pub fn begin(&mut self, kind: ContentKind) -> Result<(), WriteError> {
        if self.part != Part::Outside {
            return Err(WriteError::WrongOrder("the kind before has not ended"));
        }
        if self.kinds.last().map(|it| it.kind) != Some(kind) {
            return Err(WriteError::WrongOrder("the header has another kind here"));
        }
        (self.part, self.counts, self.last_id) = (Part::Rows, [0; 3], None);
        line::push_bound(&mut self.line, BEGIN, kind);
        self.end_line()
    }

    /// Writes a record of the kind.
    ///
    /// In a set with display fields, a changed row has all of them, whether its `fields` have them or not. In a set
    /// without display fields, they are left out.
    pub fn record(&mut self, record: &Record) -> Result<(), WriteError> {
        let kind = self.current()?.kind;
        let (found, row) = match record {
            Record::New(item) => (item.kind(), Some((0, item.id()))),
            Record::Changed(row) => (row.item.kind(), Some((1, row.item.id()))),
            Record::Gone(id) => (kind, Some((2, *id))),
            Record::Categories(_) => (kind, None),
            Record::Order(OrderChange::Whole(ids)) => {
                self.enter(Part::Whole)?;
                self.part = Part::Order;
                return self.whole(ids);
            }
            Record::Order(OrderChange::Placed(runs)) => return self.placed(runs),
        };
        if found != kind {
            return Err(WriteError::OtherKind { kind, found });
        }
        match row {
            Some((which, id)) => self.row(which, id)?,
            None => self.enter(Part::Categories)?,
        }
        match record {
            Record::New(item) => line::push_new(&mut self.line, item, self.has_display),
            Record::Changed(row) => line::push_changed(&mut self.line, row, self.has_display),
            Record::Gone(id) => line::push_gone(&mut self.line, *id),
            Record::Categories(categories) => line::push_categories(&mut self.line, categories),
            Record::Order(_) => {}
        }
        self.end_line()
    }

    /// Writes the next ids of a whole order. Successive calls write one order, so that the whole order needn't be in
    /// memory.
    pub fn whole_order(&mut self, ids: &[ContentId]) -> Result<(), WriteError> {
        self.current()?;
        if self.part != Part::Whole {
            self.enter(Part::Whole)?;
        }
        self.whole(ids)
    }

    /// Ends the kind.
    pub fn end(&mut self) -> Result<(), WriteError> {
        let change = self.current()?;
        let kind = change.kind;
        if self.counts != [change.new, change.changed, change.gone] {
            return Err(WriteError::Counts(kind));
        }
        self.kinds.pop();
        self.part = Part::Outside;
        line::push_bound(&mut self.line, END, kind);
        self.end_line()
    }

    /// Ends the file, flushes the output and returns it.
    pub fn finish(self) -> Result<W, WriteError> {
        if self.has_failed || self.part != Part::Outside || !self.kinds.is_empty() {
            return Err(WriteError::WrongOrder("not all kinds were written"));
        }
        Ok(self.encoder.finish()?.finish()?)
    }

    fn current(&self) -> Result<&KindChange, WriteError> {
        let kind = self.kinds.last().filter(|_| self.part != Part::Outside);
        kind.ok_or(WriteError::WrongOrder("no kind was begun"))
    }

    fn row(&mut self, which: usize, id: ContentId) -> Result<(), WriteError> {
        let change = self.current()?;
        let most = [change.new, change.changed, change.gone][which];
        if self.counts[which] == most {
            return Err(WriteError::Counts(change.kind));
        }
        if self.part != Part::Rows {
            return Err(WriteError::WrongOrder("a row comes after the categories or the order"));
        }
        if self.last_id.is_some_and(|last| last >= id) {
            return Err(WriteError::WrongOrder("an id is not greater than the one before it"));
        }
        self.last_id = Some(id);
        self.counts[which] += 1;
        Ok(())
    }

    fn enter(&mut self, part: Part) -> Result<(), WriteError> {
        if self.part >= part {
            return Err(WriteError::WrongOrder("the categories or the order are given twice, or too late"));
        }
        self.part = part;
        Ok(())
    }

    fn whole(&mut self, ids: &[ContentId]) -> Result<(), WriteError> {
        if ids.is_empty() {
            order::push_whole(&mut self.line, ids);
            return self.end_line();
        }
        ids.chunks(order::CHUNK).try_for_each(|ids| {
            order::push_whole(&mut self.line, ids);
            self.end_line()
        })
    }

    fn placed(&mut self, runs: &[Placed]) -> Result<(), WriteError> {
        self.enter(Part::Order)?;
        let mut pieces = order::pieces(runs).peekable();
        loop {
            let mut length = 0;
            let mut line = Vec::new();
            while length < order::CHUNK
                && let Some(piece) = pieces.next()
            {
                length += 1 + piece.1.len();
                line.push(piece);
            }
            order::push_placed(&mut self.line, &line);
            self.end_line()?;
            if pieces.peek().is_none() {
                return Ok(());
            }
        }
    }

    fn end_line(&mut self) -> Result<(), WriteError> {
        self.line.push(b'\n');
        let written = match self.line.len() {
            length if self.has_failed || length > LINE_MAX => Err(WriteError::TooLong),
            _ => self.encoder.write_all(&self.line).map_err(WriteError::Io),
        };
        self.has_failed |= written.is_err();
        self.line.clear();
        written
    }
}

impl<W: Write> std::fmt::Debug for SetWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetWriter").field("kinds", &self.kinds).field("part", &self.part).finish_non_exhaustive()
    }
}
