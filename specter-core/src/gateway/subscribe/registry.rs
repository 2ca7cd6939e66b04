//! The subscribers of one namespace, ordered by priority.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use super::error_subscribers::{ErrorReport, ErrorSubscribers};
use super::ingress_error::IngressError;
use super::subscriber::Subscriber;
use crate::socket::service::BoxFuture;

/// The subscribers of one namespace.
pub(crate) struct Ingress {
    /// How many subscribers of events, connects and disconnects there are. While it is 0, an event
    /// reads nothing else of this struct.
    count: AtomicUsize,
    lists: RwLock<Lists>,
    errors: ErrorSubscribers,
    /// The App's error subscribers. They are notified if the namespace has none.
    default_errors: Arc<ErrorSubscribers>,
}

/// Subscribers, sorted by priority. Those of equal priority are in the order of their subscription.
/// A change replaces the whole list, so that a running event keeps the list with which it started.
type List = Arc<[Arc<Subscriber>]>;

#[derive(Default)]
struct Lists {
    by_key: HashMap<SubscriptionKey, List>,
    next_id: u64,
}

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SubscriptionKey {
    /// The event of this name.
    Named(Box<str>),
    /// Every event that has no handler of its own.
    Any,
    Connect,
    Disconnect,
}

impl SubscriptionKey {
    /// The key of an event that clients emit. `*` is the key [`Any`](Self::Any).
    ///
    /// # Errors
    /// The name is reserved: clients cannot emit it.
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
    pub(crate) fn new(default_errors: Arc<ErrorSubscribers>) -> Self {
        Self {
            count: AtomicUsize::new(0),
            lists: RwLock::default(),
            errors: ErrorSubscribers::default(),
            default_errors,
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

    /// The subscribers of connects or of disconnects.
    pub(crate) fn of(&self, key: &SubscriptionKey) -> Option<List> {
        if self.is_empty() {
            return None;
        }
        self.list(key)
    }

    fn list(&self, key: &SubscriptionKey) -> Option<List> {
        self.lists.read().by_key.get(key).cloned()
    }

    /// Adds a subscriber and returns its number, by which it is cancelled.
    pub(crate) fn subscribe(&self, key: SubscriptionKey, subscriber: Subscriber) -> u64 {
        let mut lists = self.lists.write();
        let id = lists.next_id;
        lists.next_id += 1;
        let subscriber = Arc::new(subscriber.with_id(id));
        let list = lists.by_key.entry(key).or_insert_with(|| Arc::from([]));
        let at = list.partition_point(|other| other.priority() <= subscriber.priority());
        let (before, after) = list.split_at(at);
        *list = before
            .iter()
            .chain([&subscriber])
            .chain(after)
            .cloned()
            .collect();
        self.count.fetch_add(1, Ordering::Release);
        id
    }

    pub(crate) fn cancel(&self, key: &SubscriptionKey, id: u64) {
        let mut lists = self.lists.write();
        let Some(list) = lists.by_key.get_mut(key) else {
            return;
        };
        let remaining: List = list
            .iter()
            .filter(|other| other.id() != id)
            .cloned()
            .collect();
        self.count
            .fetch_sub(list.len() - remaining.len(), Ordering::Release);
        if remaining.is_empty() {
            lists.by_key.remove(key);
        } else {
            *list = remaining;
        }
    }

    pub(crate) fn errors(&self) -> &ErrorSubscribers {
        &self.errors
    }

    /// Notifies the namespace's error subscribers, or the App's if the namespace has none. `None`
    /// if neither has any.
    pub(crate) fn notify(&self, report: &ErrorReport) -> Option<BoxFuture<()>> {
        self.errors
            .notify(report)
            .or_else(|| self.default_errors.notify(report))
    }

    /// The event names that have subscribers, for the log's hint about an unknown event.
    pub(crate) fn names(&self) -> Vec<Box<str>> {
        let lists = self.lists.read();
        let names = lists.by_key.keys().filter_map(|key| match key {
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
