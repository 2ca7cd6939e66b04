//! One controller is one concrete type.

use specter::prelude::*;

#[injectable]
struct Cache<T> {
    #[state]
    entries: Vec<T>,
}

#[socketio_controller]
struct Chat<T> {
    cache: Arc<Cache<T>>,
}

#[socketio_controller]
struct Room<'a> {
    #[state]
    name: &'a str,
}

#[handlers]
impl<T> Chat<T> {
    #[on_event]
    fn hello(&self) {}
}

fn main() {}
