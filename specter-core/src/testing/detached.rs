//! Sockets without a client, for controllers that a test builds by hand. A [`TestSocket`] keeps the
//! events that are emitted to it until the test takes them.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use specter_engine::EngineConfig;
use specter_engine::internals::{detached, take_sent};
use specter_proto::socketio::{EventPacket, Packet};

use super::packets::decode;
use super::received::{ReceivedEvent, Receiver};
use crate::rooms::{Hub, Namespace};
use crate::socket::Socket;

/// A namespace without a server, whose sockets have no clients, for controllers that a test builds
/// by hand.
///
/// Handlers can use its [`socket`](Self::socket)s to emit, to join rooms, to send to other sockets
/// and to request acknowledgements. See the [module](super) for an example.
#[derive(Clone)]
pub struct TestNamespace(Arc<Hub>);

impl TestNamespace {
    /// Creates a namespace without sockets.
    pub fn new(name: &str) -> Self {
        Self(Hub::with_defaults(name))
    }

    /// The namespace, as handlers and services use it.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.0.clone())
    }

    /// Adds a connected socket. Dropping the [`TestSocket`] disconnects it.
    pub fn socket(&self) -> TestSocket {
        let config = EngineConfig::default();
        let ack_timeout = crate::socket::SocketConfig::default().ack_timeout;
        let socket = Socket::new(detached(&config), self.0.clone(), None, ack_timeout);
        self.0.add(&socket);
        socket.open_gate();
        // Discards the answer to CONNECT, because there is no client that expects one.
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

/// A connected [`Socket`] without a client. Pass `&socket` to a handler, then check which events
/// the handler emitted.
pub struct TestSocket {
    socket: Socket,
    unread: Mutex<VecDeque<EventPacket>>,
}

impl TestSocket {
    /// Takes the first event of this name that was emitted to the socket and not taken before, and
    /// decodes its arguments as a `T`: `()` for none, a tuple for several, anything else for one.
    ///
    /// # Panics
    /// If there is no such event, or its arguments cannot be decoded as a `T`.
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
            Ok(Some(packet)) => self.received(packet).data(),
            Ok(None) => panic!("no `{event}` was emitted"),
            Err(others) if others.is_empty() => {
                panic!("no `{event}` was emitted, nor any other event")
            }
            Err(others) => panic!("no `{event}` was emitted, but {}", others.join(", ")),
        }
    }

    /// Takes the next event that was emitted to the socket. `None` if there is none.
    pub fn next_event(&self) -> Option<ReceivedEvent> {
        let next = self.collect().pop_front();
        next.map(|packet| self.received(packet))
    }

    /// Checks that there is no event of this name that the test has not taken.
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
        ReceivedEvent::new(packet, Receiver::Socket(self.socket.clone()))
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
