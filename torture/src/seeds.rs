//! Seeds that once failed. They are always run before all others.

/// Returns the seeds of an engine's file: one per line, with a comment on each.
pub(crate) fn kept(text: &str) -> Vec<u64> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .map(seed)
        .collect()
}

fn seed(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("`{word}` in torture/seeds is no seed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineName;

    #[test]
    fn a_line_is_a_seed_and_a_word_on_it() {
        assert_eq!(kept("# why\n7 seven\n\n  12   twelve fell over\n"), [7, 12]);
    }

    #[test]
    fn every_file_can_be_read() {
        for engine in EngineName::ALL {
            kept(engine.seeds());
        }
    }
}
