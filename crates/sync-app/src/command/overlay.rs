//! `overlay`: edits and rules as a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use sync_core::ContentKind;
use sync_core::text::printable;
use sync_service::{Imported, Login, OverlayFile, OverlayFileReader, RulesImport};

use super::args::OverlayCommand;
use super::exit::Exit;
use super::failure::Failure;
use super::results::{self, Results};
use super::terminal::{confirm, counted, grouped, print_err, quoted};
use super::{json, one_profile, refused, wiring};
use crate::json::Imported as Line;

/// The longest line that is read, in bytes. A longer line can't be part of an export.
const LINE_MAX: u64 = 5 << 20;

/// Exports or imports a file.
pub(crate) async fn run(database: &Path, command: &OverlayCommand) -> Result<Exit, Failure> {
    match command {
        OverlayCommand::Export { output, force, of, secrets } => {
            let output = results::output(output.as_deref());
            export(database, output, *force, of.id(), *secrets).await
        }
        OverlayCommand::Import { file, rules, of, json } => import(database, file, *rules, of.id(), *json).await,
    }
}

async fn export(
    database: &Path,
    output: Option<&Path>,
    force: bool,
    id: Option<&str>,
    secrets: bool,
) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, id)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, id).await?;
    let login = if secrets { Login::default() } else { one_profile::login(&profile) };
    let export = service.export_overlay(&profile.id).await?;
    let mut results = match output {
        Some(path) => Results::file(path, force, secrets)?,
        None => Results::stdout(),
    };
    if secrets && output.is_none() {
        results::keep_stdout_private();
    }
    results.write(|mut out| export.lines(&login).try_for_each(|line| json::write_line(&mut out, &line)))?;
    results.end()?;
    if let Some(path) = output {
        let items = counted(export.items() as u64, "edited item");
        print_err(&format!("{items} written: {}", results::shown(path)));
    }
    Ok(Exit::Done)
}

async fn import(database: &Path, file: &Path, rules: bool, id: Option<&str>, as_json: bool) -> Result<Exit, Failure> {
    let cache = one_profile::cache_to_change(database, id)?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, id).await?;
    let reader = OverlayFileReader::new(one_profile::login(&profile), &profile);
    let read = read(file, reader)?;
    let imported = service.import_overlay(&profile.id, read, rules).await.map_err(refused::overlay)?;
    let Imported { report, rules, .. } = imported;
    let (by_id, by_name, unmatched) = (report.matched_by_id, report.matched_by_name, report.unmatched);
    if as_json {
        json::print_out(&Line {
            profile: profile.id.as_str().into(),
            matched_by_id: by_id,
            matched_by_name: by_name,
            unmatched,
        });
    } else {
        let (by_id, by_name) = (counted(by_id, "item"), grouped(by_name));
        confirm(&format!("imported: {by_id} found by id, {by_name} by name, {} not found", grouped(unmatched)));
    }
    for (kind, outcome) in ContentKind::ALL.into_iter().zip(rules.values()) {
        match outcome {
            RulesImport::Replaced if !as_json => confirm(&format!("{kind}: the rules are those of the export now")),
            RulesImport::Kept => print_err(&format!(
                "note: {kind}: the profile has other rules, which stay; --rules replaces them with those of the export"
            )),
            _ => {}
        }
    }
    if report.superseded > 0 {
        print_err(&if report.superseded == 1 {
            "note: 1 edit was left out, because the profile has a later one of the same field".to_owned()
        } else {
            let count = grouped(report.superseded);
            format!("note: {count} edits were left out, because the profile has later ones of the same fields")
        });
    }
    if unmatched == 0 {
        return Ok(Exit::Done);
    }
    let items = if unmatched == 1 { "1 item was".to_owned() } else { format!("{} items were", grouped(unmatched)) };
    print_err(&format!(
        "note: {items} not found; the edits are kept under their ids, and shown when the panel lists them: see \
         `xtream-sync conflicts --waiting`"
    ));
    Ok(Exit::Partial)
}

/// Reads a file to its end.
fn read(file: &Path, mut reader: OverlayFileReader) -> Result<OverlayFile, Failure> {
    let unreadable = |error: &io::Error| {
        let shown = printable(&quoted(&file.to_string_lossy()));
        Failure::usage(format!("{shown} can't be read: {error}; nothing was imported"), "name a file that exists, or -")
    };
    let mut input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| unreadable(&error))?))
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).map_err(|error| unreadable(&error))?;
        if read == 0 {
            return reader.finish().map_err(|error| refused::import(&error));
        }
        let text = String::from_utf8_lossy(&line);
        reader.push(text.trim_end_matches(['\r', '\n'])).map_err(|error| refused::import(&error))?;
    }
}
