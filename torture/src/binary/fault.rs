//! The kinds of faults, and how often each is drawn.

use clap::ValueEnum;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Fault {
    /// kill -9 during a sync
    Kill,
    /// kill -9 while a cache is made, or emptied
    Create,
    /// SIGINT, SIGTERM and SIGHUP, once and twice
    Signal,
    /// Images of the files that a power loss may leave on disk
    Power,
    /// The number of pages of the database is limited
    Full,
    /// The size of files is limited
    Limit,
    /// File or folder can't be written
    ReadOnly,
    /// Not a database, cut off, flipped bits
    Damage,
    /// Another program writes, for a while or for too long
    Lock,
    /// Another program reads for long
    Reader,
    /// Several programs at once
    Several,
    /// A panic inside the store
    Panic,
    /// No program reads the output
    Streams,
    /// The observer of a run's progress panics
    Observer,
    /// kill -9 during the migration of an old cache
    Migrate,
    /// A program copies the cache during a sync
    Copy,
    /// kill -9 during an undo
    Undo,
    /// kill -9 during an edit
    Edit,
    /// kill -9 while a change set is applied
    Apply,
}

impl Fault {
    /// Each fault with how often it is drawn.
    const WEIGHTS: [(Self, u32); 16] = [
        (Self::Kill, 100),
        (Self::Create, 10),
        (Self::Signal, 20),
        (Self::Power, 2),
        (Self::Full, 8),
        (Self::Limit, 8),
        (Self::ReadOnly, 3),
        (Self::Damage, 6),
        (Self::Lock, 4),
        (Self::Reader, 2),
        (Self::Several, 5),
        (Self::Panic, 6),
        (Self::Streams, 3),
        (Self::Observer, 2),
        (Self::Migrate, 6),
        (Self::Copy, 6),
    ];

    /// Later faults. Each has dice of its own, so that a stored seed still gives the same faults if a later one isn't
    /// drawn.
    const LATER: [(Self, u32); 3] = [(Self::Undo, 12), (Self::Edit, 8), (Self::Apply, 8)];

    /// Draws a fault: one of these, or any.
    pub(crate) fn draw(rng: &mut fastrand::Rng, only: &[Self]) -> Self {
        let drawn = |fault: &Self| only.is_empty() || only.contains(fault);
        let rest: u32 = Self::WEIGHTS.iter().filter(|(fault, _)| drawn(fault)).map(|(_, weight)| weight).sum();
        let mut own = fastrand::Rng::with_seed(!rng.clone().u64(..));
        for (later, weight) in Self::LATER {
            if drawn(&later) && own.u32(..rest + weight) < weight {
                return later;
            }
        }
        let weights = Self::WEIGHTS.iter().filter(|(fault, _)| drawn(fault));
        let all: u32 = weights.clone().map(|(_, weight)| weight).sum();
        let mut left = rng.u32(..all);
        for (fault, weight) in weights {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *fault,
            }
        }
        Self::Kill
    }

    /// Returns the word for it on the command line and in the table.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
