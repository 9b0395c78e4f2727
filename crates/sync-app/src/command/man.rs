//! `man`: manual pages, one per command.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Args;
use super::exit::Exit;
use super::failure::Failure;
use super::terminal::confirm;

/// Writes the pages into a folder, which is created.
pub(crate) fn run(folder: &Path) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("the manual pages can't be written to `{}`: {error}", folder.display());
        Failure::usage(message, "name a folder that you may write to")
    };
    let pages = pages().map_err(failed)?;
    std::fs::create_dir_all(folder).map_err(failed)?;
    for (name, page) in &pages {
        std::fs::write(folder.join(name), page).map_err(failed)?;
    }
    confirm(&format!("{} manual pages written to {}", pages.len(), folder.display()));
    Ok(Exit::Done)
}

/// Returns the pages and the names of their files, the whole command first.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Args::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    collect(root, &mut pages)?;
    Ok(pages)
}

fn collect(command: clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    let below: Vec<_> = command.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let (page, mut text) = (Man::new(command), Vec::new());
    page.render(&mut text)?;
    pages.push((page.get_filename(), text));
    below.into_iter().try_for_each(|command| collect(command, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let pages = pages().unwrap();
        let page = |name: &str| {
            let (_, text) = pages.iter().find(|(page, _)| page == name).unwrap_or_else(|| panic!("{name}: {pages:?}"));
            String::from_utf8(text.clone()).unwrap()
        };
        assert_eq!(pages[0].0, "xtream-sync.1");
        assert!(page("xtream-sync.1").contains("EXIT") || page("xtream-sync.1").contains("Exit codes"));
        let add = page("xtream-sync-profile-add.1");
        assert!(add.contains("\\-\\-url") && add.contains("xtream\\-sync profile add"), "{add}");
        let mut names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
        names.dedup();
        assert_eq!(names.len(), pages.len());
        assert!(pages.iter().all(|(name, text)| !name.contains("help") && text.starts_with(b".ie")), "{names:?}");
    }
}
