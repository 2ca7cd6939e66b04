//! Who handles an event, in which order: methods of controllers, and subscribers where there are
//! any.

use std::sync::Arc;

use super::ingress::Subscriber;
use super::table::{NamespaceTable, Target, Targets};

/// The handlers of one event, in their order.
pub(super) enum Turns {
    /// Nobody subscribed: the rule.
    Methods(Targets),
    Mixed(Vec<Turn>),
}

#[derive(Clone)]
pub(super) enum Turn {
    Method(Target),
    Subscriber(Arc<Subscriber>),
}

impl Turns {
    pub(super) fn get(&self, at: usize) -> Option<Turn> {
        match self {
            Self::Methods(targets) => targets.get(at).map(Turn::Method),
            Self::Mixed(turns) => turns.get(at).cloned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.get(0).is_none()
    }

    /// The methods among them.
    pub(super) fn methods(&self) -> impl Iterator<Item = Target> {
        let turns = (0..).map_while(|at| self.get(at));
        turns.filter_map(|turn| match turn {
            Turn::Method(target) => Some(target),
            Turn::Subscriber(_) => None,
        })
    }
}

impl NamespaceTable {
    /// Those for the event's name, else the catch-alls; by priority, on a tie the methods first.
    pub(super) fn turns(&self, name: &str) -> Turns {
        let named = self.named(name);
        if self.ingress.is_empty() {
            return Turns::Methods(if named == Targets::None {
                self.any()
            } else {
                named
            });
        }
        let subscribers = self.ingress.named(name);
        let turns = self.mixed(&named, subscribers.as_deref());
        if turns.is_empty() {
            return self.mixed(&self.any(), self.ingress.any().as_deref());
        }
        turns
    }

    fn mixed(&self, targets: &Targets, subscribers: Option<&[Arc<Subscriber>]>) -> Turns {
        let Some(subscribers) = subscribers else {
            return Turns::Methods(targets.clone());
        };
        let methods = (0..).map_while(|at| targets.get(at));
        let methods = methods.map(|target| (self.priority(target), Turn::Method(target)));
        let subscribers = subscribers
            .iter()
            .map(|subscriber| (subscriber.priority(), Turn::Subscriber(subscriber.clone())));
        let mut turns: Vec<_> = methods.chain(subscribers).collect();
        // Stable: ties stay in this order.
        turns.sort_by_key(|(priority, _)| *priority);
        Turns::Mixed(turns.into_iter().map(|(_, turn)| turn).collect())
    }

    /// Whether an event's methods all run beside the others; subscribers then do too.
    pub(super) fn is_concurrent(&self, turns: &Turns) -> bool {
        let mut methods = turns.methods().peekable();
        methods.peek().is_some() && methods.all(|target| self.runs_beside(target))
    }
}
