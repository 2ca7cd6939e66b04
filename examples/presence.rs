//! A presence list: an event handler and a controller handle the same events, in the order of their
//! priorities.
//!
//! Run `cargo run --example presence`, then connect a Socket.IO client to `http://127.0.0.1:3000`
//! with `auth: { name: "ann" }`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use specter::app::AppBuilder;
use specter::prelude::*;

/// The client's `auth` payload.
#[derive(Deserialize)]
struct Login {
    name: String,
}

/// An entry of the presence list.
#[derive(Clone, Serialize)]
struct Person {
    name: String,
    status: String,
}

/// Keeps the presence list. It subscribes to events by itself, without the help of a controller.
#[injectable]
struct Presence {
    #[state]
    people: Mutex<HashMap<SocketId, Person>>,
}

impl Presence {
    fn arrived(&self, socket: &Socket, name: String) -> Result<(), EmitError> {
        let status = "online".to_owned();
        self.change(|people| people.insert(socket.id(), Person { name, status }));
        self.publish(socket)
    }

    fn changed(&self, socket: &Socket, status: String) -> Result<(), EmitError> {
        self.change(|people| {
            if let Some(person) = people.get_mut(&socket.id()) {
                person.status = status;
            }
        });
        self.publish(socket)
    }

    fn left(&self, socket: &Socket) -> Result<(), EmitError> {
        self.change(|people| people.remove(&socket.id()));
        self.publish(socket)
    }

    fn list(&self) -> Vec<Person> {
        let mut list: Vec<_> = self.change(|people| people.values().cloned().collect());
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// Sends the list to all sockets in the namespace, this one included.
    fn publish(&self, socket: &Socket) -> Result<(), EmitError> {
        socket.namespace().emit("presence", self.list())
    }

    fn change<R>(&self, change: impl FnOnce(&mut HashMap<SocketId, Person>) -> R) -> R {
        change(&mut self.people.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EventHandler for Presence {
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        let (arrived, changed, left, listed) = (self.clone(), self.clone(), self.clone(), self);
        events
            .on_connect(0, move |socket: Socket, Auth(login): Auth<Login>| {
                arrived
                    .arrived(&socket, login.name)
                    .map_err(EventError::from)
            })
            // A negative priority: runs before the controller's `status`, which reads the new list.
            .on("status", -10, move |socket: Socket, status: String| {
                changed.changed(&socket, status).map_err(EventError::from)
            })
            .on("people", 0, move || Ok::<_, EventError>(listed.list()))
            .on_disconnect(0, move |socket: Socket, _: DisconnectReason| {
                left.left(&socket).map_err(EventError::from)
            });
    }
}

/// Counts how often each client changes its status.
#[socketio_controller]
struct Moods {
    presence: Arc<Presence>,
    #[state]
    changes: u32,
}

#[handlers]
impl Moods {
    #[on_event]
    fn status(&mut self, socket: &Socket, status: &str) -> (u32, bool) {
        self.changes += 1;
        let listed = self.presence.change(|people| {
            people
                .get(&socket.id())
                .is_some_and(|person| person.status == status)
        });
        (self.changes, listed)
    }
}

#[module(controllers = [Moods], handlers = [Presence])]
struct PresenceModule;

/// The application. The tests start it too.
pub fn app() -> AppBuilder {
    App::builder::<PresenceModule>()
}

#[tokio::main]
async fn main() -> specter::Result<()> {
    app().listen(3000).await
}
