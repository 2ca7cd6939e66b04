//! Providers that replace others, above all in tests.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use super::external::ExternalValue;
use crate::build::SyncBuild;
use crate::fault::{Fault, FaultKind, Step};

use crate::slot::Slot;
use crate::{Key, Location, Provide};

/// What was replaced and bound.
#[derive(Default)]
pub(super) struct Overrides {
    /// By the type that provides.
    replaced: HashMap<TypeId, Replacement>,
    bound: Vec<(ExternalValue, Slot)>,
    keys: HashSet<Key>,
}

/// What stands in for one provider.
pub(super) struct Replacement {
    name: String,
    location: Location,
    pub(super) build: SyncBuild,
}

impl Overrides {
    pub(super) fn replace<P: Provide<Value: Clone + Send + Sync>>(
        &mut self,
        value: P::Value,
        location: Location,
    ) {
        let replacement = Replacement {
            name: P::provider().name.into_owned(),
            location,
            build: SyncBuild::cloning(value),
        };
        self.replaced.insert(TypeId::of::<P>(), replacement);
    }

    /// The last value for a key counts.
    pub(super) fn bind(&mut self, external: ExternalValue, value: Slot) {
        self.bound.retain(|(other, _)| other.key != external.key);
        self.keys.insert(external.key);
        self.bound.push((external, value));
    }

    /// What stands in for a provider; once.
    pub(super) fn take(&mut self, id: TypeId) -> Option<Replacement> {
        self.replaced.remove(&id)
    }

    pub(super) fn binds(&self, key: Key) -> bool {
        self.keys.contains(&key)
    }

    /// The bound values; what is bound stays known.
    pub(super) fn take_bound(&mut self) -> Vec<(ExternalValue, Slot)> {
        std::mem::take(&mut self.bound)
    }

    /// What is left was not provided at all.
    pub(super) fn report_unused(self, faults: &mut Vec<Fault>) {
        let mut unused: Vec<_> = self.replaced.into_values().collect();
        unused.sort_by_key(|replacement| replacement.location);
        faults.extend(unused.into_iter().map(|replacement| {
            let name = replacement.name;
            let step = Step {
                location: replacement.location,
                text: format!("`{name}` is replaced here"),
            };
            Fault::new(
                FaultKind::UnusedReplacement,
                format!("`{name}` is replaced, but no module provides it"),
                vec![step],
                format!("add `{name}` to the providers of a module, or do not replace it"),
            )
        }));
    }
}
