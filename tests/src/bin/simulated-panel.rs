//! The simulated panel as a program, for demonstrations, load, and tests of the command.

use std::error::Error;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use clap::Parser;
use sync_tests::{Account, Catalogue, CatalogueConfig, Encoding, Framing, Panel, PanelConfig};
use tokio::sync::oneshot;

/// A simulated IPTV panel on 127.0.0.1. Prints one line on standard output once it listens.
#[derive(Debug, Parser)]
#[command(name = "simulated-panel", version)]
struct Arguments {
    /// Number of live channels
    #[arg(long, default_value_t = 400)]
    channels: usize,
    /// Number of movies
    #[arg(long, default_value_t = 1000)]
    movies: usize,
    /// Number of series
    #[arg(long, default_value_t = 300)]
    series: usize,
    /// Decides what the catalogue holds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Port; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// User name of the only account
    #[arg(long, default_value = "demo")]
    username: String,
    /// File with the password; otherwise `SIMULATED_PANEL_PASSWORD`, otherwise demo-secret
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// How the end of a body is made known: content-length, chunked or close
    #[arg(long, default_value = "content-length", value_parser = framing)]
    framing: Framing,
    /// Compress for clients that accept it
    #[arg(long)]
    compress: bool,
    /// End when standard input ends, as it does when the parent dies
    #[arg(long)]
    until_stdin_closes: bool,
}

fn framing(name: &str) -> Result<Framing, String> {
    Framing::named(name).ok_or_else(|| "expected content-length, chunked or close".to_owned())
}

fn password(arguments: &Arguments) -> io::Result<String> {
    if let Some(file) = &arguments.password_file {
        return Ok(fs::read_to_string(file)?.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(std::env::var("SIMULATED_PANEL_PASSWORD").unwrap_or_else(|_| "demo-secret".to_owned()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let config = PanelConfig {
        port: arguments.port,
        accounts: vec![Account::new(arguments.username.clone(), password(&arguments)?)],
        framing: arguments.framing,
        encodings: if arguments.compress { Encoding::ALL.to_vec() } else { Vec::new() },
        control: true,
        ..PanelConfig::default()
    };
    eprintln!(
        "simulated panel: {} channels, {} movies, {} series, seed {}",
        arguments.channels, arguments.movies, arguments.series, arguments.seed
    );
    let catalogue = Catalogue::new(&CatalogueConfig {
        seed: arguments.seed,
        channels: arguments.channels,
        movies: arguments.movies,
        series: arguments.series,
        ..CatalogueConfig::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The program listens to signals before it prints the line, so that a reader of the line can end it.
        let signal = termination()?;
        let parent = arguments.until_stdin_closes.then(stdin_end);
        let panel = Panel::start(config, catalogue)?;
        let mut out = io::stdout();
        writeln!(out, "listening on http://{}", panel.address())?;
        out.flush()?;
        let parent_gone = async {
            match parent {
                Some(end) => drop(end.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signal => eprintln!("simulated panel: asked to end by a signal"),
            () = panel.stop_requested() => eprintln!("simulated panel: asked to end by a request"),
            () = parent_gone => eprintln!("simulated panel: standard input has ended"),
        }
        Ok(())
    })
}

#[cfg(unix)]
fn termination() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn termination() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Returns a receiver that tells the end of standard input. It is read on a thread of its own, because a blocked read
/// would keep a runtime from ending.
fn stdin_end() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let mut ignored = [0; 256];
        while matches!(io::stdin().read(&mut ignored), Ok(1..)) {}
        // If the panel is ending for another reason, the receiver has gone.
        let _ = ended.send(());
    });
    end
}
