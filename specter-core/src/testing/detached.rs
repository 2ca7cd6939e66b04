//! Sockets without a client, for tests that build a controller and call its methods. Events that are
//! emitted to such a socket are kept until the test takes them.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use specter_proto::socketio::{EventPacket, Packet};

use super::packets::decode;
use super::received::{EventSource, ReceivedEvent};
use crate::rooms::{Hub, Namespace};
use crate::socket::Socket;
use specter_engine::EngineConfig;
use specter_engine::internals::{detached, take_sent};

/// A namespace without a server, whose sockets have no clients, for tests that build a controller
/// and call its methods.
///
/// Its [`socket`](Self::socket)s support all that handlers do with sockets: emit, join rooms, emit
/// to each other, request acknowledgements. See the [module](super) for an example.
#[derive(Clone)]
pub struct TestNamespace(Arc<Hub>);

impl TestNamespace {
    /// A namespace without sockets.
    pub fn new(name: &str) -> Self {
        Self(Hub::with_defaults(name))
    }

    /// The [`Namespace`] that handlers and services take.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.clone())
    }

    /// Connects a new socket. Dropping the socket disconnects it.
    pub fn socket(&self) -> TestSocket {
        let config = EngineConfig::default();
        let ack_timeout = crate::socket::SocketConfig::default().ack_timeout;
        let socket = Socket::new(detached(&config), self.0.clone(), None, ack_timeout);
        self.0.add(&socket);
        socket.open_gate();
        // The reply to CONNECT, which is no event of the test.
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

/// A connected [`Socket`] without a client: pass `&socket` to a handler, then check what the handler
/// emitted.
pub struct TestSocket {
    socket: Socket,
    unread: Mutex<VecDeque<EventPacket>>,
}

impl TestSocket {
    /// Takes the oldest event of this name that was emitted to the socket, and returns its arguments
    /// as a `T`: `()` takes none, a tuple several, any other type one.
    ///
    /// # Panics
    /// If there is no such event, or its arguments are no `T`.
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(&self, event: &str) -> T {
        let mut unread = self.collect();
        let at = unread.iter().position(|packet| packet.name() == event);
        let Some(packet) = at.and_then(|at| unread.remove(at)) else {
            let others = unread
                .iter()
                .map(|packet| format!("`{}` {}", packet.name(), packet.raw_args().to_json()));
            match others.collect::<Vec<_>>().join(", ").as_str() {
                "" => panic!("no `{event}` was emitted, nor any other event"),
                others => panic!("no `{event}` was emitted, but {others}"),
            }
        };
        drop(unread);
        self.received(packet).decode(Location::caller())
    }

    /// Takes the oldest event that was emitted to the socket. `None` if there is none.
    pub fn next_event(&self) -> Option<ReceivedEvent> {
        let next = self.collect().pop_front();
        next.map(|packet| self.received(packet))
    }

    /// Checks that no event of this name was emitted to the socket, apart from those that the test
    /// has taken.
    ///
    /// # Panics
    /// If there is one.
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
        ReceivedEvent::new(packet, EventSource::Socket(self.socket.clone()))
    }

    /// The events that were emitted so far and not taken.
    fn collect(&self) -> parking_lot::MutexGuard<'_, VecDeque<EventPacket>> {
        let mut unread = self.unread.lock();
        for packet in take_sent(self.socket.connection()) {
            if let Some(Packet::Event(event)) = decode(&packet) {
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
