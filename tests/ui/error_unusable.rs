//! Errors that say nothing of what the client may read.

use specter::prelude::*;

#[derive(Debug)]
struct NoError;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    fn text(&mut self) -> Result<u32, String> {
        Err("no".to_owned())
    }

    #[on_event]
    async fn refusal(&mut self) -> Result<(), Reject> {
        Err(Reject::new("no"))
    }

    #[on_event]
    async fn no_error(&mut self) -> Result<(), NoError> {
        Err(NoError)
    }

    #[on_event("connect")]
    async fn arrive(&mut self) -> Result<(), String> {
        Err("no".to_owned())
    }

    #[on_event("disconnect")]
    async fn leave(&mut self) -> Result<(), NoError> {
        Err(NoError)
    }
}

fn main() {}
