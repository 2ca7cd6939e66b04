//! How a [`Binary`](super::Binary) deep inside a value reaches the attachments of its packet.
//!
//! serde hands no context down to the types that it reads and writes. The packet that this thread
//! reads or writes is therefore kept in a thread-local slot for exactly the time of the call: a
//! guard restores what was there before, also when a user's `Serialize` panics or emits a packet of
//! its own.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use triomphe::Arc;

use super::attachments::Attachments;
use super::packet_buf::PacketBuf;

thread_local! {
    static READING: RefCell<Reading> = const { RefCell::new(Reading::Nothing) };
    static WRITING: Cell<Writing> = const { Cell::new(Writing::Nothing) };
    /// The attachments of the packet that this thread is writing, where there are any.
    static ATTACHED: Cell<Attachments> = const { Cell::new(Attachments::Nothing) };
    /// Those of the packets within whose values this one is written.
    static OUTER: RefCell<Vec<Attachments>> = const { RefCell::new(Vec::new()) };
    static WHOLE_ARGS: Cell<WholeArgs> = const { Cell::new(WholeArgs::Unwanted) };
}

/// The packet whose arguments this thread is reading.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    /// With attachments, where there are any.
    Packet(Option<Arc<PacketBuf>>),
}

/// What this thread is writing. Most packets have no attachments: for them nothing else is looked
/// at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Nothing,
    /// A packet to which nothing is attached yet.
    Packet,
    /// A packet with attachments.
    WithAttachments,
}

/// Whether [`Args`](crate::socketio::Args) may hand their JSON to the writer as it is.
///
/// They meet serializers of any kind and can ask none of them for its type. The writer says that it
/// is the one that is called next, and they say that what follows is theirs; nothing comes between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WholeArgs {
    Unwanted,
    Wanted,
    /// So many follow.
    Given(usize),
}

/// Runs `read` with the attachments that its placeholders name.
pub(super) fn reading<R>(came: Option<&Arc<PacketBuf>>, read: impl FnOnce() -> R) -> R {
    struct PutBack(Reading);
    impl Drop for PutBack {
        fn drop(&mut self) {
            let before = std::mem::take(&mut self.0);
            // Replaced first and dropped outside the borrow.
            drop(READING.with(|slot| slot.replace(before)));
        }
    }
    let with_attachments = came.filter(|came| !came.attachments().is_empty());
    let reading = Reading::Packet(with_attachments.cloned());
    let _put_back = PutBack(READING.with(|slot| slot.replace(reading)));
    read()
}

/// Whether a packet's arguments are being read.
pub(super) fn is_reading() -> bool {
    READING.with_borrow(|reading| matches!(reading, Reading::Packet(_)))
}

/// The attachment of this number, of the packet being read.
pub(super) fn attachment(number: usize) -> Option<Bytes> {
    READING.with_borrow(|reading| match reading {
        Reading::Packet(Some(came)) => came.attachments().get(number).cloned(),
        Reading::Packet(None) | Reading::Nothing => None,
    })
}

/// Runs `write` and gives the attachments that it left.
#[inline]
pub(super) fn writing<R>(write: impl FnOnce() -> R) -> (R, Attachments) {
    /// Puts back what this thread wrote before, however this ends.
    struct PutBack(Writing);
    impl Drop for PutBack {
        #[inline]
        fn drop(&mut self) {
            let left = WRITING.replace(self.0);
            if left == Writing::WithAttachments || self.0 == Writing::WithAttachments {
                put_back_attached(self.0);
            }
            WHOLE_ARGS.set(WholeArgs::Unwanted);
        }
    }
    let before = WRITING.replace(Writing::Packet);
    if before == Writing::WithAttachments {
        OUTER.with_borrow_mut(|outer| outer.push(ATTACHED.take()));
    }
    let _put_back = PutBack(before);
    let result = write();
    let attached = if WRITING.get() == Writing::WithAttachments {
        ATTACHED.take()
    } else {
        Attachments::Nothing
    };
    (result, attached)
}

#[inline(never)]
fn put_back_attached(before: Writing) {
    let outer = if before == Writing::WithAttachments {
        OUTER.with_borrow_mut(Vec::pop)
    } else {
        None
    };
    ATTACHED.with(|attached| attached.set(outer.unwrap_or_default()));
}

/// Attaches bytes to the packet being written: the number of the first. `None` if none is.
pub(super) fn attach(attachments: &[Bytes]) -> Option<usize> {
    let packet = WRITING.get();
    if packet == Writing::Nothing {
        return None;
    }
    let mut attached = ATTACHED.take();
    let number = attached.len();
    attached.extend(attachments);
    ATTACHED.set(attached);
    WRITING.set(Writing::WithAttachments);
    Some(number)
}

/// Attaches those of arguments that are all there is in the packet being written.
pub(super) fn attach_all(came: &Arc<PacketBuf>) {
    if WRITING.get() == Writing::Packet {
        // `set` of the key itself would make a value first for a thread that has none.
        ATTACHED.with(|attached| attached.set(Attachments::Shared(Arc::clone(came))));
        WRITING.set(Writing::WithAttachments);
    } else {
        // Something is attached already: then they are gathered, and looked through, like any.
        attach(came.attachments());
    }
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
