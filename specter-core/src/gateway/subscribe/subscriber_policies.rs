//! Runs subscribers inside of their policies: the guards, interceptors and error filters of the
//! App, of the event handler's module, and of the subscription itself.

use std::collections::HashMap;
use std::sync::Arc;

use specter_di::{Container, Key};

use super::callback::SubscriberCall;
use super::intercepted_subscriber::intercepted_subscriber;
use super::subscriber::Subscriber;
use super::subscription_options::SubscriptionOptions;
use crate::gateway::declare::policies::PolicyScope;
use crate::gateway::dispatch::call_context::{CallContext, Outcome, Trigger};
use crate::gateway::policies::filter::{ErasedFilter, run_filters};
use crate::gateway::policies::guard::check_guards;
use crate::gateway::policies::interceptor::ErasedInterceptor;

/// The policies that the App and its modules declare for subscribers, resolved at start.
#[derive(Default)]
pub(crate) struct SubscriberPolicies {
    /// For subscribers that belong to no listed event handler.
    pub(crate) app: PolicySet,
    /// For the subscribers of a listed event handler, by the index of its root. The App's policies
    /// are included.
    pub(crate) by_handler_root: HashMap<usize, PolicySet>,
    /// The keys of guards that a test has switched off.
    pub(crate) bypassed_guards: Vec<Key>,
}

/// The interceptors and error filters of a call. Guards are not included, because those of the App
/// and of modules run at connect.
#[derive(Default)]
pub(crate) struct PolicySet {
    /// The outermost first.
    pub(crate) interceptors: Vec<Arc<dyn ErasedInterceptor>>,
    /// The innermost first.
    pub(crate) filters: Vec<Arc<dyn ErasedFilter>>,
}

impl SubscriberPolicies {
    /// The interceptors and filters of the App and of the event handler's module.
    fn outer(&self, options: &SubscriptionOptions) -> &PolicySet {
        options
            .handler_root
            .and_then(|root| self.by_handler_root.get(&root))
            .unwrap_or(&self.app)
    }

    /// Whether no policy applies to a subscriber with these options.
    fn is_empty(&self, options: &SubscriptionOptions) -> bool {
        let outer = self.outer(options);
        outer.interceptors.is_empty() && outer.filters.is_empty() && options.policies.is_empty()
    }

    /// All interceptors and filters that apply to a subscriber with these options.
    fn join(&self, options: &SubscriptionOptions, scope: PolicyScope<'_>) -> PolicySet {
        let outer = self.outer(options);
        let interceptors = options.policies.interceptors.iter();
        let filters = options.policies.filters.iter();
        PolicySet {
            interceptors: outer
                .interceptors
                .iter()
                .cloned()
                .chain(interceptors.map(|policy| policy.resolve(scope)))
                .collect(),
            filters: filters
                .map(|policy| policy.resolve(scope))
                .chain(outer.filters.iter().cloned())
                .collect(),
        }
    }
}

/// The policies of a namespace's subscribers, and the container that provides their instances.
#[derive(Clone)]
pub(crate) struct NamespacePolicies {
    pub(crate) declared: Arc<SubscriberPolicies>,
    /// Provides the singletons that subscriptions name as policies.
    pub(crate) container: Container,
}

impl NamespacePolicies {
    /// Starts a subscriber inside of its policies.
    pub(in crate::gateway) fn start(
        &self,
        subscriber: &Arc<Subscriber>,
        cx: CallContext,
    ) -> SubscriberCall {
        if self.declared.is_empty(subscriber.options()) {
            return subscriber.call(cx);
        }
        SubscriberCall::Pending(Box::pin(self.clone().run(subscriber.clone(), cx)))
    }

    async fn run(self, subscriber: Arc<Subscriber>, cx: CallContext) -> Outcome {
        let options = subscriber.options();
        let scope = PolicyScope {
            container: &self.container,
            root: None,
        };
        let bypassed = &self.declared.bypassed_guards;
        let guards: Vec<_> = options
            .policies
            .guards
            .iter()
            .filter(|policy| !bypassed.contains(&policy.declared.key))
            .map(|policy| policy.resolve(scope))
            .collect();
        let PolicySet {
            interceptors,
            filters,
        } = self.declared.join(options, scope);
        let (socket, event) = (cx.socket.clone(), cx.event_info());
        let guarded_event = match cx.trigger {
            Trigger::Connect => None,
            _ => Some(&event),
        };
        let outcome = match check_guards(&guards, &socket, guarded_event).await {
            Ok(()) => intercepted_subscriber(&interceptors, &subscriber, cx).await,
            Err(reject) => Outcome::Rejected(Box::new(reject)),
        };
        let error = match outcome {
            Outcome::Failed(error) => error,
            Outcome::Rejected(reject) => (*reject).into(),
            outcome => return outcome,
        };
        if filters.is_empty() || error.is_disconnected() {
            return Outcome::Failed(error);
        }
        Outcome::Failed(run_filters(filters, socket, event, error).await)
    }
}
