//! Methods that cannot be handlers, whatever their parameters are.

use specter::prelude::*;

#[injectable]
struct Trace;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    unsafe fn dangerous(&self) {}

    #[cfg(unix)]
    #[on_event]
    fn sometimes(&self) {}

    #[on_event]
    fn opaque(&self) -> impl serde::Serialize {
        1
    }

    #[on_event]
    fn dynamic(&self, value: &dyn std::fmt::Debug) {
        println!("{value:?}");
    }

    #[on_event("disconnect", interceptors(Trace))]
    fn left(&self) {}
}

#[socketio_controller]
struct Other;

#[handlers]
impl [Other] {}

fn main() {}
