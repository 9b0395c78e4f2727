//! A table in Markdown, with aligned columns.

use std::fmt;

/// A table. The first column is aligned to the left, the others to the right.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns an empty table with these heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(ToString::to_string).collect()] }
    }

    /// Adds a row. Missing cells are empty.
    pub fn row(&mut self, mut cells: Vec<String>) {
        cells.resize(self.rows[0].len(), String::new());
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 { write!(f, "| {cell:<width$}")? } else { write!(f, " | {cell:>width$}")? }
            }
            writeln!(f, " |")?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let line = "-".repeat(*width - 1);
                    if column == 0 { write!(f, "| {line}-")? } else { write!(f, " | {line}:")? }
                }
                writeln!(f, " |")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["rule", "polls a day"]);
        table.row(vec!["every 12h".to_owned(), "2.0".to_owned()]);
        table.row(vec!["x".to_owned()]);
        let expected = "\
| rule      | polls a day |
| --------- | ----------: |
| every 12h |         2.0 |
| x         |             |
";
        assert_eq!(table.to_string(), expected);
    }
}
