//! The gateway that the tests of this folder use.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use specter::prelude::*;
use specter::testing::{TestApp, TestClient};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Post {
    room: String,
    text: String,
}

/// Stores posts.
pub(crate) trait Archive: Send + Sync {
    fn keep(&self, post: &Post) -> usize;
}

/// Stores posts in memory.
#[injectable(as = dyn Archive)]
#[derive(Default)]
pub(crate) struct Memory {
    #[state]
    pub(crate) posts: std::sync::Mutex<Vec<Post>>,
}

impl Archive for Memory {
    fn keep(&self, post: &Post) -> usize {
        let mut posts = self.posts.lock().unwrap();
        posts.push(post.clone());
        posts.len()
    }
}

#[derive(Deserialize)]
pub(crate) struct Login {
    name: String,
}

#[injectable]
pub(crate) struct Members;

impl Guard for Members {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.auth::<Login>() {
            Some(Ok(login)) if login.name != "eve" => Ok(()),
            _ => Err(Reject::new("members only").with_data(&json!({ "retry": false }))),
        }
    }
}

#[socketio_controller(namespace = "/chat", guards(Members))]
pub(crate) struct Chat {
    pub(crate) posts: Arc<dyn Archive>,
    #[state]
    pub(crate) sent: usize,
}

#[handlers]
impl Chat {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket, auth: Auth<Option<Login>>) -> Result<(), EventError> {
        socket.join("lobby")?;
        let name = auth.0.map(|login| login.name);
        Ok(socket.emit("welcome", (name, socket.id()))?)
    }

    #[on_event]
    pub(crate) async fn post(
        &mut self,
        socket: &Socket,
        post: Post,
    ) -> Result<(usize, usize), EventError> {
        if post.text.is_empty() {
            return Err(EventError::new("nothing to say")
                .with_code("empty")
                .with_data(&post.room));
        }
        self.sent += 1;
        socket.to(&post.room).emit("posted", &post)?;
        Ok((self.sent, self.posts.keep(&post)))
    }

    #[on_event]
    pub(crate) async fn confirm(
        &mut self,
        socket: &Socket,
        question: String,
    ) -> Result<bool, EventError> {
        Ok(socket.emit_with_ack("confirm", question).await?)
    }

    #[on_event]
    fn reverse(&self, data: Binary) -> Binary {
        Binary(data.0.iter().rev().copied().collect())
    }

    #[on_event]
    async fn later(&mut self, socket: &Socket, seconds: u64) -> Result<(), EmitError> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        socket.emit("now", ())
    }

    #[on_event]
    fn leave(&self, socket: &Socket, everything: bool) {
        if everything {
            socket.disconnect_transport();
        } else {
            socket.disconnect();
        }
    }

    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket, reason: DisconnectReason) -> Result<(), EmitError> {
        socket.broadcast().emit("left", reason.as_str())
    }
}

#[socketio_controller]
pub(crate) struct Echo;

#[handlers]
impl Echo {
    #[on_event]
    fn echo(&self, args: Args) -> Args {
        args
    }

    #[on_event]
    fn address(&self, handshake: &Arc<Handshake>) -> (Option<std::net::IpAddr>, Option<String>) {
        let header = handshake.headers().get("x-test");
        let query = handshake
            .query_value("room")
            .map(std::borrow::Cow::into_owned);
        (
            handshake.address,
            header
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
                .or(query),
        )
    }
}

#[module(controllers = [Chat, Echo], providers = [Members, Memory])]
pub(crate) struct ChatModule;

pub(crate) async fn app() -> TestApp {
    TestApp::start::<ChatModule>().await
}

pub(crate) async fn member(app: &TestApp, name: &str) -> TestClient {
    let client = app
        .client()
        .auth(json!({ "name": name }))
        .connect("/chat")
        .await;
    let (greeted, id) = client.expect::<(String, String)>("welcome").await;
    assert_eq!(
        (greeted.as_str(), id.as_str()),
        (name, client.id().as_str())
    );
    client
}

pub(crate) fn post(text: &str) -> Post {
    Post {
        room: "lobby".into(),
        text: text.into(),
    }
}
