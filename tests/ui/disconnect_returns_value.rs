//! Nobody is there to be answered.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event("disconnect")]
    async fn left(&mut self) -> u32 {
        1
    }

    #[on_error]
    async fn failed(&mut self) -> Result<String, EventError> {
        Ok("told".to_owned())
    }
}

fn main() {}
