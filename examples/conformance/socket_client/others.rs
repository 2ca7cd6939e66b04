//! The namespaces other than `/`.

use specter::prelude::*;

use super::handshake::HandshakeView;

#[socketio_controller(namespace = "/foo", unlisted)]
pub(super) struct Foo;

#[handlers]
impl Foo {
    #[on_event("getId")]
    fn id(&self, socket: &Socket) -> SocketId {
        socket.id()
    }
}

#[socketio_controller(namespace = "/abc", unlisted)]
pub(super) struct Abc;

#[handlers]
impl Abc {
    #[on_event("connect")]
    fn connect(&self, socket: &Socket) -> Result<(), Reject> {
        Ok(socket.emit("handshake", HandshakeView::of(socket))?)
    }

    #[on_event("my-event")]
    fn ignore(&self) {}
}

#[socketio_controller(namespace = "/no", unlisted)]
pub(super) struct No;

#[handlers]
impl No {
    #[on_event("connect")]
    fn refuse(&self) -> Result<(), Reject> {
        Err(Reject::new("Auth failed (custom namespace)"))
    }
}

/// Namespaces that accept connections and handle no events.
macro_rules! exists {
    ($($controller:ident: $namespace:literal),+) => {
        $(
            #[socketio_controller(namespace = $namespace, unlisted)]
            pub(super) struct $controller;

            #[handlers]
            impl $controller {
                #[on_event("connect")]
                fn connect(&self) {}
            }
        )+
    };
}

exists!(TimeoutSocket: "/timeout_socket", Valid: "/valid", Asd: "/asd");
