//! Seeds that can't be chosen: they follow from the sources of the policy.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Returns this many seeds for a policy with these sources. Line breaks are taken as `\n`, so that every checkout has
/// the same seeds.
pub fn of_sources(sources: &[&str], count: usize) -> Vec<u64> {
    let whole = sources.concat().replace("\r\n", "\n");
    (0..count).map(|number| xxh3_64_with_seed(whole.as_bytes(), number as u64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_its_seeds() {
        let seeds = of_sources(&["a\n", "b"], 3);
        assert_eq!(seeds, of_sources(&["a\r\nb"], 3));
        assert_ne!(seeds, of_sources(&["a\n", "c"], 3));
        assert_eq!(seeds[..2], of_sources(&["a\n", "b"], 2));
        assert!(seeds[0] != seeds[1] && seeds[1] != seeds[2]);
    }
}
