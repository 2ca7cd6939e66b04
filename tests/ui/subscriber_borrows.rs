//! Functions that are subscribed outlive the call that subscribes them, and own what they are
//! given.

use specter::gateway::{IngressError, SocketIngress};
use specter::prelude::*;

fn subscribe(ingress: &SocketIngress, room: &str) -> Result<(), IngressError> {
    ingress.on("a", 0, |room: &str| println!("{room}"))?;
    ingress.on("b", 0, |_: Socket| println!("{room}"))?;
    Ok(())
}

fn main() {}
