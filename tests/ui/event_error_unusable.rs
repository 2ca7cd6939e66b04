//! What `#[derive(IntoEventError)]` needs of the type.

use specter::prelude::*;

#[derive(IntoEventError)]
enum WithoutText {
    RoomFull,
}

#[derive(IntoEventError)]
#[event_error(internal)]
struct NoError;

fn main() {}
