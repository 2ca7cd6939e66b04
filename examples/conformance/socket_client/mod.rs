//! Profile `socket-client`: Socket.IO, as the tests of socket.io-client expect their server.
//!
//! Three controllers share the main namespace, each for one kind of event. `handshake` has the view
//! of the handshake that two namespaces send.

mod handshake;
mod main_namespace;
mod others;

use std::time::Duration;

use specter::prelude::*;

use self::main_namespace::{Attachments, Greetings, Identity};
use self::others::{Abc, Asd, Foo, No, TimeoutSocket, Valid};
use crate::serve::Profile;

#[module(controllers = [Identity, Greetings, Attachments, Foo, Abc, TimeoutSocket, Valid, Asd, No])]
struct SocketClientModule;

pub(crate) async fn profile() -> specter::Result<Profile> {
    let app = App::builder::<SocketClientModule>()
        .ping_interval(Duration::from_secs(2))
        .admit(|_| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(())
        })
        .create()
        .await?;
    Ok(Profile::of_app(app))
}
