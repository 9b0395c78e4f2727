//! Writes results into the page of a policy, `docs/policies/<topic>.md`, between two markers, and its plot beside it.

use std::path::{Path, PathBuf};

use crate::Failure;

const BEGIN: &str = "<!-- results: written by `cargo xtask simulate ";
const END: &str = "<!-- end of results -->";

/// Writes the results and the plot of a topic.
///
/// # Errors
///
/// The page is missing, has no markers, or can't be written.
pub fn write(topic: &str, results: &str, plot: &str) -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policies");
    let page: PathBuf = folder.join(format!("{topic}.md"));
    let text = std::fs::read_to_string(&page)?;
    std::fs::write(&page, replaced(&text, topic, results)?)?;
    std::fs::write(folder.join(format!("{topic}.svg")), plot)?;
    println!("written: docs/policies/{topic}.md, docs/policies/{topic}.svg");
    Ok(())
}

fn replaced(text: &str, topic: &str, results: &str) -> Result<String, Failure> {
    let (before, rest) = text.split_once(BEGIN).ok_or("the page has no marker for results")?;
    let (_, after) = rest.split_once(END).ok_or("the page has no marker for the end of results")?;
    Ok(format!("{before}{BEGIN}{topic} --write` -->\n\n{results}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let page = format!("# Pace\n\n{BEGIN}pace --write` -->\nold\n{END}\n\nmore\n");
        let new = replaced(&page, "pace", "| a |\n").unwrap();
        assert_eq!(new, format!("# Pace\n\n{BEGIN}pace --write` -->\n\n| a |\n\n{END}\n\nmore\n"));
        assert_eq!(replaced(&new, "pace", "| a |\n").unwrap(), new);
        assert!(replaced("# Pace", "pace", "").is_err());
    }
}
