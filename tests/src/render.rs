//! Writes a listing or a category list as a PHP panel does: one line, no white space, `num` counted while printing.

use crate::catalogue::{Catalogue, Listing};
use crate::item::{Escaping, Item, Kind};
use crate::json::JsonForm;
use crate::panel::ListOrder;

/// The outer shape of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `[{..},{..}]`, all elements.
    Array,
    /// `[{..}]`, the first half of the elements, as valid JSON.
    Half,
    /// `[]`.
    Empty,
    /// `{"0":{..},"1":{..}}`, as PHP writes an array with gaps.
    Keyed,
    /// `{"101":{..},"205":{..}}`, where the key is the id, which the elements leave out.
    KeyedById,
}

/// A part of a catalogue, and its order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    /// The number of items that are left out at the beginning, and the number of items that follow.
    pub(crate) slice: Option<(usize, usize)>,
    pub(crate) order: ListOrder,
}

impl Catalogue {
    /// Returns the listing of a kind, or of one category of it.
    pub fn render(&self, kind: Kind, shape: Shape, category: Option<&str>) -> Vec<u8> {
        self.render_view(kind, shape, category, &View::default())
    }

    /// Returns the listing of a part of the catalogue, in an order.
    pub(crate) fn render_view(&self, kind: Kind, shape: Shape, category: Option<&str>, view: &View) -> Vec<u8> {
        let listing = self.listing(kind);
        let wanted = |item: &&Item| category.is_none_or(|one| item.category_set().iter().any(|own| own == one));
        let id_within = shape != Shape::KeyedById;
        let write = |out: &mut Vec<u8>, at, item: &Item| element(out, listing, at, item, id_within);
        let key = |at: usize, item: &Item| match item.id() {
            Some(id) if shape == Shape::KeyedById => id.to_string(),
            _ => at.to_string(),
        };
        let mut items: Vec<&Item> = match view.slice {
            Some((offset, most)) => listing.items.iter().skip(offset).take(most).collect(),
            None => listing.items.iter().collect(),
        };
        match view.order {
            ListOrder::Catalogue => {}
            ListOrder::NewestFirst => items.sort_by_key(|item| std::cmp::Reverse(item.id())),
            ListOrder::ByName => items.sort_by_key(|item| format!("{:?}", item.get("name"))),
        }
        items.retain(wanted);
        list(shape, items.iter().copied(), key, write)
    }

    /// Returns the category list of a kind.
    pub fn render_categories(&self, kind: Kind, shape: Shape) -> Vec<u8> {
        let key = |at: usize, _: &_| at.to_string();
        list(shape, self.categories(kind).iter(), key, |out, _, category| category.form().write(out, true))
    }
}

fn list<'a, T: 'a>(
    shape: Shape,
    elements: impl Iterator<Item = &'a T> + Clone,
    key: impl Fn(usize, &T) -> String,
    write: impl Fn(&mut Vec<u8>, usize, &T),
) -> Vec<u8> {
    let keyed = matches!(shape, Shape::Keyed | Shape::KeyedById);
    let count = match shape {
        Shape::Array | Shape::Keyed | Shape::KeyedById => usize::MAX,
        Shape::Half => elements.clone().count() / 2,
        Shape::Empty => 0,
    };
    let (open, close) = if keyed { (b'{', b'}') } else { (b'[', b']') };
    let mut out = vec![open];
    for (position, one) in elements.take(count).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if keyed {
            out.extend_from_slice(format!("\"{}\":", key(position, one)).as_bytes());
        }
        write(&mut out, position, one);
    }
    out.push(close);
    out
}

fn element(out: &mut Vec<u8>, listing: &Listing, position: usize, item: &Item, id_within: bool) {
    let php = item.escaping == Escaping::Php;
    out.push(b'{');
    if item.get("num").is_none() {
        let number = listing.number_at(position);
        out.extend_from_slice(b"\"num\":");
        let form = if listing.number_as_text { JsonForm::text(number.to_string()) } else { JsonForm::Integer(number) };
        form.write(out, php);
    }
    for (key, value) in item.fields().iter().filter(|(key, _)| id_within || *key != item.kind().id_key()) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        JsonForm::text(*key).write(out, php);
        out.push(b':');
        value.write(out, php);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CatalogueConfig;

    /// Returns the FNV-1a hash, so that the frozen numbers below depend on the bytes only.
    fn hash(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_on_every_platform() {
        let hashes = |seed| {
            let catalogue = Catalogue::new(&CatalogueConfig::small(seed));
            Kind::ALL.map(|kind| hash(&catalogue.render(kind, Shape::Array, None)))
        };
        assert_eq!(hashes(7), hashes(7));
        assert_ne!(hashes(7), hashes(8));
        assert_eq!(hashes(7), FROZEN, "{:#018x?}", hashes(7));
    }

    const FROZEN: [u64; 3] = [0xb2e1_b6d2_859e_b97a, 0x8c99_c8fe_4eb9_b408, 0xa677_9ca3_f335_d189];

    #[test]
    fn a_listing_is_json_and_holds_the_ids_of_the_truth() {
        let catalogue = Catalogue::new(&CatalogueConfig { seed: 3, ..CatalogueConfig::default() });
        for kind in Kind::ALL {
            let parsed: Vec<serde_json::Value> =
                serde_json::from_slice(&catalogue.render(kind, Shape::Array, None)).unwrap();
            let id = |element: &serde_json::Value| match &element[kind.id_key()] {
                serde_json::Value::String(text) => text.parse::<i64>().unwrap(),
                number => number.as_i64().unwrap(),
            };
            let mut ids: Vec<i64> = parsed.iter().map(id).collect();
            assert_eq!(ids, catalogue.ids(kind));
            ids.sort_unstable();
            let truth = catalogue.truth(kind);
            assert_eq!(ids, truth.keys().copied().collect::<Vec<_>>());
            for (at, element) in parsed.iter().enumerate() {
                assert_eq!(element["num"], serde_json::json!(at + 1));
                let name = crate::truth::Truth::Text(element["name"].as_str().unwrap().to_owned());
                assert_eq!(truth[&id(element)]["name"], name);
            }
        }
    }

    #[test]
    fn shapes_and_categories() {
        let catalogue = Catalogue::new(&CatalogueConfig::small(5));
        let parse = |bytes: Vec<u8>| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        let movies = |shape, category| parse(catalogue.render(Kind::Movies, shape, category));
        assert_eq!(movies(Shape::Empty, None), serde_json::json!([]));
        assert_eq!(movies(Shape::Half, None).as_array().unwrap().len(), 30);
        assert_eq!(movies(Shape::Keyed, None)["59"]["num"], serde_json::json!(60));
        let (category, ..) = catalogue.categories_truth(Kind::Movies).swap_remove(0);
        let filtered = movies(Shape::Array, Some(&category)).as_array().unwrap().len();
        assert!(filtered > 0 && filtered < 60, "{filtered}");
    }

    #[test]
    fn sizes_are_those_of_real_panels() {
        let catalogue = Catalogue::new(&CatalogueConfig {
            seed: 2,
            channels: 2000,
            movies: 2000,
            series: 2000,
            items_per_category: 400,
        });
        let mean = |kind| catalogue.render(kind, Shape::Array, None).len() / 2000;
        let [channels, movies, series] = Kind::ALL.map(mean);
        assert!((340..420).contains(&channels), "{channels}");
        assert!((500..680).contains(&movies), "{movies}");
        assert!((1000..1400).contains(&series), "{series}");
    }
}
