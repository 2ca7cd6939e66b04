//! Interceptors and error filters are structs that implement their traits.

use specter::prelude::*;

#[injectable]
struct Trace;

fn timed() {}

#[socketio_controller(interceptors(Trace), filters(Trace))]
struct Chat;

#[handlers]
impl Chat {
    #[on_event(interceptors(timed))]
    fn hello(&self) {}
}

fn main() {}
