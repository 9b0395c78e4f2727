//! The steps of a schedule. All of them are plain values. The random parts of a step come from its own salt, so a
//! schedule can be cut and its steps still mean the same.

use sync_core::overlay::ConflictRule;
use sync_core::{ContentKind, PolicyChoice, SyncMode};

use super::desk::{Call, Side};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The panel's list of a kind changes.
    Server { profile: usize, kind: ContentKind, change: ServerChange, salt: u64 },
    /// From now on the panel answers in this way.
    Lie { profile: usize, kind: ContentKind, lie: Lie, salt: u64 },
    /// The panel answers correctly again, about everything.
    Honest { profile: usize },
    /// The panel's answer about the account.
    Account { profile: usize, mood: Mood },
    /// Runs, at the same time if there are several, and the actions of users in the meantime.
    Runs { runs: Vec<RunPlan>, edits: Vec<(u16, UserEdit)>, salt: u64 },
    /// An action of a user while nothing runs.
    User(UserEdit),
    /// An undo while nothing runs.
    Undo(UndoPlan),
    /// A sync without faults, and a second one.
    Twice { profile: usize },
    /// A change set is made.
    Export(ExportPlan),
    /// A change set is applied.
    Apply(ApplyPlan),
    /// A profile gets settings of its own, for example how long its feed is kept.
    Settings { profile: usize },
    /// A process ends in an orderly way and is started again.
    Reopen { process: usize },
    /// Our time and the panel's time move on, or one of them stands still, in hours.
    Clock { ours: i32, panels: i32 },
}

/// A change of a panel's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerChange {
    Add {
        count: u8,
    },
    Edit {
        percent: u8,
    },
    Delete {
        percent: u8,
    },
    /// Everything gets a new id.
    Renumber,
    /// The order of the list changes.
    Shuffle,
    /// Categories are added, removed and renamed.
    Categories,
    /// Values hold the login of the account that asks.
    Logins {
        percent: u8,
    },
}

/// An answer of a panel that isn't well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The answer is `[]`.
    Empty,
    /// The list is complete, and has this percentage of its elements.
    Shrunk { percent: u8 },
    /// Some elements are sent several times, with differences.
    Duplicates,
    /// Some elements can't be read. A source may be able to tell which.
    Unreadable { told: bool },
    /// Some elements are broken. Most of them have an id that is certain.
    Broken { told: bool },
    /// Something follows the end of the list.
    Trailing,
    /// The answer is no list.
    ErrorPage,
    /// The answer is the account.
    AccountObject,
    /// The list ends in the middle, with an error.
    Truncated,
    /// The list ends in the middle, without an error.
    BareEnd,
    /// The list is cut, and sent again from the start.
    Restarted,
    /// The list is too much for the panel.
    Overloaded,
    /// The categories fail.
    NoCategories,
    /// There are no categories.
    EmptyCategories,
    /// Ignored fields differ in each answer.
    Tokens,
    /// The hosts of images are random in each answer.
    Images,
    /// Every item has the time of the answer.
    Stamps,
    /// The panel gives every list the same version.
    StaleVersions,
    /// Nothing is behind any offset.
    NothingBehind,
    /// The last item is behind any offset.
    LastBehind,
}

/// The answer of a panel about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Active,
    /// Active, but its end has passed.
    PastItsEnd,
    Inactive,
    Refused,
    /// The account is active, and the panel doesn't tell its time.
    Timeless,
}

/// The actions of a user on the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserEdit {
    Delete {
        profile: usize,
        kind: ContentKind,
        percent: u8,
        salt: u64,
    },
    Clear {
        profile: usize,
    },
    /// An undo, if no run has the lease.
    Undo {
        profile: usize,
        back: u8,
        kind: Option<ContentKind>,
    },
    /// A change set is made while a run is under way.
    Export {
        profile: usize,
        salt: u64,
    },
    /// A change of the overlay.
    Overlay {
        profile: usize,
        kind: ContentKind,
        edit: OverlayEdit,
        salt: u64,
    },
}

/// The actions of a user on the overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverlayEdit {
    /// This percentage of the items is edited.
    Edit { percent: u8 },
    /// Conflicts are answered.
    Resolve { take_panel: bool },
    /// Filters and rewrite rules change.
    Rules,
    /// The profile has another rule for conflicts.
    Conflicts(ConflictRule),
}

/// A plan to make a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExportPlan {
    pub(crate) profile: usize,
    pub(crate) since: SinceWhat,
    pub(crate) kinds: Vec<ContentKind>,
    /// Whether fields that don't count as changes are in the set.
    pub(crate) display: bool,
}

/// The position from which a change set is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SinceWhat {
    Everything,
    /// The end of the set that the follower applied last.
    Followed,
    /// The end of one of the latest sets: 0 is the latest one.
    Earlier(u8),
    /// This share (of 255) of the positions of the feed.
    Position(u8),
}

impl ExportPlan {
    /// Returns a plan for the changes since the last set that the follower applied, or for everything.
    pub(crate) fn plain(profile: usize, salt: u64) -> Self {
        let since = if salt.is_multiple_of(4) { SinceWhat::Everything } else { SinceWhat::Followed };
        Self { profile, since, kinds: ContentKind::ALL.to_vec(), display: !salt.is_multiple_of(3) }
    }
}

/// A plan to apply a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApplyPlan {
    pub(crate) process: usize,
    /// The profile that takes the set.
    pub(crate) profile: usize,
    /// The set, by its age: 0 is the latest. It was made from this profile's panel or from another one.
    pub(crate) back: u8,
    pub(crate) is_foreign: bool,
    pub(crate) damage: Option<Damage>,
    pub(crate) troubles: Vec<ApplyTrouble>,
    /// Whether the same set is applied again after a fault.
    pub(crate) again: bool,
}

/// The damage of a file: at this share (of 65535) of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The file is cut.
    Cut(u16),
    /// One bit is flipped.
    Flip(u16, u8),
    /// Something follows the end.
    Tail,
}

/// A fault during an apply of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApplyTrouble {
    /// Before this call to the store, counted from 1.
    AtCall(u16, CallTrouble),
    /// Within the transaction of this kind, counted from 1: the process dies when it has written this share (of 255).
    CrashInside(u8, u8),
    /// Within the transaction of this kind, counted from 1: it fails. The number decides how.
    FaultInside(u8, u8),
}

/// A fault at a call to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallTrouble {
    Crash,
    Cancel,
    Fault(u8),
    /// A user does something in the meantime.
    User(UserEdit),
}

/// An undo and its fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UndoPlan {
    pub(crate) process: usize,
    pub(crate) profile: usize,
    /// The run, by its age: 1 is the latest. 0 leaves the choice to the store.
    pub(crate) back: u8,
    /// The kind; `None` for all kinds.
    pub(crate) kind: Option<ContentKind>,
    pub(crate) how: UndoHow,
}

/// The fault of an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UndoHow {
    /// There is no fault.
    Plain,
    /// It is a dry run.
    Dry,
    /// Another run has taken the lease since.
    Fenced,
    /// The transaction fails in its middle. The number decides how.
    FaultInside(u8),
    /// The process dies in the middle, when it has written this share (of 255).
    CrashInside(u8),
}

/// A run and its faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunPlan {
    pub(crate) process: usize,
    pub(crate) profile: usize,
    pub(crate) kinds: Vec<ContentKind>,
    pub(crate) mode: SyncMode,
    pub(crate) policy: PolicyChoice,
    pub(crate) consent: bool,
    pub(crate) dry_run: bool,
    /// Whether it may ask probes. The next look is an hour later.
    pub(crate) probe: bool,
    pub(crate) troubles: Vec<Trouble>,
}

/// A fault of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) at: Point,
    pub(crate) what: What,
}

/// The moment: the n-th time that a call of the run, or any call, gets to this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) call: Option<Call>,
    pub(crate) side: Side,
    pub(crate) nth: u16,
}

/// The fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The process dies at this call.
    Crash,
    /// The process dies inside the apply at this call, when it has written this share (of 255).
    CrashInside(u8),
    /// The transaction of the apply at this call fails in its middle. The number decides how.
    FaultInside(u8),
    /// The run is cancelled.
    Cancel,
    /// The call fails, with the fault of this number.
    Fault(u8),
    /// The lease is lost without notice, as on a file system that forgets locks.
    LoseLease,
}

impl RunPlan {
    /// Returns a run of all kinds without faults.
    pub(crate) fn quiet(profile: usize) -> Self {
        Self {
            process: 0,
            profile,
            kinds: ContentKind::ALL.to_vec(),
            mode: SyncMode::Auto,
            policy: PolicyChoice::Fingerprint,
            consent: false,
            dry_run: false,
            probe: false,
            troubles: Vec::new(),
        }
    }
}

impl UserEdit {
    /// Returns the profile that the action is about.
    pub(crate) const fn profile(self) -> usize {
        match self {
            Self::Delete { profile, .. }
            | Self::Clear { profile }
            | Self::Undo { profile, .. }
            | Self::Export { profile, .. }
            | Self::Overlay { profile, .. } => profile,
        }
    }
}
