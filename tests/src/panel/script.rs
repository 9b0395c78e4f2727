//! The behaviour that the next request of an action gets.

use std::collections::{HashMap, VecDeque};

use super::behaviour::{Action, Behaviour};
use super::condition::Occasion;

/// The behaviours that are set.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    /// The behaviour in front of the panel, for all actions.
    front: Script,
    actions: HashMap<Action, Script>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Behaviour>,
    after: Option<Behaviour>,
}

impl Script {
    fn of(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Sequence(several) => Self { next: several.into(), after: None },
            one => Self { next: VecDeque::new(), after: Some(one) },
        }
    }

    fn take(&mut self) -> Behaviour {
        self.next.pop_front().or_else(|| self.after.clone()).unwrap_or(Behaviour::Normal)
    }
}

impl Scripts {
    pub(super) fn set(&mut self, action: Action, behaviour: Behaviour) {
        self.actions.insert(action, Script::of(behaviour));
    }

    pub(super) fn set_front(&mut self, behaviour: Behaviour) {
        self.front = Script::of(behaviour);
    }

    pub(super) fn queue(&mut self, action: Action, count: usize, behaviour: &Behaviour) {
        let next = &mut self.actions.entry(action).or_default().next;
        for _ in 0..count {
            match behaviour {
                Behaviour::Sequence(several) => next.extend(several.iter().cloned()),
                one => next.push_back(one.clone()),
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the behaviour for a request: that in front of the panel, or else that of its action.
    pub(super) fn take(&mut self, action: Action, occasion: Occasion<'_>) -> Behaviour {
        let front = self.front.take().towards(occasion);
        if !matches!(front, Behaviour::Normal) {
            return front;
        }
        self.actions.get_mut(&action).map_or(Behaviour::Normal, Script::take).towards(occasion)
    }
}
