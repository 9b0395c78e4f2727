//! The words of names, plots and addresses: several scripts, the decorations of real panels, and characters that break
//! careless escaping.

use crate::prng::Prng;

const COUNTRIES: [&str; 14] = ["UK", "US", "FR", "DE", "ES", "IT", "PT", "NL", "TR", "AR", "RU", "GR", "PL", "EX-YU"];

const BROADCASTERS: [&str; 24] = [
    "BBC ONE",
    "ITV 2",
    "Sky Sports F1",
    "Canal+ Sport",
    "TF1",
    "RTL",
    "ProSieben",
    "Antena 3",
    "Rai Uno",
    "SIC Notícias",
    "NPO 1",
    "TRT 1",
    "A&E",
    "Nick Jr. / Toons",
    "MTV \"Hits\"",
    "Первый канал",
    "Россия 24",
    "ΕΡΤ1",
    "ΣΚΑΪ",
    "الجزيرة الإخبارية",
    "قناة العربية",
    "MBC مصر",
    "CCTV-13 新闻",
    "TVP Info",
];

const QUALITIES: [&str; 8] = ["", " HD", " FHD", " ᴴᴰ", " 4K", " ⱽᴵᴾ", " SD", " ᴿᴬᵂ"];

const ADJECTIVES: [&str; 20] = [
    "Silent",
    "Crimson",
    "Last",
    "Broken",
    "Golden",
    "Hidden",
    "Endless",
    "Savage",
    "Little",
    "Electric",
    "Frozen",
    "Lonely",
    "Wild",
    "Midnight",
    "Perfect",
    "Burning",
    "Distant",
    "Invisible",
    "Sacred",
    "Strange",
];

const NOUNS: [&str; 20] = [
    "River",
    "Garden",
    "Promise",
    "Empire",
    "Winter",
    "Detective",
    "Kingdom",
    "Highway",
    "Daughter",
    "Harbour",
    "Shadow",
    "Orchestra",
    "Frontier",
    "Letter",
    "Machine",
    "Island",
    "Witness",
    "Mountain",
    "Season",
    "Stranger",
];

const FOREIGN: [&str; 14] = [
    "Москва слезам не верит",
    "Тёмный лес",
    "Ο Δράκουλας στην Αθήνα",
    "Ένα καλοκαίρι",
    "ليلة الحسم",
    "باب الحارة",
    "千と千尋の神隠し",
    "기생충",
    "Amélie à l'été",
    "Übermut & Größe",
    "Señor Ñandú",
    "Čefurji raus!",
    "İstanbul'un Gözü",
    "Łódź 1920",
];

const FIRST_NAMES: [&str; 16] = [
    "Anna",
    "James",
    "Sofía",
    "Jürgen",
    "Chloé",
    "Omar",
    "Ирина",
    "Νίκος",
    "فاطمة",
    "Li",
    "Emma",
    "Noah",
    "Zoë",
    "Marek",
    "Ayşe",
    "Idris",
];

const LAST_NAMES: [&str; 16] = [
    "Novak",
    "O'Connor",
    "García",
    "Müller",
    "Dubois",
    "al-Masri",
    "Иванова",
    "Παππάς",
    "Wang",
    "Smith",
    "Jones",
    "Yılmaz",
    "Kowalski",
    "Fernández",
    "Andersson",
    "D'Angelo",
];

const GENRES: [&str; 10] = [
    "Action",
    "Drama",
    "Comedy",
    "Sci-Fi & Fantasy",
    "Thriller",
    "Crime",
    "Documentary",
    "Animation",
    "War & Politics",
    "Family",
];

const CLAUSES: [&str; 22] = [
    "a retired detective is drawn back into the case that ended her career",
    "two brothers inherit a failing hotel on the coast",
    "the last crew of a research station loses contact with the mainland",
    "a young pianist discovers letters that were never meant for him",
    "an ordinary clerk is mistaken for a wanted man",
    "the village has kept its secret for forty years",
    "nobody believes the child who saw it happen",
    "old friends meet again and find that nothing was forgotten",
    "a storm cuts the island off from the world",
    "she must choose between her family and the truth",
    "the investigation leads to the highest offices of the state",
    "an unlikely friendship changes both their lives",
    "time is running out for everybody in the valley",
    "he says \"trust nobody\" and disappears",
    "what began as a game becomes a matter of life and death",
    "the past catches up with them on the road to the border",
    "rivals in the kitchen, they become partners out of necessity",
    "в маленьком городе все знают друг друга",
    "μια ιστορία για τη μνήμη και τη θάλασσα",
    "une comédie douce-amère sur l'âge adulte",
    "based on a true story / inspired by the award-winning novel",
    "all while the city prepares for the carnival",
];

/// Returns the name of a channel, which is often decorated and often in another script.
pub(crate) fn channel_name(rng: &mut Prng, index: u64) -> String {
    let country = rng.pick(&COUNTRIES);
    let station = rng.pick(&BROADCASTERS);
    let quality = rng.pick(&QUALITIES);
    match rng.below(8) {
        0 => format!("┃{country}┃ {station}{quality}"),
        1 => format!("|{country}| {station}{quality}"),
        2 => format!("{country}: {station}{quality} ◉"),
        3 => format!("⭐ {station}{quality} {index}"),
        4 => format!("{country} ➾ {station} {index}{quality}"),
        5 if index.is_multiple_of(5) => format!("##### {country} {station} #####"),
        _ => format!("{country} - {station} {index}{quality}"),
    }
}

/// Returns the title of a movie or series, without decoration.
pub(crate) fn title(rng: &mut Prng) -> String {
    match rng.below(10) {
        0 | 1 => rng.pick(&FOREIGN).to_owned(),
        2 => format!("{} & {}: Part {}", rng.pick(&NOUNS), rng.pick(&NOUNS), rng.below(4) + 1),
        3 => format!("The \"{}\" {}", rng.pick(&ADJECTIVES), rng.pick(&NOUNS)),
        4 => format!("{} {} 🎬", rng.pick(&ADJECTIVES), rng.pick(&NOUNS)),
        5 => format!("{}/{}", rng.pick(&NOUNS), rng.pick(&ADJECTIVES)),
        _ => format!("The {} {}", rng.pick(&ADJECTIVES), rng.pick(&NOUNS)),
    }
}

/// Returns the name under which a title is listed: with a prefix of its language, a year, or both.
pub(crate) fn listed_name(rng: &mut Prng, title: &str, year: i64) -> String {
    match rng.below(4) {
        0 => format!("{} - {title} ({year})", rng.pick(&COUNTRIES)),
        1 => format!("┃{}┃ {title}", rng.pick(&COUNTRIES)),
        2 => format!("{title} ({year})"),
        _ => title.to_owned(),
    }
}

/// Returns a plot of about 200 to 900 bytes.
pub(crate) fn plot(rng: &mut Prng) -> String {
    let length = 200 + rng.position(600);
    let mut plot = String::with_capacity(length + 100);
    while plot.len() < length {
        let clause = rng.pick(&CLAUSES);
        let mut characters = clause.chars();
        plot.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        plot.push_str(characters.as_str());
        plot.push_str(match rng.below(12) {
            0 => "…\n",
            1 => "! ",
            _ => ". ",
        });
    }
    plot.truncate(plot.trim_end().len());
    plot
}

pub(crate) fn person(rng: &mut Prng) -> String {
    format!("{} {}", rng.pick(&FIRST_NAMES), rng.pick(&LAST_NAMES))
}

pub(crate) fn people(rng: &mut Prng, count: usize) -> String {
    (0..count).map(|_| person(rng)).collect::<Vec<_>>().join(", ")
}

pub(crate) fn genres(rng: &mut Prng) -> String {
    let first = rng.pick(&GENRES);
    let second = rng.pick(&GENRES);
    if first == second { first.to_owned() } else { format!("{first} / {second}") }
}

/// Returns the name of a category. Names repeat, and ids do not.
pub(crate) fn category_name(rng: &mut Prng, index: u64) -> String {
    let country = rng.pick(&COUNTRIES);
    let genre = rng.pick(&GENRES);
    match rng.below(6) {
        0 => format!("┃{country}┃ {}", genre.to_uppercase()),
        1 => format!("{country} | {genre} ⚽"),
        2 => format!("عربي | {genre}"),
        3 => "VOD / 4K".to_owned(),
        _ => format!("{country} {genre} {index}"),
    }
}

/// Returns the address of an image. Some addresses are absolute with a long path, and a few are relative.
pub(crate) fn image(rng: &mut Prng, folder: &str) -> String {
    let token = rng.next();
    match rng.below(20) {
        0 => format!("/images/{folder}/{token:016x}.png"),
        1..=4 => format!("http://cdn{}.example.net:8080/images/{folder}/{token:016x}.jpg?w=600&v=2", token % 4),
        _ => format!("https://image.example.org/t/p/w600_and_h900_bestv2/{token:016x}.jpg"),
    }
}
