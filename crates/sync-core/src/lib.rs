#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! - A run: [`Engine`], [`SyncOptions`], [`SyncReport`], [`Observer`].
//! - The ports: [`ContentSource`], [`ContentStore`], [`Catalogue`], [`Profiles`], [`Maintenance`], [`Clock`]; [`Cache`]
//!   is all four of a cache.
//! - Items: [`Channel`], [`Movie`], [`Series`], [`Item`], [`ContentKind`].
//! - What has changed: [`compare_channels`], [`Differ`]. What may be removed: [`settle`](mod@settle), [`HoldReason`].

mod arrivals;
mod clock;
mod compare;
mod counts;
mod diff;
mod digest;
mod engine;
mod error;
mod facts;
mod guard;
mod hint;
mod index;
mod lazy_index;
mod merge;
pub mod model;
mod plan;
mod policy;
mod ports;
mod progress;
mod report;
#[cfg(feature = "serde")]
mod serialise;
pub mod settle;
pub mod source;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod timestamp;
mod volatile;

pub use clock::Clock;
pub use compare::{Comparison, compare_channels, compare_movies, compare_series};
pub use counts::Counts;
pub use diff::{ContractBreach, Differ, Needs};
pub use digest::{Digest, DigestScheme, Fingerprint};
pub use engine::Engine;
pub use error::{ErrorClass, ErrorCode};
pub use facts::{FactRow, KindFacts, PanelFacts, Sighting};
pub use guard::{Doubt, HoldReason, Loss, implausible};
pub use hint::Hint;
pub use index::{DuplicateId, ListingIndex};
pub use lazy_index::LazyIndex;
pub use merge::{Change, differences, judge, merge};
pub use model::{
    Account, AccountStatus, Category, CategoryId, CategorySet, Channel, Content, ContentId, ContentKind, Extra,
    FieldClass, FieldSet, FieldSpec, InvalidProfileId, Item, Listed, Movie, PerKind, ProfileId, Scope, Series, Shape,
    Text, UnknownKind, Value, ValueRef,
};
pub use plan::{KindPlan, PlannedItem, PlannedRemoval, PlannedUpdate};
pub use policy::{ChangePolicy, GuardThresholds, PolicyChoice, Retention, SyncMode, SyncOptions};
pub use ports::catalogue::Catalogue;
pub use ports::maintenance::Maintenance;
pub use ports::profiles::{PasswordSource, Profile, Profiles};
pub use ports::{Cache, catalogue, maintenance, profiles};
pub use progress::{Observer, Phase, Progress};
pub use report::{KindOutcome, KindRecord, ReportError, RunStatus, SyncReport, Warning};
pub use source::{ContentSource, SourceError};
pub use store::{ContentStore, StoreError};
pub use timestamp::is_item_updated;
pub use volatile::{FieldFacts, LeftOut, Standing, Treatment};

#[cfg(any(test, feature = "mock"))]
pub use ports::{catalogue::MockCatalogue, maintenance::MockMaintenance, profiles::MockProfiles};
#[cfg(any(test, feature = "mock"))]
pub use source::MockContentSource;
#[cfg(any(test, feature = "mock"))]
pub use store::{MockContentStore, MockStaging};
