//! The process of the panel, from the point of view of the suite.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;
use crate::bodies::{Bodies, Version};
use crate::serving::Asked;

/// A running panel. Dropping the value stops the panel.
#[derive(Debug)]
pub(crate) struct Panel {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Panel {
    /// Starts a panel that serves nothing yet.
    pub(crate) fn start(validators: bool) -> Outcome<Self> {
        let mut call = Command::new(std::env::current_exe()?);
        call.arg("panel").args(validators.then_some("--validators"));
        let mut child = call.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = BufReader::new(child.stdout.take().ok_or("a piped stdout is there")?);
        let orders = child.stdin.take();
        let mut panel = Self { child, orders, answers, url: String::new() };
        panel.url = panel.answer()?;
        Ok(panel)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes the panel list a version.
    pub(crate) fn serve(&mut self, bodies: &Bodies, version: Version) -> Outcome {
        self.order(&format!("serve\t{}\t{}", bodies.folder().display(), version.name())).map(drop)
    }

    /// Makes the panel list the first version, as gzip.
    pub(crate) fn serve_gzip(&mut self, bodies: &Bodies) -> Outcome {
        self.order(&format!("serve\t{}\t{}\tgzip", bodies.folder().display(), Version::First.name())).map(drop)
    }

    /// Makes the panel list the first version. Each number gives other dates in every item.
    pub(crate) fn serve_restless(&mut self, bodies: &Bodies, number: usize) -> Outcome {
        self.order(&format!("restless\t{}\t{number}", bodies.folder().display())).map(drop)
    }

    /// Returns the requests since the last call.
    pub(crate) fn asked(&mut self) -> Outcome<Asked> {
        Ok(serde_json::from_str(&self.order("report")?)?)
    }

    fn order(&mut self, order: &str) -> Outcome<String> {
        let orders = self.orders.as_mut().ok_or("the panel takes orders")?;
        writeln!(orders, "{order}")?;
        orders.flush()?;
        let answer = self.answer()?;
        if answer.starts_with("failed") { Err(format!("the panel: {answer}").into()) } else { Ok(answer) }
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() { Err("the panel has ended".into()) } else { Ok(line.to_owned()) }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        drop(self.orders.take());
        // The panel ends with its standard input. It may also have ended before.
        let _ = self.child.wait();
    }
}
