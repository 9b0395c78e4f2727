//! Asks a cache with plain SQL, like a player that knows nothing of this project.
//!
//! `cargo run --example ask -- DATABASE "SELECT name AS line FROM xtream_movies LIMIT 3"`; the
//! query returns one text column called `line`.

use diesel::prelude::*;
use diesel::sql_types::Text;

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    line: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(database), Some(query)) = (args.next(), args.next()) else {
        return Err("usage: ask DATABASE QUERY".into());
    };
    let mut cache = SqliteConnection::establish(&database)?;
    for answer in diesel::sql_query(query).load::<Answer>(&mut cache)? {
        println!("{}", answer.line);
    }
    Ok(())
}
