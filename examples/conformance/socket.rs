//! Profile `socket`: Socket.IO with two namespaces. Both send the `auth` payload back when a client
//! connects; `/` also echoes messages.

use std::time::Duration;

use serde_json::value::RawValue;
use specter::prelude::*;

use crate::serve::Profile;

#[module(controllers = [Main, Custom])]
struct SocketModule;

pub(crate) async fn profile() -> specter::Result<Profile> {
    let app = App::builder::<SocketModule>()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_secs(1))
        .max_payload(1_000_000)
        .create()
        .await?;
    Ok(Profile::of_app(app))
}

/// The `auth` payload as the client sent it, not deserialized.
type Payload = Auth<Option<Box<RawValue>>>;

fn greet(socket: &Socket, Auth(payload): &Payload) -> Result<(), Reject> {
    match payload {
        Some(payload) => socket.emit("auth", payload)?,
        None => socket.emit("auth", serde_json::Map::new())?,
    }
    Ok(())
}

#[socketio_controller(unlisted)]
struct Main;

#[handlers]
impl Main {
    #[on_event("connect")]
    fn connect(&self, socket: &Socket, payload: Payload) -> Result<(), Reject> {
        greet(socket, &payload)
    }

    #[on_event]
    fn message(&self, socket: &Socket, args: Args) -> Result<(), EmitError> {
        socket.emit("message-back", args)
    }

    #[on_event("message-with-ack")]
    fn message_with_ack(&self, args: Args) -> Args {
        args
    }
}

#[socketio_controller(namespace = "/custom", unlisted)]
struct Custom;

#[handlers]
impl Custom {
    #[on_event("connect")]
    fn connect(&self, socket: &Socket, payload: Payload) -> Result<(), Reject> {
        greet(socket, &payload)
    }
}
