//! The state that all handles of a container and all its scopes share.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use crate::graph::BuildStep;
use crate::lifecycle::HookedValue;
use crate::slot::{Input, Slots};
use crate::wiring::Wiring;

/// The singletons of a container and the graph from which they were built.
pub(crate) struct ContainerState {
    /// The embedder's values, followed by the values that `steps` built.
    pub(crate) singletons: Slots,
    pub(crate) wiring: Wiring,
    /// The steps that built the singletons.
    pub(crate) steps: Box<[BuildStep]>,
    /// The singletons that can be found by type alone.
    pub(crate) lookup: HashMap<TypeId, Input>,
    /// Whether the shutdown hooks have started.
    pub(crate) is_shut_down: AtomicBool,
}

impl ContainerState {
    /// The singletons that a step built, in the order of construction.
    pub(crate) fn hooked_values(&self) -> impl DoubleEndedIterator<Item = HookedValue<'_>> {
        let external_values = self.singletons.len() - self.steps.len();
        self.wiring.hooked_values(&self.steps, external_values)
    }
}
