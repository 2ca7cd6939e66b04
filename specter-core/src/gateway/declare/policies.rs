//! Guards, interceptors and error filters as they are declared on the App, on modules, on
//! controllers and on events.

use std::sync::Arc;

use specter_di::{Container, Dependency, Key, Location, Root, ScopePlan};

use crate::gateway::policies::filter::{ErasedFilter, ErrorFilter};
use crate::gateway::policies::guard::{ErasedGuard, Guard};
use crate::gateway::policies::interceptor::{ErasedInterceptor, Interceptor};

/// The policies that an App, a module, a controller or an event declares. Each list is in the order
/// of the declaration.
#[derive(Clone, Default)]
pub struct Policies {
    pub(crate) guards: Vec<Policy<dyn ErasedGuard>>,
    pub(crate) interceptors: Vec<Policy<dyn ErasedInterceptor>>,
    pub(crate) filters: Vec<Policy<dyn ErasedFilter>>,
}

/// One declared policy: its key in the container, and how its instance is resolved.
pub(crate) struct Policy<T: ?Sized> {
    pub(crate) declared: DeclaredPolicy,
    resolve: fn(PolicyScope<'_>) -> Option<Arc<T>>,
}

/// Where the instance of a policy is looked up: first among the singletons that the root of a plan
/// sees, if there is a root, then among those of the whole container.
#[derive(Clone, Copy)]
pub(crate) struct PolicyScope<'a> {
    pub(crate) container: &'a Container,
    pub(crate) root: Option<(&'a ScopePlan, usize)>,
}

/// The declaration of a policy.
#[derive(Clone, Copy)]
pub(crate) struct DeclaredPolicy {
    /// Its role in messages, such as `guard`.
    pub(crate) role: &'static str,
    pub(crate) key: Key,
    /// The name of its type, as it is written in the declaration.
    pub(crate) label: &'static str,
    pub(crate) location: Location,
}

impl<T: ?Sized> Clone for Policy<T> {
    fn clone(&self) -> Self {
        Self {
            declared: self.declared,
            resolve: self.resolve,
        }
    }
}

impl<T: ?Sized> Policy<T> {
    /// Looks the instance up.
    ///
    /// # Panics
    /// If there is no such singleton. This cannot happen in an App, because the graph is validated
    /// with all policies before it starts. It panics because leaving out a guard would be worse.
    pub(crate) fn resolve(&self, scope: PolicyScope<'_>) -> Arc<T> {
        (self.resolve)(scope)
            .unwrap_or_else(|| panic!("no provider builds the singleton `{}`", self.declared.key))
    }
}

impl Policies {
    pub(crate) fn is_empty(&self) -> bool {
        self.guards.is_empty() && self.interceptors.is_empty() && self.filters.is_empty()
    }

    /// Adds a guard.
    pub fn guard<G: Guard>(&mut self, label: &'static str, location: Location) {
        self.guards.push(Policy {
            declared: DeclaredPolicy::new::<G>("guard", label, location),
            resolve: |scope| Some(singleton::<G>(scope)?),
        });
    }

    /// Adds an interceptor.
    pub fn interceptor<I: Interceptor>(&mut self, label: &'static str, location: Location) {
        self.interceptors.push(Policy {
            declared: DeclaredPolicy::new::<I>("interceptor", label, location),
            resolve: |scope| Some(singleton::<I>(scope)?),
        });
    }

    /// Adds an error filter.
    pub fn filter<F: ErrorFilter>(&mut self, label: &'static str, location: Location) {
        self.filters.push(Policy {
            declared: DeclaredPolicy::new::<F>("error filter", label, location),
            resolve: |scope| Some(singleton::<F>(scope)?),
        });
    }

    /// Joins these policies, as the outer ones, with `inner`. The outer guards and interceptors run
    /// first, the outer filters last.
    pub(crate) fn with_inner(&self, inner: &Self) -> Self {
        Self {
            guards: concat(&self.guards, &inner.guards),
            interceptors: concat(&self.interceptors, &inner.interceptors),
            filters: concat(&inner.filters, &self.filters),
        }
    }

    /// Makes a root require the policies as singletons.
    pub(crate) fn require_from(&self, root: Root) -> Root {
        self.declared().fold(root, |root, policy| {
            root.require_singleton(policy.role, policy.key, policy.label, policy.location)
        })
    }

    /// The declarations of all policies.
    pub(crate) fn declared(&self) -> impl Iterator<Item = DeclaredPolicy> {
        let guards = self.guards.iter().map(|policy| policy.declared);
        let interceptors = self.interceptors.iter().map(|policy| policy.declared);
        let filters = self.filters.iter().map(|policy| policy.declared);
        guards.chain(interceptors).chain(filters)
    }
}

impl DeclaredPolicy {
    fn new<T: Send + Sync + 'static>(
        role: &'static str,
        label: &'static str,
        location: Location,
    ) -> Self {
        Self {
            role,
            key: <Arc<T> as Dependency>::key(),
            label,
            location,
        }
    }
}

/// Looks up a singleton among those that the root's module sees. If the module does not see it,
/// which can be the case for policies of the App, it is looked up in the container, whichever
/// module provides it.
fn singleton<T: Send + Sync + 'static>(scope: PolicyScope<'_>) -> Option<Arc<T>> {
    let root_singleton = scope
        .root
        .and_then(|(plan, position)| plan.singleton::<Arc<T>>(position));
    root_singleton.or_else(|| scope.container.get::<Arc<T>>())
}

fn concat<T: Clone>(first: &[T], second: &[T]) -> Vec<T> {
    [first, second].concat()
}
