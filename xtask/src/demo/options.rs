//! The demo's command line.

use crate::Outcome;

/// The size of the panel, and whether the folder stays.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) channels: u32,
    pub(super) movies: u32,
    pub(super) series: u32,
    pub(super) keep: bool,
}

impl Options {
    pub(super) fn parse(args: &[String]) -> Outcome<Self> {
        let mut options = Self { channels: 40_000, movies: 150_000, series: 40_000, keep: false };
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            let count = match word.as_str() {
                "--keep" => {
                    options.keep = true;
                    continue;
                }
                "--channels" => &mut options.channels,
                "--movies" => &mut options.movies,
                "--series" => &mut options.series,
                _ => return Err(format!("the demo does not know `{word}`").into()),
            };
            let number = rest.next().ok_or_else(|| format!("`{word}` wants a number"))?;
            *count = number.replace('_', "").parse().map_err(|_| format!("`{word} {number}` is not a number"))?;
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn sizes_and_keep_are_read() {
        let expected = Options { channels: 40_000, movies: 1_000, series: 40_000, keep: true };
        assert_eq!(parse("--movies 1_000 --keep").unwrap(), expected);
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(parse("--films 3").is_err());
        assert!(parse("--movies").is_err());
        assert!(parse("--movies many").is_err());
    }
}
