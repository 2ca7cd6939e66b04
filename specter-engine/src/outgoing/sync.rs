//! The locks and atomics of the outgoing path: those of `parking_lot` and of the standard library,
//! or, under the feature `loom`, those of that model checker.

#[cfg(feature = "loom")]
pub(crate) use self::model::{AtomicBool, AtomicUsize, Mutex, MutexGuard};
#[cfg(not(feature = "loom"))]
pub(crate) use self::real::{AtomicBool, AtomicUsize, Mutex, MutexGuard};

#[cfg(not(feature = "loom"))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize};

    pub(crate) use parking_lot::{Mutex, MutexGuard};
}

#[cfg(feature = "loom")]
mod model {
    pub(crate) use loom::sync::MutexGuard;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize};

    /// loom's mutex with the interface of `parking_lot`'s.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0
                .lock()
                .expect("the model does not panic under a lock")
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }

        /// Used only for prefetching; the model has no cache.
        #[expect(clippy::unused_self, reason = "the interface of the real mutex")]
        pub(crate) fn is_locked(&self) -> bool {
            false
        }
    }
}
