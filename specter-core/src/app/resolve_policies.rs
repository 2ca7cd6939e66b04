//! Resolves declared guards, interceptors and error filters to instances, once, when the singletons
//! are built.

use std::sync::Arc;

use specter_di::{Container, Key};

use super::registration::{EventHandlerEntry, ModuleEntry, RegisteredBlock};
use super::settings::AppSettings;
use crate::gateway::declare::table::{
    BlockTable, ConnectPolicies, ControllerTable, HandlerPolicies,
};
use crate::gateway::subscribe::{PolicySet, SubscriberPolicies};
use crate::gateway::{ErasedGuard, Policies, Policy, PolicyScope};

/// Resolves policies to instances, as one root of the container sees them.
pub(super) struct PolicyResolver<'a> {
    pub(super) scope: PolicyScope<'a>,
    /// The keys of guards that a test has switched off. They are left out.
    pub(super) bypassed_guards: &'a [Key],
}

impl PolicyResolver<'_> {
    pub(super) fn all<T: ?Sized>(&self, policies: &[Policy<T>]) -> Vec<Arc<T>> {
        policies
            .iter()
            .filter(|policy| !self.bypassed_guards.contains(&policy.declared.key))
            .map(|policy| policy.find(self.scope))
            .collect()
    }

    pub(super) fn block(&self, registered: &RegisteredBlock, outer: &Policies) -> BlockTable {
        let handlers = registered.policies.iter().zip(&registered.takes_ack);
        let handlers = handlers
            .map(|(own, takes_ack)| {
                let all = outer.around(own);
                HandlerPolicies {
                    guards: self.all(&own.guards),
                    interceptors: self.all(&all.interceptors).into(),
                    filters: self.all(&all.filters),
                    takes_ack: *takes_ack,
                }
            })
            .collect();
        BlockTable {
            block: registered.block,
            handlers,
        }
    }
}

/// The listed event handlers, with the indices of their roots.
fn handlers(container: &Container) -> impl Iterator<Item = (usize, &EventHandlerEntry)> {
    let roots = container.roots().iter().enumerate();
    roots.filter_map(|(index, root)| Some((index, root.meta::<ModuleEntry>()?.handler()?)))
}

/// Resolves the policies of the App and of its modules that apply to subscribers.
pub(super) fn subscriber_policies(
    settings: &AppSettings,
    container: &Container,
) -> SubscriberPolicies {
    let bypassed_guards = &settings.bypassed_guards;
    let resolve = |scope: PolicyScope<'_>, policies: &Policies| {
        let resolver = PolicyResolver {
            scope,
            bypassed_guards,
        };
        PolicySet {
            interceptors: resolver.all(&policies.interceptors),
            filters: resolver.all(&policies.filters),
        }
    };
    let by_handler_root = handlers(container).map(|(index, handler)| {
        let plan = container.scope(&[index]);
        let root = Some((&plan, 0));
        let policies = settings.policies.around(&handler.policies);
        (index, resolve(PolicyScope { container, root }, &policies))
    });
    SubscriberPolicies {
        app: resolve(
            PolicyScope {
                container,
                root: None,
            },
            &settings.policies,
        ),
        by_handler_root: by_handler_root.collect(),
        bypassed_guards: bypassed_guards.clone(),
    }
}

/// The guards that the event handlers of a namespace add at connect: those of the App and of their
/// modules, except guards that already run for one of the namespace's controllers.
pub(super) fn connect_policies(
    settings: &AppSettings,
    container: &Container,
    namespace: &str,
    controllers: &[ControllerTable],
) -> Vec<ConnectPolicies> {
    let guards = controllers.iter().flat_map(|table| &table.guards);
    let mut known_guards: Vec<Arc<dyn ErasedGuard>> = guards.cloned().collect();
    let handlers = handlers(container).filter(|(_, handler)| handler.namespace == namespace);
    let entry = |(index, handler): (usize, &EventHandlerEntry)| {
        let plan = container.scope(&[index]);
        let root = Some((&plan, 0));
        let resolver = PolicyResolver {
            scope: PolicyScope { container, root },
            bypassed_guards: &settings.bypassed_guards,
        };
        let policies = settings.policies.around(&handler.policies);
        let mut guards = resolver.all(&policies.guards);
        // Instances are compared, not types: each module may have its own guard of a type.
        guards.retain(|guard| !known_guards.iter().any(|other| is_same(guard, other)));
        known_guards.extend(guards.iter().cloned());
        ConnectPolicies {
            guards,
            filters: resolver.all(&policies.filters),
        }
    };
    handlers.map(entry).collect()
}

fn is_same(one: &Arc<dyn ErasedGuard>, other: &Arc<dyn ErasedGuard>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}
