//! `#[event_error]` is written otherwise.

use specter::prelude::*;

#[derive(Debug, thiserror::Error, IntoEventError)]
enum ChatError {
    #[error("full")]
    #[event_error("room_full")]
    Full,
    #[error("closed")]
    #[event_error(cod = "closed")]
    Closed,
    #[error("broken")]
    #[event_error(internal, code = "broken")]
    Broken,
    #[error("banned")]
    #[event_error]
    Banned,
}

#[derive(IntoEventError)]
union Bits {
    number: u32,
}

fn main() {}
