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

/// Finds what policies stand for.
pub(super) struct PolicyResolver<'a> {
    pub(super) sight: PolicyScope<'a>,
    /// Guards that let everybody pass.
    pub(super) open: &'a [Key],
}

impl PolicyResolver<'_> {
    pub(super) fn all<T: ?Sized>(&self, policies: &[Policy<T>]) -> Vec<Arc<T>> {
        policies
            .iter()
            .filter(|policy| !self.open.contains(&policy.declared.key))
            .map(|policy| policy.find(self.sight))
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

/// The listed event handlers, and the places of their roots.
fn handlers(container: &Container) -> impl Iterator<Item = (usize, &EventHandlerEntry)> {
    let roots = container.roots().iter().enumerate();
    roots.filter_map(|(index, root)| Some((index, root.meta::<ModuleEntry>()?.handler()?)))
}

/// What stands around subscribers.
pub(super) fn surroundings(settings: &AppSettings, container: &Container) -> SubscriberPolicies {
    let around = |find: &PolicyResolver<'_>, policies: &Policies| PolicySet {
        interceptors: find.all(&policies.interceptors),
        filters: find.all(&policies.filters),
    };
    let open = &settings.bypassed_guards;
    let sight = PolicyScope {
        container,
        root: None,
    };
    let listed = handlers(container).map(|(index, handler)| {
        let plan = container.scope(&[index]);
        let root = Some((&plan, 0));
        let sight = PolicyScope { container, root };
        let policies = settings.policies.around(&handler.policies);
        (index, around(&PolicyResolver { sight, open }, &policies))
    });
    SubscriberPolicies {
        app: around(&PolicyResolver { sight, open }, &settings.policies),
        listed: listed.collect(),
        open: open.clone(),
    }
}

/// What guards a namespace for its event handlers, but for the guards that are asked for its
/// controllers already.
pub(super) fn connect_policies(
    settings: &AppSettings,
    container: &Container,
    namespace: &str,
    controllers: &[ControllerTable],
) -> Vec<ConnectPolicies> {
    let guards = controllers.iter().flat_map(|table| &table.guards);
    let mut asked: Vec<Arc<dyn ErasedGuard>> = guards.cloned().collect();
    let handlers = handlers(container).filter(|(_, handler)| handler.namespace == namespace);
    let entry = |(index, handler): (usize, &EventHandlerEntry)| {
        let plan = container.scope(&[index]);
        let root = Some((&plan, 0));
        let find = PolicyResolver {
            sight: PolicyScope { container, root },
            open: &settings.bypassed_guards,
        };
        let policies = settings.policies.around(&handler.policies);
        let mut guards = find.all(&policies.guards);
        // The same guard, not only one of the same type: each module may have its own.
        guards.retain(|guard| !asked.iter().any(|other| is_same(guard, other)));
        asked.extend(guards.iter().cloned());
        ConnectPolicies {
            guards,
            filters: find.all(&policies.filters),
        }
    };
    handlers.map(entry).collect()
}

fn is_same(one: &Arc<dyn ErasedGuard>, other: &Arc<dyn ErasedGuard>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}
