//! How a `Binary` deep inside a value meets the attachments of its packet.
//!
//! serde hands no context down to the types it reads and writes. So the packet that is being read or
//! written on this thread stands in a thread-local slot, for exactly as long as the call lasts: a
//! guard puts back what was there before, also when a user's `Serialize` panics or emits a packet
//! of its own. Nothing here knows JSON.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;

use super::args::Args;

thread_local! {
    static READING: RefCell<Reading> = const { RefCell::new(Reading::Nothing) };
    static WRITING: RefCell<Option<Writing>> = const { RefCell::new(None) };
}

/// The packet whose arguments this thread is reading.
#[derive(Default)]
enum Reading {
    #[default]
    Nothing,
    Packet(Option<Arc<[Bytes]>>),
}

/// The packet that this thread is writing.
#[derive(Default)]
struct Writing {
    attachments: Vec<Bytes>,
    whole_args: WholeArgs,
}

/// The way by which [`Args`] reach the writer unserialized, when they are all that is written.
#[derive(Default)]
enum WholeArgs {
    #[default]
    Unwanted,
    Wanted,
    Given(Args),
}

/// Runs `read` with the attachments that its placeholders name.
pub(super) fn reading<R>(attachments: Option<&Arc<[Bytes]>>, read: impl FnOnce() -> R) -> R {
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
    struct PutBack(Option<Writing>);
    impl Drop for PutBack {
        fn drop(&mut self) {
            let before = self.0.take();
            drop(WRITING.with(|slot| slot.replace(before)));
        }
    }
    let put_back = PutBack(WRITING.with(|slot| slot.replace(Some(Writing::default()))));
    let result = write();
    let attachments = WRITING.with_borrow_mut(|writing| {
        writing
            .as_mut()
            .map(|writing| std::mem::take(&mut writing.attachments))
    });
    drop(put_back);
    (result, attachments.unwrap_or_default())
}

/// Attaches bytes to the packet being written: the number of the first. `None` if none is.
pub(super) fn attach(attachments: &[Bytes]) -> Option<usize> {
    WRITING.with_borrow_mut(|writing| {
        let writing = writing.as_mut()?;
        let number = writing.attachments.len();
        writing.attachments.extend_from_slice(attachments);
        Some(number)
    })
}

/// From here on the next [`give_args`] is taken.
pub(super) fn want_args() {
    set_whole_args(WholeArgs::Wanted);
}

/// Hands the arguments over whole, if they are wanted.
pub(super) fn give_args(args: &Args) -> bool {
    let wanted = WRITING.with_borrow(|writing| {
        matches!(
            writing,
            Some(Writing {
                whole_args: WholeArgs::Wanted,
                ..
            })
        )
    });
    if wanted {
        set_whole_args(WholeArgs::Given(args.clone()));
    }
    wanted
}

/// The arguments that were given.
pub(super) fn take_args() -> Option<Args> {
    match set_whole_args(WholeArgs::Unwanted) {
        WholeArgs::Given(args) => Some(args),
        WholeArgs::Unwanted | WholeArgs::Wanted => None,
    }
}

fn set_whole_args(state: WholeArgs) -> WholeArgs {
    WRITING.with_borrow_mut(|writing| match writing {
        Some(writing) => std::mem::replace(&mut writing.whole_args, state),
        None => WholeArgs::Unwanted,
    })
}
