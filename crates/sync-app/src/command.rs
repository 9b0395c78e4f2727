//! The command: it reads its arguments, runs, and reports the result with its exit code.

mod address;
mod args;
mod backup;
mod bars;
mod categories;
mod cell;
mod change;
mod change_sets;
mod changes;
mod check;
mod clear;
mod colour;
mod completions;
mod conflicts;
mod dialogue;
mod echo;
mod edit;
mod exit;
mod export;
mod failure;
mod fields;
mod filter;
mod first_steps;
mod follower;
mod found;
mod held;
mod hints;
mod history;
mod hooks;
mod interrupt;
mod json;
mod known_logins;
mod learnt;
mod line;
mod list;
mod live;
mod live_line;
mod logging;
mod login;
mod look;
mod man;
mod metrics;
mod no_category;
#[cfg(unix)]
mod notify;
mod one_profile;
mod overlay;
mod overlay_news;
mod pace;
mod panel;
mod panic;
mod password;
mod plan;
mod profile;
mod profile_test;
mod prompt;
mod refused;
mod report;
mod results;
mod rewrite;
mod rules;
mod secret_variables;
mod settings;
mod shell;
mod show;
mod show_edits;
mod status;
mod status_check;
mod suggest;
mod sync;
mod table;
mod telling;
mod terminal;
mod undo;
mod usage;
mod value;
mod waiting;
mod watch;
mod watch_log;
mod webhook;
mod wiring;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command, ProfileCommand};
use colour::When;
use exit::Exit;
use failure::Failure;
use interrupt::Interrupt;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    panic::tell_without_values();
    // Signals are listened to first, so that Ctrl-C ends a run in order from here on.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::print_err(&format!("error: the program can't start: {error}"));
            return Exit::Internal.into();
        }
    };
    let interrupt = runtime.block_on(async { Interrupt::install() });
    When::among(std::env::args_os().skip(1)).apply();
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == completions::WORD) {
        runtime.block_on(completions::profiles(&words.collect::<Vec<_>>()));
        return ExitCode::SUCCESS;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let error = usage::without_values(error);
            // clap counts a variable of the environment as an argument. It would say only that an argument is missing.
            if std::env::args_os().len() == 1 {
                terminal::print_err(Args::command().render_help().to_string().trim_end());
                first_steps::print_first_steps_if_new();
                return Exit::Usage.into();
            }
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    terminal::be_quiet(args.quiet);
    logging::start(args.verbose, args.quiet, args.log_format);
    let exit = panic::caught(|| runtime.block_on(run(&args, &interrupt)));
    // A thread that still blocks has no result that is needed, so it isn't waited for.
    runtime.shutdown_background();
    results::remove_partial();
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
    // These commands need no cache.
    match &args.command {
        Command::Completions { shell } => return Ok(completions::print(*shell)),
        Command::Man { folder } => return man::run(folder),
        _ => {}
    }
    let database = args.database()?;
    match run_on(&database, &args.command, interrupt).await {
        Err(failure) => Err(suggest::profile(failure, &database).await),
        done => done,
    }
}

/// Runs a command that works on a cache.
async fn run_on(database: &Path, command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        Command::Completions { .. } | Command::Man { .. } => Ok(Exit::Done),
        Command::Profile { command } => match command {
            ProfileCommand::Add(add) => profile::add(database, add, interrupt).await,
            ProfileCommand::Edit(edit) => profile::edit(database, edit, interrupt).await,
            ProfileCommand::Set(set) => settings::set(database, set).await,
            ProfileCommand::Show(show) => settings::show(database, show).await,
            ProfileCommand::Test(test) => profile_test::run(database, test, interrupt).await,
            ProfileCommand::List { json } => profile::list(database, *json).await,
            ProfileCommand::Remove { id } => profile::remove(database, id).await,
        },
        Command::Sync(sync) => sync::run(database, sync, interrupt).await,
        Command::Watch(watch) => watch::run(database, watch, interrupt).await,
        Command::Clear { id } => clear::run(database, id).await,
        Command::Check(check) => check::run(database, check, interrupt).await,
        Command::Backup { file, force } => backup::back_up(database, file, *force, interrupt).await,
        Command::Restore { file } => backup::restore(database, file, interrupt).await,
        Command::List(list) => list::list(database, list, interrupt).await,
        Command::Search(search) => list::search(database, search, interrupt).await,
        Command::Show(show) => show::run(database, show).await,
        Command::Categories(categories) => categories::run(database, categories).await,
        Command::Export(export) => export::run(database, export, interrupt).await,
        Command::Edit(edit) => edit::edit(database, edit).await,
        Command::Favourite(favourite) => edit::favourite(database, favourite).await,
        Command::Hide(hide) => edit::hide(database, hide).await,
        Command::Tag(tag) => edit::tag(database, tag).await,
        Command::Watched(watched) => edit::watched(database, watched).await,
        Command::Conflicts { command, list } => conflicts::run(database, command.as_ref(), list).await,
        Command::Filter { command } => filter::run(database, command).await,
        Command::Rewrite { command } => rewrite::run(database, command).await,
        Command::Overlay { command } => overlay::run(database, command).await,
        Command::Changes { command: Some(command), .. } => change_sets::run(database, command, interrupt).await,
        Command::Changes { command: None, list } => changes::run(database, list, interrupt).await,
        Command::New(new) => changes::new(database, new).await,
        Command::History(history) => history::run(database, history).await,
        Command::Undo(undo) => undo::run(database, undo).await,
        Command::Status(status) => status::run(database, status).await,
    }
}
