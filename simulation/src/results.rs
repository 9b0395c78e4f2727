//! The results of a simulation: the figures, the bars and the plots.

use crate::bars::Bars;
use crate::plot::Chart;
use crate::table::Table;
use crate::{Args, Failure, page};

/// The results of a simulation.
#[derive(Debug, Clone)]
pub struct Results {
    /// The figures.
    pub table: Table,
    /// The bars.
    pub bars: Bars,
    /// The plots.
    pub charts: Vec<Chart>,
}

impl Results {
    /// Returns results without figures, in a table with these heads.
    pub fn new(heads: &[&str]) -> Self {
        Self { table: Table::new(heads), bars: Bars::default(), charts: Vec::new() }
    }

    /// Prints the results, writes them into the page of the topic if that is asked for, and checks the bars.
    ///
    /// # Errors
    ///
    /// A bar is missed, or the page can't be written.
    pub fn finish(&self, topic: &str, args: &Args) -> Result<(), Failure> {
        println!("{}\n{}", self.table, self.bars);
        if args.write {
            let text = format!("{}\n```text\n{}```", self.table, self.bars);
            page::write(topic, &text, &Chart::svg(&self.charts))?;
        }
        self.bars.check()
    }
}
