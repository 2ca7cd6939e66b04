//! A deque of packets that allocates nothing for a single packet, which is what most queues hold.

use std::collections::VecDeque;
use std::mem;

use specter_proto::engine::EncodedPacket;
use specter_proto::recycler::{Recyclable, Recycler};

/// Queued packets.
#[derive(Default)]
pub(crate) struct PacketDeque {
    first: Option<EncodedPacket>,
    /// The packets after the first. Empty if there is no first.
    rest: VecDeque<EncodedPacket>,
}

impl PacketDeque {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn front(&self) -> Option<&EncodedPacket> {
        self.first.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &EncodedPacket> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn push_back(&mut self, packet: EncodedPacket) {
        if self.first.is_none() {
            self.first = Some(packet);
            return;
        }
        if self.rest.capacity() == 0 {
            self.rest = recycled_deque();
        }
        self.rest.push_back(packet);
    }

    pub(crate) fn push_front(&mut self, packet: EncodedPacket) {
        if let Some(second) = self.first.replace(packet) {
            self.rest.push_front(second);
        }
    }

    /// Inserts a packet after the first one, or as the first if there is none.
    pub(crate) fn push_second(&mut self, packet: EncodedPacket) {
        if self.first.is_some() {
            self.rest.push_front(packet);
        } else {
            self.first = Some(packet);
        }
    }

    pub(crate) fn pop_front(&mut self) -> Option<EncodedPacket> {
        let first = self.first.take()?;
        if self.rest.capacity() > 0 {
            self.first = self.rest.pop_front();
            if self.rest.is_empty() {
                recycle_deque(mem::take(&mut self.rest));
            }
        }
        Some(first)
    }

    /// Takes the only packet, if there is exactly one and it has one frame.
    pub(crate) fn take_only_frame(&mut self) -> Option<EncodedPacket> {
        if !self.rest.is_empty() {
            return None;
        }
        self.first.take_if(|packet| packet.frame_count() == 1)
    }

    /// Takes all packets.
    pub(crate) fn take(&mut self) -> VecDeque<EncodedPacket> {
        let Some(first) = self.first.take() else {
            return VecDeque::new();
        };
        if self.rest.is_empty() {
            let mut alone = recycled_deque();
            alone.push_back(first);
            return alone;
        }
        let mut taken = mem::take(&mut self.rest);
        taken.push_front(first);
        taken
    }
}

/// The most empty deques that a thread keeps.
const MAX_KEPT: usize = 64;
/// The largest capacity, in packets, of a deque that is kept.
const MAX_KEPT_PACKETS: usize = 64;

thread_local! {
    /// An idle connection holds no deque: it passes its memory on to the next connection that needs
    /// one.
    static DEQUES: Recycler<EmptyDeque> =
        const { Recycler::new(MAX_KEPT, MAX_KEPT_PACKETS * size_of::<EncodedPacket>()) };
}

struct EmptyDeque(VecDeque<EncodedPacket>);

impl Recyclable for EmptyDeque {
    fn retained_bytes(&self) -> usize {
        self.0.capacity() * size_of::<EncodedPacket>()
    }
}

fn recycled_deque() -> VecDeque<EncodedPacket> {
    Recycler::take(&DEQUES)
        .map(|deque| deque.0)
        .unwrap_or_default()
}

/// Keeps the memory of an empty deque for reuse.
pub(crate) fn recycle_deque(deque: VecDeque<EncodedPacket>) {
    if deque.is_empty() {
        Recycler::put(&DEQUES, EmptyDeque(deque));
    }
}

#[cfg(test)]
mod tests {
    use super::PacketDeque;
    use specter_proto::engine::{EncodedPacket, Frame};

    fn packet(text: &str) -> EncodedPacket {
        Frame::text_message(text).into()
    }

    fn texts<'a>(packets: impl IntoIterator<Item = &'a EncodedPacket>) -> String {
        let payload = |packet: &EncodedPacket| packet.first().payload().to_vec();
        let bytes: Vec<u8> = packets.into_iter().flat_map(payload).collect();
        String::from_utf8(bytes).unwrap().replace('4', "")
    }

    #[test]
    fn packets_are_taken_in_order() {
        for count in 0..4 {
            let mut packets = PacketDeque::default();
            assert!(packets.is_empty() && packets.pop_front().is_none());
            for text in &["a", "b", "c"][..count.min(3)] {
                packets.push_back(packet(text));
            }
            let expected = &"abc"[..count.min(3)];
            assert_eq!(packets.len(), expected.len());
            assert_eq!(texts(packets.iter()), expected);
            packets.push_front(packet("z"));
            assert_eq!(texts(packets.front()), "z");
            assert_eq!(texts(&packets.pop_front()), "z");
            assert_eq!(texts(&packets.take()), expected);
            assert!(packets.is_empty() && packets.take().is_empty());
        }
    }

    #[test]
    fn only_a_single_frame_is_taken_as_such() {
        let mut packets = PacketDeque::default();
        assert!(packets.take_only_frame().is_none());
        packets.push_back(packet("a"));
        packets.push_back(packet("b"));
        assert!(packets.take_only_frame().is_none());
        assert_eq!(texts(&packets.pop_front()), "a");
        assert_eq!(texts(&packets.take_only_frame()), "b");
        let attachments = vec![Frame::binary_message(b"x")];
        packets.push_back(EncodedPacket::new(Frame::text_message("c"), attachments));
        assert!(packets.take_only_frame().is_none());
        assert_eq!(packets.len(), 1);
    }
}
