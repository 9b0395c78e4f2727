//! Positions in the feed.
//!
//! A position is an epoch and a sequence. It says: everything up to here is known. Entries behind it can be read
//! as long as the epoch goes on and none of them was pruned.

use std::fmt;

/// How far the feed of a profile goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Feed {
    /// A random number that begins anew whenever positions lose their meaning: when the content is cleared, the
    /// profile removed and added, or the cache restored. Never 0.
    pub epoch: i64,
    /// The oldest position from which everything that followed can be read.
    pub oldest: i64,
    /// The position behind the newest entry.
    pub newest: i64,
}

/// Why a position can't be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PositionGone {
    /// It is of another epoch.
    Epoch,
    /// Entries behind it were pruned.
    Pruned,
    /// It is ahead of the newest entry.
    Ahead,
}

impl Feed {
    /// Fails where the entries behind a position can't all be read. `epoch` is that of the position, where it
    /// names one.
    pub fn check(&self, epoch: Option<i64>, sequence: i64) -> Result<(), PositionGone> {
        match () {
            () if epoch.is_some_and(|epoch| epoch != self.epoch) => Err(PositionGone::Epoch),
            () if sequence > self.newest => Err(PositionGone::Ahead),
            () if sequence < self.oldest => Err(PositionGone::Pruned),
            () => Ok(()),
        }
    }
}

impl fmt::Display for PositionGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Epoch => "the position is of an epoch that has ended",
            Self::Pruned => "entries behind the position were pruned",
            Self::Ahead => "the position is ahead of the newest entry",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_good_between_the_oldest_and_the_newest_one() {
        let feed = Feed { epoch: 7, oldest: 10, newest: 20 };
        for (epoch, sequence, expected) in [
            (None, 10, Ok(())),
            (Some(7), 20, Ok(())),
            (Some(7), 9, Err(PositionGone::Pruned)),
            (None, 21, Err(PositionGone::Ahead)),
            (Some(8), 15, Err(PositionGone::Epoch)),
            (Some(8), 99, Err(PositionGone::Epoch)),
        ] {
            assert_eq!(feed.check(epoch, sequence), expected, "{epoch:?} {sequence}");
        }
    }
}
