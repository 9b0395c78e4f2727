//! Channels, movies and series, and the tables of their fields.
//!
//! A field is declared once, in the `content!` tables below: its type, its class and the reason for the class. The
//! structs, the generic access and the sets of fields to compare follow from the tables. Digests count positions in the
//! tables, so a new field goes to the end of its table.

use super::field::{FieldClass, FieldSet, FieldSpec, Shape, Value, ValueRef};
use super::id::ContentId;
use super::kind::ContentKind;
use super::positions::FieldPositions;
use super::sets::{CategorySet, Extra};
use super::text::Text;

/// The common interface of channels, movies and series.
pub trait Content: Clone + std::fmt::Debug + PartialEq + Send + Sync + Sized + 'static {
    /// The kind.
    const KIND: ContentKind;
    /// The table of fields.
    const FIELDS: &'static [FieldSpec];
    /// The column of the panel's id.
    const ID_COLUMN: &'static str;

    /// Returns an item with this id and nothing else.
    fn with_id(id: ContentId) -> Self;
    /// Returns the panel's id.
    fn id(&self) -> ContentId;
    /// Returns the name, or `""` if it is unknown.
    fn name(&self) -> &str;
    /// Returns the value of the field at this position of the table.
    fn value(&self, position: usize) -> ValueRef<'_>;
    /// Sets the field at this position. The value is normalised by the field's shape.
    fn set(&mut self, position: usize, value: Value);
    /// Sets the field at this position to a value that [`Shape::normalise`] has normalised.
    fn put(&mut self, position: usize, value: Value);
    /// Returns the memory of the item in bytes, itself included. The number is approximate.
    fn heap_size(&self) -> usize;
    /// Returns the item as one of any kind.
    fn into_item(self) -> Item;
    /// Returns the item as one of this kind, or `None` if it is of another kind.
    fn from_item(item: Item) -> Option<Self>;
}

/// A Rust type that stores values of some shapes.
trait FieldType {
    fn value(&self) -> ValueRef<'_>;
    fn set(&mut self, value: Value);
    /// Returns the bytes that the value allocates.
    fn heap_size(&self) -> usize {
        0
    }
}

impl FieldType for Text {
    fn value(&self) -> ValueRef<'_> {
        if self.is_empty() { ValueRef::Null } else { ValueRef::Text(self) }
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Text(text) = value { text } else { Self::default() };
    }
    fn heap_size(&self) -> usize {
        Self::heap_size(self)
    }
}

impl FieldType for Option<Text> {
    fn value(&self) -> ValueRef<'_> {
        self.as_deref().map_or(ValueRef::Null, ValueRef::Text)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Text(text) = value { Some(text) } else { None };
    }
    fn heap_size(&self) -> usize {
        self.as_ref().map_or(0, Text::heap_size)
    }
}

impl FieldType for Option<i64> {
    fn value(&self) -> ValueRef<'_> {
        self.map_or(ValueRef::Null, ValueRef::Integer)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Integer(number) = value { Some(number) } else { None };
    }
}

impl FieldType for i64 {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Integer(*self)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Integer(number) = value { number } else { 0 };
    }
}

impl FieldType for Option<bool> {
    fn value(&self) -> ValueRef<'_> {
        self.map_or(ValueRef::Null, |yes| ValueRef::Integer(i64::from(yes)))
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Integer(number) = value { Some(number != 0) } else { None };
    }
}

impl FieldType for bool {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Integer(i64::from(*self))
    }
    fn set(&mut self, value: Value) {
        *self = matches!(value, Value::Integer(number) if number != 0);
    }
}

impl FieldType for Option<f64> {
    fn value(&self) -> ValueRef<'_> {
        self.map_or(ValueRef::Null, ValueRef::Real)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Real(number) = value { Some(number) } else { None };
    }
}

impl FieldType for CategorySet {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Categories(self)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Categories(set) = value { set } else { Self::default() };
    }
    fn heap_size(&self) -> usize {
        Self::heap_size(self)
    }
}

impl FieldType for Extra {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Extra(self)
    }
    fn set(&mut self, value: Value) {
        *self = if let Value::Extra(extra) = value { extra } else { Self::new() };
    }
    fn heap_size(&self) -> usize {
        Self::heap_size(self)
    }
}

macro_rules! rust_type {
    (Name) => { Text };
    (Text) => { Option<Text> };
    (Decimal) => { Option<Text> };
    (Reference) => { Option<Text> };
    (Integer) => { Option<i64> };
    (Count) => { i64 };
    (Real) => { Option<f64> };
    (Flag) => { Option<bool> };
    (Switch) => { bool };
    (Categories) => { CategorySet };
    (Extra) => { Extra };
}

macro_rules! content {
    (
        $(#[$doc:meta])* $Type:ident in $Kind:ident, id $id:ident;
        $( $field:ident: $shape:ident, $class:ident, $reason:literal; )*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $Type {
            /// The panel's id.
            pub $id: ContentId,
            $(
                #[doc = $reason]
                #[cfg_attr(feature = "serde", serde(default))]
                pub $field: rust_type!($shape),
            )*
        }

        impl Content for $Type {
            const KIND: ContentKind = ContentKind::$Kind;
            const ID_COLUMN: &'static str = stringify!($id);
            const FIELDS: &'static [FieldSpec] = &[
                $( FieldSpec {
                    name: stringify!($field),
                    shape: Shape::$shape,
                    class: FieldClass::$class,
                    reason: $reason,
                }, )*
            ];

            fn with_id(id: ContentId) -> Self {
                Self { $id: id, $( $field: Default::default(), )* }
            }

            fn id(&self) -> ContentId {
                self.$id
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn value(&self, position: usize) -> ValueRef<'_> {
                let mut next = 0;
                $( if position == next { return FieldType::value(&self.$field); } next += 1; )*
                debug_assert!(position < next, "a position beyond the table");
                ValueRef::Null
            }

            fn set(&mut self, position: usize, value: Value) {
                let shape = Self::FIELDS.get(position).map(|spec| spec.shape);
                self.put(position, shape.map_or(Value::Null, |shape| shape.normalise(value)));
            }

            fn put(&mut self, position: usize, value: Value) {
                let mut next = 0;
                $( if position == next { return FieldType::set(&mut self.$field, value); } next += 1; )*
                debug_assert!(position < next, "a position beyond the table");
            }

            fn heap_size(&self) -> usize {
                size_of::<Self>() $( + FieldType::heap_size(&self.$field) )*
            }

            fn into_item(self) -> Item {
                Item::$Kind(self)
            }

            fn from_item(item: Item) -> Option<Self> {
                if let Item::$Kind(item) = item { Some(item) } else { None }
            }
        }

        impl $Type {
            /// Hands on the texts of the significant fields. Every new item is asked for them, and so this is written
            /// out field by field.
            fn each_text(&self, take: &mut impl FnMut(&str)) {
                $( if matches!(FieldClass::$class, FieldClass::Significant)
                    && let ValueRef::Text(text) = FieldType::value(&self.$field)
                {
                    take(text);
                } )*
            }
        }

        impl From<$Type> for Item {
            fn from(item: $Type) -> Self {
                Self::$Kind(item)
            }
        }
    };
}

content! {
    /// A live channel.
    Channel in Channels, id stream_id;
    num: Integer, Display, "The number a viewer dials. One insertion renumbers all that follow, so a change is not logged.";
    name: Name, Significant, "The name. It is never lost: an absent or empty one keeps the stored one.";
    stream_type: Text, Significant, "`live`, `created_live` or `radio_streams`: television or radio.";
    stream_icon: Text, Display, "The address of the logo. Some panels change its host with each answer.";
    thumbnail: Text, Unproven, "A picture of the programme. Some panels put a token into it that changes with each answer.";
    epg_channel_id: Text, Significant, "The channel's id in the programme guide.";
    added: Decimal, Display, "The time at which the panel created the entry, as the panel writes it. Edits don't change it.";
    category_id: Text, Display, "The panel's own category value. If there are several categories, the first one may change with each answer, so the set counts.";
    category_ids: Categories, Significant, "Every category of the item: `category_id` and `category_ids` together.";
    listed_category_ids: Categories, Ignored, "The panel's own `category_ids`, if they say more than `category_id`. Kept for answers without that key.";
    custom_sid: Text, Unproven, "A service id of the panel's streaming servers.";
    tv_archive: Switch, Significant, "Whether past programmes can be watched.";
    direct_source: Text, Unproven, "The address of the stream itself. Some panels put a token into it that changes with each answer.";
    tv_archive_duration: Count, Significant, "The number of days back.";
    is_adult: Flag, Significant, "Whether the content is for adults.";
    extra: Extra, Unproven, "The keys without a column. Each key is treated on its own.";
}

content! {
    /// A movie.
    Movie in Movies, id stream_id;
    num: Integer, Ignored, "The position in the listing. One insertion moves all that follow; the order is kept apart from the rows.";
    name: Name, Significant, "The name. It is never lost: an absent or empty one keeps the stored one.";
    title: Text, Significant, "The title, if the panel has it apart from the name.";
    year: Decimal, Significant, "The year of release.";
    stream_type: Text, Significant, "`movie`, if the panel says so.";
    stream_icon: Text, Display, "The address of the poster. Some panels change its host with each answer.";
    rating: Real, Display, "0 to 10. The panel changes it by itself.";
    rating_5based: Real, Display, "0 to 5, a rounding of `rating`.";
    genre: Text, Significant, "Genres, as the panel writes them.";
    added: Decimal, Display, "The time at which the panel created the entry, as the panel writes it. Edits don't change it.";
    episode_run_time: Integer, Significant, "The length in minutes.";
    category_id: Text, Display, "The panel's own category value. If there are several categories, the first one may change with each answer, so the set counts.";
    category_ids: Categories, Significant, "Every category of the item: `category_id` and `category_ids` together.";
    listed_category_ids: Categories, Ignored, "The panel's own `category_ids`, if they say more than `category_id`. Kept for answers without that key.";
    container_extension: Text, Significant, "Part of the play address: `mp4`, `mkv`, …";
    custom_sid: Text, Unproven, "A service id of the panel's streaming servers.";
    direct_source: Text, Unproven, "The address of the stream itself. Some panels put a token into it that changes with each answer.";
    release_date: Text, Significant, "The day of release, as the panel writes it.";
    cast: Text, Significant, "Actors.";
    director: Text, Significant, "Directors.";
    plot: Text, Significant, "The plot.";
    youtube_trailer: Text, Significant, "The trailer: an address or a YouTube id.";
    tmdb_id: Reference, Significant, "The id at themoviedb.org.";
    imdb_id: Reference, Significant, "The id at imdb.com.";
    is_adult: Flag, Significant, "Whether the content is for adults.";
    extra: Extra, Unproven, "The keys without a column. Each key is treated on its own.";
}

content! {
    /// A series, without its episodes.
    Series in Series, id series_id;
    num: Integer, Ignored, "The position in the listing. One insertion moves all that follow; the order is kept apart from the rows.";
    name: Name, Significant, "The name. It is never lost: an absent or empty one keeps the stored one.";
    title: Text, Significant, "The title, if the panel has it apart from the name.";
    year: Decimal, Significant, "The year of release.";
    stream_type: Text, Significant, "`series`, if the panel says so.";
    cover: Text, Display, "The address of the cover. Some panels change its host with each answer.";
    plot: Text, Significant, "The plot.";
    cast: Text, Significant, "Actors.";
    director: Text, Significant, "Directors.";
    genre: Text, Significant, "Genres, as the panel writes them.";
    release_date: Text, Significant, "The day of release, as the panel writes it.";
    added: Decimal, Display, "The time at which the panel created the entry, if it says so.";
    last_modified: Decimal, Display, "As the panel writes it. It rises without an edit, and edits happen without it.";
    rating: Decimal, Display, "0 to 10. The panel changes it by itself.";
    rating_5based: Real, Display, "0 to 5, a rounding of `rating`.";
    episode_run_time: Decimal, Significant, "The length of an episode in minutes.";
    category_id: Text, Display, "The panel's own category value. If there are several categories, the first one may change with each answer, so the set counts.";
    category_ids: Categories, Significant, "Every category of the item: `category_id` and `category_ids` together.";
    listed_category_ids: Categories, Ignored, "The panel's own `category_ids`, if they say more than `category_id`. Kept for answers without that key.";
    youtube_trailer: Text, Significant, "The trailer: an address or a YouTube id.";
    tmdb_id: Reference, Significant, "The id at themoviedb.org.";
    imdb_id: Reference, Significant, "The id at imdb.com.";
    is_adult: Flag, Significant, "Whether the content is for adults.";
    extra: Extra, Unproven, "The keys without a column. Each key is treated on its own.";
}

/// An item of any kind.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
pub enum Item {
    /// A live channel.
    Channels(Channel),
    /// A movie.
    Movies(Movie),
    /// A series.
    Series(Series),
}

/// Calls the same method of an item of any kind.
macro_rules! any_kind {
    ($item:expr, $it:ident => $call:expr) => {
        match $item {
            Item::Channels($it) => $call,
            Item::Movies($it) => $call,
            Item::Series($it) => $call,
        }
    };
}

impl Item {
    /// Hands on the texts of the significant fields.
    pub(crate) fn each_text(&self, mut take: impl FnMut(&str)) {
        any_kind!(self, it => it.each_text(&mut take));
    }

    /// Returns an item of this kind with this id and nothing else.
    pub fn with_id(kind: ContentKind, id: ContentId) -> Self {
        match kind {
            ContentKind::Channels => Self::Channels(Channel::with_id(id)),
            ContentKind::Movies => Self::Movies(Movie::with_id(id)),
            ContentKind::Series => Self::Series(Series::with_id(id)),
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ContentKind {
        match self {
            Self::Channels(_) => ContentKind::Channels,
            Self::Movies(_) => ContentKind::Movies,
            Self::Series(_) => ContentKind::Series,
        }
    }

    /// Returns the panel's id.
    pub fn id(&self) -> ContentId {
        any_kind!(self, it => it.id())
    }

    /// Returns the name, or `""` if it is unknown.
    pub fn name(&self) -> &str {
        any_kind!(self, it => it.name())
    }

    /// Returns the panel's own `category_id`.
    pub fn category_id(&self) -> Option<&str> {
        any_kind!(self, it => it.category_id.as_deref())
    }

    /// Returns every category of the item.
    pub const fn categories(&self) -> &CategorySet {
        any_kind!(self, it => &it.category_ids)
    }

    /// Returns the value of the field at this position of the kind's table.
    pub fn value(&self, position: usize) -> ValueRef<'_> {
        any_kind!(self, it => it.value(position))
    }

    /// Sets the field at this position. The value is normalised by the field's shape.
    pub fn set(&mut self, position: usize, value: Value) {
        any_kind!(self, it => it.set(position, value));
    }

    /// Sets the field at this position to a value that [`Shape::normalise`] has normalised.
    pub fn put(&mut self, position: usize, value: Value) {
        any_kind!(self, it => it.put(position, value));
    }

    /// Returns the memory of the item in bytes, itself included. The number is approximate.
    pub fn heap_size(&self) -> usize {
        any_kind!(self, it => it.heap_size())
    }
}

impl ContentKind {
    /// Returns the table of this kind's fields.
    pub const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::Channels => Channel::FIELDS,
            Self::Movies => Movie::FIELDS,
            Self::Series => Series::FIELDS,
        }
    }

    /// Returns the column of the panel's id in this kind's table.
    pub const fn id_column(self) -> &'static str {
        match self {
            Self::Channels => Channel::ID_COLUMN,
            Self::Movies => Movie::ID_COLUMN,
            Self::Series => Series::ID_COLUMN,
        }
    }

    /// Returns the position of a field in this kind's table.
    pub fn field(self, name: &str) -> Option<usize> {
        self.fields().iter().position(|spec| spec.name == name)
    }

    /// Returns the positions of the fields that rules refer to.
    pub(crate) const fn field_positions(self) -> &'static FieldPositions {
        match self {
            Self::Channels => const { &FieldPositions::new(Channel::FIELDS) },
            Self::Movies => const { &FieldPositions::new(Movie::FIELDS) },
            Self::Series => const { &FieldPositions::new(Series::FIELDS) },
        }
    }

    /// Returns the fields of a class.
    pub const fn of_class(self, class: FieldClass) -> FieldSet {
        FieldSet::of_class(self.fields(), class)
    }
}

/// An item as a listing has it, with the keys that were present. An absent key is part of what the panel says.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T = Item> {
    /// The values, normalised. The value of an absent key is nothing.
    pub item: T,
    /// The fields whose keys were present, even as `""` or null.
    pub present: FieldSet,
}

impl<T: Content> From<T> for Listed<T> {
    /// Takes an item whose every field is known.
    fn from(item: T) -> Self {
        Self { item, present: FieldSet::all(T::FIELDS) }
    }
}

impl From<Item> for Listed {
    /// Takes an item whose every field is known.
    fn from(item: Item) -> Self {
        let present = FieldSet::all(item.kind().fields());
        Self { item, present }
    }
}

impl<T: Content> From<Listed<T>> for Listed {
    fn from(listed: Listed<T>) -> Self {
        Self { item: listed.item.into_item(), present: listed.present }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_fits_a_field_set_and_names_each_field_once() {
        for kind in ContentKind::ALL {
            let fields = kind.fields();
            assert!(fields.len() < 32, "{kind}");
            for (position, spec) in fields.iter().enumerate() {
                assert_eq!(kind.field(spec.name), Some(position), "{kind}.{}", spec.name);
                assert!(!spec.reason.is_empty());
            }
            for name in ["num", "name", "category_id", "category_ids", "listed_category_ids", "extra", "added"] {
                assert!(kind.field(name).is_some(), "{kind} has no {name}");
            }
        }
    }

    #[test]
    fn a_value_is_normalised_when_it_is_set() {
        for kind in ContentKind::ALL {
            let mut item = Item::with_id(kind, ContentId(7));
            for (position, spec) in kind.fields().iter().enumerate() {
                let sent = Value::Text("5.0".into());
                item.set(position, sent.clone());
                let expected = match spec.shape {
                    // A text is no set, so these shapes read it as empty.
                    Shape::Categories | Shape::Extra => spec.shape.normalise(Value::Null),
                    shape => shape.normalise(sent),
                };
                assert_eq!(item.value(position).to_owned(), expected, "{kind}.{}", spec.name);
            }
            assert_eq!(item.id(), ContentId(7));
            assert_eq!(item.name(), "5.0");
        }
    }

    #[test]
    fn a_normalised_value_is_put_unchanged() {
        for kind in ContentKind::ALL {
            let mut item = Item::with_id(kind, ContentId(7));
            item.put(kind.field("name").unwrap(), Value::Text("News".into()));
            assert_eq!(item.name(), "News");
        }
    }

    #[test]
    fn every_kind_has_the_panels_name_for_its_id() {
        assert_eq!(ContentKind::ALL.map(ContentKind::id_column), ["stream_id", "stream_id", "series_id"]);
    }

    /// The memory limits of the engine rely on this number.
    #[test]
    fn the_heap_size_of_an_item_counts_its_long_texts() {
        let sizes = [size_of::<Channel>(), size_of::<Movie>(), size_of::<Series>()];
        for (kind, size) in ContentKind::ALL.into_iter().zip(sizes) {
            let mut item = Item::with_id(kind, ContentId(7));
            assert_eq!(item.heap_size(), size, "{kind}: nothing beside itself");
            let long = |position: usize| position.to_string().repeat(500);
            for (position, spec) in kind.fields().iter().enumerate() {
                let before = item.heap_size();
                let value = match spec.shape {
                    Shape::Name | Shape::Text | Shape::Decimal | Shape::Reference => Value::Text(long(position).into()),
                    Shape::Categories => Value::Categories([long(position), long(position + 1)].iter().collect()),
                    Shape::Extra => Value::Extra([("key", long(position))].into()),
                    _ => Value::Integer(1),
                };
                let number = matches!(value, Value::Integer(_));
                item.put(position, value);
                let more = item.heap_size() - before;
                assert!(if number { more == 0 } else { (500..=4000).contains(&more) }, "{kind}.{}: {more}", spec.name);
            }
        }
    }
}
