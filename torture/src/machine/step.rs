//! The steps of a schedule. All of them are plain values: what is random in one comes from its own salt, so
//! that a schedule can be cut and still means the same.

use sync_core::overlay::ConflictRule;
use sync_core::{ContentKind, PolicyChoice, SyncMode};

use super::desk::{Call, Side};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The panel's list of a kind changes.
    Server { profile: usize, kind: ContentKind, change: ServerChange, salt: u64 },
    /// From now on the panel answers so.
    Lie { profile: usize, kind: ContentKind, lie: Lie, salt: u64 },
    /// The panel tells the truth again, about everything.
    Honest { profile: usize },
    /// What the panel says of the account.
    Account { profile: usize, mood: Mood },
    /// Runs, at the same time where there are several, and what users do meanwhile.
    Runs { runs: Vec<RunPlan>, edits: Vec<(u16, UserEdit)>, salt: u64 },
    /// What a user does while nothing runs.
    User(UserEdit),
    /// An undo while nothing runs.
    Undo(UndoPlan),
    /// A sync without faults, and the same once more.
    Twice { profile: usize },
    /// A change set is made.
    Export(ExportPlan),
    /// A change set is applied.
    Apply(ApplyPlan),
    /// A profile gets settings of its own, for example how long its feed is kept.
    Settings { profile: usize },
    /// A process ends in peace and is started again.
    Reopen { process: usize },
    /// Time passes, or doesn't: ours and the panel's, in hours.
    Clock { ours: i32, panels: i32 },
}

/// How a panel's list changes.
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
    /// The order of the list.
    Shuffle,
    /// Categories come, go, and are renamed.
    Categories,
    /// Values that hold the login of whoever asks.
    Logins {
        percent: u8,
    },
}

/// How a panel answers when it isn't well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// `[]`.
    Empty,
    /// A whole list, with so many percent of it.
    Shrunk { percent: u8 },
    /// Some elements several times, differing.
    Duplicates,
    /// Some elements can't be read; a source may be able to tell which.
    Unreadable { told: bool },
    /// Some elements are broken; most of them have an id that is certain.
    Broken { told: bool },
    /// Something follows the end.
    Trailing,
    /// An answer, but no list.
    ErrorPage,
    /// The account in its place.
    AccountObject,
    /// It ends in the middle, with an error.
    Truncated,
    /// It ends in the middle, and nobody says so.
    BareEnd,
    /// It is cut, and sent once more.
    Restarted,
    /// The list is too much for the panel.
    Overloaded,
    /// The categories fail.
    NoCategories,
    /// There are no categories.
    EmptyCategories,
    /// What doesn't count is different each time.
    Tokens,
    /// Image hosts are drawn anew each time.
    Images,
    /// The moment of the answer is in every item.
    Stamps,
    /// Whatever it lists, it calls the same version.
    StaleVersions,
    /// Behind any offset there is nothing.
    NothingBehind,
    /// Behind any offset there is the last item.
    LastBehind,
}

/// What a panel says of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Active,
    /// Active, but its end has passed.
    PastItsEnd,
    Inactive,
    Refused,
    /// Active, and no word of the panel's clock.
    Timeless,
}

/// What a user does to the cache.
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
    /// An undo, if nobody has the lease.
    Undo {
        profile: usize,
        back: u8,
        kind: Option<ContentKind>,
    },
    /// A change set is made beside a run.
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

/// What a user does to the overlay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverlayEdit {
    /// So many percent of the items are edited.
    Edit { percent: u8 },
    /// Conflicts are answered.
    Resolve { take_panel: bool },
    /// Filters and rewrite rules change.
    Rules,
    /// The profile has another rule for conflicts.
    Conflicts(ConflictRule),
}

/// A change set that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExportPlan {
    pub(crate) profile: usize,
    pub(crate) since: SinceWhat,
    pub(crate) kinds: Vec<ContentKind>,
    /// Whether fields that don't count as changes travel along.
    pub(crate) display: bool,
}

/// From where on a change set is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SinceWhat {
    Everything,
    /// From where the set led that the follower applied last.
    Followed,
    /// From where one of the latest sets led: 0 is the latest one.
    Earlier(u8),
    /// From this share (of 255) of the positions of the feed.
    Position(u8),
}

impl ExportPlan {
    /// What follows what the follower has.
    pub(crate) fn plain(profile: usize, salt: u64) -> Self {
        let since = if salt.is_multiple_of(4) { SinceWhat::Everything } else { SinceWhat::Followed };
        Self { profile, since, kinds: ContentKind::ALL.to_vec(), display: !salt.is_multiple_of(3) }
    }
}

/// A change set that is to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApplyPlan {
    pub(crate) process: usize,
    /// The profile that takes it.
    pub(crate) profile: usize,
    /// Which of the sets that were made, of this profile's panel or of another one: 0 is the latest.
    pub(crate) back: u8,
    pub(crate) is_foreign: bool,
    pub(crate) damage: Option<Damage>,
    pub(crate) troubles: Vec<ApplyTrouble>,
    /// Whether the same set is applied once more when something happened to it.
    pub(crate) again: bool,
}

/// How a file is damaged: at this share (of 65535) of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It is cut.
    Cut(u16),
    /// A bit is another one.
    Flip(u16, u8),
    /// Something follows.
    Tail,
}

/// Something that happens to an apply of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApplyTrouble {
    /// At this call to the store, counted from 1 on, before it.
    AtCall(u16, CallTrouble),
    /// Within the transaction of this kind, counted from 1 on: its process dies, having written this share (of 255).
    CrashInside(u8, u8),
    /// Within the transaction of this kind, counted from 1 on: it fails; the number says how.
    FaultInside(u8, u8),
}

/// What happens at a call to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallTrouble {
    Crash,
    Cancel,
    Fault(u8),
    /// A user does something meanwhile.
    User(UserEdit),
}

/// An undo, and what happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UndoPlan {
    pub(crate) process: usize,
    pub(crate) profile: usize,
    /// Which of the latest runs, from 1 on; 0 leaves it to the store.
    pub(crate) back: u8,
    /// All of them where there is none.
    pub(crate) kind: Option<ContentKind>,
    pub(crate) how: UndoHow,
}

/// What happens to an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UndoHow {
    /// Nothing.
    Plain,
    /// It is only to say what it would do.
    Dry,
    /// Somebody else has taken the lease since.
    Fenced,
    /// Its transaction fails in the middle; the number says how.
    FaultInside(u8),
    /// Its process dies in the middle, having written this share (of 255).
    CrashInside(u8),
}

/// A run, and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunPlan {
    pub(crate) process: usize,
    pub(crate) profile: usize,
    pub(crate) kinds: Vec<ContentKind>,
    pub(crate) mode: SyncMode,
    pub(crate) policy: PolicyChoice,
    pub(crate) consent: bool,
    pub(crate) dry_run: bool,
    /// Whether it may ask probes; the next look is an hour later.
    pub(crate) probe: bool,
    pub(crate) troubles: Vec<Trouble>,
}

/// Something that happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) at: Point,
    pub(crate) what: What,
}

/// When: the n-th time that a call of the run, or any call, gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) call: Option<Call>,
    pub(crate) side: Side,
    pub(crate) nth: u16,
}

/// What.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The process dies there.
    Crash,
    /// The process dies inside the apply that comes there, having written this share (of 255).
    CrashInside(u8),
    /// The transaction of the apply that comes there fails in its middle; the number says how.
    FaultInside(u8),
    /// Somebody cancels.
    Cancel,
    /// The call fails, with the fault of this number.
    Fault(u8),
    /// The lease is lost without a word, as on a file system that forgets locks.
    LoseLease,
}

impl RunPlan {
    /// A run of everything to which nothing happens.
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
    /// Whose cache it is.
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
