//! [`Io`] and [`Namespace`]: handles of the whole server and of one namespace, through which
//! services emit.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use super::{Broadcast, Hub, Target};
use crate::socket::{EmitError, Socket, SocketId};

/// One namespace. A controller can have its own namespace injected; [`Io::of`] returns any
/// namespace. Unlike the methods of [`Socket`], these methods exclude no sender.
#[derive(Clone)]
pub struct Namespace(Arc<Hub>);

impl Namespace {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// The name of the namespace, for example `/chat`.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Emits an event to all sockets of the namespace: `emit("moved", (x, y))`.
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        Broadcast::everybody(self.0.clone()).emit(event, data)
    }

    /// Selects the sockets in a room, or one socket by its id.
    pub fn to(&self, room: impl Into<Target>) -> Broadcast {
        Broadcast::everybody(self.0.clone()).to(room)
    }

    /// The same as [`to`](Self::to).
    pub fn within(&self, room: impl Into<Target>) -> Broadcast {
        self.to(room)
    }

    /// Selects all sockets except those in a room, or except one socket.
    pub fn except(&self, room: impl Into<Target>) -> Broadcast {
        Broadcast::everybody(self.0.clone()).except(room)
    }

    /// The sockets of the namespace on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        Broadcast::everybody(self.0.clone()).sockets()
    }

    /// The socket with this id, on this node.
    pub fn socket(&self, id: SocketId) -> Option<Socket> {
        self.0.socket(id)
    }

    /// The number of sockets of the namespace on this node.
    pub fn socket_count(&self) -> usize {
        self.0.len()
    }

    /// The number of sockets in a room on this node.
    pub fn room_count(&self, room: impl AsRef<str>) -> usize {
        self.0.room_len(room.as_ref())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namespace").field(&self.name()).finish()
    }
}

/// The namespaces of one path.
pub(crate) struct Server {
    pub(crate) path: String,
    pub(crate) hubs: HashMap<String, Arc<Hub>>,
}

/// The whole server. It can be injected anywhere. Unlike the methods of [`Socket`], these methods
/// exclude no sender.
///
/// `emit`, `to`, `within` and `except` use the namespace `/`, as in Socket.IO for JavaScript:
/// without a controller on `/`, `emit` is an error. [`of`](Self::of) chooses another namespace, and
/// [`all`](Self::all) all of them:
///
/// ```
/// # fn example(io: &specter_core::rooms::Io) -> Result<(), specter_core::socket::EmitError> {
/// io.emit("news", "to the clients of `/`")?;
/// io.of("/chat")?.to("lobby").emit("news", "to a room of `/chat`")?;
/// io.all().emit("news", "to all clients")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Io(Arc<OnceLock<Vec<Server>>>);

impl Io {
    /// Sets the namespaces. The App calls this once, before it builds any provider.
    pub(crate) fn install(&self, servers: Vec<Server>) {
        // There is no second call. If there were one, the first value would be kept.
        let _ = self.0.set(servers);
    }

    /// The namespace with this name. The leading `/` may be omitted.
    ///
    /// If the App serves namespaces of this name on several paths, this is the one whose path is
    /// the first in alphabetical order. Call [`at`](Self::at) for another.
    ///
    /// # Errors
    /// [`EmitError::UnknownNamespace`] if no controller or event handler serves the namespace.
    pub fn of(&self, namespace: &str) -> Result<Namespace, EmitError> {
        self.find(None, namespace)
    }

    /// The namespace with this name on this path. The leading `/` of the name may be omitted.
    ///
    /// # Errors
    /// [`EmitError::UnknownNamespace`] if the path has no such namespace.
    pub fn at(&self, path: &str, namespace: &str) -> Result<Namespace, EmitError> {
        self.find(Some(path), namespace)
    }

    fn find(&self, path: Option<&str>, namespace: &str) -> Result<Namespace, EmitError> {
        let slashed = if namespace.starts_with('/') {
            namespace.to_owned()
        } else {
            format!("/{namespace}")
        };
        let trim = |path: &str| path.trim_end_matches('/').to_owned();
        self.servers()
            .iter()
            .filter(|server| path.is_none_or(|path| trim(path) == trim(&server.path)))
            .find_map(|server| server.hubs.get(&slashed))
            .map(|hub| Namespace::new(hub.clone()))
            .ok_or(EmitError::UnknownNamespace(slashed))
    }

    /// All namespaces of the App.
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.servers()
            .iter()
            .flat_map(|server| server.hubs.values())
            .map(|hub| Namespace::new(hub.clone()))
            .collect()
    }

    fn servers(&self) -> &[Server] {
        self.0.get().map_or(&[], Vec::as_slice)
    }

    /// Emits an event to all sockets of the namespace `/`, not of other namespaces:
    /// `emit("moved", (x, y))`. See [`all`](Self::all).
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one.
    ///
    /// # Errors
    /// `EmitError::UnknownNamespace` if no controller serves `/`; an error if `data` cannot be
    /// encoded.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        self.of("/")?.emit(event, data)
    }

    /// Selects all sockets of all namespaces, on all paths.
    pub fn all(&self) -> AllNamespaces {
        AllNamespaces(self.namespaces())
    }

    /// Selects the sockets in a room of the namespace `/`. It selects none if no controller serves
    /// `/`.
    pub fn to(&self, room: impl Into<Target>) -> Broadcast {
        self.root().to(room)
    }

    /// The same as [`to`](Self::to).
    pub fn within(&self, room: impl Into<Target>) -> Broadcast {
        self.to(room)
    }

    /// Selects all sockets of the namespace `/` except those in a room. Selects none if the App
    /// does not serve `/`.
    pub fn except(&self, room: impl Into<Target>) -> Broadcast {
        self.root().except(room)
    }

    fn root(&self) -> Namespace {
        self.of("/")
            .unwrap_or_else(|_| Namespace::new(Hub::with_defaults("/")))
    }
}

/// All namespaces of the App, which [`Io::all`] selects.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `emit` is called"]
pub struct AllNamespaces(Vec<Namespace>);

impl AllNamespaces {
    /// Emits an event to the sockets of all namespaces: `emit("moved", (x, y))`.
    ///
    /// `data` is the arguments: `()` for none, a tuple for several, anything else for one. It is
    /// encoded once for each namespace. A client that has joined several namespaces receives the
    /// event in each of them.
    ///
    /// # Errors
    /// The first error; the namespaces after it receive nothing.
    pub fn emit<T: Serialize>(&self, event: &str, data: T) -> Result<(), EmitError> {
        self.0
            .iter()
            .try_for_each(|namespace| namespace.emit(event, &data))
    }

    /// The sockets of all namespaces on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.0.iter().flat_map(Namespace::sockets).collect()
    }

    /// The number of sockets of all namespaces on this node.
    pub fn socket_count(&self) -> usize {
        self.0.iter().map(Namespace::socket_count).sum()
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.namespaces()).finish()
    }
}
