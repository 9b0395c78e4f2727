//! Finds the entries of an index that have the words of a search, the best first.
//!
//! The ranks are, in this order: the name is exactly the typed text; a name begins with it; a name has all words; a
//! name has all words if blanks are ignored (`spiderman` for `Spider Man`, and the reverse); the words are anywhere.
//!
//! The text of all entries is scanned for only one word, the rarest, and only its hits are examined further. Within a
//! rank, the results come in the order of the index, so a scan ends with the last result that is needed.

use memchr::memmem::Finder;

use super::index::{SearchIndex, Texts};
use super::words::{Word, Words};

/// The exact name.
const EXACT: u8 = 0;
/// A name begins with the text.
const PREFIX: u8 = 1;
/// All words are in a name.
const NAME: u8 = 2;
/// All words are in a name if blanks are ignored.
const JOINED: u8 = 3;
/// All words are in the searched fields.
const ANYWHERE: u8 = 4;

/// The number of bytes of a text from which the frequency of a word is estimated.
const SAMPLE: usize = 1 << 18;

/// The largest number of neighbouring words that are taken as one.
const GROUP_MAX: usize = 8;

/// The number of names up to which a word is rare. The names with a rare word are examined one by one.
const FEW_HITS: usize = 4_096;

/// An entry that was found, by its position in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) rank: u8,
    pub(super) position: usize,
}

/// The wanted results.
pub(super) struct Wanted<'a> {
    /// Only results after this one.
    pub(super) after: Option<Found>,
    /// The largest number of results.
    pub(super) limit: usize,
    /// Returns whether the entry at a position passes the filter.
    pub(super) passes: &'a dyn Fn(usize) -> bool,
}

/// Returns the entries that have the words, by rank and position.
///
/// If no entry has the words, a word may be written apart in a name while the others are elsewhere. This costs one more
/// scan.
pub(super) fn find(index: &SearchIndex, words: &Words, wanted: &Wanted<'_>) -> Vec<Found> {
    find_among(index, words, wanted, FEW_HITS)
}

/// Does the same as [`find`]. Names with the rarest word are examined one by one if there are at most `few` of them.
fn find_among(index: &SearchIndex, words: &Words, wanted: &Wanted<'_>, few: usize) -> Vec<Found> {
    if words.is_empty() {
        return Vec::new();
    }
    let found = search(index, words, wanted, few, false);
    if !found.is_empty() || words.wanted.len() == 1 {
        return found;
    }
    // Every page of a query has to decide in the same way.
    let first = Wanted { after: None, limit: 1, passes: wanted.passes };
    if wanted.after.is_some() && !search(index, words, &first, few, false).is_empty() {
        return found;
    }
    search(index, words, wanted, few, true)
}

fn search(index: &SearchIndex, words: &Words, wanted: &Wanted<'_>, few: usize, apart: bool) -> Vec<Found> {
    let matcher = Matcher::new(index, words);
    let rarest = matcher.rarest(&[index.names()]);
    let hits = Scan::new(&words.wanted[rarest].needle, index.names(), 0);
    let mut hits: Vec<_> = hits.take(few + 1).collect();
    let is_rare = hits.len() <= few;
    if !is_rare {
        hits.clear();
    }
    let mut search = Search { matcher, wanted, rarest, hits: is_rare.then_some(hits), found: Vec::new() };
    if apart {
        search.joined_in_names(true);
        search.apart_and_anywhere();
    } else {
        match search.hits.clone() {
            Some(hits) => search.among(&hits),
            None => search.exact_prefix_and_name(),
        }
        search.joined_in_names(false);
        search.anywhere();
    }
    search.found
}

/// Collects the results of one search.
struct Search<'a> {
    matcher: Matcher<'a>,
    wanted: &'a Wanted<'a>,
    /// The word that is the rarest in names.
    rarest: usize,
    /// The positions of all names with this word, if there are few.
    hits: Option<Vec<usize>>,
    found: Vec<Found>,
}

impl Search<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.wanted.limit
    }

    /// Returns whether results of a rank are still wanted.
    fn wants(&self, rank: u8) -> bool {
        !self.is_full() && self.wanted.after.is_none_or(|after| after.rank <= rank)
    }

    /// Returns the position at which the results of a rank begin.
    fn start(&self, rank: u8) -> usize {
        self.wanted.after.filter(|after| after.rank == rank).map_or(0, |after| after.position.saturating_add(1))
    }

    /// Adds the entries of this rank that pass the filter, until there are enough.
    fn take(&mut self, rank: u8, positions: impl Iterator<Item = usize>) {
        for position in positions {
            if (self.wanted.passes)(position) && self.matcher.rank(position, rank) == Some(rank) {
                self.found.push(Found { rank, position });
                if self.is_full() {
                    return;
                }
            }
        }
    }

    /// Sorts the few names that have the rarest word by rank.
    fn among(&mut self, hits: &[usize]) {
        let mut ranked: [Vec<Found>; 3] = [EXACT, PREFIX, NAME].map(|_| Vec::new());
        for position in hits.iter().copied().filter(|position| (self.wanted.passes)(*position)) {
            if let Some(rank) = self.matcher.rank(position, NAME)
                && self.wants(rank)
                && position >= self.start(rank)
            {
                ranked[usize::from(rank)].push(Found { rank, position });
            }
        }
        self.found.extend(ranked.into_iter().flatten());
        self.found.truncate(self.wanted.limit);
    }

    /// Scans for each rank separately, each time up to the last result that is needed.
    fn exact_prefix_and_name(&mut self) {
        let (index, plain) = (self.matcher.index, self.matcher.words.plain.as_str());
        let names = index.names();
        if self.wants(EXACT) {
            let from = self.start(EXACT);
            let ends = ["\n", "\t"].map(|end| format!("\n {plain}{end}"));
            // The line feed after the last line of a name is that of the next name.
            let [whole, before_joined] =
                ends.each_ref().map(|needle| Scan::up_to(needle, needle.len() - 1, names, from));
            let (mut whole, mut before_joined) = (whole.peekable(), before_joined.peekable());
            let both = std::iter::from_fn(move || {
                let next = [whole.peek(), before_joined.peek()].into_iter().flatten().min().copied()?;
                whole.next_if_eq(&next);
                before_joined.next_if_eq(&next);
                Some(next)
            });
            self.take(EXACT, both);
        }
        if self.wants(PREFIX) {
            let needle = format!("\n {plain}");
            self.take(PREFIX, Scan::new(&needle, names, self.start(PREFIX)));
        }
        if self.wants(NAME) {
            let needle = &self.matcher.words.wanted[self.rarest].needle;
            self.take(NAME, Scan::new(needle, names, self.start(NAME)));
        }
    }

    /// Finds words that are one word in a name, and the reverse. If `apart` is true, also finds names with the rarest
    /// word written apart beside other words.
    fn joined_in_names(&mut self, apart: bool) {
        if !self.wants(JOINED) {
            return;
        }
        let mut positions = self.matcher.written_with_another(self.rarest);
        let words = &self.matcher.words.wanted;
        if words.len() == 1 || apart {
            positions.extend(self.matcher.written_apart(self.rarest));
        }
        if words.len() > 1 {
            match &self.hits {
                Some(hits) => positions.extend(hits),
                None => positions.extend(Scan::new(&words[self.rarest].needle, self.matcher.index.names(), 0)),
            }
        }
        positions.sort_unstable();
        positions.dedup();
        let start = self.start(JOINED);
        self.take(JOINED, positions.into_iter().filter(|position| *position >= start));
    }

    fn anywhere(&mut self) {
        let (index, words) = (self.matcher.index, &self.matcher.words.wanted);
        if !self.wants(ANYWHERE) || index.rest().ends.is_empty() {
            return;
        }
        let from = self.start(ANYWHERE);
        let word = self.matcher.rarest(&[index.names(), index.rest()]);
        let hits = self.hits.clone().filter(|_| word == self.rarest);
        let in_names: Box<dyn Iterator<Item = usize>> = match hits {
            Some(hits) => Box::new(hits.into_iter().filter(move |position| *position >= from)),
            None => Box::new(Scan::new(&words[word].needle, index.names(), from)),
        };
        let (mut in_names, mut in_rest) =
            (in_names.peekable(), Scan::new(&words[word].needle, index.rest(), from).peekable());
        let both = std::iter::from_fn(move || {
            let next = [in_names.peek(), in_rest.peek()].into_iter().flatten().min().copied()?;
            in_names.next_if_eq(&next);
            in_rest.next_if_eq(&next);
            Some(next)
        });
        self.take(ANYWHERE, both);
    }

    /// Finds names in which the rarest word is written apart while other words are elsewhere.
    fn apart_and_anywhere(&mut self) {
        if self.wants(ANYWHERE) && !self.matcher.index.rest().ends.is_empty() {
            let word = self.matcher.rarest(&[self.matcher.index.names(), self.matcher.index.rest()]);
            let from = self.start(ANYWHERE);
            let positions = self.matcher.written_apart(word);
            self.take(ANYWHERE, positions.into_iter().filter(|position| *position >= from));
        }
    }
}

/// Judges single entries.
struct Matcher<'a> {
    index: &'a SearchIndex,
    words: &'a Words,
    /// Neighbouring words taken as one: the first, the last, and the letters. Single words are among them.
    groups: Vec<(usize, usize, Word)>,
}

impl<'a> Matcher<'a> {
    fn new(index: &'a SearchIndex, words: &'a Words) -> Self {
        let mut groups = Vec::new();
        for first in 0..words.wanted.len() {
            let mut letters = String::new();
            for (last, word) in words.wanted.iter().enumerate().skip(first).take(GROUP_MAX) {
                letters.push_str(word.letters());
                groups.push((first, last, Word::new(&letters)));
            }
        }
        Self { index, words, groups }
    }

    /// Returns the rank of an entry if it is at most `lowest`. A worse rank is treated like no rank.
    fn rank(&self, position: usize, lowest: u8) -> Option<u8> {
        let (names, rest) = (self.index.names().get(position), self.index.rest().get(position));
        let plain = self.words.plain.as_str();
        let mut is_prefix = false;
        if self.is_excluded(names, rest) {
            return None;
        }
        for line in names.split('\n').filter_map(|line| line.strip_prefix(' ')) {
            let line = line.split('\t').next().unwrap_or_default();
            if line == plain {
                return Some(EXACT);
            }
            is_prefix |= line.starts_with(plain);
        }
        let texts = |lowest| if lowest == ANYWHERE { [names, rest] } else { [names, ""] };
        if is_prefix && self.has_phrases(&[names]) {
            return Some(PREFIX);
        }
        if lowest < NAME || !self.has_phrases(&texts(lowest)) {
            return None;
        }
        if self.words.wanted.iter().all(|word| names.contains(&word.needle)) && self.has_phrases(&[names]) {
            return Some(NAME);
        }
        if lowest < JOINED {
            return None;
        }
        if self.has_groups(names, "") && self.has_phrases(&[names]) {
            return Some(JOINED);
        }
        (lowest >= ANYWHERE && self.has_groups(names, rest)).then_some(ANYWHERE)
    }

    fn is_excluded(&self, names: &str, rest: &str) -> bool {
        let has = |word: &Word| names.contains(&word.needle) || rest.contains(&word.needle);
        self.words.excluded.iter().any(|group| {
            let joined: String = group.iter().map(Word::letters).collect();
            group.iter().all(has) || has(&Word::new(&joined)) || has_apart(names, &Word::new(&joined))
        })
    }

    /// Returns whether each phrase is in one of the texts.
    fn has_phrases(&self, texts: &[&str]) -> bool {
        self.words.phrases.iter().all(|phrase| texts.iter().any(|text| has_phrase(text, phrase)))
    }

    /// Returns whether all words are present, some of them perhaps joined: in the names, where blanks are ignored, or
    /// in the rest.
    fn has_groups(&self, names: &str, rest: &str) -> bool {
        // For each position, whether all words before it are present.
        let mut reached = vec![false; self.words.wanted.len() + 1];
        reached[0] = true;
        for (first, last, word) in &self.groups {
            if reached[*first] && !reached[last + 1] {
                let is_there = names.contains(&word.needle) || rest.contains(&word.needle);
                reached[last + 1] = is_there || has_apart(names, word);
            }
        }
        reached[self.words.wanted.len()]
    }

    /// Returns the rarest word in a sample of the texts; the longest one if several are equally rare.
    fn rarest(&self, texts: &[&Texts]) -> usize {
        let words = &self.words.wanted;
        if words.len() == 1 {
            return 0;
        }
        let met = |word: &Word| -> usize {
            let finder = Finder::new(word.needle.as_bytes());
            let sample = |texts: &Texts| {
                let bytes = texts.all.as_bytes();
                finder.find_iter(&bytes[..bytes.len().min(SAMPLE)]).count()
            };
            texts.iter().map(|texts| sample(texts)).sum()
        };
        let rarest = words.iter().enumerate().min_by_key(|(_, word)| (met(word), usize::MAX - word.needle.len()));
        rarest.map_or(0, |(position, _)| position)
    }

    /// Returns the positions of entries whose names have a word as the end of another one. Together with the words
    /// before it, it is one word.
    fn written_with_another(&self, word: usize) -> Vec<usize> {
        let ends_there = |first: usize, last: usize| last == word && first < last;
        // Three or more words are one word only if they are initials.
        let are_short = |first: usize| self.words.wanted[first..word].iter().all(|word| word.letters().len() == 1);
        let groups = self.groups.iter().filter(|(first, last, _)| ends_there(*first, *last));
        let groups = groups.filter(|(first, last, _)| last - first == 1 || are_short(*first));
        groups.flat_map(|(.., word)| Scan::new(&word.needle, self.index.names(), 0)).collect()
    }

    /// Returns the positions of entries whose names may have a word with blanks between its letters, ascending.
    fn written_apart(&self, word: usize) -> Vec<usize> {
        let word = &self.words.wanted[word];
        let mut letters = word.letters().chars();
        let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return Vec::new() };
        let blank = if word.is_unspaced() { "" } else { " " };
        let mut positions = Vec::new();
        for needle in [format!("{blank}{first}{second}"), format!("{blank}{first} {second}")] {
            let names = self.index.names();
            positions.extend(Scan::new(&needle, names, 0).filter(|position| has_apart(names.get(*position), word)));
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

/// Returns whether a phrase is in a text: its words next to each other, the last one complete.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_unspaced = phrase.chars().any(super::fold::is_unspaced);
    let needle = if is_unspaced { phrase.trim_start_matches(' ') } else { phrase };
    let ends = |behind: usize| is_unspaced || text[behind..].chars().next().is_none_or(|c| " \n\t".contains(c));
    text.match_indices(needle).any(|(at, found)| ends(at + found.len()))
}

/// Returns whether a word is in a text if blanks are ignored. It has to begin where a word begins.
fn has_apart(text: &str, word: &Word) -> bool {
    let letters = word.letters().as_bytes();
    let bytes = text.as_bytes();
    let first = letters[0];
    let from = usize::from(!word.is_unspaced());
    (from..bytes.len()).any(|start| {
        let begins = bytes[start] == first && (from == 0 || bytes[start - 1] == b' ');
        begins && starts_apart(&bytes[start..], letters)
    })
}

/// Returns whether bytes begin with these letters if blanks are ignored.
fn starts_apart(bytes: &[u8], letters: &[u8]) -> bool {
    let mut left = letters;
    for byte in bytes {
        match left {
            [] => return true,
            [next, rest @ ..] if next == byte => left = rest,
            _ if *byte == b' ' => {}
            _ => return false,
        }
    }
    left.is_empty()
}

/// The positions of the entries whose text has a needle, ascending, each once.
struct Scan<'a> {
    finder: Finder<'a>,
    texts: &'a Texts,
    position: usize,
    from: usize,
    /// The number of bytes of the needle that are in the text itself.
    length: usize,
}

impl<'a> Scan<'a> {
    /// Begins at the text at this position.
    fn new(needle: &'a str, texts: &'a Texts, position: usize) -> Self {
        Self::up_to(needle, needle.len(), texts, position)
    }

    /// Does the same for a needle of which only so many bytes are in the text itself. The others may be behind the
    /// text.
    fn up_to(needle: &'a str, length: usize, texts: &'a Texts, position: usize) -> Self {
        let from = if position < texts.ends.len() { texts.start(position) } else { texts.all.len() };
        Self { finder: Finder::new(needle), texts, position, from, length }
    }
}

impl Iterator for Scan<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let ends = &self.texts.ends;
        loop {
            let rest = self.texts.all.as_bytes().get(self.from..)?;
            let at = self.from + self.finder.find(rest)?;
            // Hits are either close together or far apart.
            let mut step = 1;
            while ends.get(self.position + step).is_some_and(|end| *end as usize <= at) {
                step *= 2;
            }
            let within = &ends[self.position..ends.len().min(self.position + step + 1)];
            let position = self.position + within.partition_point(|end| *end as usize <= at);
            if position >= ends.len() {
                return None;
            }
            self.position = position + 1;
            self.from = ends[position] as usize;
            // A needle that continues in the next text is in neither.
            if at + self.length <= self.from {
                return Some(position);
            }
        }
    }
}

#[cfg(test)]
mod tests;
