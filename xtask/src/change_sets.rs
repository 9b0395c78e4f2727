//! `cargo xtask change-sets FOLDER`: compares the size of a change set between two dated lists with that of the new
//! list.
//!
//! The package `sync-bench` measures.

use std::process::Command;

use crate::shell::run;
use crate::{Outcome, bench, e2e};

const USAGE: &str = "\
Usage: cargo xtask change-sets FOLDER [--ids counter|hash]

A panel lists the TV channels of the world as they were at one date, then at another. What lies between is exported,
applied to a second cache, and compared with the gzip of the new lists. Both caches must be equal in the end.

The folder has these files, from github.com/iptv-org/database (its folder `data`) at two dates, plain or as .csv.xz:

  iptv-org-channels-DATE.csv   iptv-org-feeds-DATE.csv   iptv-org-logos-DATE.csv     (DATE: 2026-03-13)

and, for the movies of the panel, the same ones at both dates, from github.com/prust/wikipedia-movie-data:

  wikipedia-movies-1900-2023.json (or .json.xz)

A feed is a channel of the panel. Its guide id is `channel@feed`, its name that of the channel and, unless it is the
main feed, that of the feed. Its categories are those of the channel, and its icon is the logo that is in use. `num`
counts. Its id is a number that the panel has counted up as feeds came (--ids counter), or 48 bits of a hash (--ids hash).
`added` is within the three years before the first date, or, for feeds that are new, between the dates.
";

pub(crate) fn main(args: &[String]) -> Outcome {
    match args {
        [] => Err(format!("a folder with two dated lists is needed\n\n{USAGE}").into()),
        [word, ..] if word == "--help" || word == "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            let scratch = bench::folder()?;
            let ([engine], [bench]) = (e2e::release([e2e::COMMAND], &[])?, e2e::release([bench::BENCH], &[])?);
            run(Command::new(bench).args(["dated", "--engine"]).arg(engine).arg("--scratch").arg(scratch).args(args))
        }
    }
}
