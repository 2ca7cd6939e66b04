//! The buffer of one received packet, which its event, its arguments and those who keep them share.
//!
//! A thread recycles the buffers of packets that are done with, so that most packets need no
//! allocation.

use std::fmt;

use bytes::{Bytes, BytesMut};
use triomphe::Arc;

use super::short_eq::short_eq;
use super::span::Span;
use crate::recycler::{Recyclable, Recycler};
use crate::socketio::codec::json::scanner::{ArgSpan, EventName};

/// A packet that was read.
pub(super) struct PacketBuf {
    text: String,
    attachments: Vec<Bytes>,
    places: PacketLayout,
}

/// Nothing of what packet.
impl fmt::Debug for PacketBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketBuf")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Where its parts lie.
#[derive(Debug, Default)]
pub(super) struct PacketLayout {
    pub(super) namespace: Span,
    pub(super) name: EventName,
    pub(super) id: Option<u64>,
    /// The arguments; behind the name, of an event.
    pub(super) elements: ArgSpan,
}

/// How many buffers a thread keeps.
const MAX_KEPT: usize = 16;
/// The largest text whose buffer is kept, and the largest attachment, in bytes.
const MAX_KEPT_BYTES: usize = 2 * 1024;
/// The largest number of attachments whose list is kept.
const MAX_KEPT_ATTACHMENTS: usize = 16;

thread_local! {
    static BUFFERS: Recycler<Arc<PacketBuf>> = const { Recycler::new(MAX_KEPT, MAX_KEPT_BYTES) };
    /// The memory of an attachment that nobody has any more.
    static ATTACHMENT: Recycler<BytesMut> = const { Recycler::new(1, MAX_KEPT_BYTES) };
}

impl Recyclable for Arc<PacketBuf> {
    fn retained_bytes(&self) -> usize {
        self.text.capacity()
    }
}

impl Recyclable for BytesMut {
    fn retained_bytes(&self) -> usize {
        self.capacity()
    }
}

impl PacketBuf {
    /// A packet with this text, of which its places are known, and without attachments so far.
    #[inline]
    pub(super) fn new(text: &str, places: PacketLayout) -> Arc<Self> {
        // One that would outgrow its place leaves it to others.
        if text.len() <= MAX_KEPT_BYTES
            && let Some(mut spare) = Recycler::take(&BUFFERS)
            && let Some(packet) = Arc::get_mut(&mut spare)
        {
            packet.text.clear();
            packet.text.push_str(text);
            packet.places = places;
            return spare;
        }
        Self::elsewhere(text, places)
    }

    /// The same in a place of its own.
    #[inline(never)]
    fn elsewhere(text: &str, places: PacketLayout) -> Arc<Self> {
        Arc::new(Self {
            text: text.to_owned(),
            attachments: Vec::new(),
            places,
        })
    }

    /// Keeps its place for another, if nobody else has it and it is not large.
    #[inline]
    pub(super) fn recycle(this: Arc<Self>) {
        let is_usual = this.attachments.capacity() == 0 && this.text.capacity() <= MAX_KEPT_BYTES;
        if is_usual && Arc::strong_count(&this) == 1 {
            Recycler::put(&BUFFERS, this);
        } else {
            Self::recycle_any(this);
        }
    }

    /// The same for one that is shared, large, or has room for attachments.
    #[inline(never)]
    fn recycle_any(mut this: Arc<Self>) {
        if let Some(packet) = Arc::get_mut(&mut this)
            && packet.text.capacity() <= MAX_KEPT_BYTES
            && packet.attachments.capacity() <= MAX_KEPT_ATTACHMENTS
        {
            packet.clear_attachments();
            Recycler::put(&BUFFERS, this);
        }
    }

    /// Adds an attachment; nothing where it is shared already.
    pub(super) fn attach(this: &mut Arc<Self>, data: &[u8]) {
        if let Some(packet) = Arc::get_mut(this) {
            if packet.attachments.capacity() == 0 {
                // One is the rule; how many are announced says nothing of how many come.
                packet.attachments.reserve_exact(1);
            }
            packet.attachments.push(copied(data));
        }
    }

    /// Lets go of them. The room of a small one is kept, if nobody else has any of it.
    fn clear_attachments(&mut self) {
        while let Some(attachment) = self.attachments.pop() {
            if attachment.len() <= MAX_KEPT_BYTES
                && let Ok(mut room) = attachment.try_into_mut()
                && room.capacity() <= MAX_KEPT_BYTES
            {
                room.clear();
                Recycler::put(&ATTACHMENT, room);
            }
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

    pub(super) fn places(&self) -> &PacketLayout {
        &self.places
    }

    /// The name of an event.
    #[inline]
    pub(super) fn name(&self) -> &str {
        self.places.name.of(&self.text)
    }

    /// Whether that is the name of an event.
    #[inline]
    pub(super) fn is_named(&self, name: &str) -> bool {
        match &self.places.name {
            EventName::Raw(span) => {
                let written = self.text.as_bytes().get(span.start()..span.end());
                written.is_some_and(|written| short_eq(written, name.as_bytes()))
            }
            EventName::Unescaped(unescaped) => **unescaped == *name,
        }
    }

    /// How many bytes packet, attachments included.
    pub(super) fn size(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.text.len() + attachments
    }
}

/// A copy of an attachment, in the room that is kept if it fits: whoever keeps the copy keeps all
/// of that.
fn copied(data: &[u8]) -> Bytes {
    let room = Recycler::take(&ATTACHMENT);
    let fits = |room: &BytesMut| (data.len()..=2 * data.len()).contains(&room.capacity());
    match room.filter(fits) {
        Some(mut room) => {
            room.extend_from_slice(data);
            room.freeze()
        }
        // A handle that is made in its place: `copy_from_slice` gives one that is moved there, for
        // which all that was copied is waited for.
        None => Bytes::from(Box::<[u8]>::from(data)),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        BUFFERS, EventName, MAX_KEPT, MAX_KEPT_ATTACHMENTS, MAX_KEPT_BYTES, PacketBuf,
        PacketLayout, Recycler, Span,
    };
    use triomphe::Arc;

    fn kept() -> usize {
        Recycler::len(&BUFFERS)
    }

    fn packet(text: &str) -> Arc<PacketBuf> {
        PacketBuf::new(text, PacketLayout::default())
    }

    #[test]
    fn the_place_of_a_packet_is_the_next_ones() {
        let mut first = packet("first");
        PacketBuf::attach(&mut first, b"attached");
        let place = Arc::as_ptr(&first).addr();
        PacketBuf::recycle(first);
        let second = packet("2nd");
        assert_eq!(Arc::as_ptr(&second).addr(), place);
        assert_eq!((second.text(), second.attachments().len()), ("2nd", 0));
        assert_eq!(kept(), 0);
    }

    #[test]
    fn a_small_attachment_lies_where_one_before_it_lay() {
        let with_attachment = |size| {
            let mut packet = packet("text");
            PacketBuf::attach(&mut packet, &vec![7; size]);
            assert_eq!(*packet.attachments(), [vec![7; size]]);
            packet
        };
        for (size, room) in [(100, 100), (50, 100), (49, 49), (101, 101)] {
            PacketBuf::recycle(with_attachment(100));
            // Whoever keeps little shall not keep much.
            let mut packet = with_attachment(size);
            let attachment = Arc::get_mut(&mut packet).unwrap().attachments.pop();
            let attachment = attachment.unwrap().try_into_mut().unwrap();
            assert_eq!(attachment.capacity(), room);
        }
        let first = with_attachment(100);
        let kept = first.attachments()[0].clone();
        PacketBuf::recycle(first);
        assert_ne!(
            with_attachment(100).attachments()[0].as_ptr(),
            kept.as_ptr()
        );
        assert_eq!(kept, vec![7; 100]);
    }

    #[test]
    fn what_somebody_keeps_stays_as_it_is() {
        let first = packet("first");
        let keeper = Arc::clone(&first);
        PacketBuf::recycle(first);
        assert_eq!((kept(), keeper.text()), (0, "first"));
        // Nor is a place given that somebody got hold of after all.
        Recycler::put(&BUFFERS, Arc::clone(&keeper));
        Recycler::put(&BUFFERS, Arc::clone(&keeper));
        assert_eq!(packet("second").text(), "second");
        assert_eq!(packet("second").text(), "second");
        assert_eq!(keeper.text(), "first");
    }

    #[test]
    fn few_and_small_places_are_kept() {
        PacketBuf::recycle(packet(&"x".repeat(MAX_KEPT_BYTES + 1)));
        let mut many = packet("many");
        for _ in 0..=MAX_KEPT_ATTACHMENTS {
            PacketBuf::attach(&mut many, b"");
        }
        PacketBuf::recycle(many);
        assert_eq!(kept(), 0);
        let all: Vec<_> = (0..=MAX_KEPT).map(|_| packet("x")).collect();
        all.into_iter().for_each(PacketBuf::recycle);
        assert_eq!(kept(), MAX_KEPT);
    }

    #[test]
    fn a_name_is_compared_as_it_stands_and_with_its_escapes_undone() {
        let named = |text, name| {
            let places = PacketLayout {
                name,
                ..PacketLayout::default()
            };
            PacketBuf::new(text, places)
        };
        let written = named(r#"2["name"]"#, EventName::Raw(Span::new(3, 7)));
        assert!(written.is_named("name"));
        assert!(!written.is_named("nama") && !written.is_named("names"));
        let unescaped = named(r#"2["a\n"]"#, EventName::Unescaped("a\n".into()));
        assert!(unescaped.is_named("a\n") && !unescaped.is_named(r"a\n"));
    }
}
