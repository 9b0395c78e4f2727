//! Positions in the feed.
//!
//! A position is an epoch and a sequence. It says that everything up to it is known. The entries after it can be read
//! as long as the epoch has not ended and none of them was pruned.

use std::fmt;

/// The extent of a profile's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Feed {
    /// A random number. It changes if positions lose their meaning: when the content is cleared, when the profile is
    /// removed and added again, or when the cache is restored. It is never 0.
    pub epoch: i64,
    /// The oldest position from which all later entries can be read.
    pub oldest: i64,
    /// The position after the newest entry.
    pub newest: i64,
}

/// The reason why the feed can't be read from a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PositionGone {
    /// The position is of another epoch.
    Epoch,
    /// Entries after it were pruned.
    Pruned,
    /// The position is after the newest entry.
    Ahead,
}

impl Feed {
    /// Returns an error if the entries after a position can't all be read. `epoch` is that of the position, if it names
    /// one.
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
    fn a_position_is_valid_between_the_oldest_and_the_newest_one() {
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
