//! A handler that takes the acknowledgement answers with it alone.

use specter::prelude::*;

#[socketio_controller]
struct Chat;

#[handlers]
impl Chat {
    #[on_event]
    async fn sent_and_returned(&self, ack: Ack) -> String {
        let _ = ack.send("one");
        "two".to_owned()
    }

    #[on_event]
    async fn lent(&self, ack: &Ack) -> bool {
        ack.is_requested()
    }

    #[on_event]
    async fn taken_twice(&self, _ack: Ack, _again: Ack) {}
}

fn main() {}
