//! The handlers of an event in their order: methods of controllers, and subscribers where there are
//! any.

use std::sync::Arc;

use crate::gateway::declare::table::{HandlerTarget, NamespaceTable, Targets};
use crate::gateway::subscribe::Subscriber;

/// The handlers of one event, in their order.
pub(in crate::gateway) enum HandlerChain {
    /// Nobody subscribed: the rule.
    Methods(Targets),
    Mixed(Vec<ChainEntry>),
}

#[derive(Clone)]
pub(in crate::gateway) enum ChainEntry {
    Method(HandlerTarget),
    Subscriber(Arc<Subscriber>),
}

impl HandlerChain {
    pub(in crate::gateway) fn get(&self, at: usize) -> Option<ChainEntry> {
        match self {
            Self::Methods(targets) => targets.get(at).map(ChainEntry::Method),
            Self::Mixed(chain) => chain.get(at).cloned(),
        }
    }

    pub(in crate::gateway) fn is_empty(&self) -> bool {
        self.get(0).is_none()
    }

    /// The methods among them.
    pub(in crate::gateway) fn methods(&self) -> impl Iterator<Item = HandlerTarget> {
        let chain = (0..).map_while(|at| self.get(at));
        chain.filter_map(|turn| match turn {
            ChainEntry::Method(target) => Some(target),
            ChainEntry::Subscriber(_) => None,
        })
    }
}

impl NamespaceTable {
    /// Those for the event's name, else the catch-alls; by priority, on a tie the methods first.
    pub(in crate::gateway) fn handlers_for(&self, name: &str) -> HandlerChain {
        let named = self.named(name);
        if self.ingress.is_empty() {
            return HandlerChain::Methods(if named == Targets::None {
                self.any()
            } else {
                named
            });
        }
        let subscribers = self.ingress.named(name);
        let chain = self.merge_subscribers(&named, subscribers.as_deref());
        if chain.is_empty() {
            return self.merge_subscribers(&self.any(), self.ingress.any().as_deref());
        }
        chain
    }

    fn merge_subscribers(
        &self,
        targets: &Targets,
        subscribers: Option<&[Arc<Subscriber>]>,
    ) -> HandlerChain {
        let Some(subscribers) = subscribers else {
            return HandlerChain::Methods(targets.clone());
        };
        let methods = (0..).map_while(|at| targets.get(at));
        let methods = methods.map(|target| (self.priority(target), ChainEntry::Method(target)));
        let subscribers = subscribers.iter().map(|subscriber| {
            (
                subscriber.priority(),
                ChainEntry::Subscriber(subscriber.clone()),
            )
        });
        let mut chain: Vec<_> = methods.chain(subscribers).collect();
        // Stable: ties stay in this order.
        chain.sort_by_key(|(priority, _)| *priority);
        HandlerChain::Mixed(chain.into_iter().map(|(_, turn)| turn).collect())
    }

    /// Whether an event's methods all run beside the others; subscribers then do too.
    pub(in crate::gateway) fn is_concurrent(&self, chain: &HandlerChain) -> bool {
        let mut methods = chain.methods().peekable();
        methods.peek().is_some() && methods.all(|target| self.runs_concurrently(target))
    }
}
