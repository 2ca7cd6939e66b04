//! The bindings of a valid graph, and the slots that hold the singletons. A plan and a running
//! container keep them. Must not build anything.

use std::ops::Range;

use crate::GraphView;
use crate::graph::{Binding, BoundRoot, BuildStep, ModuleNode};
use crate::lifecycle::HookedValue;
use crate::root::RootInfo;
use crate::slot::Input;

/// A valid graph. Modules, bindings and roots refer to one another by index.
pub(crate) struct Wiring {
    pub(crate) scope_name: &'static str,
    pub(crate) modules: Vec<ModuleNode>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) roots: Vec<BoundRoot>,
    /// The public part of each root.
    pub(crate) infos: Vec<RootInfo>,
    /// The bindings that are seeds.
    pub(crate) seeds: Range<usize>,
    /// The slot of each binding that is a singleton.
    pub(crate) singletons: Vec<Option<Input>>,
}

impl Wiring {
    /// The graph as text or diagram.
    pub(crate) fn view(&self) -> GraphView {
        let roots = (self.roots.as_slice(), self.infos.as_slice());
        GraphView::new(self.scope_name, &self.modules, &self.bindings, roots)
    }

    /// The values that `steps` built into the slots from `first_slot` on, in the order of
    /// construction.
    pub(crate) fn hooked_values<'a>(
        &'a self,
        steps: &'a [BuildStep],
        first_slot: usize,
    ) -> impl DoubleEndedIterator<Item = HookedValue<'a>> {
        let slots = first_slot..first_slot + steps.len();
        steps.iter().zip(slots).filter_map(|(step, slot)| {
            // The compiler numbered the slots with `u16`, so this never fails.
            let slot = u16::try_from(slot).ok()?;
            Some(self.bindings[step.binding].hooked_value(slot))
        })
    }
}
