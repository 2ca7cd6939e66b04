//! Values that replace providers, mainly in tests.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use super::external::ExternalValue;
use crate::build::SyncBuild;
use crate::fault::{Fault, FaultKind, Step};
use crate::slot::Slot;
use crate::{Key, Location, Provide};

/// The replaced providers and the bound values.
#[derive(Default)]
pub(super) struct Overrides {
    /// The replacements, by the type of the provider.
    replaced: HashMap<TypeId, Replacement>,
    bound: Vec<(ExternalValue, Slot)>,
    bound_keys: HashSet<Key>,
    /// The keys of `bound_keys` that a provider or another value has too.
    replaced_keys: HashSet<Key>,
}

/// The replacement of one provider.
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

    /// Binds a value to a key. It replaces a value that was bound to the key before.
    pub(super) fn bind(&mut self, external: ExternalValue, value: Slot) {
        self.bound.retain(|(other, _)| other.key != external.key);
        self.bound_keys.insert(external.key);
        self.bound.push((external, value));
    }

    /// Takes the replacement of a provider.
    pub(super) fn take(&mut self, id: TypeId) -> Option<Replacement> {
        self.replaced.remove(&id)
    }

    /// Whether a value is bound to a key.
    pub(super) fn binds(&self, key: Key) -> bool {
        self.bound_keys.contains(&key)
    }

    /// Notes that the value that is bound to a key replaces a provider or another value.
    pub(super) fn note_replaced(&mut self, key: Key) {
        self.replaced_keys.insert(key);
    }

    /// Whether a value is bound to a key that nothing else provides.
    pub(super) fn replaces_nothing(&self, key: Key) -> bool {
        self.binds(key) && !self.replaced_keys.contains(&key)
    }

    /// Takes the bound values. [`binds`](Self::binds) still knows their keys.
    pub(super) fn take_bound(&mut self) -> Vec<(ExternalValue, Slot)> {
        std::mem::take(&mut self.bound)
    }

    /// Reports the replacements that were not taken, because no module lists their provider.
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
                format!("add `{name}` to the providers of a module, or remove the replacement"),
            )
        }));
    }
}
