//! A player that reads pages of a cache while another program writes. It measures the time of a page.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::database::text;

/// The pause of the player between two pages.
const PAUSE: Duration = Duration::from_millis(1);

/// The time of a page, in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) pages: usize,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) most: f64,
}

/// Asks for the movies of one category after the other, fifty per page, until standard input ends.
pub(crate) fn main(database: &Path, profile: &str) -> Outcome {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mut categories = connection.prepare("SELECT DISTINCT category_id FROM xtream_movies WHERE profile_id=?1")?;
    let categories: Vec<Option<String>> =
        categories.query_map([profile], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut page = connection.prepare(
        "SELECT stream_id,name,stream_icon,rating FROM xtream_movies \
         WHERE profile_id=?1 AND category_id=?2 ORDER BY stream_id LIMIT 50",
    )?;
    let over = Arc::new(AtomicBool::new(false));
    let noticed = Arc::clone(&over);
    std::thread::spawn(move || {
        // Standard input never has bytes. Its end is the signal.
        let _ = std::io::stdin().read(&mut [0]);
        noticed.store(true, Ordering::Relaxed);
    });
    println!("reading");
    std::io::stdout().flush()?;
    let mut took = Vec::new();
    for category in categories.iter().flatten().cycle() {
        let start = Instant::now();
        let mut rows = page.query((profile, category))?;
        let mut letters = 0;
        while let Some(row) = rows.next()? {
            letters += row.get_ref(1)?.as_str()?.len();
        }
        took.push(start.elapsed());
        if letters == 0 {
            return Err(format!("there is no movie in category {category}").into());
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    took.sort_unstable();
    let at = |per_cent: usize| took[(took.len() * per_cent / 100).min(took.len() - 1)].as_secs_f64() * 1e6;
    let latency = Latency { pages: took.len(), p50: at(50), p99: at(99), most: at(100) };
    println!("{}", serde_json::to_string(&latency)?);
    Ok(())
}

/// Runs a player on a cache during `work`. Returns the times of its pages.
pub(crate) fn beside(database: &Path, profile: &str, work: impl FnOnce() -> Outcome) -> Outcome<Latency> {
    let mut call = Command::new(std::env::current_exe()?);
    call.args(["reader", text(database)?, profile]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut player = Player(call.spawn()?);
    let mut stdout = player.0.stdout.take().ok_or("a piped stdout is there")?;
    // The player reports its beginning before the work begins.
    stdout.read_exact(&mut [0; 8])?;
    work()?;
    drop(player.0.stdin.take());
    let mut said = String::new();
    stdout.read_to_string(&mut said)?;
    Ok(serde_json::from_str(&said).map_err(|_| "the reader failed")?)
}

struct Player(Child);

impl Drop for Player {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
