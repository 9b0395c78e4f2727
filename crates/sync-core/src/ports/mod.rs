//! The ports: traits that this crate declares and adapters implement.

pub mod catalogue;
pub(crate) mod clock;
pub mod maintenance;
pub(crate) mod overlay;
pub mod paces;
pub mod profiles;
pub mod snapshots;
pub mod source;
pub mod store;

use catalogue::Catalogue;
use maintenance::Maintenance;
use overlay::Overlay;
use paces::Paces;
use profiles::Profiles;
use snapshots::Snapshots;

use crate::ports::store::ContentStore;

/// A whole cache, as an application needs it. Every type that implements the seven ports is one.
pub trait Cache: ContentStore + Catalogue + Profiles + Maintenance + Paces + Overlay + Snapshots {}

impl<T: ContentStore + Catalogue + Profiles + Maintenance + Paces + Overlay + Snapshots + ?Sized> Cache for T {}
