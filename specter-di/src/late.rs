//! The values of deferred dependencies: how a row of slots provides them once it is filled.
//! Must not know how a dependency is declared.

use std::any::Any;
use std::sync::OnceLock;

use crate::slot::{Input, ValueSources};

/// The weak reference that a deferred dependency holds, with its type erased.
pub(crate) type ErasedWeak = Box<dyn Any + Send + Sync>;

/// Makes the weak reference of a deferred dependency from a built value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Defer(pub(crate) fn(&ValueSources<'_>, Input) -> Option<ErasedWeak>);

impl Defer {
    /// The weak reference to the value of `input`; `None` if there is no such value.
    pub(crate) fn weak_reference(
        self,
        values: &ValueSources<'_>,
        input: Input,
    ) -> Option<ErasedWeak> {
        (self.0)(values, input)
    }
}

/// The values of a row's deferred dependencies. The row sets them once, when it is filled.
#[derive(Default)]
pub(crate) struct LateValues(OnceLock<Box<[ErasedWeak]>>);

impl LateValues {
    /// Sets all values. Only the first call has an effect.
    pub(crate) fn fill(&self, values: impl IntoIterator<Item = ErasedWeak>) {
        // A row is filled once, so this never fails.
        let _ = self.0.set(values.into_iter().collect());
    }

    /// Whether the row was filled.
    pub(crate) fn is_filled(&self) -> bool {
        self.0.get().is_some()
    }

    /// The value at an index; `None` before the row is filled.
    pub(crate) fn get(&self, index: u16) -> Option<&ErasedWeak> {
        self.0.get()?.get(usize::from(index))
    }
}
