//! `categories`.

use std::path::Path;

use sync_core::catalogue::SizedCategory;

use super::args::CategoriesArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::look::Look;
use super::results::Results;
use super::table::{Column, Table, cell};
use super::terminal::grouped;
use super::{json, one_profile, wiring};
use crate::json::SizedCategory as Line;

const COLUMNS: [Column; 3] = [Column::text("ID").dim(), Column::number("ITEMS"), Column::text("NAME").cut_to(8)];

/// Shows the categories of a kind.
pub(crate) async fn run(database: &Path, args: &CategoriesArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    let login = one_profile::login(&profile);
    let categories = service.categories(&profile.id, args.kind).await?;
    let mut results = Results::stdout();
    if args.json {
        results.write(|mut out| {
            categories.iter().try_for_each(|category| {
                let SizedCategory { id, name, parent_id, position, items, .. } = category;
                let name = name.as_deref().map(|name| login.blank(name));
                let line = Line {
                    profile: profile.id.as_str().into(),
                    kind: args.kind.as_str().into(),
                    id: id.0.as_str().into(),
                    name,
                    parent_id: *parent_id,
                    position: *position,
                    items: *items,
                };
                json::write_line(&mut out, &line)
            })
        })?;
        results.end()?;
        return Ok(Exit::Done);
    }
    let row = |category: &SizedCategory| {
        let name = login.blank(category.name.as_deref().unwrap_or("(not listed)"));
        vec![cell(&category.id.0), grouped(category.items), cell(&name)]
    };
    let rows: Vec<_> = categories.iter().map(row).collect();
    if !rows.is_empty() {
        let table = Table::new(Look::of_stdout(), &COLUMNS, 0, 2, &rows);
        results.write(|out| {
            writeln!(out, "{}", table.header())?;
            rows.iter().try_for_each(|row| writeln!(out, "{}", table.line(row)))
        })?;
    }
    results.end()?;
    Ok(Exit::Done)
}
