//! PacketDeque in the order in which they are to be sent, kept so that one alone needs no allocation.
//!
//! Nearly every queue that holds anything holds one packet. It must not know who queues and who
//! takes.

use std::cell::Cell;
use std::collections::VecDeque;
use std::mem;

use specter_proto::engine::EncodedPacket;

/// PacketDeque that wait.
#[derive(Default)]
pub(crate) struct PacketDeque {
    first: Option<EncodedPacket>,
    /// What is behind it: nothing where there is no first.
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

    /// Puts a packet behind the first one, or first where there is none.
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

    /// Takes the only one there is, where that is one frame.
    pub(crate) fn take_only_frame(&mut self) -> Option<EncodedPacket> {
        if !self.rest.is_empty() {
            return None;
        }
        self.first.take_if(|packet| packet.frame_count() == 1)
    }

    /// Takes all of them.
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

thread_local! {
    /// The places of queues that ran dry. A connection at rest holds none; these save the next that
    /// are written to an allocation.
    static PLACES: Cell<Vec<VecDeque<EncodedPacket>>> = const { Cell::new(Vec::new()) };
}

/// Of how many queues the places are kept.
const KEPT_QUEUES: usize = 64;
/// How many places are kept of each.
const KEPT_PLACES: usize = 64;

fn with_kept<R>(change: impl FnOnce(&mut Vec<VecDeque<EncodedPacket>>) -> R) -> Option<R> {
    // While the thread ends there is nobody to keep them for.
    let with = |places: &Cell<Vec<_>>| {
        let mut kept = places.take();
        let result = change(&mut kept);
        places.set(kept);
        result
    };
    PLACES.try_with(with).ok()
}

fn recycled_deque() -> VecDeque<EncodedPacket> {
    with_kept(Vec::pop).flatten().unwrap_or_default()
}

/// Keeps the places of a queue that ran dry for the next that is written to.
pub(crate) fn recycle_deque(places: VecDeque<EncodedPacket>) {
    if (1..=KEPT_PLACES).contains(&places.capacity()) && places.is_empty() {
        with_kept(|kept| {
            if kept.len() < KEPT_QUEUES {
                kept.push(places);
            }
        });
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
    fn packets_come_out_in_their_order() {
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
    fn only_one_frame_alone_is_taken_as_such() {
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
