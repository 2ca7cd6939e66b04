//! What came in one packet: in one place, which its event, its arguments and whoever keeps them share.
//!
//! A thread keeps the places of some packets that are done with, for those that come: then one takes no allocation. It must not know what
//! a packet says.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use triomphe::Arc;

use super::json::{Elements, Name};
use super::span::Span;

/// A packet that was read.
pub(super) struct Came {
    text: String,
    attachments: Vec<Bytes>,
    places: Places,
}

/// Nothing of what came.
impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Came")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Where its parts lie.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) namespace: Span,
    pub(super) name: Name,
    pub(super) id: Option<u64>,
    /// The arguments; behind the name, of an event.
    pub(super) elements: Elements,
}

/// How many places a thread keeps.
const KEPT: usize = 16;
/// The largest that it keeps, in bytes of text.
const LARGEST: usize = 2 * 1024;
/// And in attachments.
const MOST_ATTACHMENTS: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Came>>> = const { RefCell::new(Vec::new()) };
}

impl Came {
    /// A packet with this text, of which its places are known, and without attachments so far.
    #[inline]
    pub(super) fn new(text: &str, places: Places) -> Arc<Self> {
        // While the thread ends nothing is kept. One that would outgrow its place leaves it to others.
        let spare = (text.len() <= LARGEST)
            .then(|| SPARE.try_with(|spare| spare.borrow_mut().pop()).ok())
            .flatten()
            .flatten();
        if let Some(mut spare) = spare
            && let Some(came) = Arc::get_mut(&mut spare)
        {
            came.text.clear();
            came.text.push_str(text);
            came.places = places;
            return spare;
        }
        Arc::new(Self {
            text: text.to_owned(),
            attachments: Vec::new(),
            places,
        })
    }

    /// Keeps its place for another, if nobody else has it and it is not large.
    #[inline]
    pub(super) fn put_back(mut this: Arc<Self>) {
        if Arc::strong_count(&this) > 1 || this.text.capacity() > LARGEST {
            return;
        }
        if this.attachments.capacity() > 0 {
            match Arc::get_mut(&mut this) {
                Some(came) if came.attachments.capacity() <= MOST_ATTACHMENTS => {
                    came.attachments.clear();
                }
                _ => return,
            }
        }
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(this);
            }
        });
    }

    /// Adds an attachment; nothing where it is shared already.
    pub(super) fn attach(this: &mut Arc<Self>, data: &[u8]) {
        if let Some(came) = Arc::get_mut(this) {
            if came.attachments.capacity() == 0 {
                // One is the rule; how many are announced says nothing of how many come.
                came.attachments.reserve_exact(1);
            }
            came.attachments.push(Bytes::copy_from_slice(data));
        }
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// In the order of their numbers.
    pub(super) fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// The name of an event.
    #[inline]
    pub(super) fn name(&self) -> &str {
        self.places.name.of(&self.text)
    }

    /// How many bytes came, attachments included.
    pub(super) fn size(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.text.len() + attachments
    }
}

#[cfg(test)]
mod tests {
    use super::{Came, KEPT, LARGEST, MOST_ATTACHMENTS, Places, SPARE};
    use triomphe::Arc;

    fn kept() -> usize {
        SPARE.with_borrow(Vec::len)
    }

    fn came(text: &str) -> Arc<Came> {
        Came::new(text, Places::default())
    }

    #[test]
    fn the_place_of_a_packet_is_the_next_ones() {
        let mut first = came("first");
        Came::attach(&mut first, b"attached");
        let place = Arc::as_ptr(&first).addr();
        Came::put_back(first);
        let second = came("2nd");
        assert_eq!(Arc::as_ptr(&second).addr(), place);
        assert_eq!((second.text(), second.attachments().len()), ("2nd", 0));
        assert_eq!(kept(), 0);
    }

    #[test]
    fn what_somebody_keeps_stays_as_it_is() {
        let first = came("first");
        let keeper = Arc::clone(&first);
        Came::put_back(first);
        assert_eq!((kept(), keeper.text()), (0, "first"));
        // Nor is a place given that somebody got hold of after all.
        SPARE.with_borrow_mut(|spare| spare.push(Arc::clone(&keeper)));
        assert_eq!(came("second").text(), "second");
        assert_eq!(keeper.text(), "first");
    }

    #[test]
    fn few_and_small_places_are_kept() {
        Came::put_back(came(&"x".repeat(LARGEST + 1)));
        let mut many = came("many");
        for _ in 0..=MOST_ATTACHMENTS {
            Came::attach(&mut many, b"");
        }
        Came::put_back(many);
        assert_eq!(kept(), 0);
        let all: Vec<_> = (0..=KEPT).map(|_| came("x")).collect();
        all.into_iter().for_each(Came::put_back);
        assert_eq!(kept(), KEPT);
    }
}
