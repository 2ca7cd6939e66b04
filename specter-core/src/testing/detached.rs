//! Sockets without a client, for controllers that a test builds by hand: what is emitted to them is
//! kept until the test looks.
//!
//! It owns nothing of the wire: there is none.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use specter_proto::engine::{EncodedPacket, FrameKind};
use specter_proto::socketio::{AckPacket, Decoder, EventPacket, Packet};

use super::client_connection::LIMITS;
use super::received::{Origin, ReceivedEvent};
use crate::rooms::{Hub, Namespace};
use crate::socket::Socket;
use specter_engine::EngineConfig;
use specter_engine::internals::{detached, take_sent};

/// A namespace without a server, whose sockets have no clients: for controllers that a test builds
/// by hand.
///
/// Its [`socket`](Self::socket)s can do all that a handler asks of one: emit, join rooms, reach
/// each other, ask for acknowledgements. See the [module](super) for an example.
#[derive(Clone)]
pub struct TestNamespace(Arc<Hub>);

impl TestNamespace {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        Self(Hub::with_defaults(name))
    }

    /// As handlers and services hold it.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.clone())
    }

    /// A socket that is connected to it. Dropped, it leaves.
    pub fn socket(&self) -> TestSocket {
        let config = EngineConfig::default();
        let ack_timeout = crate::socket::SocketConfig::default().ack_timeout;
        let socket = Socket::new(detached(&config), self.0.clone(), None, ack_timeout);
        self.0.add(&socket);
        socket.open_gate();
        // The answer to a CONNECT that nobody sent.
        drop(take_sent(socket.connection()));
        TestSocket {
            socket,
            unread: Mutex::default(),
        }
    }
}

impl fmt::Debug for TestNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.namespace().fmt(f)
    }
}

/// A connected [`Socket`] without a client: pass `&socket` to a handler, then look at what it
/// emitted.
pub struct TestSocket {
    socket: Socket,
    unread: Mutex<VecDeque<EventPacket>>,
}

impl TestSocket {
    /// Takes the first event of this name that was emitted to it and not taken before, and reads
    /// its arguments as a `T`, of which `()` takes none, a tuple several and anything else one.
    ///
    /// # Panics
    /// When there is none, or its arguments are no `T`.
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(&self, event: &str) -> T {
        let unread = {
            let mut unread = self.collect();
            match unread.iter().position(|packet| packet.name() == event) {
                Some(at) => Ok(unread.remove(at)),
                None => Err(unread
                    .iter()
                    .map(|packet| format!("`{}` {}", packet.name(), packet.raw_args().to_json()))
                    .collect::<Vec<_>>()),
            }
        };
        match unread {
            Ok(Some(packet)) => self.received(packet).read(Location::caller()),
            Ok(None) => panic!("no `{event}` was emitted"),
            Err(others) if others.is_empty() => {
                panic!("no `{event}` was emitted, and nothing else")
            }
            Err(others) => panic!("no `{event}` was emitted, but {}", others.join(", ")),
        }
    }

    /// Takes the next event that was emitted to it; `None` where there is none.
    pub fn next_event(&self) -> Option<ReceivedEvent> {
        let next = self.collect().pop_front();
        next.map(|packet| self.received(packet))
    }

    /// Checks that no event of this name was emitted to it.
    ///
    /// # Panics
    /// When one was, and was not taken.
    #[track_caller]
    pub fn expect_none(&self, event: &str) {
        let args = {
            let unread = self.collect();
            let found = unread.iter().find(|packet| packet.name() == event);
            found.map(|packet| packet.raw_args().to_json())
        };
        if let Some(args) = args {
            panic!("`{event}` was emitted with {args}");
        }
    }

    fn received(&self, packet: EventPacket) -> ReceivedEvent {
        ReceivedEvent::new(packet, Origin::Socket(self.socket.clone()))
    }

    /// What was emitted so far and not taken.
    fn collect(&self) -> parking_lot::MutexGuard<'_, VecDeque<EventPacket>> {
        let mut unread = self.unread.lock();
        for packet in take_sent(self.socket.connection()) {
            if let Some(Packet::Event(event)) = decoded(&packet) {
                unread.push_back(event);
            }
        }
        unread
    }
}

impl Deref for TestSocket {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        &self.socket
    }
}

impl Drop for TestSocket {
    fn drop(&mut self) {
        self.socket.finish();
    }
}

impl fmt::Debug for TestSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestSocket").field(&self.socket).finish()
    }
}

/// An encoded acknowledgement as the one that its receiver decodes.
pub(super) fn decoded_ack(packet: &EncodedPacket) -> Option<AckPacket> {
    match decoded(packet)? {
        Packet::Ack(ack) => Some(ack),
        _ => None,
    }
}

fn decoded(packet: &EncodedPacket) -> Option<Packet> {
    let mut decoder = Decoder::new(LIMITS);
    packet.frames().find_map(|frame| match frame.kind() {
        FrameKind::Binary => decoder.binary(frame.payload()).ok()?,
        FrameKind::Text => {
            let text = std::str::from_utf8(frame.payload()).ok()?;
            decoder.text(text.strip_prefix('4')?).ok()?
        }
    })
}
