//! Tables for people: columns that fit a terminal, or whole texts for a file.
//!
//! On a terminal, spare columns without any text are left out. If the lines are still too wide, the columns shrink in
//! this order: first the extra room, then the text of columns that may be cut, then whole columns.

use super::cell::{clean, fitted, isolated, width};
use super::look::Look;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    is_number: bool,
    /// The width of the column if there is room for it.
    roomy: usize,
    /// The least width to which the column may be cut; `None` if its text is never cut.
    least: Option<usize>,
    /// The order of leaving columns out: the highest number first. A column with 0 is never left out.
    spare: u8,
    is_dim: bool,
}

impl Column {
    pub(crate) const fn text(title: &'static str) -> Self {
        Self { title, is_number: false, roomy: 0, least: None, spare: 0, is_dim: false }
    }

    /// Returns a column whose cells are aligned to the right.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { is_number: true, ..Self::text(title) }
    }

    /// Returns the column with this width, which it has if there is room for it.
    pub(crate) const fn roomy(self, roomy: usize) -> Self {
        Self { roomy, ..self }
    }

    /// Returns the column such that it may be cut to this width on a terminal.
    pub(crate) const fn cut_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Returns the column such that it may be left out, the highest number first.
    pub(crate) const fn spare(self, spare: u8) -> Self {
        Self { spare, ..self }
    }

    /// Returns the column with dim letters.
    pub(crate) const fn dim(self) -> Self {
        Self { is_dim: true, ..self }
    }
}

/// A table whose widths are known.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    look: Look,
    columns: &'a [Column],
    /// The width per column; `None` if the column is left out.
    widths: Vec<Option<usize>>,
    indent: usize,
    gap: usize,
}

impl<'a> Table<'a> {
    /// Returns a table that has room for these rows. Other rows may follow; their cells are cut on a terminal.
    pub(crate) fn new(look: Look, columns: &'a [Column], indent: usize, gap: usize, rows: &[Vec<String>]) -> Self {
        let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
        let natural: Vec<_> =
            columns.iter().enumerate().map(|(at, column)| width(column.title).max(widest(at))).collect();
        let mut table = Self { look, columns, widths: Vec::new(), indent, gap };
        table.widths = natural.iter().zip(columns).map(|(natural, column)| Some(column.roomy.max(*natural))).collect();
        let Some(room) = look.width else { return table };
        for at in (0..columns.len()).filter(|at| columns[*at].spare > 0 && columns[*at].roomy == 0) {
            // A person needs no empty column. In a file, every column has its place.
            table.widths[at] = table.widths[at].filter(|_| widest(at) > 0);
        }
        if table.taken() > room {
            for (shown, natural) in table.widths.iter_mut().zip(natural) {
                *shown = shown.map(|_| natural);
            }
        }
        while table.taken() > room && (table.cut(room) || table.leave_out()) {}
        table
    }

    /// Returns the number of columns of the terminal that a line takes.
    fn taken(&self) -> usize {
        let shown: Vec<_> = self.widths.iter().flatten().collect();
        self.indent + shown.iter().copied().sum::<usize>() + self.gap * shown.len().saturating_sub(1)
    }

    /// Cuts the widest columns that may be cut. Returns whether the lines fit then. If they don't, nothing is cut.
    fn cut(&mut self, room: usize) -> bool {
        let before = self.widths.clone();
        while self.taken() > room {
            let excess = self.taken() - room;
            let may_be_cut = |(at, shown): (usize, &Option<usize>)| {
                let least = self.columns[at].least?;
                let shown = (*shown)?;
                (shown > least).then_some((shown, at, least))
            };
            let mut found: Vec<_> = self.widths.iter().enumerate().filter_map(may_be_cut).collect();
            found.sort_unstable();
            let Some((widest, at, least)) = found.pop() else {
                self.widths = before;
                return false;
            };
            // The widest column is cut to the width of the next one, so that wide columns share the room.
            let next = found.last().map_or(least, |(next, ..)| (*next).max(least));
            let by = excess.min((widest - next).max(1));
            self.widths[at] = Some(widest - by);
        }
        true
    }

    /// Leaves a column out. Returns whether there was one to leave out.
    fn leave_out(&mut self) -> bool {
        let spare = |at: &usize| self.widths[*at].map_or(0, |_| self.columns[*at].spare);
        let Some(at) = (0..self.columns.len()).max_by_key(spare).filter(|at| spare(at) > 0) else {
            // No column can be left out. Lines are cut at the edge of the terminal.
            return false;
        };
        self.widths[at] = None;
        true
    }

    /// Returns the line with the titles.
    pub(crate) fn header(&self) -> String {
        let titles: Vec<_> = self.columns.iter().map(|column| column.title).collect();
        self.line_of(&titles, |_, cell| self.look.bold(cell))
    }

    /// Returns the line of a row.
    pub(crate) fn line(&self, cells: &[impl AsRef<str>]) -> String {
        self.line_of(cells, |column, cell| if column.is_dim { self.look.dim(cell) } else { cell.to_owned() })
    }

    fn line_of(&self, cells: &[impl AsRef<str>], styled: impl Fn(&Column, &str) -> String) -> String {
        let mut line = " ".repeat(self.indent);
        let mut taken = self.indent;
        // The number of spaces that are due. They are written only before more text, so no line ends in spaces.
        let mut due = 0;
        let mut is_first = true;
        for ((column, shown), cell) in self.columns.iter().zip(&self.widths).zip(cells) {
            let Some(room) = *shown else { continue };
            due += if is_first { 0 } else { self.gap };
            is_first = false;
            let left = self.look.width.map(|whole| whole.saturating_sub(taken + due).min(room));
            let cell = left.map_or(cell.as_ref().into(), |room| fitted(cell.as_ref(), room));
            // A cell at the edge of the terminal is not padded beyond it.
            let spaces = left.unwrap_or(room).saturating_sub(width(&cell));
            if column.is_number {
                due += spaces;
            }
            if !cell.is_empty() {
                line.extend(std::iter::repeat_n(' ', due));
                taken += due + width(&cell);
                due = 0;
                let cell = if self.look.is_terminal() { isolated(&cell) } else { cell };
                line.push_str(&styled(column, &cell));
            }
            if !column.is_number {
                due += spaces;
            }
        }
        line
    }
}

/// Returns a cell with text from outside the program.
pub(crate) fn cell(text: &str) -> String {
    clean(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::number("ID").dim(),
        Column::text("NAME").cut_to(6),
        Column::number("YEAR").spare(1),
        Column::text("CATEGORY").cut_to(4).spare(2),
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 4]| cells.map(cell).to_vec();
        vec![
            row(["7", "A rather long name", "1999", "Action"]),
            row(["1234", "日本語の長い名前です", "", "ドラマ"]),
            row(["12", "שלום עולם 3", "2001", "سلام"]),
            row(["13", "ze\u{301}ro\u{1b}[2J", "", ""]),
        ]
    }

    fn lines(width: Option<usize>, colour: bool) -> Vec<String> {
        let rows = rows();
        let table = Table::new(Look { width, colour }, &COLUMNS, 0, 2, &rows);
        [table.header()].into_iter().chain(rows.iter().map(|row| table.line(row))).collect()
    }

    /// Returns a line as a terminal shows it, without characters that take no column.
    fn seen(line: &str) -> String {
        line.replace(['\u{2068}', '\u{2069}'], "")
    }

    #[test]
    fn a_file_gets_the_whole_text() {
        assert_eq!(
            lines(None, false),
            [
                "  ID  NAME                  YEAR  CATEGORY",
                "   7  A rather long name    1999  Action",
                "1234  日本語の長い名前です        ドラマ",
                "  12  שלום עולם 3           2001  سلام",
                "  13  ze\u{301}ro [2J",
            ]
        );
    }

    #[test]
    fn a_terminal_gets_lines_that_fit() {
        for room in 12..50 {
            for line in lines(Some(room), false) {
                assert!(width(&line) <= room, "{room}: {line}");
            }
        }
        let shown: Vec<_> = lines(Some(30), false).iter().map(|line| seen(line)).collect();
        assert_eq!(
            shown,
            [
                "  ID  NAME      YEAR  CATEGORY",
                "   7  A rathe…  1999  Action",
                "1234  日本語…         ドラマ",
                "  12  שלום עו…  2001  سلام",
                "  13  ze\u{301}ro [2J",
            ]
        );
        let shown: Vec<_> = lines(Some(20), false).iter().map(|line| seen(line)).collect();
        assert_eq!(shown[..2], ["  ID  NAME      YEAR", "   7  A rathe…  1999"].map(str::to_owned));
        let shown: Vec<_> = lines(Some(12), false).iter().map(|line| seen(line)).collect();
        assert_eq!(shown[..2], ["  ID  NAME", "   7  A rat…"].map(str::to_owned));
    }

    #[test]
    fn a_terminal_gets_no_empty_column() {
        let rows = vec![["7", "Name", "", ""].map(cell).to_vec()];
        let header = |width| Table::new(Look { width, colour: false }, &COLUMNS, 0, 2, &rows).header();
        assert_eq!(header(Some(80)), "ID  NAME");
        assert_eq!(header(None), "ID  NAME  YEAR  CATEGORY");
    }

    #[test]
    fn text_from_right_to_left_stays_in_its_column() {
        let line = &lines(Some(80), false)[3];
        assert!(line.contains("\u{2068}שלום עולם 3\u{2069}") && line.contains("\u{2068}سلام\u{2069}"), "{line:?}");
    }

    #[test]
    fn colours_take_no_room() {
        let [plain, coloured] = [false, true].map(|colour| lines(Some(40), colour));
        for (plain, coloured) in plain.iter().zip(&coloured) {
            let without = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"]
                .iter()
                .fold(coloured.clone(), |line, code| line.replace(code, ""));
            assert_eq!(&without, plain);
            assert_ne!(coloured, plain);
        }
    }
}
