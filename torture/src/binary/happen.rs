//! The code that makes each fault.

use super::fault::Fault;
use super::scene::Scene;
use super::{
    apply, copies, creation, damage, edit, full, kills, limits, locks, migration, observers, panics, power, read_only,
    several, signals, streams, undo,
};
use crate::Outcome;

impl Fault {
    /// Makes the fault, and judges the result.
    pub(crate) fn happen(self, scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
        match self {
            Self::Kill => kills::during_a_sync(scene, rng),
            Self::Create => creation::interrupted(scene, rng),
            Self::Signal => signals::at_some_moment(scene, rng),
            Self::Power => power::lost(scene, rng),
            Self::Full => full::at_some_page(scene, rng),
            Self::Limit => limits::on_a_file(scene, rng),
            Self::ReadOnly => read_only::refused(scene, rng),
            Self::Damage => damage::told(scene, rng),
            Self::Lock => locks::by_a_writer(scene, rng),
            Self::Reader => locks::by_a_reader(scene, rng),
            Self::Several => several::at_once(scene, rng),
            Self::Panic => panics::inside_the_store(scene, rng),
            Self::Streams => streams::that_nobody_reads(scene, rng),
            Self::Observer => observers::that_panic(scene, rng),
            Self::Migrate => migration::interrupted(scene, rng),
            Self::Undo => undo::killed(scene, rng),
            Self::Edit => edit::killed(scene, rng),
            Self::Apply => apply::killed(scene, rng),
            Self::Copy => copies::during_a_sync(scene, rng),
        }
    }
}
