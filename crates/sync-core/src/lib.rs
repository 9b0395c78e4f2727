#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! - A run: [`Engine`], [`SyncOptions`], [`SyncReport`], [`Observer`].
//! - The ports: [`ContentSource`], [`ContentStore`], [`Catalogue`], [`Profiles`], [`Maintenance`], [`Paces`],
//!   [`Overlay`], [`Snapshots`], [`Clock`]; [`Cache`] is all seven of a cache.
//! - Items: [`Channel`], [`Movie`], [`Series`], [`Item`], [`ContentKind`].
//! - What has changed: [`compare_channels`], [`Differ`]. What may be removed:
//!   [`decide_removals`](removal::decide_removals), [`HoldReason`].

pub mod change_set;
mod detect;
mod engine;
mod error;
mod facts;
pub mod feed;
mod hint;
mod login;
pub mod model;
pub mod overlay;
pub mod policy;
mod ports;
pub mod rate;
pub mod removal;
mod run;
pub mod search;
#[cfg(feature = "serde")]
mod serialise;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;

pub use change_set::{ContentHash, PanelIdentity, RowHash};
pub use detect::compare::{Comparison, compare_channels, compare_movies, compare_series};
pub use detect::diff::{ContractBreach, Differ, Needs};
pub use detect::digest::{Digest, DigestScheme, Fingerprint};
pub use detect::index::{DuplicateId, ListingIndex};
pub use detect::lazy_index::LazyIndex;
pub use detect::merge::{Change, differences, judge, merge};
pub use detect::timestamp;
pub use detect::timestamp::is_item_updated;
pub use detect::volatile::{FieldFacts, LeftOut, Standing, Treatment};
pub use engine::Engine;
pub use error::{ErrorClass, ErrorCode};
pub use facts::{FactRow, KindFacts, PanelFacts, Sighting, WorkingAddress};
pub use feed::change::{ChangeRecord, ColumnChange, LoggedChange, TakenBack};
pub use feed::position::{Feed, PositionGone};
pub use feed::undo::{Refused, UndoCounts, UndoOutcome, UndoRefusal, UndoReport, UndoRequest};
pub use hint::Hint;
pub use login::Login;
pub use model::{
    Account, AccountStatus, Category, CategoryId, CategorySet, Channel, Content, ContentId, ContentKind, Extra,
    FieldClass, FieldSet, FieldSpec, InvalidProfileId, Item, Listed, Movie, PerKind, ProfileId, Scope, Series, Shape,
    Text, UnknownKind, Value, ValueRef,
};
pub use policy::due::{Next, WallTime, Why};
pub use policy::history::{FailedAttempt, KindHistory};
pub use policy::pace::{AccountPace, Now};
pub use policy::schedule::{CronSchedule, Interval, NoSchedule, Schedule, Schedules};
pub use policy::zone::{TimeZone, UnknownTimeZone};
pub use ports::catalogue::Catalogue;
pub use ports::clock::{Clock, Timer};
pub use ports::maintenance::Maintenance;
pub use ports::overlay::{
    ChangedItem, EditCounts, EditQuery, EditRequest, NamedItem, Overlay, OverlayError, ResolveRequest,
};
pub use ports::paces::{AccountKey, Entry, Paces};
pub use ports::profiles::{
    FormerLogin, HookSettings, NetworkSettings, NotAValue, PasswordSource, Profile, Profiles, SettingRow,
};
pub use ports::snapshots::{KindState, Snapshot, SnapshotState, Snapshots, Until};
pub use ports::source::{ContentSource, SourceError};
pub use ports::store::{ContentStore, StoreError};
pub use ports::{Cache, catalogue, maintenance, paces, profiles, snapshots, source, store};
pub use removal::guard::{Doubt, HoldReason, Loss, implausible};
pub use removal::held::{Evidence, HeldRemoval};
pub use run::counts::Counts;
pub use run::options::{ChangePolicy, GuardThresholds, PolicyChoice, Retention, SyncMode, SyncOptions};
pub use run::plan::{KindPlan, PlannedItem, PlannedRemoval, PlannedUpdate};
pub use run::progress::{Observer, Phase, Progress};
pub use run::record::{KindOutcome, KindRecord, ReportError, RunId, RunRecord, RunStatus, Trigger};
pub use run::report::{SyncReport, Warning};
pub use search::{Cursor, SearchFields, Words};

#[cfg(any(test, feature = "mock"))]
pub use ports::source::MockContentSource;
#[cfg(any(test, feature = "mock"))]
pub use ports::store::{MockContentStore, MockStaging};
#[cfg(any(test, feature = "mock"))]
pub use ports::{
    catalogue::MockCatalogue,
    maintenance::MockMaintenance,
    overlay::MockOverlay,
    paces::MockPaces,
    profiles::MockProfiles,
    snapshots::{MockSnapshot, MockSnapshots},
};
