//! The handlers of an event, in the order in which they run: methods of controllers, and
//! subscribers if there are any.

use std::sync::Arc;

use crate::gateway::declare::table::{HandlerTarget, NamespaceTable, Targets};
use crate::gateway::subscribe::Subscriber;

/// The handlers of one event, in the order in which they run.
pub(in crate::gateway) enum HandlerChain {
    /// Methods of controllers only: the common case.
    Methods(Targets),
    /// Methods and subscribers.
    Mixed(Vec<ChainEntry>),
}

/// A handler in the chain.
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

    /// The methods of the chain.
    pub(in crate::gateway) fn methods(&self) -> impl Iterator<Item = HandlerTarget> {
        let chain = (0..).map_while(|at| self.get(at));
        chain.filter_map(|entry| match entry {
            ChainEntry::Method(target) => Some(target),
            ChainEntry::Subscriber(_) => None,
        })
    }
}

impl NamespaceTable {
    /// The handlers for an event's name; if there are none, those for `*`. They are sorted by
    /// priority. Of equal priority, methods come before subscribers.
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
        // The sort is stable: of equal priority, methods stay before subscribers.
        chain.sort_by_key(|(priority, _)| *priority);
        HandlerChain::Mixed(chain.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Whether the event runs concurrently with others. This is so if it has methods and all of
    /// them are concurrent; its subscribers then run concurrently too.
    pub(in crate::gateway) fn is_concurrent(&self, chain: &HandlerChain) -> bool {
        let mut methods = chain.methods().peekable();
        methods.peek().is_some() && methods.all(|target| self.runs_concurrently(target))
    }
}
