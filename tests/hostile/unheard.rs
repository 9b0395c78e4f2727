//! Cases about content that this project doesn't fetch yet. Each is listed by name, so that none is forgotten.

use crate::programme::{Scenario, waiting};

const SERIES: &str = "episodes (get_series_info)";
const MOVIES: &str = "movie details (get_vod_info)";
const EPG: &str = "the programme guide (get_short_epg)";

pub(crate) const CASES: &[Scenario] = &[
    waiting("57", "series info []", "[] for a series with 40 stored episodes", SERIES),
    waiting("58", "series info 404 or nulls", "404; info full of null, no episodes key", SERIES),
    waiting("59", "episodes array of arrays", "seasons 0, 1, 2 as a list", SERIES),
    waiting("60", "episodes in other forms", "a flat list, a single object, null", SERIES),
    waiting("61", "wrong season key", "key \"1\", episode.season 2", SERIES),
    waiting("62", "odd episode fields", "info [], releasedate {}, air_date 0000-00-00", SERIES),
    waiting("63", "vod info without movie", "{\"info\":[]}", MOVIES),
    waiting("65", "EPG base64 mix", "base64, plain text, broken base64", EPG),
    waiting("66", "short_epg end as unix", "end \"1741012393\", stop a date and a time", EPG),
    waiting("67", "epg_listings object", "keyed by index or by stream id", EPG),
    waiting("90", "get.php or xmltv blocked", "884, 404, 429 there, the API fine", "playlists and XMLTV"),
];
