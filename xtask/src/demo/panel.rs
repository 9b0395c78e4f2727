//! The simulated panel as a child process of the demo, which starts it, moves it on, and stops it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::options::Options;
use super::report::Report;
use crate::Outcome;

pub(super) const USER: &str = "demo";

/// The default password of the simulated panel.
pub(super) const PASSWORD: &str = "demo-secret";

/// A running panel. Dropping the value stops the panel.
#[derive(Debug)]
pub(super) struct Panel {
    child: Child,
    url: String,
}

impl Panel {
    /// Starts the panel, and waits until it prints its address.
    pub(super) fn start(program: &Path, options: &Options) -> Outcome<Self> {
        let sizes = [("--channels", options.channels), ("--movies", options.movies), ("--series", options.series)];
        let child = Command::new(program)
            .args(sizes.iter().flat_map(|(name, count)| [(*name).to_owned(), count.to_string()]))
            .arg("--until-stdin-closes")
            .env("SIMULATED_PANEL_PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let mut panel = Self { child, url: String::new() };
        let mut line = String::new();
        if let Some(stdout) = panel.child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let url = line.trim().strip_prefix("listening on ").ok_or("the panel ended before it listened")?;
        url.trim_end_matches('/').clone_into(&mut panel.url);
        Ok(panel)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Moves the catalogue on to its next version. Returns the changes that the panel reports.
    pub(super) fn advance(&self, how: &str) -> Outcome<Report> {
        let answer = self.control("advance", how)?;
        Report::truth(body(&answer)?)
    }

    /// Makes the panel misbehave.
    pub(super) fn misbehave(&self, how: &str) -> Outcome {
        let answer = self.control("behaviour", how)?;
        if answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            return Ok(());
        }
        Err(format!("the panel would not misbehave: {}", answer.lines().next().unwrap_or_default()).into())
    }

    fn control(&self, what: &str, how: &str) -> Outcome<String> {
        let host = self.url.strip_prefix("http://").ok_or("the panel's address is not plain http")?;
        let request = format!(
            "POST /control/{what}?{how} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        Ok(exchange(host, &request).map_err(|error| format!("the panel does not listen: {error}"))?)
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The panel may have ended already. Then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request, and reads until the other side closes the connection.
fn exchange(host: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Returns the JSON object in an HTTP answer. An answer of this size comes in one piece, chunked or not.
fn body(answer: &str) -> Outcome<&str> {
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("the panel would not move on: {status}").into());
    }
    match (answer.find('{'), answer.rfind('}')) {
        (Some(start), Some(end)) if start < end => Ok(&answer[start..=end]),
        _ => Err("the panel's answer holds no object".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_found_chunked_or_not() {
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\n{\"a\":{}}").unwrap(), "{\"a\":{}}");
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\n8\r\n{\"a\":{}}\r\n0\r\n\r\n").unwrap(), "{\"a\":{}}");
        assert!(body("HTTP/1.1 500 No\r\n\r\n{}").is_err());
        assert!(body("").is_err());
    }
}
