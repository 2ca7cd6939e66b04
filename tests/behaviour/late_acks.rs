//! An `Ack` that a controller keeps answers its own event and no later one, even if its event was
//! answered already.

use crate::common::{Client, Server};
use specter::prelude::*;

#[socketio_controller]
struct KeepsAcks {
    #[state]
    acks: Vec<Ack>,
}

#[handlers]
impl KeepsAcks {
    #[on_event]
    fn keep(&mut self, ack: Ack, fails: bool) -> Result<(), EventError> {
        self.acks.push(ack);
        if fails {
            return Err(EventError::new("failed"));
        }
        Ok(())
    }

    /// Answers the event whose `Ack` was kept first.
    #[on_event]
    fn answer(&mut self, text: &str) -> Result<(), EmitError> {
        self.acks.remove(0).send(text)
    }

    #[on_event]
    fn forget(&mut self) {
        self.acks.remove(0);
    }
}

/// A client with two events. The first event has failed and was answered, the second waits for its
/// answer. The controller keeps the `Ack` of both.
async fn with_two_kept_acks() -> (Server, Client) {
    let server = Server::of(App::builder_of::<KeepsAcks>()).await;
    let mut client = server.join("/").await;
    client.send(r#"421["keep",true]"#).await;
    let answer = client.text().await;
    assert!(answer.starts_with("431["), "{answer}");
    client.send(r#"422["keep",false]"#).await;
    (server, client)
}

#[tokio::test]
async fn an_ack_that_is_sent_late_does_not_answer_another_event() {
    let (_server, mut client) = with_two_kept_acks().await;
    client.send(r#"42["answer","late"]"#).await;
    client.send(r#"42["answer","second"]"#).await;
    assert_eq!(client.text().await, r#"432["second"]"#);
}

#[tokio::test]
async fn an_ack_that_is_dropped_late_does_not_answer_another_event() {
    let (_server, mut client) = with_two_kept_acks().await;
    client.send(r#"42["forget"]"#).await;
    client.send(r#"42["answer","second"]"#).await;
    assert_eq!(client.text().await, r#"432["second"]"#);
}
