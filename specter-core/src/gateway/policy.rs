//! What stands around handlers, as declared: guards, interceptors and error filters, on the App, modules, controllers and events.

use std::sync::Arc;

use specter_di::{Container, Dependency, Key, Location, ScopePlan};

use super::filter::{ErasedFilter, ErrorFilter};
use super::guard::{ErasedGuard, Guard};
use super::interceptor::{ErasedInterceptor, Interceptor};

/// The policies of one place: an App, a module, a controller or an event, each list in its declared order.
#[derive(Clone, Default)]
pub struct Policies {
    pub(crate) guards: Vec<Policy<dyn ErasedGuard>>,
    pub(crate) interceptors: Vec<Policy<dyn ErasedInterceptor>>,
    pub(crate) filters: Vec<Policy<dyn ErasedFilter>>,
}

/// One policy: what must be injected for it, and how it is found when a controller is wired.
pub(crate) struct Policy<T: ?Sized> {
    pub(crate) declared: Declared,
    pub(crate) resolve: fn(&Container, &ScopePlan, usize) -> Arc<T>,
}

/// Where a policy is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Declared {
    /// What it is to be: `guard`, for messages.
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

impl Policies {
    /// Adds a guard.
    pub fn guard<G: Guard>(&mut self, label: &'static str, location: Location) {
        self.guards.push(Policy {
            declared: Declared::new::<G>("guard", label, location),
            resolve: |container, plan, position| found::<G>(container, plan, position),
        });
    }

    /// Adds an interceptor.
    pub fn interceptor<I: Interceptor>(&mut self, label: &'static str, location: Location) {
        self.interceptors.push(Policy {
            declared: Declared::new::<I>("interceptor", label, location),
            resolve: |container, plan, position| found::<I>(container, plan, position),
        });
    }

    /// Adds an error filter.
    pub fn filter<F: ErrorFilter>(&mut self, label: &'static str, location: Location) {
        self.filters.push(Policy {
            declared: Declared::new::<F>("error filter", label, location),
            resolve: |container, plan, position| found::<F>(container, plan, position),
        });
    }

    /// These, and within them those of `inner`: outer guards and interceptors come first, outer filters last.
    pub(crate) fn around(&self, inner: &Self) -> Self {
        Self {
            guards: joined(&self.guards, &inner.guards),
            interceptors: joined(&self.interceptors, &inner.interceptors),
            filters: joined(&inner.filters, &self.filters),
        }
    }

    pub(crate) fn declared(&self) -> impl Iterator<Item = Declared> {
        let guards = self.guards.iter().map(|policy| policy.declared);
        let interceptors = self.interceptors.iter().map(|policy| policy.declared);
        let filters = self.filters.iter().map(|policy| policy.declared);
        guards.chain(interceptors).chain(filters)
    }
}

impl Declared {
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

/// What the controller's module sees; the App's own policies, what the App's module sees.
///
/// # Panics
/// Never in an App: its graph was found to have the singleton. A guard must not be left out for want of it.
fn found<T: Send + Sync + 'static>(
    container: &Container,
    plan: &ScopePlan,
    position: usize,
) -> Arc<T> {
    plan.singleton::<Arc<T>>(position)
        .or_else(|| container.get::<Arc<T>>())
        .unwrap_or_else(|| panic!("there is no singleton `{}`", std::any::type_name::<T>()))
}

fn joined<T: Clone>(first: &[T], second: &[T]) -> Vec<T> {
    [first, second].concat()
}
