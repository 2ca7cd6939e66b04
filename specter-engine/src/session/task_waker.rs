//! The waker of a connection's task.
//!
//! The task sets it in its first turn, and later only if its waker changes, so that a turn costs
//! nothing here.

use std::task::Waker;

use parking_lot::Mutex;

/// The waker of a connection's task. Set from the task's first turn until the task ends.
#[derive(Default)]
pub(crate) struct TaskWaker(Mutex<Option<Waker>>);

impl TaskWaker {
    /// Replaces the waker. The task calls this at the start of a turn and then processes all events
    /// that came before, so that these need no wake-up.
    pub(crate) fn set(&self, waker: Waker) {
        let old = self.0.lock().replace(waker);
        // Dropped outside of the lock, as in `wake`: dropping a waker may call this again.
        drop(old);
    }

    /// Wakes the task, if there is one.
    pub(crate) fn wake(&self) {
        // Woken outside of the lock: the woken task may call this again immediately.
        let waker = self.0.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Drops the waker of a task that has ended: the waker holds the task's memory.
    pub(crate) fn clear(&self) {
        let old = self.0.lock().take();
        drop(old);
    }
}

#[cfg(test)]
mod tests {
    use super::TaskWaker;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};
    use std::task::Wake;

    /// Counts its wake-ups, and calls the waker again at each wake-up and when it is dropped.
    #[derive(Default)]
    struct Counting {
        woken: AtomicUsize,
        by: Weak<TaskWaker>,
    }

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::Relaxed);
            if let Some(by) = self.by.upgrade() {
                by.clear();
            }
        }
    }

    impl Drop for Counting {
        fn drop(&mut self) {
            if let Some(by) = self.by.upgrade() {
                by.wake();
            }
        }
    }

    #[test]
    fn the_waker_that_was_set_last_is_woken_each_time() {
        let task = TaskWaker::default();
        task.wake();
        let (first, second) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
        task.set(first.clone().into());
        task.wake();
        task.wake();
        task.set(second.clone().into());
        task.wake();
        let woken = |counting: &Counting| counting.woken.load(Ordering::Relaxed);
        assert_eq!((woken(&first), woken(&second)), (2, 1));
        assert_eq!(Arc::strong_count(&first), 1);
        task.clear();
        task.wake();
        assert_eq!((woken(&second), Arc::strong_count(&second)), (1, 1));
    }

    #[test]
    fn a_woken_task_may_use_the_waker_at_once() {
        let task = Arc::new(TaskWaker::default());
        let counting = Arc::new(Counting {
            woken: AtomicUsize::new(0),
            by: Arc::downgrade(&task),
        });
        task.set(counting.clone().into());
        task.wake();
        task.wake();
        assert_eq!(counting.woken.load(Ordering::Relaxed), 1);
        let another = || {
            Arc::new(Counting {
                woken: AtomicUsize::new(0),
                by: Arc::downgrade(&task),
            })
        };
        task.set(another().into());
        task.set(another().into());
        task.clear();
    }
}
