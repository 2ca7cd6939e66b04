//! Arguments and marks that are given twice, without their value, or as something else.

use specter::prelude::*;

#[socketio_controller(priority = 1, priority = 2)]
struct Twice;

#[socketio_controller(namespace)]
struct Missing;

#[socketio_controller(namespace = 5)]
struct Number;

#[injectable]
struct Counter {
    #[state]
    #[state(5)]
    count: u32,
}

#[injectable]
struct Clock;

#[module(
    imports = [#[allow(unused)] Empty],
    providers = [#[allow(unused)] Clock]
)]
struct Listing;

#[module]
struct Empty;

#[derive(Debug, thiserror::Error, IntoEventError)]
enum HandshakeRejection {
    #[error("empty")]
    #[event_error(code = "")]
    Empty,
    #[error("two")]
    Two {
        #[event_error(data)]
        first: u32,
        #[event_error(data)]
        second: u32,
    },
}

fn main() {}
