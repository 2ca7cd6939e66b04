//! The buffer of one received packet, which its event and its arguments share.
//!
//! A thread recycles the buffers of packets that are no longer used, so that most packets need no
//! allocation.

use std::fmt;

use bytes::{Bytes, BytesMut};
use triomphe::Arc;

use super::short_eq::short_eq;
use super::span::Span;
use crate::recycler::{Recyclable, Recycler};
use crate::socketio::codec::json::scanner::{ArgSpan, EventName};

/// The text and the attachments of a packet, and where the parts of the text are.
pub(super) struct PacketBuf {
    text: String,
    attachments: Vec<Bytes>,
    layout: PacketLayout,
}

/// Shows nothing of the content, which may be confidential.
impl fmt::Debug for PacketBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketBuf")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Where the parts of a packet are in its text.
#[derive(Debug, Default)]
pub(super) struct PacketLayout {
    pub(super) namespace: Span,
    pub(super) name: EventName,
    pub(super) id: Option<u64>,
    /// The arguments. In an event they come after the name.
    pub(super) elements: ArgSpan,
}

/// The number of buffers that a thread keeps.
const MAX_KEPT: usize = 16;
/// The largest text whose buffer a thread keeps, and the largest attachment, in bytes.
const MAX_KEPT_BYTES: usize = 2 * 1024;
/// The largest list of attachments that a kept buffer may have room for.
const MAX_KEPT_ATTACHMENTS: usize = 16;

thread_local! {
    static BUFFERS: Recycler<Arc<PacketBuf>> = const { Recycler::new(MAX_KEPT, MAX_KEPT_BYTES) };
    /// The memory of an attachment that is no longer used.
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
    /// A packet with this text and layout, and without attachments so far.
    #[inline]
    pub(super) fn new(text: &str, layout: PacketLayout) -> Arc<Self> {
        // A text that is longer than recycled buffers leaves them to other packets.
        if text.len() <= MAX_KEPT_BYTES
            && let Some(mut recycled) = Recycler::take(&BUFFERS)
            && let Some(packet) = Arc::get_mut(&mut recycled)
        {
            packet.text.clear();
            packet.text.push_str(text);
            packet.layout = layout;
            return recycled;
        }
        Self::allocate(text, layout)
    }

    /// Does the same as [`new`](Self::new), but allocates the buffer.
    #[inline(never)]
    fn allocate(text: &str, layout: PacketLayout) -> Arc<Self> {
        Arc::new(Self {
            text: text.to_owned(),
            attachments: Vec::new(),
            layout,
        })
    }

    /// Keeps the buffer for a later packet, if nothing else shares it and it is not too large.
    #[inline]
    pub(super) fn recycle(this: Arc<Self>) {
        let is_common_case =
            this.attachments.capacity() == 0 && this.text.capacity() <= MAX_KEPT_BYTES;
        if is_common_case && Arc::strong_count(&this) == 1 {
            Recycler::put(&BUFFERS, this);
        } else {
            Self::recycle_any(this);
        }
    }

    /// Does the same as [`recycle`](Self::recycle) for a buffer that may be shared, large, or have
    /// room for attachments.
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

    /// Adds an attachment. Does nothing if the packet is shared already.
    pub(super) fn attach(this: &mut Arc<Self>, data: &[u8]) {
        if let Some(packet) = Arc::get_mut(this) {
            if packet.attachments.capacity() == 0 {
                // Most packets with attachments have one. The announced number is not reserved,
                // because a client may announce attachments that it never sends.
                packet.attachments.reserve_exact(1);
            }
            packet.attachments.push(copy_attachment(data));
        }
    }

    /// Removes the attachments. The memory of a small attachment is kept if nothing else shares it.
    fn clear_attachments(&mut self) {
        while let Some(attachment) = self.attachments.pop() {
            if attachment.len() <= MAX_KEPT_BYTES
                && let Ok(mut buffer) = attachment.try_into_mut()
                && buffer.capacity() <= MAX_KEPT_BYTES
            {
                buffer.clear();
                Recycler::put(&ATTACHMENT, buffer);
            }
        }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The attachments, in the order of their numbers.
    pub(super) fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    pub(super) fn layout(&self) -> &PacketLayout {
        &self.layout
    }

    /// The name of the event.
    #[inline]
    pub(super) fn name(&self) -> &str {
        self.layout.name.of(&self.text)
    }

    /// Whether the event has this name.
    #[inline]
    pub(super) fn is_named(&self, name: &str) -> bool {
        match &self.layout.name {
            EventName::Raw(span) => {
                let raw = self.text.as_bytes().get(span.start()..span.end());
                raw.is_some_and(|raw| short_eq(raw, name.as_bytes()))
            }
            EventName::Unescaped(unescaped) => **unescaped == *name,
        }
    }

    /// The size of the text and the attachments, in bytes.
    pub(super) fn size(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.text.len() + attachments
    }
}

/// Copies an attachment, into recycled memory if that fits. Memory of more than twice the
/// attachment's size does not fit, because it would all be in use as long as the attachment is
/// kept.
fn copy_attachment(data: &[u8]) -> Bytes {
    let recycled = Recycler::take(&ATTACHMENT);
    let fits = |buffer: &BytesMut| (data.len()..=2 * data.len()).contains(&buffer.capacity());
    match recycled.filter(fits) {
        Some(mut buffer) => {
            buffer.extend_from_slice(data);
            buffer.freeze()
        }
        // `Bytes::copy_from_slice` returns a handle that is moved to its final place afterwards,
        // and the move has to wait until the processor has stored the copied bytes. `Bytes::from`
        // creates the handle there.
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

    fn recycled_count() -> usize {
        Recycler::len(&BUFFERS)
    }

    fn packet(text: &str) -> Arc<PacketBuf> {
        PacketBuf::new(text, PacketLayout::default())
    }

    #[test]
    fn a_later_packet_uses_the_recycled_buffer() {
        let mut first = packet("first");
        PacketBuf::attach(&mut first, b"attached");
        let address = Arc::as_ptr(&first).addr();
        PacketBuf::recycle(first);
        let second = packet("2nd");
        assert_eq!(Arc::as_ptr(&second).addr(), address);
        assert_eq!((second.text(), second.attachments().len()), ("2nd", 0));
        assert_eq!(recycled_count(), 0);
    }

    #[test]
    fn a_small_attachment_uses_the_memory_of_an_earlier_one() {
        let with_attachment = |size| {
            let mut packet = packet("text");
            PacketBuf::attach(&mut packet, &vec![7; size]);
            assert_eq!(*packet.attachments(), [vec![7; size]]);
            packet
        };
        for (size, capacity) in [(100, 100), (50, 100), (49, 49), (101, 101)] {
            PacketBuf::recycle(with_attachment(100));
            // Keeping a small attachment must not keep much memory.
            let mut packet = with_attachment(size);
            let attachment = Arc::get_mut(&mut packet).unwrap().attachments.pop();
            let attachment = attachment.unwrap().try_into_mut().unwrap();
            assert_eq!(attachment.capacity(), capacity);
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
    fn a_shared_buffer_is_not_recycled() {
        let first = packet("first");
        let keeper = Arc::clone(&first);
        PacketBuf::recycle(first);
        assert_eq!((recycled_count(), keeper.text()), (0, "first"));
        // A shared buffer that is in the pool nevertheless is not used either.
        Recycler::put(&BUFFERS, Arc::clone(&keeper));
        Recycler::put(&BUFFERS, Arc::clone(&keeper));
        assert_eq!(packet("second").text(), "second");
        assert_eq!(packet("second").text(), "second");
        assert_eq!(keeper.text(), "first");
    }

    #[test]
    fn few_and_small_buffers_are_kept() {
        PacketBuf::recycle(packet(&"x".repeat(MAX_KEPT_BYTES + 1)));
        let mut many = packet("many");
        for _ in 0..=MAX_KEPT_ATTACHMENTS {
            PacketBuf::attach(&mut many, b"");
        }
        PacketBuf::recycle(many);
        assert_eq!(recycled_count(), 0);
        let all: Vec<_> = (0..=MAX_KEPT).map(|_| packet("x")).collect();
        all.into_iter().for_each(PacketBuf::recycle);
        assert_eq!(recycled_count(), MAX_KEPT);
    }

    #[test]
    fn names_are_compared_without_escapes() {
        let named = |text, name| {
            let layout = PacketLayout {
                name,
                ..PacketLayout::default()
            };
            PacketBuf::new(text, layout)
        };
        let written = named(r#"2["name"]"#, EventName::Raw(Span::new(3, 7)));
        assert!(written.is_named("name"));
        assert!(!written.is_named("nama") && !written.is_named("names"));
        let unescaped = named(r#"2["a\n"]"#, EventName::Unescaped("a\n".into()));
        assert!(unescaped.is_named("a\n") && !unescaped.is_named(r"a\n"));
    }
}
