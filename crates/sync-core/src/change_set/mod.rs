//! Change sets: the changes of a profile as values that another cache can apply.
//!
//! A change set says how the kinds of a profile get from one state to another. A state is named by its [`ContentHash`],
//! so a cache can prove that a set fits before it applies it, and that it has the right state after it. The format of
//! the file is in `docs/change-sets.md`; this module has what it is made of.

pub mod hash;
pub mod identity;
pub mod net;
pub mod order;
pub mod record;

pub use hash::{ContentHash, RowHash, RowHasher};
pub use identity::PanelIdentity;
pub use net::{NetChange, NetChanges};
pub use order::{Moves, OrderChange, Placed};
pub use record::{ChangedRow, KindChange, Place, Record, SetHeader};
