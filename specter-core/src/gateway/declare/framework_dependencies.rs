//! The framework's own types that controllers and providers inject by value. The App provides them
//! at its start, or when a socket's scope opens.

use specter_di::{Dependency, Key, Resolved};

use crate::gateway::subscribe::SocketIngress;
use crate::rooms::BroadcastGroup;
use crate::rooms::{Io, Namespace};
use crate::socket::Socket;

macro_rules! inject_by_value {
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

inject_by_value! {
    BroadcastGroup, false;
    Io, false;
    Namespace, true;
    Socket, true;
    SocketIngress, false;
}
