//! The ports: traits that this crate declares and adapters implement.

pub mod catalogue;
pub(crate) mod clock;
pub mod maintenance;
pub mod paces;
pub mod profiles;
pub mod source;
pub mod store;

use catalogue::Catalogue;
use maintenance::Maintenance;
use paces::Paces;
use profiles::Profiles;

use crate::ports::store::ContentStore;

/// A whole cache, as an application needs it. Every type that implements the five ports is one.
pub trait Cache: ContentStore + Catalogue + Profiles + Maintenance + Paces {}

impl<T: ContentStore + Catalogue + Profiles + Maintenance + Paces + ?Sized> Cache for T {}
