//! Draws the steps with change sets.

use sync_core::ContentKind;

use super::super::draw::{PROCESSES, a_part, edit, overlay_edit, run, server_change, undo};
use super::super::step::{
    ApplyPlan, ApplyTrouble, CallTrouble, Damage, ExportPlan, Mood, RunPlan, ServerChange, SinceWhat, Step, UndoPlan,
    UserEdit,
};
use super::super::world::{PROFILES, follower};
use crate::dice::Dice;

/// Draws steps in which one cache is synced and another one follows it by change sets. Each of them also has steps of
/// its own.
pub(crate) fn followed(dice: &mut Dice) -> Vec<Step> {
    let profile = if dice.percent(85) { 0 } else { dice.below(PROFILES) };
    let mut steps = Vec::new();
    if dice.percent(90) {
        steps.extend([Step::Honest { profile }, Step::Account { profile, mood: Mood::Active }]);
        if dice.percent(60) {
            steps.push(logins(dice, profile));
        }
        steps.push(Step::Runs { runs: vec![RunPlan::quiet(profile)], edits: Vec::new(), salt: dice.salt() });
    }
    if dice.percent(80) {
        steps.push(Step::Export(ExportPlan { since: SinceWhat::Everything, ..ExportPlan::plain(profile, 1) }));
        let plain = ApplyPlan {
            process: 0,
            profile: follower(profile),
            back: 0,
            is_foreign: false,
            damage: None,
            troubles: Vec::new(),
            again: false,
        };
        steps.push(Step::Apply(plain));
        if dice.percent(50) {
            steps.push(Step::Settings { profile: follower(profile) });
        }
    }
    for _ in 0..2 + dice.below(7) {
        happens(dice, profile, &mut steps);
        if dice.percent(75) {
            steps.push(Step::Export(export(dice, profile)));
        }
        for _ in 0..dice.pick(&[0, 1, 1, 1, 2]) {
            steps.push(Step::Apply(apply(dice, profile)));
        }
    }
    steps
}

/// Draws a step for the cache that leads, or for the one that follows.
fn happens(dice: &mut Dice, profile: usize, steps: &mut Vec<Step>) {
    match dice.below(100) {
        0..60 => {
            for _ in 0..=dice.below(3) {
                let (kind, salt) = (dice.pick(&ContentKind::ALL), dice.salt());
                let change = server_change(dice);
                let is_login = dice.percent(12);
                steps.push(if is_login { logins(dice, profile) } else { Step::Server { profile, kind, change, salt } });
            }
            let drawn = RunPlan { profile, ..run(dice, 0) };
            let quiet = RunPlan { consent: dice.percent(40), ..RunPlan::quiet(profile) };
            let plan = if dice.percent(75) { quiet } else { drawn };
            let beside = i32::from(dice.percent(20));
            let edits = (0..beside).map(|_| {
                let at = u16::try_from(dice.below(90)).unwrap_or(0);
                (at, UserEdit::Export { profile, salt: dice.salt() })
            });
            let edits = edits.collect();
            steps.push(Step::Runs { runs: vec![plan], edits, salt: dice.salt() });
        }
        60..68 => steps.push(Step::Undo(UndoPlan { profile, ..undo(dice) })),
        68..72 => steps.push(Step::User(of(profile, edit(dice)))),
        72..80 => steps.push(Step::User(of(follower(profile), overlay_edit(dice)))),
        80..86 => steps.push(Step::User(of(follower(profile), edit(dice)))),
        86..92 => {
            let drawn = RunPlan { profile: follower(profile), ..run(dice, 0) };
            let quiet = RunPlan::quiet(follower(profile));
            let plan = if dice.percent(60) { quiet } else { drawn };
            steps.push(Step::Runs { runs: vec![plan], edits: Vec::new(), salt: dice.salt() });
        }
        92..96 => steps.push(Step::Undo(UndoPlan { profile: follower(profile), ..undo(dice) })),
        _ => {
            let ours = dice.pick(&[0, 1, 25, 80, -30]);
            steps.push(Step::Clock { ours, panels: ours });
        }
    }
}

fn logins(dice: &mut Dice, profile: usize) -> Step {
    let (kind, salt) = (dice.pick(&ContentKind::ALL), dice.salt());
    Step::Server { profile, kind, change: ServerChange::Logins { percent: dice.pick(&[30, 100]) }, salt }
}

fn export(dice: &mut Dice, profile: usize) -> ExportPlan {
    let share = u8::try_from(dice.below(256)).unwrap_or(0);
    ExportPlan {
        profile,
        since: match dice.below(100) {
            0..12 => SinceWhat::Everything,
            12..70 => SinceWhat::Followed,
            70..90 => SinceWhat::Earlier(dice.pick(&[0, 0, 1, 2, 3])),
            _ => SinceWhat::Position(share),
        },
        kinds: a_part(dice).map_or_else(|| ContentKind::ALL.to_vec(), |kind| vec![kind]),
        display: dice.percent(70),
    }
}

fn apply(dice: &mut Dice, profile: usize) -> ApplyPlan {
    let place = u16::try_from(dice.below(65_536)).unwrap_or(0);
    let damage = match dice.below(100) {
        0..5 => Some(Damage::Cut(place)),
        5..12 => Some(Damage::Flip(place, u8::try_from(dice.below(8)).unwrap_or(0))),
        12 => Some(Damage::Tail),
        _ => None,
    };
    let troubles = dice.pick(&[0, 0, 0, 1, 1, 2]);
    ApplyPlan {
        process: dice.below(PROCESSES),
        profile: follower(profile),
        back: dice.pick(&[0, 0, 0, 0, 0, 1, 1, 2, 3]),
        is_foreign: dice.percent(6),
        damage,
        troubles: (0..troubles).map(|_| trouble(dice, follower(profile))).collect(),
        again: dice.percent(70),
    }
}

fn trouble(dice: &mut Dice, profile: usize) -> ApplyTrouble {
    let number = u8::try_from(dice.below(256)).unwrap_or(0);
    let nth = dice.pick(&[1, 1, 2, 3]);
    match dice.below(10) {
        0..3 => ApplyTrouble::CrashInside(nth, number),
        3 => ApplyTrouble::FaultInside(nth, number),
        _ => {
            let at = u16::try_from(1 + dice.below(28)).unwrap_or(1);
            let what = match dice.below(10) {
                0..4 => CallTrouble::Crash,
                4 => CallTrouble::Cancel,
                5 | 6 => CallTrouble::Fault(number),
                7 | 8 => CallTrouble::User(of(profile, edit(dice))),
                _ => CallTrouble::User(of(profile, overlay_edit(dice))),
            };
            ApplyTrouble::AtCall(at, what)
        }
    }
}

/// Returns the same action on this profile.
fn of(profile: usize, edit: UserEdit) -> UserEdit {
    match edit {
        UserEdit::Delete { kind, percent, salt, .. } => UserEdit::Delete { profile, kind, percent, salt },
        UserEdit::Clear { .. } => UserEdit::Clear { profile },
        UserEdit::Undo { back, kind, .. } => UserEdit::Undo { profile, back, kind },
        UserEdit::Export { salt, .. } => UserEdit::Export { profile, salt },
        UserEdit::Overlay { kind, edit, salt, .. } => UserEdit::Overlay { profile, kind, edit, salt },
    }
}
