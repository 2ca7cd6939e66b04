//! Handlers that are no `async fn`: called where their controller lies, which stays what it is, however they end.

mod common;

use common::Server;
use serde_json::json;
use specter::prelude::*;

#[socketio_controller]
struct Counts {
    #[state]
    count: u32,
}

#[handlers]
impl Counts {
    #[on_event]
    fn add(&mut self, fails: bool) -> Result<u32, EventError> {
        self.count += 1;
        if fails {
            return Err(EventError::new("failed"));
        }
        Ok(self.count)
    }

    #[on_event]
    fn panic(&mut self) {
        self.count += 1;
        panic!("on purpose");
    }

    #[on_event]
    fn asked(&self, socket: &Socket, WantsAck(asked): WantsAck) -> Result<u32, EmitError> {
        if !asked {
            socket.emit("count", self.count)?;
        }
        Ok(self.count)
    }

    #[on_event]
    async fn asked_later(&self, socket: &Socket, asked: WantsAck) -> Result<u32, EmitError> {
        tokio::task::yield_now().await;
        self.asked(socket, asked)
    }
}

#[tokio::test]
async fn the_controller_is_there_after_failures_and_panics() {
    let server = Server::of(App::builder_of::<Counts>()).await;
    let mut client = server.join("/").await;
    assert_eq!(client.call("add", json!([false])).await, json!([1]));
    let failed = client.call("add", json!([true])).await;
    assert_eq!(failed[0]["error"], "failed", "{failed}");
    let panicked = client.call("panic", json!([])).await;
    assert!(panicked[0]["error"].is_string(), "{panicked}");
    let misread = client.call("add", json!(["no flag"])).await;
    assert!(misread[0]["error"].is_string(), "{misread}");
    assert_eq!(client.call("add", json!([false])).await, json!([4]));
}

#[tokio::test]
async fn a_handler_knows_whether_its_value_is_wanted() {
    let server = Server::of(App::builder_of::<Counts>()).await;
    let mut client = server.join("/").await;
    for event in ["asked", "asked_later"] {
        client.send(format!(r#"421["{event}"]"#)).await;
        assert_eq!(client.text().await, "431[0]");
        client.send(format!(r#"42["{event}"]"#)).await;
        assert_eq!(client.text().await, r#"42["count",0]"#);
    }
}

#[socketio_controller(on_panic = "disconnect")]
struct Careful {
    #[state]
    begun: bool,
}

#[handlers]
impl Careful {
    #[on_event]
    fn panic(&mut self) {
        self.begun = true;
        panic!("on purpose");
    }

    #[on_event]
    fn begun(&self) -> bool {
        self.begun
    }
}

#[tokio::test]
async fn a_panic_disconnects_where_the_controller_asks_for_it() {
    let server = Server::of(App::builder_of::<Careful>()).await;
    let mut client = server.join("/").await;
    client
        .send_all([r#"42["panic"]"#, r#"421["begun"]"#].map(str::to_owned))
        .await;
    assert_eq!(client.text().await, "41");
    client.send("40").await;
    assert!(client.text().await.starts_with("40{"));
    assert_eq!(client.call("begun", json!([])).await, json!([false]));
}
