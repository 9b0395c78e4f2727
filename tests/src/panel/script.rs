//! Which behaviour the next request of an action meets.

use std::collections::{HashMap, VecDeque};

use super::behaviour::{Action, Behaviour};

/// The behaviours that are set, by action.
#[derive(Debug, Default)]
pub(super) struct Scripts(HashMap<Action, Script>);

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Behaviour>,
    after: Option<Behaviour>,
}

impl Scripts {
    pub(super) fn set(&mut self, action: Action, behaviour: Behaviour) {
        let script = match behaviour {
            Behaviour::Sequence(several) => Script { next: several.into(), after: None },
            one => Script { next: VecDeque::new(), after: Some(one) },
        };
        self.0.insert(action, script);
    }

    pub(super) fn queue(&mut self, action: Action, count: usize, behaviour: &Behaviour) {
        let next = &mut self.0.entry(action).or_default().next;
        for _ in 0..count {
            match behaviour {
                Behaviour::Sequence(several) => next.extend(several.iter().cloned()),
                one => next.push_back(one.clone()),
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn take(&mut self, action: Action) -> Behaviour {
        let Some(script) = self.0.get_mut(&action) else {
            return Behaviour::Normal;
        };
        script.next.pop_front().or_else(|| script.after.clone()).unwrap_or(Behaviour::Normal)
    }
}
