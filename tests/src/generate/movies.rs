//! Movies, about 600 bytes each on average. Two in three have the short form of classic panels, and one in three has
//! plot, cast and the other details.

use super::{Context, date, is_adult, numeric, rating, tmdb, trailer};
use crate::item::{Item, Kind};
use crate::json::JsonForm;
use crate::prng::Prng;
use crate::vocabulary;

pub(super) fn movie(context: &Context<'_>, id: i64, index: u64) -> Item {
    let mut rng = context.rng(Kind::Movies, index);
    let long = index % 10 < 3;
    let year = 1950 + rng.small(76);
    let title = vocabulary::title(&mut rng);
    let item = Item::bare(Kind::Movies).with("name", vocabulary::listed_name(&mut rng, &title, year));
    let item = if long || rng.chance(30) {
        let year = if rng.chance(8) { JsonForm::Null } else { numeric(&mut rng, year, 70) };
        item.with("title", title).with("year", year)
    } else {
        item
    };
    let item = item.with("stream_type", "movie").with("stream_id", numeric(&mut rng, id, 15));
    let item = match rng.below(25) {
        0 => item.with("stream_icon", ""),
        1 => item.with("stream_icon", JsonForm::Null),
        _ => item.with("stream_icon", vocabulary::image(&mut rng, "posters")),
    };
    let (of_ten, of_five) = rating(&mut rng, true);
    let item = item.with("rating", of_ten).with("rating_5based", of_five);
    let item = if long { details(&mut rng, item, year) } else { item };
    let item = if long || rng.chance(40) { tmdb(&mut rng, item) } else { item };
    let moment = context.moment(&mut rng);
    let item = item.with("added", numeric(&mut rng, moment, 85));
    let item = is_adult(&mut rng, item);
    let item = context.categorise(&mut rng, item);
    let container = match rng.below(20) {
        0 => JsonForm::Null,
        1 => JsonForm::text("avi"),
        2..=9 => JsonForm::text("mkv"),
        _ => JsonForm::text("mp4"),
    };
    let item = item.with("container_extension", container);
    let custom_sid = if rng.chance(50) { JsonForm::Null } else { JsonForm::text("") };
    item.with("custom_sid", custom_sid).with("direct_source", "")
}

fn details(rng: &mut Prng, item: Item, year: i64) -> Item {
    let released = ["release_date", "releaseDate", "releasedate"][rng.position(3)];
    let minutes = 60 + rng.small(120);
    let run_time = match rng.below(10) {
        0 => JsonForm::text(""),
        1 => JsonForm::Null,
        _ => numeric(rng, minutes, 60),
    };
    let plot = if rng.chance(5) { JsonForm::Null } else { JsonForm::text(vocabulary::plot(rng)) };
    let trailer_key = if rng.chance(60) { "youtube_trailer" } else { "trailer" };
    let item = item
        .with("plot", plot)
        .with("cast", vocabulary::people(rng, 3))
        .with("director", vocabulary::person(rng))
        .with("genre", vocabulary::genres(rng))
        .with(released, date(rng, year))
        .with("episode_run_time", run_time);
    let item = trailer(rng, item, trailer_key);
    match rng.below(5) {
        0 => item.with("imdb_id", "0"),
        1 => item.with("imdb_id", ""),
        2 => item.with("imdb_id", format!("tt{:07}", rng.below(9_999_999))),
        _ => item,
    }
}
