//! Functions that cannot be subscribed.

use std::sync::Arc;

use specter::gateway::{IngressError, SocketIngress};
use specter::prelude::*;

struct Opaque;

#[injectable]
struct Plain;

fn subscribe(ingress: &SocketIngress) -> Result<(), IngressError> {
    ingress.on("a", 0, |_: Opaque| ())?;
    ingress.on("c", 0, || 1_u32)?;
    ingress.on("d", 0, || Ok::<_, Opaque>(1_u32))?;
    ingress.on_connect(0, |_: DisconnectReason| ())?;
    ingress.on_disconnect(0, |_: Socket| ())?;
    ingress.on_error(|_: EventError| ())?;
    ingress.guard::<Plain>().on("f", 0, || ())?;
    Ok(())
}

struct Presence;

impl EventHandler for Presence {
    fn events(self: Arc<Self>, events: &mut EventSubscriptions<'_>) {
        events
            .with_options(|ingress| ingress.interceptor::<Plain>().filter::<Plain>())
            .on("g", 0, |_: Socket, _: Opaque| ());
    }
}

fn main() {}
