//! What a handler returns is sent to the client.

use specter::prelude::*;

struct Posted;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    fn value(&mut self) -> Posted {
        Posted
    }

    #[on_event]
    async fn result(&mut self) -> Result<Vec<Posted>, EventError> {
        Ok(vec![Posted])
    }

    #[on_event]
    async fn refusal(&mut self) -> Reject {
        Reject::new("no")
    }
}

fn main() {}
