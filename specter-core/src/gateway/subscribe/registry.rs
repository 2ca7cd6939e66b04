//! The subscribers of one namespace, in their order.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use crate::gateway::subscribe::{
    ErrorReport, ErrorSubscribers, IngressError, Subscriber, SubscriberCall, Subscription,
};
use crate::socket::service::BoxFuture;

/// What is subscribed to in a namespace.
pub(crate) struct Ingress {
    /// How many subscribers of events there are: the only thing that is looked at while there is
    /// none.
    count: AtomicUsize,
    lists: RwLock<Lists>,
    errors: ErrorSubscribers,
    defaults: Arc<ErrorSubscribers>,
}

/// By priority, ties in the order of subscription. Replaced as a whole, so that an event keeps the
/// list that it began with.
type List = Arc<[Arc<Subscriber>]>;

#[derive(Default)]
struct Lists {
    by_slot: HashMap<SubscriptionKey, List>,
    next: u64,
}

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SubscriptionKey {
    Named(Box<str>),
    Any,
    Connect,
    Disconnect,
}

impl SubscriptionKey {
    /// That of an event which clients emit.
    pub(crate) fn of_event(name: &str) -> Result<Self, IngressError> {
        match name {
            "*" => Ok(Self::Any),
            "" | "connect" | "disconnect" | "connect_error" | "disconnecting" | "newListener"
            | "removeListener" => Err(IngressError::Reserved(name.to_owned())),
            _ => Ok(Self::Named(name.into())),
        }
    }
}

impl Ingress {
    pub(crate) fn new(defaults: Arc<ErrorSubscribers>) -> Self {
        Self {
            count: AtomicUsize::new(0),
            lists: RwLock::default(),
            errors: ErrorSubscribers::default(),
            defaults,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    pub(crate) fn named(&self, name: &str) -> Option<List> {
        self.list(&SubscriptionKey::Named(name.into()))
    }

    pub(crate) fn any(&self) -> Option<List> {
        self.list(&SubscriptionKey::Any)
    }

    /// The subscribers of one end of a socket.
    pub(crate) fn of(&self, slot: &SubscriptionKey) -> Option<List> {
        if self.is_empty() {
            return None;
        }
        self.list(slot)
    }

    fn list(&self, slot: &SubscriptionKey) -> Option<List> {
        self.lists.read().by_slot.get(slot).cloned()
    }

    pub(crate) fn subscribe(
        self: &Arc<Self>,
        slot: SubscriptionKey,
        subscriber: Subscriber,
    ) -> Subscription {
        let mut lists = self.lists.write();
        let id = lists.next;
        lists.next += 1;
        let subscriber = Arc::new(subscriber.numbered(id));
        let list = lists
            .by_slot
            .entry(slot.clone())
            .or_insert_with(|| Arc::from([]));
        let at = list.partition_point(|other| other.priority() <= subscriber.priority());
        let (before, after) = list.split_at(at);
        *list = before
            .iter()
            .chain([&subscriber])
            .chain(after)
            .cloned()
            .collect();
        self.count.fetch_add(1, Ordering::Release);
        Subscription::of_event(Arc::downgrade(self), slot, id)
    }

    pub(crate) fn cancel(&self, slot: &SubscriptionKey, id: u64) {
        let mut lists = self.lists.write();
        let Some(list) = lists.by_slot.get_mut(slot) else {
            return;
        };
        let rest: List = list
            .iter()
            .filter(|other| other.id() != id)
            .cloned()
            .collect();
        self.count
            .fetch_sub(list.len() - rest.len(), Ordering::Release);
        if rest.is_empty() {
            lists.by_slot.remove(slot);
        } else {
            *list = rest;
        }
    }

    pub(crate) fn errors(&self) -> &ErrorSubscribers {
        &self.errors
    }

    /// Tells the namespace's error subscribers, else the App's; nothing where there are none.
    pub(crate) fn notify(&self, report: &ErrorReport) -> Option<BoxFuture<()>> {
        self.errors
            .notify(report)
            .or_else(|| self.defaults.notify(report))
    }

    /// The names that are subscribed to, for the hint in the log about an unknown one.
    pub(crate) fn names(&self) -> Vec<Box<str>> {
        let lists = self.lists.read();
        let names = lists.by_slot.keys().filter_map(|slot| match slot {
            SubscriptionKey::Named(name) => Some(name.clone()),
            SubscriptionKey::Any | SubscriptionKey::Connect | SubscriptionKey::Disconnect => None,
        });
        names.collect()
    }
}

impl fmt::Debug for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingress").finish_non_exhaustive()
    }
}

impl SubscriberCall {
    /// Waits for the end of a call.
    pub(crate) async fn end(self) -> crate::gateway::Outcome {
        match self {
            Self::Done(outcome) => outcome,
            Self::Pending(call) => call.await,
        }
    }
}
