//! Series, about 1.2 kilobytes each.

use super::{Context, date, numeric, rating, tmdb, trailer};
use crate::item::{Item, Kind};
use crate::json::JsonForm;
use crate::vocabulary;

pub(super) fn series(context: &Context<'_>, id: i64, index: u64) -> Item {
    let mut rng = context.rng(Kind::Series, index);
    let year = 1980 + rng.small(46);
    let title = vocabulary::title(&mut rng);
    let item = Item::bare(Kind::Series).with("name", vocabulary::listed_name(&mut rng, &title, year));
    let item = if rng.chance(60) { item.with("title", title).with("year", numeric(&mut rng, year, 70)) } else { item };
    let item = if rng.chance(50) { item.with("stream_type", "series") } else { item };
    let item = item.with("series_id", numeric(&mut rng, id, 15));
    let item = match rng.below(25) {
        0 => item.with("cover", ""),
        1 => item.with("cover", JsonForm::Null),
        _ => item.with("cover", vocabulary::image(&mut rng, "covers")),
    };
    let cast = if rng.chance(10) { JsonForm::text("") } else { JsonForm::text(vocabulary::people(&mut rng, 4)) };
    let director = if rng.chance(30) { JsonForm::Null } else { JsonForm::text(vocabulary::person(&mut rng)) };
    let released = ["releaseDate", "release_date", "releasedate"][rng.position(3)];
    let item = item
        .with("plot", vocabulary::plot(&mut rng))
        .with("cast", cast)
        .with("director", director)
        .with("genre", vocabulary::genres(&mut rng))
        .with(released, date(&mut rng, year));
    let moment = context.moment(&mut rng);
    let item = match rng.below(12) {
        0 if context.time.is_none() => item.with("last_modified", JsonForm::Null),
        1 if context.time.is_none() => item.with("last_modified", "2025-02-02 15:08:55"),
        _ => item.with("last_modified", numeric(&mut rng, moment, 85)),
    };
    let item = if rng.chance(5) { item.with("added", moment.to_string()) } else { item };
    let (of_ten, of_five) = rating(&mut rng, false);
    let item = item.with("rating", of_ten).with("rating_5based", of_five);
    let backdrop = match rng.below(6) {
        0 => JsonForm::array([]),
        1 => JsonForm::text(vocabulary::image(&mut rng, "backdrops")),
        2 => JsonForm::Null,
        _ => JsonForm::array([JsonForm::text(vocabulary::image(&mut rng, "backdrops"))]),
    };
    let item = trailer(&mut rng, item.with("backdrop_path", backdrop), "youtube_trailer");
    let minutes = 20 + rng.small(50);
    let run_time = match rng.below(8) {
        0 => JsonForm::text(""),
        1 => JsonForm::text("0"),
        _ => numeric(&mut rng, minutes, 70),
    };
    let item = tmdb(&mut rng, item.with("episode_run_time", run_time));
    context.categorise(&mut rng, item)
}
