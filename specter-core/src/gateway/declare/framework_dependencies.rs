//! What controllers and providers take by value: the framework's own, given when a socket's scope
//! is opened or when the App starts.

use specter_di::{Dependency, Key, Resolved};

use crate::gateway::subscribe::SocketIngress;
use crate::groups::BroadcastGroup;
use crate::rooms::{Io, Namespace};
use crate::socket::Socket;

macro_rules! by_value {
    ($($value:ty, $scoped:literal;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl Dependency for $value {
            const SCOPED: bool = $scoped;

            fn key() -> Key {
                Key::of::<Self>()
            }

            fn take(resolved: &mut Resolved<'_>) -> Self {
                resolved.value()
            }
        })*
    };
}

by_value! {
    BroadcastGroup, false;
    Io, false;
    Namespace, true;
    Socket, true;
    SocketIngress, false;
}
