//! The guards, interceptors and error filters of subscribers: those of the App and of the event
//! handler's module, and those of the subscription.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use specter_di::{Container, Key};

use super::intercepted_subscriber::intercepted_subscriber;
use crate::gateway::declare::policies::{Policies, PolicyScope};
use crate::gateway::dispatch::call_context::{CallContext, Outcome, Trigger};
use crate::gateway::policies::filter::{ErasedFilter, filtered};
use crate::gateway::policies::guard::check_guards;
use crate::gateway::policies::interceptor::ErasedInterceptor;
use crate::gateway::subscribe::Subscriber;

/// What is said at a subscription.
#[derive(Clone, Default)]
pub(crate) struct SubscriptionOptions {
    pub(in crate::gateway) policies: Policies,
    pub(in crate::gateway) limit: Option<Duration>,
    /// The event handler that subscribes: the place of its root, where a module lists it, and its
    /// type's name.
    pub(in crate::gateway) listed: Option<usize>,
    pub(in crate::gateway) handler: Option<&'static str>,
}

/// What the App and the modules declare, found at start.
#[derive(Default)]
pub(crate) struct SubscriberPolicies {
    /// Around all subscribers.
    pub(crate) app: PolicySet,
    /// Around those of a listed event handler, the App's included; by the place of its root.
    pub(crate) listed: HashMap<usize, PolicySet>,
    /// Guards that let everybody pass.
    pub(crate) open: Vec<Key>,
}

/// What stands around a call. Guards of the App and of modules run at connect, so that there are
/// none here.
#[derive(Default)]
pub(crate) struct PolicySet {
    /// The outermost first.
    pub(crate) interceptors: Vec<Arc<dyn ErasedInterceptor>>,
    /// The innermost first.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
}

impl SubscriberPolicies {
    fn outside(&self, own: &SubscriptionOptions) -> &PolicySet {
        let listed = own.listed.and_then(|root| self.listed.get(&root));
        listed.unwrap_or(&self.app)
    }

    /// Whether nothing stands around a subscriber.
    pub(in crate::gateway) fn is_empty(&self, own: &SubscriptionOptions) -> bool {
        let PolicySet {
            interceptors,
            filters,
        } = self.outside(own);
        interceptors.is_empty() && filters.is_empty() && own.policies.is_empty()
    }

    /// All that stands around a subscriber but its guards.
    fn around(&self, own: &SubscriptionOptions, container: &Container) -> PolicySet {
        let sight = PolicyScope {
            container,
            root: None,
        };
        let outside = self.outside(own);
        let interceptors = own.policies.interceptors.iter();
        let filters = own.policies.filters.iter();
        let inner_filters = filters.map(|policy| policy.find(sight));
        PolicySet {
            interceptors: outside
                .interceptors
                .iter()
                .cloned()
                .chain(interceptors.map(|policy| policy.find(sight)))
                .collect(),
            filters: inner_filters
                .chain(outside.filters.iter().cloned())
                .collect(),
        }
    }
}

/// What the policies of a namespace's subscribers are resolved with.
#[derive(Clone)]
pub(crate) struct NamespacePolicies {
    /// The policies of the App and of the event handlers' modules.
    pub(crate) around: Arc<SubscriberPolicies>,
    /// Holds the singletons that subscriptions name.
    pub(crate) container: Container,
}

/// Runs a subscriber inside of its policies.
pub(in crate::gateway) async fn run_with_policies(
    subscriber: Arc<Subscriber>,
    policies: NamespacePolicies,
    cx: CallContext,
) -> Outcome {
    let own = subscriber.own();
    let (surroundings, container) = (&policies.around, &policies.container);
    let sight = PolicyScope {
        container,
        root: None,
    };
    let guards = own.policies.guards.iter();
    let guards = guards.filter(|policy| !surroundings.open.contains(&policy.declared.key));
    let guards: Vec<_> = guards.map(|policy| policy.find(sight)).collect();
    let PolicySet {
        interceptors,
        filters,
    } = surroundings.around(own, container);
    let (socket, event) = (cx.socket.clone(), cx.info());
    let checked = match cx.cause {
        Trigger::Connect => None,
        _ => Some(&event),
    };
    let outcome = match check_guards(&guards, &socket, checked).await {
        Ok(()) => intercepted_subscriber(&interceptors, &subscriber, cx).await,
        Err(reject) => Outcome::Rejected(Box::new(reject)),
    };
    let error = match outcome {
        Outcome::Failed(error) => error,
        Outcome::Rejected(reject) => (*reject).into(),
        outcome => return outcome,
    };
    if filters.is_empty() || error.is_gone() {
        return Outcome::Failed(error);
    }
    Outcome::Failed(filtered(filters, socket, event, error).await)
}
