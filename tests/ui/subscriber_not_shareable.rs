//! Functions that are subscribed are called from any thread.

use std::rc::Rc;

use specter::gateway::{IngressError, SocketIngress};

fn subscribe(ingress: &SocketIngress) -> Result<(), IngressError> {
    let count = Rc::new(1_u32);
    ingress.on("a", 0, move || println!("{count}"))?;
    Ok(())
}

fn main() {}
