//! Buffers that a thread keeps for the next use, so that the common case allocates nothing.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;

/// A value that a [`Recycler`] can keep.
pub trait Recyclable {
    /// The number of bytes that the value keeps allocated while it is unused.
    fn retained_bytes(&self) -> usize;
}

/// A thread's pool of values that can be used again, for a `thread_local!`.
///
/// The pool keeps at most `max_values` values. Each of them retains at least one byte and at most
/// `max_bytes` bytes; other values are dropped. If the pool is full, a new value replaces the one
/// that was returned last. The value that was returned last is taken first, because its memory is
/// most likely in the processor's cache.
///
/// ```
/// use specter_proto::recycler::{Recyclable, Recycler};
///
/// struct Buffer(Vec<u8>);
///
/// impl Recyclable for Buffer {
///     fn retained_bytes(&self) -> usize {
///         self.0.capacity()
///     }
/// }
///
/// thread_local! {
///     static BUFFERS: Recycler<Buffer> = const { Recycler::new(4, 1024) };
/// }
///
/// Recycler::put(&BUFFERS, Buffer(Vec::with_capacity(100)));
/// assert!(Recycler::take(&BUFFERS).is_some());
/// assert!(Recycler::take(&BUFFERS).is_none());
/// ```
pub struct Recycler<T: 'static> {
    /// The value that was returned last. It is usually the only one.
    last: Cell<Option<T>>,
    others: RefCell<Vec<T>>,
    max_values: usize,
    max_bytes: usize,
}

impl<T: Recyclable> Recycler<T> {
    /// Creates an empty pool that keeps at most `max_values` values of at most `max_bytes` bytes
    /// each.
    pub const fn new(max_values: usize, max_bytes: usize) -> Self {
        Self {
            last: Cell::new(None),
            others: RefCell::new(Vec::new()),
            max_values,
            max_bytes,
        }
    }

    /// Takes a value out of the thread's pool. Returns `None` if the pool is empty or the thread is
    /// ending.
    #[inline]
    pub fn take(pool: &'static LocalKey<Self>) -> Option<T> {
        pool.try_with(|pool| {
            let last = pool.last.take();
            last.or_else(|| pool.others.borrow_mut().pop())
        })
        .ok()
        .flatten()
    }

    /// Keeps a value for a later [`take`](Self::take). Drops it if it retains no bytes or too many,
    /// or if the thread is ending. If the pool is full, the value that was returned last is dropped
    /// instead.
    #[inline]
    pub fn put(pool: &'static LocalKey<Self>, value: T) {
        let bytes = value.retained_bytes();
        // `try_with` fails while the thread is ending; then the closure drops the value.
        let dropped = pool.try_with(|pool| {
            if !(1..=pool.max_bytes).contains(&bytes) {
                return Some(value);
            }
            let before = pool.last.replace(Some(value))?;
            pool.put_other(before)
        });
        // The value is dropped outside of the pool, because its destructor may use the pool.
        drop(dropped);
    }

    /// Keeps a value in `others`, or returns it if the pool is full.
    #[inline(never)]
    fn put_other(&self, value: T) -> Option<T> {
        let mut others = self.others.borrow_mut();
        if others.len() + 1 < self.max_values {
            others.push(value);
            None
        } else {
            Some(value)
        }
    }

    /// The number of values in the thread's pool.
    #[cfg(test)]
    pub(crate) fn len(pool: &'static LocalKey<Self>) -> usize {
        pool.with(|pool| {
            let last = pool.last.take();
            let len = usize::from(last.is_some()) + pool.others.borrow().len();
            pool.last.set(last);
            len
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Recyclable, Recycler};

    impl Recyclable for Vec<u8> {
        fn retained_bytes(&self) -> usize {
            self.capacity()
        }
    }

    thread_local! {
        static POOL: Recycler<Vec<u8>> = const { Recycler::new(2, 10) };
    }

    fn buffer(capacity: usize) -> Vec<u8> {
        let mut buffer = Vec::new();
        buffer.reserve_exact(capacity);
        buffer
    }

    #[test]
    fn the_last_value_is_taken_first() {
        Recycler::put(&POOL, buffer(1));
        Recycler::put(&POOL, buffer(2));
        let capacities = [0; 3].map(|_| Recycler::take(&POOL).map(|buffer| buffer.capacity()));
        assert_eq!(capacities, [Some(2), Some(1), None]);
    }

    #[test]
    fn few_and_small_values_are_kept() {
        for capacity in [0, 11] {
            Recycler::put(&POOL, buffer(capacity));
            assert_eq!(Recycler::len(&POOL), 0);
        }
        for kept in [1, 2, 2] {
            Recycler::put(&POOL, buffer(10));
            assert_eq!(Recycler::len(&POOL), kept);
        }
    }
}
