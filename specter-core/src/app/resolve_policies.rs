//! Resolves the declared guards, interceptors and error filters to their instances. This is done
//! once, after the singletons are built.

use std::sync::Arc;

use specter_di::{Container, Key};

use super::registration::{EventHandlerEntry, ModuleEntry, RegisteredBlock};
use crate::gateway::declare::table::{
    BlockTable, ConnectPolicies, ControllerTable, HandlerPolicies,
};
use crate::gateway::subscribe::{PolicySet, SubscriberPolicies};
use crate::gateway::{ErasedGuard, Policies, Policy, PolicyScope};

/// Resolves policies as one root of the container sees them.
pub(super) struct PolicyResolver<'a> {
    pub(super) scope: PolicyScope<'a>,
    /// Guards that a test bypasses.
    pub(super) bypassed_guards: &'a [Key],
}

impl PolicyResolver<'_> {
    /// The instances of policies, in their order, without bypassed guards.
    pub(super) fn all<T: ?Sized>(&self, policies: &[Policy<T>]) -> Vec<Arc<T>> {
        policies
            .iter()
            .filter(|policy| !self.bypassed_guards.contains(&policy.declared.key))
            .map(|policy| policy.resolve(self.scope))
            .collect()
    }

    /// The handlers of a block with their policies. `outer` contains the policies that the App, the
    /// module and the controller declare.
    pub(super) fn block(&self, registered: &RegisteredBlock, outer: &Policies) -> BlockTable {
        let handlers = registered.policies.iter().zip(&registered.takes_ack);
        let handlers = handlers
            .map(|(policies, takes_ack)| {
                let all = outer.with_inner(policies);
                HandlerPolicies {
                    guards: self.all(&policies.guards),
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

/// The listed event handlers, each with the index of its root.
fn handlers(container: &Container) -> impl Iterator<Item = (usize, &EventHandlerEntry)> {
    let roots = container.roots().iter().enumerate();
    roots.filter_map(|(index, root)| Some((index, root.meta::<ModuleEntry>()?.handler()?)))
}

/// The policies of all subscribers: those of the App, and for a listed event handler also those of
/// its module.
pub(super) fn subscriber_policies(
    app: &Policies,
    bypassed_guards: &[Key],
    container: &Container,
) -> SubscriberPolicies {
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
        let policies = app.with_inner(&handler.policies);
        (index, resolve(PolicyScope { container, root }, &policies))
    });
    let root = None;
    SubscriberPolicies {
        app: resolve(PolicyScope { container, root }, app),
        by_handler_root: by_handler_root.collect(),
        bypassed_guards: bypassed_guards.to_vec(),
    }
}

/// The guards and filters that a namespace's event handlers add when a client connects. Guards of
/// the namespace's controllers are left out, so that each guard runs once.
pub(super) fn connect_policies(
    app: &Policies,
    bypassed_guards: &[Key],
    container: &Container,
    namespace: &str,
    controllers: &[ControllerTable],
) -> Vec<ConnectPolicies> {
    let guards = controllers.iter().flat_map(|table| &table.guards);
    let mut present: Vec<Arc<dyn ErasedGuard>> = guards.cloned().collect();
    let handlers = handlers(container).filter(|(_, handler)| handler.namespace == namespace);
    let resolve = |(index, handler): (usize, &EventHandlerEntry)| {
        let plan = container.scope(&[index]);
        let root = Some((&plan, 0));
        let resolver = PolicyResolver {
            scope: PolicyScope { container, root },
            bypassed_guards,
        };
        let policies = app.with_inner(&handler.policies);
        let mut guards = resolver.all(&policies.guards);
        // Compares instances, not types: two modules may each have a guard of the same type.
        guards.retain(|guard| !present.iter().any(|other| is_same(guard, other)));
        present.extend(guards.iter().cloned());
        ConnectPolicies {
            guards,
            filters: resolver.all(&policies.filters),
        }
    };
    handlers.map(resolve).collect()
}

fn is_same(one: &Arc<dyn ErasedGuard>, other: &Arc<dyn ErasedGuard>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}
