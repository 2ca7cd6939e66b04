//! Guards, interceptors and error filters as they are declared on the App, on modules, on
//! controllers and on events.

use std::sync::Arc;

use specter_di::{Container, Dependency, Key, Location, Root, ScopePlan};

use crate::gateway::policies::filter::{ErasedFilter, ErrorFilter};
use crate::gateway::policies::guard::{ErasedGuard, Guard};
use crate::gateway::policies::interceptor::{ErasedInterceptor, Interceptor};

/// The policies of one place: an App, a module, a controller or an event, each list in its declared
/// order.
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

/// Where a policy is resolved: as a root of a plan sees it, or, without a root, among all
/// singletons.
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
    /// Resolves the instance.
    ///
    /// # Panics
    /// Never in an App, whose graph was checked for it. Leaving a missing guard out would be worse
    /// than a panic.
    pub(crate) fn find(&self, scope: PolicyScope<'_>) -> Arc<T> {
        (self.resolve)(scope)
            .unwrap_or_else(|| panic!("there is no singleton `{}`", self.declared.key))
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
            resolve: |scope| Some(found::<G>(scope)?),
        });
    }

    /// Adds an interceptor.
    pub fn interceptor<I: Interceptor>(&mut self, label: &'static str, location: Location) {
        self.interceptors.push(Policy {
            declared: DeclaredPolicy::new::<I>("interceptor", label, location),
            resolve: |scope| Some(found::<I>(scope)?),
        });
    }

    /// Adds an error filter.
    pub fn filter<F: ErrorFilter>(&mut self, label: &'static str, location: Location) {
        self.filters.push(Policy {
            declared: DeclaredPolicy::new::<F>("error filter", label, location),
            resolve: |scope| Some(found::<F>(scope)?),
        });
    }

    /// These policies around those of `inner`: the outer guards and interceptors come first, the
    /// outer filters last.
    pub(crate) fn around(&self, inner: &Self) -> Self {
        Self {
            guards: joined(&self.guards, &inner.guards),
            interceptors: joined(&self.interceptors, &inner.interceptors),
            filters: joined(&inner.filters, &self.filters),
        }
    }

    /// A root that requires the policies as singletons.
    pub(crate) fn required_of(&self, root: Root) -> Root {
        self.declared().fold(root, |root, policy| {
            root.require_singleton(policy.role, policy.key, policy.label, policy.location)
        })
    }

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

/// Finds a singleton as the root's module sees it, or, for the App's own policies, as the App's
/// module does.
fn found<T: Send + Sync + 'static>(scope: PolicyScope<'_>) -> Option<Arc<T>> {
    let of_root = scope
        .root
        .and_then(|(plan, position)| plan.singleton::<Arc<T>>(position));
    of_root.or_else(|| scope.container.get::<Arc<T>>())
}

fn joined<T: Clone>(first: &[T], second: &[T]) -> Vec<T> {
    [first, second].concat()
}
