//! The ports beside those of a run: what readers ask, where profiles are kept, and how a cache is looked after.

pub mod catalogue;
pub mod maintenance;
pub mod profiles;

use catalogue::Catalogue;
use maintenance::Maintenance;
use profiles::Profiles;

use crate::store::ContentStore;

/// A whole cache: all that an application needs of one. Whatever implements the four ports is one.
pub trait Cache: ContentStore + Catalogue + Profiles + Maintenance {}

impl<T: ContentStore + Catalogue + Profiles + Maintenance + ?Sized> Cache for T {}
