//! Finds out whether a text may contain a login: it contains an address, or the password. Every text of a new item is
//! examined and nearly all have neither, so a single pass looks for both.

use std::cell::RefCell;

use memchr::{memchr_iter, memchr2_iter};

use crate::model::Item;

thread_local! {
    /// The texts of an item, one after another. They are short, so one search over all of them is faster than one
    /// search per text.
    static TEXTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The marks that are searched for in a text.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A byte that occurs in every spelling of the password; `None` if there is no such byte or no spelling.
    byte: Option<u8>,
    /// The spellings, each with the position of the byte in it.
    spellings: Vec<(usize, String)>,
    /// Whether there are spellings, but no byte that occurs in all of them. Then every text may contain the password.
    is_unknown: bool,
}

/// The most frequent bytes of texts, the most frequent first. Bytes that are not listed are rarer.
const COMMON: &[u8] = b" etaoinsrhldcumfgpwybvk,.ETAOINSRHLDCUMFGPWYBVK0123456789-xjqz";

impl Marks {
    pub(super) fn of(spellings: &[String]) -> Self {
        let Some(first) = spellings.first() else { return Self::default() };
        let in_all = |byte: &u8| spellings.iter().all(|spelling| spelling.as_bytes().contains(byte));
        let rank = |byte: &u8| COMMON.iter().position(|common| common == byte).unwrap_or(COMMON.len());
        let Some(byte) = first.bytes().filter(in_all).max_by_key(rank) else {
            return Self { is_unknown: true, ..Self::default() };
        };
        let with_place =
            |spelling: &String| (spelling.bytes().position(|it| it == byte).unwrap_or(0), spelling.clone());
        Self { byte: Some(byte), spellings: spellings.iter().map(with_place).collect(), is_unknown: false }
    }

    /// Returns whether a significant field of an item may contain an address or the password.
    pub(super) fn are_in_item(&self, item: &Item) -> bool {
        TEXTS.with_borrow_mut(|texts| {
            texts.clear();
            item.each_text(|text| {
                texts.extend_from_slice(text.as_bytes());
                texts.push(0);
            });
            self.are_in_bytes(texts)
        })
    }

    /// Returns whether a text contains an address or a spelling of the password. Other texts need no blanking.
    #[cfg(test)]
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.are_in_bytes(text.as_bytes())
    }

    fn are_in_bytes(&self, text: &[u8]) -> bool {
        let is_address = |at: usize| text[at..].starts_with(b"://");
        match self.byte {
            Some(byte) => memchr2_iter(b':', byte, text).any(|at| is_address(at) || self.is_spelling(text, at)),
            None => self.is_unknown || memchr_iter(b':', text).any(is_address),
        }
    }

    fn is_spelling(&self, text: &[u8], at: usize) -> bool {
        let starts = |(place, spelling): &(usize, String)| {
            at.checked_sub(*place).is_some_and(|start| text[start..].starts_with(spelling.as_bytes()))
        };
        self.spellings.iter().any(starts)
    }
}
