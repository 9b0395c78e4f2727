//! Draws the schedule of a seed.

use sync_core::overlay::ConflictRule;
use sync_core::{ContentKind, PolicyChoice, SyncMode};

use super::change_set::draw::followed;
use super::desk::{Call, Side};
use super::step::{
    Lie, Mood, OverlayEdit, Point, RunPlan, ServerChange, Step, Trouble, UndoHow, UndoPlan, UserEdit, What,
};
use super::world::PROFILES;
use crate::dice::Dice;

/// The number of processes that may run at once.
pub(crate) const PROCESSES: usize = 2;

/// Returns the steps of a seed.
pub(crate) fn schedule(dice: &mut Dice) -> Vec<Step> {
    // In most schedules, the cache has rows before the faults begin.
    let mut steps = Vec::new();
    if dice.percent(80) {
        steps.push(Step::Twice { profile: 0 });
    }
    let length = 4 + dice.below(10);
    while steps.len() < length {
        steps.push(step(dice));
    }
    // Later sorts of steps have dice of their own and follow all others, so that stored seeds begin with the same
    // cases.
    let mut later = Dice::new(dice.salt());
    for _ in 0..later.below(9) {
        steps.extend(later_steps(&mut later));
    }
    let mut latest = Dice::new(later.salt());
    if latest.percent(60) {
        steps.extend(probed(&mut latest));
    }
    let mut newest = Dice::new(latest.salt());
    if newest.percent(70) {
        steps.extend(overlaid(&mut newest));
    }
    let mut last = Dice::new(newest.salt());
    if last.percent(60) {
        steps.extend(followed(&mut last));
    }
    steps
}

/// Draws steps in which the service looks several times, with probes if allowed. The panel's list changes in between,
/// and the panel may lie.
fn probed(dice: &mut Dice) -> Vec<Step> {
    let profile = a_profile(dice);
    let look = |dice: &mut Dice| {
        let drawn = RunPlan { profile, ..run(dice, 0) };
        let plan = if dice.percent(75) { RunPlan::quiet(profile) } else { drawn };
        Step::Runs { runs: vec![RunPlan { probe: true, ..plan }], edits: Vec::new(), salt: dice.salt() }
    };
    let mut steps = Vec::new();
    if dice.percent(85) {
        steps.extend([Step::Honest { profile }, Step::Account { profile, mood: Mood::Active }, look(dice)]);
    }
    for _ in 0..2 + dice.below(5) {
        let (kind, salt) = (dice.pick(&[ContentKind::Channels, ContentKind::Movies, ContentKind::Series]), dice.salt());
        match dice.below(100) {
            0..30 => steps.push(Step::Server { profile, kind, change: server_change(dice), salt }),
            30..45 => {
                let lie = dice.pick(&[Lie::NothingBehind, Lie::LastBehind, Lie::LastBehind, Lie::Empty]);
                steps.push(Step::Lie { profile, kind, lie, salt });
            }
            45..50 => steps.push(Step::User(edit(dice))),
            50..55 => steps.push(Step::Undo(UndoPlan { profile, ..undo(dice) })),
            _ => {}
        }
        let ours = dice.pick(&[1, 1, 1, 5, 22, 23, 25]);
        steps.extend([Step::Clock { ours, panels: ours }, look(dice)]);
    }
    steps
}

/// Draws steps in which a user edits items and the panel changes them as well, at about the same time.
fn overlaid(dice: &mut Dice) -> Vec<Step> {
    let profile = a_profile(dice);
    let mut steps = Vec::new();
    if dice.percent(85) {
        steps.extend([Step::Honest { profile }, Step::Account { profile, mood: Mood::Active }]);
        steps.push(Step::Runs { runs: vec![RunPlan::quiet(profile)], edits: Vec::new(), salt: dice.salt() });
    }
    let on_profile = |edit: UserEdit| match edit {
        UserEdit::Overlay { kind, edit, salt, .. } => UserEdit::Overlay { profile, kind, edit, salt },
        other => other,
    };
    for _ in 0..2 + dice.below(6) {
        for _ in 0..=dice.below(3) {
            steps.push(Step::User(on_profile(overlay_edit(dice))));
        }
        let (kind, salt) = (dice.pick(&ContentKind::ALL), dice.salt());
        match dice.below(100) {
            0..55 => steps.push(Step::Server { profile, kind, change: server_change(dice), salt }),
            55..70 => steps.push(Step::Server { profile, kind, change: ServerChange::Renumber, salt }),
            70..80 => steps.push(Step::Lie { profile, kind, lie: lie(dice), salt }),
            80..85 => steps.push(Step::User(edit(dice))),
            85..92 => steps.push(Step::Undo(UndoPlan { profile, ..undo(dice) })),
            _ => {}
        }
        let consent = dice.percent(40);
        let drawn = RunPlan { profile, ..run(dice, 0) };
        let plan = if dice.percent(60) { RunPlan { consent, ..RunPlan::quiet(profile) } } else { drawn };
        let beside = (0..dice.below(3)).map(|_| {
            let at = u16::try_from(dice.below(60)).unwrap_or(0);
            (at, on_profile(overlay_edit(dice)))
        });
        let edits = beside.collect();
        steps.push(Step::Runs { runs: vec![plan], edits, salt: dice.salt() });
        if dice.percent(30) {
            steps.push(Step::Undo(UndoPlan { profile, ..undo(dice) }));
        }
    }
    steps
}

pub(super) fn overlay_edit(dice: &mut Dice) -> UserEdit {
    let (profile, kind, salt) = (a_profile(dice), dice.pick(&ContentKind::ALL), dice.salt());
    let edit = match dice.below(100) {
        0..60 => OverlayEdit::Edit { percent: dice.pick(&[15, 50, 100]) },
        60..75 => OverlayEdit::Resolve { take_panel: dice.percent(50) },
        75..92 => OverlayEdit::Rules,
        _ => OverlayEdit::Conflicts(dice.pick(&ConflictRule::ALL)),
    };
    UserEdit::Overlay { profile, kind, edit, salt }
}

/// Draws one or more steps of those that include an undo.
fn later_steps(dice: &mut Dice) -> Vec<Step> {
    vec![match dice.below(100) {
        0..35 => return undone(dice),
        35..45 => Step::Undo(undo(dice)),
        45..50 => Step::User(edit(dice)),
        _ => {
            let mut step = step(dice);
            if let Step::Runs { edits, .. } = &mut step
                && dice.percent(30)
            {
                let (profile, back, kind) = (a_profile(dice), dice.pick(&[0, 0, 1, 2]), a_part(dice));
                edits.push((u16::try_from(dice.below(90)).unwrap_or(0), UserEdit::Undo { profile, back, kind }));
            }
            step
        }
    }]
}

/// Draws steps in which the panel changes, and a sync and an undo follow.
fn undone(dice: &mut Dice) -> Vec<Step> {
    let profile = a_profile(dice);
    let change = |dice: &mut Dice| {
        let (kind, salt) = (dice.pick(&ContentKind::ALL), dice.salt());
        Step::Server { profile, kind, change: server_change(dice), salt }
    };
    let mut steps: Vec<_> = (0..=dice.below(4)).map(|_| change(dice)).collect();
    if dice.percent(30) {
        steps.push(Step::Honest { profile });
    }
    let consent = dice.percent(40);
    let drawn = RunPlan { profile, ..run(dice, 0) };
    let plan = if dice.percent(60) { RunPlan { consent, ..RunPlan::quiet(profile) } } else { drawn };
    steps.push(Step::Runs { runs: vec![plan], edits: Vec::new(), salt: dice.salt() });
    for _ in 0..dice.pick(&[1, 1, 1, 2, 3]) {
        if dice.percent(15) {
            steps.push(change(dice));
        }
        steps.push(Step::Undo(UndoPlan { profile, ..undo(dice) }));
    }
    steps
}

pub(super) fn undo(dice: &mut Dice) -> UndoPlan {
    let number = u8::try_from(dice.below(256)).unwrap_or(0);
    UndoPlan {
        process: dice.below(PROCESSES),
        profile: a_profile(dice),
        back: dice.pick(&[0, 0, 0, 0, 1, 1, 2, 3, 4]),
        kind: a_part(dice),
        how: match dice.below(100) {
            0..65 => UndoHow::Plain,
            65..71 => UndoHow::Dry,
            71..75 => UndoHow::Fenced,
            75..84 => UndoHow::FaultInside(number),
            _ => UndoHow::CrashInside(number),
        },
    }
}

/// Draws one kind, or all of them.
pub(super) fn a_part(dice: &mut Dice) -> Option<ContentKind> {
    if dice.percent(70) { None } else { Some(dice.pick(&ContentKind::ALL)) }
}

fn step(dice: &mut Dice) -> Step {
    let (profile, kind, salt) = (a_profile(dice), dice.pick(&ContentKind::ALL), dice.salt());
    match dice.below(100) {
        0..22 => Step::Server { profile, kind, change: server_change(dice), salt },
        22..36 => Step::Lie { profile, kind, lie: lie(dice), salt },
        36..44 => Step::Honest { profile },
        44..48 => Step::Account { profile, mood: mood(dice) },
        48..82 => runs(dice, salt),
        82..87 => Step::User(edit(dice)),
        87..91 => Step::Twice { profile },
        91..93 => Step::Reopen { process: dice.below(PROCESSES) },
        _ => {
            let ours = dice.pick(&[0, 1, 25, 80, -30]);
            let panels = dice.pick(&[ours, ours, ours, 0, 100, -100]);
            Step::Clock { ours, panels }
        }
    }
}

/// Draws a profile, mostly the first one. The other profile is there to be left alone.
fn a_profile(dice: &mut Dice) -> usize {
    if dice.percent(80) { 0 } else { dice.below(PROFILES) }
}

pub(super) fn server_change(dice: &mut Dice) -> ServerChange {
    match dice.below(12) {
        0..3 => ServerChange::Add { count: dice.pick(&[1, 2, 5, 15]) },
        3..6 => ServerChange::Edit { percent: dice.pick(&[10, 40, 100]) },
        6..9 => ServerChange::Delete { percent: dice.pick(&[10, 30, 60, 100]) },
        9 => ServerChange::Renumber,
        10 => ServerChange::Shuffle,
        _ => ServerChange::Categories,
    }
}

fn lie(dice: &mut Dice) -> Lie {
    match dice.below(20) {
        0 => Lie::Empty,
        1 | 2 => Lie::Shrunk { percent: dice.pick(&[5, 50, 80]) },
        3 | 4 => Lie::Duplicates,
        5 => Lie::Unreadable { told: dice.percent(70) },
        6 => Lie::Trailing,
        7 => Lie::ErrorPage,
        8 => Lie::AccountObject,
        9 => Lie::Truncated,
        10 => Lie::BareEnd,
        11 => Lie::Restarted,
        12 | 13 => Lie::Overloaded,
        14 => Lie::NoCategories,
        15 => Lie::EmptyCategories,
        16 => Lie::StaleVersions,
        17 | 18 => Lie::Broken { told: dice.percent(70) },
        _ => dice.pick(&[Lie::Tokens, Lie::Images, Lie::Stamps]),
    }
}

fn mood(dice: &mut Dice) -> Mood {
    dice.pick(&[Mood::Active, Mood::Active, Mood::PastItsEnd, Mood::Inactive, Mood::Refused, Mood::Timeless])
}

pub(super) fn edit(dice: &mut Dice) -> UserEdit {
    let (profile, kind, salt) = (a_profile(dice), dice.pick(&ContentKind::ALL), dice.salt());
    if dice.percent(80) {
        UserEdit::Delete { profile, kind, percent: dice.pick(&[10, 50, 100]), salt }
    } else {
        UserEdit::Clear { profile }
    }
}

fn runs(dice: &mut Dice, salt: u64) -> Step {
    let count = dice.pick(&[1, 1, 1, 1, 2, 2, 3]);
    let runs = (0..count).map(|at| run(dice, at % PROCESSES)).collect();
    let edits = dice.pick(&[0, 0, 0, 0, 0, 1, 2]);
    let edits = (0..edits).map(|_| (u16::try_from(dice.below(90)).unwrap_or(0), edit(dice))).collect();
    Step::Runs { runs, edits, salt }
}

pub(super) fn run(dice: &mut Dice, process: usize) -> RunPlan {
    let kinds = if dice.percent(75) {
        ContentKind::ALL.to_vec()
    } else {
        ContentKind::ALL.into_iter().filter(|_| dice.percent(50)).collect()
    };
    let troubles = dice.pick(&[0, 0, 1, 1, 1, 2]);
    RunPlan {
        process,
        profile: a_profile(dice),
        kinds,
        mode: dice.pick(&[SyncMode::Auto, SyncMode::Auto, SyncMode::Incremental, SyncMode::Full]),
        policy: dice.pick(&[PolicyChoice::Fingerprint, PolicyChoice::Fingerprint, PolicyChoice::Timestamp]),
        consent: dice.percent(20),
        dry_run: dice.percent(10),
        probe: false,
        troubles: (0..troubles).map(|_| trouble(dice)).collect(),
    }
}

fn trouble(dice: &mut Dice) -> Trouble {
    let nth = 1 + u16::try_from(dice.below(3)).unwrap_or(0);
    let number = u8::try_from(dice.below(256)).unwrap_or(0);
    let at = |call, side| Point { call: Some(call), side, nth };
    match dice.below(11) {
        // Most faults hit the apply, on both sides and within.
        0 | 1 => Trouble { at: at(Call::Apply, Side::Before), what: What::CrashInside(number) },
        2 | 3 => Trouble { at: at(Call::Apply, Side::After), what: What::Crash },
        4 => {
            let side = dice.pick(&[Side::Before, Side::After]);
            let what =
                dice.pick(&[What::Cancel, What::FaultInside(number), What::FaultInside(number), What::LoseLease]);
            Trouble { at: at(Call::Apply, side), what }
        }
        5..8 => {
            let (call, side) = (dice.pick(&Call::ALL), dice.pick(&[Side::Before, Side::After]));
            Trouble { at: at(call, side), what: what(dice, number) }
        }
        _ => {
            let nth = 1 + u16::try_from(dice.below(110)).unwrap_or(0);
            Trouble { at: Point { call: None, side: Side::Before, nth }, what: what(dice, number) }
        }
    }
}

fn what(dice: &mut Dice, number: u8) -> What {
    dice.pick(&[What::Crash, What::Cancel, What::Cancel, What::Fault(number), What::Fault(number), What::LoseLease])
}
