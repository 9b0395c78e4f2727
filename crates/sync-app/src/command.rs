//! The command: reads its arguments, runs, and reports the result with its exit code.

mod address;
mod args;
mod backup;
mod bars;
mod categories;
mod cell;
mod change;
mod changes;
mod check;
mod clear;
mod colour;
mod exit;
mod export;
mod failure;
mod fields;
mod found;
mod held;
mod hints;
mod history;
mod interrupt;
mod json;
mod learnt;
mod line;
mod list;
mod live;
mod live_line;
mod logging;
mod login;
mod look;
mod no_category;
mod one_profile;
mod panel;
mod panic;
mod password;
mod plan;
mod profile;
mod report;
mod results;
mod show;
mod status;
mod sync;
mod table;
mod terminal;
mod undo;
mod usage;
mod value;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, ProfileCommand};
use colour::When;
use exit::Exit;
use failure::Failure;
use interrupt::Interrupt;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    panic::tell_without_values();
    // Signals first: from here on, Ctrl-C ends a run in order.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(&format!("error: the program can't start: {error}"));
            return Exit::Internal.into();
        }
    };
    let interrupt = runtime.block_on(async { Interrupt::install() });
    When::among(std::env::args_os().skip(1)).apply();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let error = usage::without_values(error);
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    terminal::be_quiet(args.quiet);
    logging::start(args.verbose);
    let exit = panic::caught(|| runtime.block_on(run(&args, &interrupt)));
    // A thread that still blocks has no result that is needed.
    runtime.shutdown_background();
    match exit {
        None => Exit::Internal.into(),
        Some(Ok(exit)) if terminal::is_lost() => exit.or(Exit::Internal).into(),
        Some(Ok(exit)) => exit.into(),
        Some(Err(failure)) => {
            failure.print();
            failure.exit().into()
        }
    }
}

async fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let database = args.database()?;
    match &args.command {
        Command::Profile { command } => match command {
            ProfileCommand::Add(add) => profile::add(&database, add, interrupt).await,
            ProfileCommand::List { json } => profile::list(&database, *json).await,
            ProfileCommand::Remove { id } => profile::remove(&database, id).await,
        },
        Command::Sync(sync) => sync::run(&database, sync, interrupt).await,
        Command::Clear { id } => clear::run(&database, id).await,
        Command::Check(check) => check::run(&database, check, interrupt).await,
        Command::Backup { file, force } => backup::back_up(&database, file, *force, interrupt).await,
        Command::Restore { file } => backup::restore(&database, file, interrupt).await,
        Command::List(list) => list::list(&database, list, interrupt).await,
        Command::Search(search) => list::search(&database, search, interrupt).await,
        Command::Show(show) => show::run(&database, show).await,
        Command::Categories(categories) => categories::run(&database, categories).await,
        Command::Export(export) => export::run(&database, export, interrupt).await,
        Command::Changes(changes) => changes::run(&database, changes, interrupt).await,
        Command::New(new) => changes::new(&database, new).await,
        Command::History(history) => history::run(&database, history).await,
        Command::Undo(undo) => undo::run(&database, undo).await,
        Command::Status { id, json } => status::run(&database, id.as_deref(), *json).await,
    }
}
