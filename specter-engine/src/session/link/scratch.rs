//! The read buffer that all connections of a thread share.
//!
//! A connection that waits for bytes holds no buffer. When bytes arrive, it borrows the thread's
//! buffer, and copies what is left after decoding.

use std::ops::{Deref, DerefMut};

use specter_proto::recycler::{Recyclable, Recycler};

/// The most bytes of one read.
pub(crate) const SCRATCH_LEN: usize = 64 * 1024;

thread_local! {
    static BUFFERS: Recycler<ReadSpace> = const { Recycler::new(1, SCRATCH_LEN) };
}

struct ReadSpace(Box<[u8]>);

impl Recyclable for ReadSpace {
    fn retained_bytes(&self) -> usize {
        self.0.len()
    }
}

/// The borrowed buffer of the thread. It contains whatever was read last.
pub(crate) struct Scratch(Box<[u8]>);

impl Scratch {
    /// Borrows the thread's buffer, or creates a new one if it is already borrowed.
    pub(crate) fn borrow() -> Self {
        let space = Recycler::take(&BUFFERS).map(|space| space.0);
        Self(space.unwrap_or_else(|| vec![0; SCRATCH_LEN].into_boxed_slice()))
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        Recycler::put(&BUFFERS, ReadSpace(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::{SCRATCH_LEN, Scratch};

    #[test]
    fn the_buffer_is_borrowed_and_returned() {
        let first = Scratch::borrow();
        let address = first.as_ptr();
        let second = Scratch::borrow();
        assert_ne!(second.as_ptr(), address);
        assert_eq!((first.len(), second.len()), (SCRATCH_LEN, SCRATCH_LEN));
        drop(second);
        drop(first);
        assert_eq!(Scratch::borrow().as_ptr(), address);
    }
}
