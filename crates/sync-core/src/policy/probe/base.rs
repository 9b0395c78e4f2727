//! The whole list with which probes are compared.

use crate::run::options::PolicyChoice;

/// The facts about the last whole list of a kind that probes need. They exist only if the list left nothing open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The time at which it was received, by our clock, in unix seconds.
    pub listed_at: i64,
    /// The watermark that came with it. If the kind has another one, another program has written the kind since then.
    pub watermark: i64,
    /// The number of its elements, as the panel counts them.
    pub elements: u64,
    /// The number of stored rows after it.
    pub rows: u64,
    /// The policy by which it was compared.
    pub policy: PolicyChoice,
    /// The id of the last element in the order in which the panel counts offsets; `None` until a growth probe has shown
    /// it.
    pub tail: Option<i64>,
    /// The number of probes since then that saw nothing.
    pub quiet: u32,
}

impl Base {
    pub(super) fn text(&self) -> String {
        let Self { listed_at, watermark, elements, rows, policy, tail, quiet } = self;
        let tail = tail.map_or_else(|| "-".to_owned(), |tail| tail.to_string());
        format!("{listed_at} {watermark} {elements} {rows} {} {tail} {quiet}", policy.as_str())
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let [listed_at, watermark, elements, rows, policy, tail, quiet] = words.as_slice() else { return None };
        let policies = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];
        Some(Self {
            listed_at: listed_at.parse().ok()?,
            watermark: watermark.parse().ok()?,
            elements: elements.parse().ok()?,
            rows: rows.parse().ok()?,
            policy: policies.into_iter().find(|known| known.as_str() == *policy)?,
            tail: if *tail == "-" { None } else { Some(tail.parse().ok()?) },
            quiet: quiet.parse().ok()?,
        })
    }
}
