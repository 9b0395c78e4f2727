//! Live channels, about 375 bytes each.

use super::{Context, is_adult, numeric};
use crate::item::{Item, Kind};
use crate::json::JsonForm;
use crate::vocabulary;

pub(super) fn channel(context: &Context<'_>, id: i64, index: u64) -> Item {
    let mut rng = context.rng(Kind::Channels, index);
    let stream_type = match rng.below(40) {
        0 => "radio_streams",
        1 => "created_live",
        _ => "live",
    };
    let item = Item::bare(Kind::Channels)
        .with("name", vocabulary::channel_name(&mut rng, index))
        .with("stream_type", stream_type)
        .with("stream_id", numeric(&mut rng, id, 15));
    let item = match rng.below(12) {
        0 => item.with("stream_icon", ""),
        1 => item.with("stream_icon", JsonForm::Null),
        _ => item.with("stream_icon", vocabulary::image(&mut rng, "logos")),
    };
    let item = match rng.below(6) {
        0 => item.with("epg_channel_id", JsonForm::Null),
        1 => item.with("epg_channel_id", ""),
        2 => item,
        _ => item.with("epg_channel_id", format!("channel{}.example", rng.below(5000))),
    };
    let moment = context.moment(&mut rng);
    let item = match rng.below(30) {
        0 if context.time.is_none() => item.with("added", ""),
        1 if context.time.is_none() => item.with("added", JsonForm::Null),
        _ => item.with("added", numeric(&mut rng, moment, 85)),
    };
    let item = is_adult(&mut rng, item);
    let item = context.categorise(&mut rng, item);
    let item = match rng.below(3) {
        0 => item.with("custom_sid", JsonForm::Null),
        1 => item.with("custom_sid", ""),
        _ => item.with("custom_sid", format!(":0:1:{:x}:0:0:0:0:0:0:0:", rng.below(65_536))),
    };
    let archived = rng.chance(30);
    let item = match rng.below(10) {
        0 => item.with("tv_archive", i64::from(archived).to_string()),
        1 if !archived => item.with("tv_archive", JsonForm::Null),
        2 if !archived => item,
        _ => item.with("tv_archive", i64::from(archived)),
    };
    let item = item.with("direct_source", "");
    let days = if archived { 1 + rng.small(14) } else { 0 };
    let item = match rng.below(10) {
        0 if !archived => item.with("tv_archive_duration", ""),
        1 if !archived => item.with("tv_archive_duration", JsonForm::Null),
        _ => item.with("tv_archive_duration", numeric(&mut rng, days, 30)),
    };
    match rng.below(8) {
        0 => item.with("thumbnail", ""),
        1 => item.with("server_hint", format!("edge-{}", rng.below(8))),
        _ => item,
    }
}
