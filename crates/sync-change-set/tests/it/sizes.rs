//! The size of a row in a file, for movies as catalogues have them: with a plot, actors and addresses of posters.

use fastrand::Rng;
use sync_change_set::Tuning;
use sync_core::change_set::{ChangedRow, OrderChange, Placed, Record};
use sync_core::{Content, ContentId, ContentKind, FieldSet, Movie};

use crate::support::{Set, read};

const SYLLABLES: [&str; 20] = [
    "ka", "lo", "mi", "ter", "sa", "ne", "ru", "vin", "del", "tor", "an", "es", "ing", "per", "st", "co", "be", "al",
    "on", "ti",
];

/// Makes movies of words that are about as frequent as those of a language.
struct Maker {
    rng: Rng,
    words: Vec<String>,
}

impl Maker {
    fn new() -> Self {
        let mut rng = Rng::with_seed(5);
        let word = |rng: &mut Rng| (0..rng.usize(2..5)).map(|_| SYLLABLES[rng.usize(..20)]).collect();
        Self { words: (0..8000).map(|_| word(&mut rng)).collect(), rng }
    }

    fn words(&mut self, count: usize) -> String {
        // The share of a word falls with its rank: of each power of ten of ranks there are equally many.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8,000")]
        let rank = |rng: &mut Rng| (8000_f64.powf(rng.f64()) - 1.0) as usize;
        (0..count).map(|_| self.words[rank(&mut self.rng)].clone()).collect::<Vec<_>>().join(" ")
    }

    fn person(&mut self) -> String {
        format!("{} {}", self.words[self.rng.usize(..2000)], self.words[self.rng.usize(..8000)])
    }

    fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| self.rng.alphanumeric()).collect()
    }

    fn movie(&mut self, id: i64) -> Movie {
        let (name, plot, year) = (self.rng.usize(1..5), self.rng.usize(30..70), self.rng.i64(1950..2026));
        let mut movie = Movie::with_id(ContentId(id));
        movie.num = Some(id % 230_000);
        movie.name = format!("{} ({year})", self.words(name)).into();
        movie.year = Some(year.into());
        movie.stream_type = Some("movie".into());
        let poster = self.letters(27);
        movie.stream_icon = Some(format!("https://image.tmdb.example/t/p/w600_and_h900_bestv2/{poster}.jpg").into());
        let tenths = self.rng.u8(30..95);
        movie.rating = Some(f64::from(tenths) / 10.0);
        movie.rating_5based = Some(f64::from(tenths / 2) / 10.0);
        movie.genre = Some(["Drama", "Action, Thriller", "Comedy", "Documentary"][self.rng.usize(..4)].into());
        movie.added = Some(self.rng.i64(1_600_000_000..1_767_225_600).into());
        movie.category_id = Some(self.rng.i64(1..400).into());
        movie.category_ids = movie.category_id.iter().collect();
        movie.container_extension = Some(if self.rng.bool() { "mkv" } else { "mp4" }.into());
        movie.release_date = Some(format!("{year}-{:02}-{:02}", self.rng.u8(1..13), self.rng.u8(1..29)).into());
        movie.cast = Some((0..5).map(|_| self.person()).collect::<Vec<_>>().join(", ").into());
        movie.director = Some(self.person().into());
        movie.plot = Some(self.words(plot).into());
        movie.youtube_trailer = Some(self.letters(11).into());
        movie.tmdb_id = Some(self.rng.i64(1..1_200_000).into());
        movie.episode_run_time = Some(self.rng.i64(70..160));
        movie
    }

    /// Returns a row with one significant field that has changed.
    fn changed(&mut self, id: i64) -> Record {
        let name = ["name", "category_ids", "plot", "year"][self.rng.usize(..4)];
        let mut fields = FieldSet::EMPTY;
        fields.add(ContentKind::Movies.field(name).unwrap());
        Record::Changed(ChangedRow { item: self.movie(id).into_item(), fields })
    }
}

fn size(has_display: bool, records: Vec<Record>) -> usize {
    let set = Set::of(has_display, vec![(ContentKind::Movies, records)]);
    let file = set.write(Tuning::Increment);
    assert_eq!(read(file.as_slice()).unwrap(), set.canonical());
    file.len()
}

#[test]
fn a_row_takes_few_bytes() {
    let mut maker = Maker::new();
    let ids: Vec<i64> = (0..2300)
        .scan(1_000_000, |id, _| {
            *id += maker.rng.i64(1..200);
            Some(*id)
        })
        .collect();
    let rows: [Vec<Record>; 4] = [
        ids.iter().map(|id| Record::New(maker.movie(*id).into_item())).collect(),
        ids.iter().map(|id| maker.changed(*id)).collect(),
        ids.iter().map(|id| Record::Gone(ContentId(*id))).collect(),
        ids.iter()
            .zip(0..)
            .map(|(id, nth)| match nth % 4 {
                0 | 1 => Record::New(maker.movie(*id).into_item()),
                2 => maker.changed(*id),
                _ => Record::Gone(ContentId(*id)),
            })
            .collect(),
    ];
    let whole: Vec<ContentId> = (0..2300).rev().map(|nth| ContentId(1000 + nth * 2 + maker.rng.i64(0..2))).collect();
    let run = |nth: i64, rng: &mut Rng| Placed {
        after: Some(ContentId(rng.i64(0..400_000))),
        ids: vec![ContentId(2_000_000 + nth * 2)],
    };
    let placed: Vec<Placed> = (0..2300).map(|nth| run(nth, &mut maker.rng)).collect();
    let [new, changed, gone, mixed] = rows;
    let cases = [
        ("new", new, [260, 210]),
        ("changed", changed, [85, 40]),
        ("gone", gone, [4, 4]),
        ("half new, a quarter changed, a quarter gone", mixed, [155, 120]),
        ("whole order", vec![Record::Order(OrderChange::Whole(whole))], [1, 1]),
        ("placed", vec![Record::Order(OrderChange::Placed(placed))], [4, 4]),
    ];
    for (what, records, most) in cases {
        for (has_display, most) in [true, false].into_iter().zip(most) {
            let bytes = size(has_display, records.clone());
            let tenths = bytes * 10 / 2300;
            eprintln!("{what}, display {has_display}: {bytes} bytes, {}.{} per row", tenths / 10, tenths % 10);
            assert!(bytes <= most * 2300, "{what}: {bytes}");
        }
    }
}
