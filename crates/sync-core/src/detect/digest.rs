//! Digests: short numbers that stand for what a panel sent for an item.
//!
//! A digest says only whether two elements are the same. Which fields differ is found by comparing them. All digests
//! are XXH3-64 over bytes in a layout that this module defines, so they are the same on every platform and in every
//! version. A change of the layout needs a new [`DigestScheme`], under which old digests are no longer compared. The
//! frozen vectors in the tests below find such a change.

use xxhash_rust::xxh3::Xxh3;

use crate::detect::seen_items::image_path;
use crate::detect::volatile::LeftOut;
use crate::model::{ContentId, ContentKind, FieldClass, FieldSet, Item, Listed, Shape, ValueRef};

/// The rule by which digests are made. Digests of different schemes are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigestScheme(pub u32);

impl DigestScheme {
    /// The scheme of [`Digest::from_listed`], for sources that make no digests of their own.
    pub const FIELDS: Self = Self(2);

    /// Returns the scheme of digests that are made by this rule but leave something out. Each choice of what is left
    /// out has another number, from 2^31 on.
    #[must_use]
    pub fn leaving_out(self, kind: ContentKind, left_out: &LeftOut) -> Self {
        if left_out.is_empty() {
            return self;
        }
        let mut hasher = Xxh3::new();
        hasher.update(&self.0.to_le_bytes());
        let names = left_out.fields.names(kind.fields()).map(|name| (0, name));
        for (tag, name) in names.chain(left_out.extra.iter().map(|key| (1, key.as_str()))) {
            hasher.update(&[tag]);
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        let [a, b, c, d, ..] = hasher.digest().to_le_bytes();
        Self(u32::from_le_bytes([a, b, c, d]) | 1 << 31)
    }
}

/// A digest of an element of a listing. A comparison with [`Digest::NEVER`] is never true, so digests have
/// [`PartialEq`], but neither [`Eq`] nor an order.
#[derive(Debug, Clone, Copy)]
pub struct Digest(pub u64);

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.same_as(*other)
    }
}

impl Digest {
    /// The digest that equals nothing, not even itself. Its element is decoded and compared in every listing. It stands
    /// for ids that were listed several times, and for differences that a policy ignores.
    pub const NEVER: Self = Self(0);

    /// Returns the digest with this hash. It is never [`Digest::NEVER`].
    pub const fn from_hash(hash: u64) -> Self {
        Self(if hash == 0 { 1 } else { hash })
    }

    /// Returns whether two elements are known to be the same.
    pub const fn same_as(self, other: Self) -> bool {
        self.0 == other.0 && !self.is_never()
    }

    /// Returns whether this is [`Digest::NEVER`].
    pub const fn is_never(self) -> bool {
        self.0 == Self::NEVER.0
    }

    /// Returns the digest of an element by its fields, in the scheme [`DigestScheme::FIELDS`]. It covers the values
    /// that may be compared, and which keys were present. Ignored fields have no part in it.
    pub fn from_listed(listed: &Listed) -> Self {
        Self::from_listed_without(listed, &LeftOut::NONE)
    }

    /// Returns the digest of an element by its fields, without those that are left out. Its scheme is
    /// [`DigestScheme::leaving_out`].
    pub fn from_listed_without(listed: &Listed, left_out: &LeftOut) -> Self {
        let kind = listed.item.kind();
        let ignored = kind.of_class(FieldClass::Ignored);
        let there = FieldSet(listed.present.0 & !ignored.0);
        let mut compared = FieldSet(there.0 & !left_out.fields.0);
        let mut hasher = hasher_of(&listed.item);
        hasher.update(&there.0.to_le_bytes());
        if let Some(at) = kind.field_positions().image.filter(|at| left_out.fields.and(there).has(*at))
            && let ValueRef::Text(address) = listed.item.value(at)
        {
            // The path of an image counts even if its field is left out.
            match image_path(address) {
                Some(path) => hasher.update(path.as_bytes()),
                None => compared.add(at),
            }
        }
        let extra = kind.field_positions().extra;
        if let ValueRef::Extra(all) = listed.item.value(extra)
            && !left_out.extra.is_empty()
        {
            compared.drop(extra);
            for (key, json) in all.iter().filter(|(key, _)| !left_out.has_key(key)) {
                for text in [key, json] {
                    hasher.update(&(text.len() as u64).to_le_bytes());
                    hasher.update(text.as_bytes());
                }
            }
        }
        update(&mut hasher, &listed.item, compared);
        Self::from_hash(hasher.digest())
    }
}

/// A stable digest of an item's significant fields. It changes exactly if the item counts as updated. It is for users
/// of the model; the engine compares fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Returns the fingerprint of an item.
    pub fn of(item: &Item) -> Self {
        let mut hasher = hasher_of(item);
        update(&mut hasher, item, item.kind().of_class(FieldClass::Significant));
        Self(hasher.digest())
    }
}

/// Returns the rank of an element among several with one id. The least one is taken: by content, then by number.
///
/// Of the categories, only the element's own `category_id` counts, because elements of one id usually differ in nothing
/// else. The field `num` has no part in the first number, because it follows the order of the listing.
pub(crate) fn representative_rank(item: &Item, present: FieldSet) -> (u64, i64) {
    let kind = item.kind();
    let positions = kind.field_positions();
    let unlike = FieldSet(kind.of_class(FieldClass::Ignored).0 | kind.of_class(FieldClass::Unproven).0);
    let mut fields = FieldSet(present.0 & !unlike.0);
    for at in [positions.num, positions.category_ids] {
        fields.drop(at);
    }
    // Absent and empty count the same here, because an element that is rebuilt from its row can't tell them apart. A
    // count and a switch have no other word for "empty" than 0, and an empty name is made of the id.
    for at in fields.positions() {
        let zero_is_nothing = matches!(kind.fields()[at].shape, Shape::Count | Shape::Switch);
        match item.value(at) {
            ValueRef::Null => fields.drop(at),
            ValueRef::Integer(0) if zero_is_nothing => fields.drop(at),
            ValueRef::Text(name) if at == positions.name && is_made_of(name, item.id()) => fields.drop(at),
            _ => {}
        }
    }
    let mut hasher = hasher_of(item);
    update(&mut hasher, item, fields);
    (hasher.digest(), if let ValueRef::Integer(num) = item.value(positions.num) { num } else { i64::MAX })
}

/// Returns whether a name is the one that an item without a name gets.
fn is_made_of(name: &str, id: ContentId) -> bool {
    name.strip_prefix('#').is_some_and(|rest| rest.parse() == Ok(id.0))
}

/// Returns a digest of the whole item. The field `num` is left out because [`representative_rank`] has it. The
/// categories are left out because they are those of other elements as well.
pub(crate) fn full_digest(item: &Item) -> u64 {
    let (kind, positions) = (item.kind(), item.kind().field_positions());
    let mut fields = FieldSet::all(kind.fields());
    for at in [positions.num, positions.category_ids, positions.listed_category_ids] {
        fields.drop(at);
    }
    let mut hasher = hasher_of(item);
    update(&mut hasher, item, fields);
    hasher.digest()
}

fn hasher_of(item: &Item) -> Xxh3 {
    let mut hasher = Xxh3::new();
    hasher.update(item.kind().as_str().as_bytes());
    hasher.update(&item.id().0.to_le_bytes());
    hasher
}

/// Hashes fields. The layout per field is its position, a tag, the length if it varies, and the bytes, all little
/// endian.
fn update(hasher: &mut Xxh3, item: &Item, fields: FieldSet) {
    for at in fields.positions() {
        let mut head = [0; 10];
        head[0] = u8::try_from(at).expect("a field set has 32 positions");
        let sized = |head: &mut [u8; 10], tag, length: usize| {
            head[1] = tag;
            head[2..].copy_from_slice(&(length as u64).to_le_bytes());
        };
        match item.value(at) {
            ValueRef::Null => hasher.update(&head[..2]),
            ValueRef::Text(text) => {
                sized(&mut head, 1, text.len());
                hasher.update(&head);
                hasher.update(text.as_bytes());
            }
            ValueRef::Integer(number) => {
                head[1] = 2;
                head[2..].copy_from_slice(&number.to_le_bytes());
                hasher.update(&head);
            }
            ValueRef::Real(number) => {
                head[1] = 3;
                head[2..].copy_from_slice(&number.to_bits().to_le_bytes());
                hasher.update(&head);
            }
            ValueRef::Categories(set) => {
                sized(&mut head, 4, set.as_slice().len());
                hasher.update(&head);
                for id in set.as_slice() {
                    hasher.update(&(id.len() as u64).to_le_bytes());
                    hasher.update(id.as_bytes());
                }
            }
            ValueRef::Extra(extra) => {
                sized(&mut head, 5, extra.len());
                hasher.update(&head);
                for text in extra.iter().flat_map(|(key, json)| [key, json]) {
                    hasher.update(&(text.len() as u64).to_le_bytes());
                    hasher.update(text.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, Content, Movie, Series, Value};

    fn channel() -> Channel {
        let mut channel = Channel::with_id(ContentId(7));
        channel.name = "News 24 ᴴᴰ".into();
        channel.num = Some(12);
        channel.category_id = Some("3".into());
        channel.category_ids = ["3", "40"].into_iter().collect();
        channel.tv_archive = true;
        channel.tv_archive_duration = 5;
        channel
    }

    /// These numbers are stored in caches. If one of them changes, the scheme has changed.
    #[test]
    fn frozen_vectors() {
        let mut movie = Movie::with_id(ContentId(9_007_199_254_740_993));
        movie.name = "Amélie".into();
        movie.rating = Some(8.3);
        movie.year = Some("2001".into());
        movie.extra.insert("backdrop".into(), "[]".into());
        let series = Series::with_id(ContentId(-1));
        let items = [channel().into_item(), movie.into_item(), series.into_item()];
        let found: Vec<_> =
            items.iter().map(|item| (Digest::from_listed(&item.clone().into()).0, Fingerprint::of(item).0)).collect();
        let frozen = [
            (9_370_411_062_196_063_740, 5_002_905_765_461_080_239),
            (3_135_403_621_620_095_915, 10_479_761_072_728_059_848),
            (2_859_126_654_761_229_369, 3_798_299_736_825_857_014),
        ];
        assert_eq!(found, frozen);
    }

    #[test]
    fn a_fingerprint_follows_the_significant_fields_and_no_other() {
        let before = channel().into_item();
        for (at, spec) in Channel::FIELDS.iter().enumerate() {
            let mut after = before.clone();
            after.set(
                at,
                match spec.shape {
                    Shape::Categories => Value::Categories(["1"].into_iter().collect()),
                    Shape::Extra => Value::Extra([("k".to_owned(), "1".to_owned())].into()),
                    Shape::Switch => Value::Integer(0),
                    _ => Value::Text("99".into()),
                },
            );
            let moved = Fingerprint::of(&before) != Fingerprint::of(&after);
            assert_eq!(moved, spec.class == FieldClass::Significant, "{}", spec.name);
            let moved = Digest::from_listed(&before.clone().into()) != Digest::from_listed(&after.into());
            assert_eq!(moved, spec.class != FieldClass::Ignored, "{}", spec.name);
        }
    }

    /// Equal digests of such a scheme say that everything else is equal.
    #[test]
    fn fields_that_are_left_out_change_the_scheme_and_not_the_digest() {
        let kind = Movie::KIND;
        let left_out = |names: &[&str], extra: &[&str]| {
            let mut fields = FieldSet::EMPTY;
            for name in names {
                fields.add(kind.field(name).unwrap());
            }
            LeftOut { fields, extra: extra.iter().map(|key| (*key).into()).collect() }
        };
        let movie = |change: fn(&mut Movie)| {
            let mut movie = Movie::with_id(ContentId(1));
            movie.added = Some("1".into());
            movie.stream_icon = Some("http://a/1.png?t=1".into());
            movie.extra = [("info", "1"), ("url", "1")].into();
            change(&mut movie);
            Listed::from(movie.into_item())
        };
        let same = |change: fn(&mut Movie), left_out: &LeftOut| {
            Digest::from_listed_without(&movie(|_| ()), left_out)
                == Digest::from_listed_without(&movie(change), left_out)
        };
        let all = left_out(&["added", "stream_icon"], &["url"]);
        assert!(same(|it| it.added = Some("2".into()), &all));
        assert!(same(|it| it.stream_icon = Some("https://b/1.png".into()), &all));
        assert!(same(|it| it.extra.insert("url".into(), "2".into()), &all));
        for change in [
            (|it| it.stream_icon = Some("http://a/2.png?t=1".into())) as fn(&mut Movie),
            |it| it.stream_icon = None,
            |it| it.extra.insert("info".into(), "2".into()),
            |it| it.rating = Some(1.0),
            |it| it.direct_source = Some("x".into()),
        ] {
            assert!(!same(change, &all) && !same(change, &LeftOut::NONE));
        }
        let scheme = |left_out: &LeftOut| DigestScheme(7).leaving_out(kind, left_out);
        let names = [left_out(&["added"], &[]), left_out(&[], &["added"]), left_out(&["rating"], &[]), all];
        let mut schemes: Vec<_> = names.iter().map(scheme).chain([scheme(&LeftOut::NONE)]).map(|it| it.0).collect();
        assert_eq!(schemes[4], 7);
        assert!(schemes[..4].iter().all(|scheme| *scheme >= 1 << 31));
        schemes.dedup();
        assert_eq!(schemes.len(), 5);
    }

    #[test]
    fn the_present_keys_are_part_of_a_digest() {
        let all = Listed::from(channel().into_item());
        let mut fewer = all.clone();
        fewer.present.drop(Channel::KIND.field("epg_channel_id").unwrap());
        assert_ne!(Digest::from_listed(&all), Digest::from_listed(&fewer));
    }

    #[test]
    fn the_element_that_is_taken_is_chosen_by_its_content() {
        let all = |item: &Channel| representative_rank(&item.clone().into_item(), FieldSet::all(Channel::FIELDS));
        let plain = all(&channel());
        assert_eq!(plain.1, 12);
        // The number counts second, and the categories don't count.
        let mut other = channel();
        (other.num, other.category_ids) = (None, ["9"].into_iter().collect());
        assert_eq!(all(&other), (plain.0, i64::MAX));
        other = channel();
        other.custom_sid = Some("ignored".into());
        assert_eq!(all(&other), plain);
        for change in [
            (|it| it.name = "News".into()) as fn(&mut Channel),
            |it| it.category_id = None,
            |it| it.tv_archive = false,
            |it| it.tv_archive_duration = 6,
            |it| it.epg_channel_id = Some("#7".into()),
        ] {
            other = channel();
            change(&mut other);
            assert_ne!(all(&other).0, plain.0, "{other:?}");
        }
    }

    #[test]
    fn absent_and_empty_count_the_same_for_the_choice() {
        let mut empty = channel();
        (empty.tv_archive, empty.tv_archive_duration, empty.name) = (false, 0, "#7".into());
        let empty = empty.into_item();
        let mut fewer = FieldSet::all(Channel::FIELDS);
        for name in ["tv_archive", "tv_archive_duration", "name", "epg_channel_id"] {
            fewer.drop(Channel::KIND.field(name).unwrap());
        }
        assert_eq!(representative_rank(&empty, FieldSet::all(Channel::FIELDS)), representative_rank(&empty, fewer));
        // Here the zero means something, and the name is made of another id.
        let mut movie = Movie::with_id(ContentId(7));
        (movie.name, movie.episode_run_time) = ("#8".into(), Some(0));
        let movie = movie.into_item();
        for name in ["episode_run_time", "name"] {
            let mut fewer = FieldSet::all(Movie::FIELDS);
            fewer.drop(Movie::KIND.field(name).unwrap());
            assert_ne!(
                representative_rank(&movie, FieldSet::all(Movie::FIELDS)),
                representative_rank(&movie, fewer),
                "{name}"
            );
        }
        assert!(is_made_of("#7", ContentId(7)) && is_made_of("#-7", ContentId(-7)));
        assert!(!is_made_of("7", ContentId(7)) && !is_made_of("#", ContentId(0)));
    }

    #[test]
    fn never_is_the_same_as_nothing() {
        assert!(!Digest::NEVER.same_as(Digest::NEVER));
        assert_ne!(Digest::NEVER, Digest::NEVER);
        assert!(Digest(5).same_as(Digest(5)));
        assert_eq!(Digest(5), Digest(5));
        assert!(Digest::NEVER.is_never() && !Digest::from_hash(0).is_never());
    }
}
