//! An `Ack` that is kept answers its own event, whatever became of that, and no later one.

use crate::common::{Client, Server};
use specter::prelude::*;

#[socketio_controller]
struct Keeps {
    #[state]
    acks: Vec<Ack>,
}

#[handlers]
impl Keeps {
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

/// The first event has failed, and was answered; the second waits for its answer. The handler keeps
/// the `Ack` of both.
async fn two_are_kept() -> (Server, Client) {
    let server = Server::of(App::builder_of::<Keeps>()).await;
    let mut client = server.join("/").await;
    client.send(r#"421["keep",true]"#).await;
    let answer = client.text().await;
    assert!(answer.starts_with("431["), "{answer}");
    client.send(r#"422["keep",false]"#).await;
    (server, client)
}

#[tokio::test]
async fn one_that_is_sent_late_does_not_answer_another_event() {
    let (_server, mut client) = two_are_kept().await;
    client.send(r#"42["answer","late"]"#).await;
    client.send(r#"42["answer","second"]"#).await;
    assert_eq!(client.text().await, r#"432["second"]"#);
}

#[tokio::test]
async fn one_that_is_dropped_late_says_nothing_about_another_event() {
    let (_server, mut client) = two_are_kept().await;
    client.send(r#"42["forget"]"#).await;
    client.send(r#"42["answer","second"]"#).await;
    assert_eq!(client.text().await, r#"432["second"]"#);
}
