//! `export`.

use std::io::{self, Write};
use std::path::Path;

use sync_core::text::printable;
use sync_core::{ContentKind, Profile};
use sync_service::{ExportedItem, Login};

use super::args::{ExportArgs, Format};
use super::exit::Exit;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::interrupt::Interrupt;
use super::look::Look;
use super::results::{self, Results};
use super::terminal::{grouped, print_err};
use super::value::as_text;
use super::{json, one_profile, wiring};
use crate::json::ExportedItem as Line;

/// Writes all items.
pub(crate) async fn run(database: &Path, args: &ExportArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = if args.secrets { Login::default() } else { one_profile::login(&profile) };
    let kinds = if args.kinds.is_empty() { ContentKind::ALL.to_vec() } else { args.kinds.clone() };
    let output = results::output(args.output.as_deref());
    let mut results = match output {
        Some(path) => Results::file(path, args.force, args.secrets)?,
        None => Results::stdout(),
    };
    let is_file = results.is_file();
    if args.secrets && output.is_none() {
        results::keep_stdout_private();
    }
    let columns = Columns::of(&kinds, output.is_none() && Look::of_stdout().is_terminal());
    if args.format == Format::Csv {
        results.write(|out| columns.header(out))?;
    }
    let (mut reader, mut count) = (service.export(&profile.id, &kinds).seen(args.view.view()), 0);
    loop {
        // A file that is dropped before its end leaves nothing behind on the disk.
        let reading = interrupt.token.run_until_cancelled(reader.next_page());
        let Some(page) = reading.await else { return Ok(Exit::Cancelled) };
        let Some(items) = page? else { break };
        count += items.len() as u64;
        let more = results.write(|mut out| match args.format {
            Format::Json => items.iter().try_for_each(|it| json::write_line(&mut out, &line(&profile, &login, it))),
            Format::Csv => columns.rows(out, &profile, &login, &items),
        })?;
        if !more {
            break;
        }
    }
    results.end()?;
    if let Some(path) = output {
        print_err(&format!("{} items written: {}", grouped(count), results::shown(path)));
        if args.secrets && is_file {
            print_err("note: the file contains the login of the profile in clear text; only you can read it");
        }
    }
    Ok(Exit::Done)
}

fn line<'a>(profile: &'a Profile, login: &'a Login, exported: &'a ExportedItem) -> Line<'a, Fields<'a>> {
    let item = &exported.item;
    Line {
        profile: profile.id.as_str().into(),
        kind: item.kind().as_str().into(),
        id: item.id().0,
        name: login.blank(item.name()),
        categories: fields::categories(&exported.categories, login),
        fields: Fields(item, login),
        extra: fields::extra_json(item, login).into(),
    }
}

/// The columns of CSV: those of all kinds, each once.
struct Columns {
    fields: Vec<&'static str>,
    /// Whether the output is a terminal. Characters that could control a terminal are written to files only.
    is_terminal: bool,
}

impl Columns {
    fn of(kinds: &[ContentKind], is_terminal: bool) -> Self {
        let mut fields: Vec<&'static str> = Vec::new();
        for kind in ContentKind::ALL.into_iter().filter(|kind| kinds.contains(kind)) {
            let missing: Vec<_> =
                kind.fields().iter().map(|field| field.name).filter(|it| !fields.contains(it)).collect();
            fields.extend(missing);
        }
        // The column of the further keys comes last.
        fields.retain(|field| *field != "extra");
        fields.push("extra");
        Self { fields, is_terminal }
    }

    fn header(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = writer(out);
        writer.write_record(["profile", "kind", "id"].iter().chain(&self.fields))?;
        writer.flush()
    }

    fn rows(&self, out: &mut dyn Write, profile: &Profile, login: &Login, items: &[ExportedItem]) -> io::Result<()> {
        let mut writer = writer(out);
        for ExportedItem { item, .. } in items {
            let kind = item.kind();
            writer.write_field(profile.id.as_str())?;
            writer.write_field(kind.as_str())?;
            writer.write_field(item.id().0.to_string())?;
            for field in &self.fields {
                let text = kind.field(field).map(|at| as_text(login, item.value(at))).unwrap_or_default();
                if self.is_terminal {
                    writer.write_field(printable(&text))?;
                } else {
                    writer.write_field(text.as_bytes())?;
                }
            }
            // This call ends the record.
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()
    }
}

fn writer(out: &mut dyn Write) -> csv::Writer<&mut dyn Write> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out)
}
