//! Gives a [`Binary`](super::Binary) deep inside a value access to the attachments of its packet.
//!
//! serde passes no context to the types that it reads and writes. The packet that the thread is
//! reading or writing is therefore in a thread-local variable during the call. A guard restores the
//! variable's value after the call, also if a user's `Serialize` panics or encodes another packet.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use triomphe::Arc;

use super::attachments::Attachments;
use super::packet_buf::PacketBuf;

thread_local! {
    static READING: RefCell<Reading> = const { RefCell::new(Reading::Nothing) };
    static WRITING: Cell<Writing> = const { Cell::new(Writing::Nothing) };
    /// The attachments of the packet that the thread is writing, if there are any.
    static ATTACHMENTS: Cell<Attachments> = const { Cell::new(Attachments::Nothing) };
    /// The attachments of the outer packets, while a packet is written inside a value of another
    /// one.
    static OUTER_ATTACHMENTS: RefCell<Vec<Attachments>> = const { RefCell::new(Vec::new()) };
    static RAW_ARGS: Cell<RawArgs> = const { Cell::new(RawArgs::NotAccepted) };
}

/// The packet whose arguments the thread is reading.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    /// The packet, if it has attachments.
    Packet(Option<Arc<PacketBuf>>),
}

/// The packet that the thread is writing. Most packets have no attachments, so nothing but this
/// value is checked for them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Nothing,
    /// A packet to which nothing was attached yet.
    Packet,
    /// A packet with attachments.
    WithAttachments,
}

/// Whether [`Args`](crate::socketio::Args) may pass their JSON to the serializer unchanged.
///
/// `Args` can be serialized by any serializer and cannot find out its type. The packet's serializer
/// therefore announces here that it is called next. `Args` then announce that the next bytes are
/// their JSON. Nothing else is serialized between these steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RawArgs {
    NotAccepted,
    Accepted,
    /// The next bytes are the JSON of this many arguments.
    Follow(usize),
}

/// Runs `read`, in which placeholders are resolved to the attachments of `packet`.
pub(super) fn read_with_attachments<R>(
    packet: Option<&Arc<PacketBuf>>,
    read: impl FnOnce() -> R,
) -> R {
    struct Restore(Reading);
    impl Drop for Restore {
        fn drop(&mut self) {
            let before = std::mem::take(&mut self.0);
            // The value is replaced first and dropped after the borrow has ended.
            drop(READING.with(|slot| slot.replace(before)));
        }
    }
    let with_attachments = packet.filter(|packet| !packet.attachments().is_empty());
    let reading = Reading::Packet(with_attachments.cloned());
    let _restore = Restore(READING.with(|slot| slot.replace(reading)));
    read()
}

/// Whether a packet's arguments are being read.
pub(super) fn is_reading() -> bool {
    READING.with_borrow(|reading| matches!(reading, Reading::Packet(_)))
}

/// The attachment with this number, of the packet that is being read.
pub(super) fn attachment(number: usize) -> Option<Bytes> {
    READING.with_borrow(|reading| match reading {
        Reading::Packet(Some(packet)) => packet.attachments().get(number).cloned(),
        Reading::Packet(None) | Reading::Nothing => None,
    })
}

/// Runs `write`. Returns its result and the attachments that it added.
#[inline]
pub(super) fn collect_attachments<R>(write: impl FnOnce() -> R) -> (R, Attachments) {
    /// Restores the state of the outer packet, also after a panic.
    struct Restore(Writing);
    impl Drop for Restore {
        #[inline]
        fn drop(&mut self) {
            let ended = WRITING.replace(self.0);
            if ended == Writing::WithAttachments || self.0 == Writing::WithAttachments {
                restore_attachments(self.0);
            }
            RAW_ARGS.set(RawArgs::NotAccepted);
        }
    }
    let before = WRITING.replace(Writing::Packet);
    if before == Writing::WithAttachments {
        OUTER_ATTACHMENTS.with_borrow_mut(|outer| outer.push(ATTACHMENTS.take()));
    }
    let _restore = Restore(before);
    let result = write();
    let attachments = if WRITING.get() == Writing::WithAttachments {
        ATTACHMENTS.take()
    } else {
        Attachments::Nothing
    };
    (result, attachments)
}

#[inline(never)]
fn restore_attachments(before: Writing) {
    let outer = if before == Writing::WithAttachments {
        OUTER_ATTACHMENTS.with_borrow_mut(Vec::pop)
    } else {
        None
    };
    ATTACHMENTS.with(|attachments| attachments.set(outer.unwrap_or_default()));
}

/// Attaches bytes to the packet that is being written. Returns the number of the first attachment,
/// or `None` if no packet is being written.
pub(super) fn attach(attachments: &[Bytes]) -> Option<usize> {
    if WRITING.get() == Writing::Nothing {
        return None;
    }
    let mut attached = ATTACHMENTS.take();
    let number = attached.len();
    attached.extend(attachments);
    ATTACHMENTS.set(attached);
    WRITING.set(Writing::WithAttachments);
    Some(number)
}

/// Attaches the attachments of `Args` that are the only arguments of the packet that is being
/// written.
pub(super) fn attach_shared(packet: &Arc<PacketBuf>) {
    if WRITING.get() == Writing::Packet {
        // Calling `set` on the key itself would first initialize the variable in a thread that has
        // not used it yet.
        ATTACHMENTS.with(|attached| attached.set(Attachments::Shared(Arc::clone(packet))));
        WRITING.set(Writing::WithAttachments);
    } else {
        // There are other attachments already. All of them are collected in one list then, and
        // their placeholders are checked.
        attach(packet.attachments());
    }
}

/// Announces that the serializer that is called next accepts the JSON of arguments unchanged.
pub(super) fn accept_raw_args() {
    RAW_ARGS.set(RawArgs::Accepted);
}

/// Returns whether the current serializer accepts JSON unchanged. If it does, the JSON of `count`
/// arguments must be serialized next.
pub(super) fn send_raw_args(count: usize) -> bool {
    let is_accepted = RAW_ARGS.get() == RawArgs::Accepted;
    if is_accepted {
        RAW_ARGS.set(RawArgs::Follow(count));
    }
    is_accepted
}

/// Returns the number of arguments if the next bytes are the JSON of arguments.
pub(super) fn take_raw_args() -> Option<usize> {
    match RAW_ARGS.replace(RawArgs::NotAccepted) {
        RawArgs::Follow(count) => Some(count),
        RawArgs::NotAccepted | RawArgs::Accepted => None,
    }
}
