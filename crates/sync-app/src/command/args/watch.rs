//! The arguments of `watch` that say what it tells, and what it asks before a sync.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args as Arguments;
use clap::builder::NonEmptyStringValueParser;

/// Metrics and hooks of `watch`. A hook that is named here takes the place of those in the settings of all profiles.
#[derive(Default, Arguments)]
#[command(next_help_heading = "Metrics and hooks (a hook named here takes the place of the settings hook.*)")]
pub(crate) struct WatchArgs {
    /// Serve metrics for Prometheus at /metrics, and /healthz, on this address: 9290 or 127.0.0.1:9290; without a host
    /// on this machine only; port 0 is any free one
    #[arg(long, value_name = "ADDR", value_parser = address, conflicts_with = "once_due")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Run this command in a shell after a sync that has changed something, with the result as JSON on its standard
    /// input; it is ended after 30 seconds
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) on_change: Option<String>,
    /// Post the result to the address in the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "webhook_env")]
    pub(crate) webhook_file: Option<PathBuf>,
    /// Post the result to the address in this environment variable
    #[arg(long, value_name = "VARIABLE", value_parser = super::profile::variable)]
    pub(crate) webhook_env: Option<String>,
    /// Run this command in a shell before each sync, and postpone the sync if it fails; it is ended after 30 seconds
    #[arg(long, value_name = "COMMAND", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) before: Option<String>,
    /// Tell hooks of every sync, also of one that has changed nothing
    #[arg(long)]
    pub(crate) always: bool,
}

/// Leaves the commands out, because a command may contain a secret.
impl std::fmt::Debug for WatchArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchArgs").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

/// Reads an address: a port, or a host and a port.
fn address(text: &str) -> Result<SocketAddr, String> {
    let here = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let port = |text: &str| text.parse::<u16>().ok();
    let text = text.trim();
    let named = ["localhost:", ":"].into_iter().find_map(|host| port(text.strip_prefix(host)?));
    port(text)
        .or(named)
        .map(here)
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "this is no address: use a port (9290), 127.0.0.1:9290 or [::1]:9290".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_host_is_this_machine() {
        for (text, address_is) in [
            ("9290", Some("127.0.0.1:9290")),
            (":9290", Some("127.0.0.1:9290")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("0.0.0.0:9290", Some("0.0.0.0:9290")),
            ("[::1]:9290", Some("[::1]:9290")),
            ("", None),
            ("host", None),
            ("99999", None),
            ("host:9290", None),
        ] {
            let found = address(text).ok().map(|address| address.to_string());
            assert_eq!(found.as_deref(), address_is, "{text}");
        }
    }
}
