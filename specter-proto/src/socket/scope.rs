//! How a `Binary` deep inside a value meets the attachments of its packet.
//!
//! serde hands no context down to the types it reads and writes. So the packet that is being read or
//! written on this thread stands in a thread-local slot, for exactly as long as the call lasts: a
//! guard puts back what was there before, also when a user's `Serialize` panics or emits a packet
//! of its own. Nothing here knows JSON.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use bytes::Bytes;

thread_local! {
    static READING: RefCell<Reading> = const { RefCell::new(Reading::Nothing) };
    /// The attachments of the packet that this thread is writing.
    static WRITING: Cell<Option<Vec<Bytes>>> = const { Cell::new(None) };
    static WHOLE_ARGS: Cell<WholeArgs> = const { Cell::new(WholeArgs::Unwanted) };
}

/// The packet whose arguments this thread is reading.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    Packet(Option<Arc<Vec<Bytes>>>),
}

/// Whether [`Args`](super::Args) may hand their JSON to the writer as it is.
///
/// They meet serializers of any kind and can ask none of them for its type. The writer says that it is the one that is
/// called next, and they say that what follows is theirs; nothing comes between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WholeArgs {
    Unwanted,
    Wanted,
    /// So many follow.
    Given(usize),
}

/// Runs `read` with the attachments that its placeholders name.
pub(super) fn reading<R>(attachments: Option<&Arc<Vec<Bytes>>>, read: impl FnOnce() -> R) -> R {
    struct PutBack(Reading);
    impl Drop for PutBack {
        fn drop(&mut self) {
            let before = std::mem::take(&mut self.0);
            // Replaced first and dropped outside the borrow.
            drop(READING.with(|slot| slot.replace(before)));
        }
    }
    let _put_back =
        PutBack(READING.with(|slot| slot.replace(Reading::Packet(attachments.cloned()))));
    read()
}

/// Whether a packet's arguments are being read.
pub(super) fn is_reading() -> bool {
    READING.with_borrow(|reading| matches!(reading, Reading::Packet(_)))
}

/// The attachment of this number, of the packet being read.
pub(super) fn attachment(number: usize) -> Option<Bytes> {
    READING.with_borrow(|reading| match reading {
        Reading::Packet(Some(attachments)) => attachments.get(number).cloned(),
        Reading::Packet(None) | Reading::Nothing => None,
    })
}

/// Runs `write` and gives the attachments that it left.
pub(super) fn writing<R>(write: impl FnOnce() -> R) -> (R, Vec<Bytes>) {
    struct PutBack(Option<Vec<Bytes>>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            WRITING.set(self.0.take());
            WHOLE_ARGS.set(WholeArgs::Unwanted);
        }
    }
    let put_back = PutBack(WRITING.replace(Some(Vec::new())));
    let result = write();
    let attachments = WRITING.take();
    drop(put_back);
    (result, attachments.unwrap_or_default())
}

/// Attaches bytes to the packet being written: the number of the first. `None` if none is.
pub(super) fn attach(attachments: &[Bytes]) -> Option<usize> {
    let mut attached = WRITING.take()?;
    let number = attached.len();
    attached.extend_from_slice(attachments);
    WRITING.set(Some(attached));
    Some(number)
}

/// The serializer that is called next takes JSON as it is.
pub(super) fn want_args() {
    WHOLE_ARGS.set(WholeArgs::Wanted);
}

/// Whether the serializer at hand takes JSON as it is; then that of `count` arguments must follow.
pub(super) fn give_args(count: usize) -> bool {
    let wanted = WHOLE_ARGS.get() == WholeArgs::Wanted;
    if wanted {
        WHOLE_ARGS.set(WholeArgs::Given(count));
    }
    wanted
}

/// How many arguments were given, if what follows is their JSON.
pub(super) fn take_args() -> Option<usize> {
    match WHOLE_ARGS.replace(WholeArgs::Unwanted) {
        WholeArgs::Given(count) => Some(count),
        WholeArgs::Unwanted | WholeArgs::Wanted => None,
    }
}
