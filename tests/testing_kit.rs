//! The testing kit: what a gateway's test can do, and what it says when the gateway does not do what was expected.
#![allow(
    clippy::unused_self,
    clippy::unused_async,
    clippy::needless_pass_by_value,
    reason = "handlers have the shape that they need elsewhere"
)]

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use specter::prelude::*;
use specter::testing::{Parting, TestApp, TestClient, TestNamespace};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Post {
    room: String,
    text: String,
}

/// Where posts go.
trait Archive: Send + Sync {
    fn keep(&self, post: &Post) -> usize;
}

/// Keeps them in memory.
#[injectable(as = dyn Archive)]
#[derive(Default)]
struct Memory {
    #[state]
    posts: std::sync::Mutex<Vec<Post>>,
}

impl Archive for Memory {
    fn keep(&self, post: &Post) -> usize {
        let mut posts = self.posts.lock().unwrap();
        posts.push(post.clone());
        posts.len()
    }
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

#[injectable]
struct Members;

impl Guard for Members {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.auth::<Login>() {
            Some(Ok(login)) if login.name != "eve" => Ok(()),
            _ => Err(Reject::new("members only").data(&json!({ "retry": false }))),
        }
    }
}

#[socketio_controller(namespace = "/chat", guards(Members))]
struct Chat {
    posts: Arc<dyn Archive>,
    #[state]
    sent: usize,
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
    async fn post(&mut self, socket: &Socket, post: Post) -> Result<(usize, usize), EventError> {
        if post.text.is_empty() {
            return Err(EventError::new("nothing to say")
                .code("empty")
                .data(&post.room));
        }
        self.sent += 1;
        socket.to(&post.room).emit("posted", &post)?;
        Ok((self.sent, self.posts.keep(&post)))
    }

    #[on_event]
    async fn confirm(&mut self, socket: &Socket, question: String) -> Result<bool, EventError> {
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
struct Echo;

#[handlers]
impl Echo {
    #[on_event]
    fn echo(&self, args: Args) -> Args {
        args
    }

    #[on_event]
    fn address(&self, handshake: &Arc<Handshake>) -> (Option<std::net::IpAddr>, Option<String>) {
        let header = handshake.headers.get("x-test");
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
struct ChatModule;

async fn app() -> TestApp {
    TestApp::start::<ChatModule>().await
}

async fn member(app: &TestApp, name: &str) -> TestClient {
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

fn post(text: &str) -> Post {
    Post {
        room: "lobby".into(),
        text: text.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn clients_emit_and_expect() {
    let app = app().await;
    let (ann, bob) = (member(&app, "ann").await, member(&app, "bob").await);
    assert_eq!(
        ann.emit_ack::<(usize, usize)>("post", post("hi")).await,
        (1, 1)
    );
    assert_eq!(bob.expect::<Post>("posted").await, post("hi"));
    ann.expect_none("posted").await;
    bob.emit("post", post("ho"));
    assert_eq!(ann.expect::<Post>("posted").await, post("ho"));
    ann.expect_silence().await;
    bob.expect_silence().await;
    assert_eq!(app.io().of("/chat").unwrap().socket_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_values() {
    let app = app().await;
    let refused = app
        .client()
        .auth(json!({ "name": "eve" }))
        .refused("/chat")
        .await;
    assert_eq!(refused.message(), "members only");
    assert_eq!(refused.data::<Value>()["retry"], false);
    assert_eq!(
        app.client().refused("/nowhere").await.message(),
        "Invalid namespace"
    );
    let refused = app.client().path("/elsewhere/").refused("/chat").await;
    assert_eq!(refused.code(), "test_refused_handshake");
    let origin = app.client().header("origin", "https://evil.example");
    assert_eq!(origin.refused("/").await.message(), "Origin not allowed");
}

#[tokio::test(start_paused = true)]
async fn a_guard_can_be_taken_out() {
    let app = TestApp::builder::<ChatModule>();
    let app = app.allow::<Members>().start().await;
    let client = app.connect("/chat").await;
    let (name, _) = client.expect::<(Option<String>, SocketId)>("welcome").await;
    assert_eq!(name, None);
}

/// Takes nothing.
struct Full;

impl Archive for Full {
    fn keep(&self, _: &Post) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn other_services_stand_in_for_the_modules() {
    let app = TestApp::builder::<ChatModule>().bind::<dyn Archive>(Arc::new(Full));
    let app = app.start().await;
    let ann = member(&app, "ann").await;
    let posted: (usize, usize) = ann.emit_ack("post", post("hi")).await;
    assert_eq!(posted, (1, 0));

    let memory = Memory::default();
    memory.keep(&post("before"));
    let app = TestApp::builder::<ChatModule>().replace::<Memory>(memory);
    let app = app.start().await;
    let ann = member(&app, "ann").await;
    let posted: (usize, usize) = ann.emit_ack("post", post("hi")).await;
    assert_eq!(posted, (1, 2));
    assert_eq!(app.get::<Memory>().posts.lock().unwrap().len(), 2);
}

/// What only the program knows.
struct Motto(&'static str);

#[socketio_controller]
struct Herald {
    motto: Arc<Motto>,
}

#[handlers]
impl Herald {
    #[on_event]
    fn motto(&self) -> &'static str {
        self.motto.0
    }
}

#[tokio::test(start_paused = true)]
async fn values_are_provided_and_what_is_missing_is_told() {
    let app = TestApp::builder_of::<Herald>().provide(Motto("onward"));
    let app = app.start().await;
    let client = app.connect("/").await;
    assert_eq!(client.emit_ack::<String>("motto", ()).await, "onward");

    let refused = TestApp::builder_of::<Herald>().try_start().await;
    assert_eq!(refused.unwrap_err().code(), "startup_faults");
    let said = failure(async { drop(TestApp::of::<Herald>().await) });
    assert!(said.await.contains("`Herald` cannot start: 1 fault"));
}

#[tokio::test(start_paused = true)]
async fn errors_are_expected_by_name() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let error = ann.emit_ack::<()>("post", post("")).error().await;
    assert_eq!(
        (error.message.as_str(), error.code.as_deref()),
        ("nothing to say", Some("empty"))
    );
    assert_eq!(error.data, "lobby");
    let error = ann.emit_ack::<()>("post", 7).error().await;
    assert_eq!(error.code.as_deref(), Some("invalid_argument"));
}

#[tokio::test(start_paused = true)]
async fn the_server_may_ask() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let confirmed = ann.emit_ack::<bool>("confirm", "sure?");
    let (question, answer) = ann.expect_ask::<String>("confirm").await;
    assert_eq!(question, "sure?");
    answer.send(true);
    assert!(confirmed.await);
}

#[tokio::test(start_paused = true)]
async fn bytes_go_both_ways() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bytes = Binary(vec![1, 2, 3].into());
    let (reversed,) = ann.emit_ack::<(Binary,)>("reverse", &bytes).await;
    assert_eq!(reversed.0.as_ref(), [3, 2, 1]);
    let root = ann.join("/").await;
    let echoed = root
        .emit_ack::<(u8, Binary)>("echo", (1, Binary(vec![9; 70_000].into())))
        .await;
    assert_eq!((echoed.0, echoed.1.0.len()), (1, 70_000));
    let args = root.emit_ack::<()>("echo", (1, "two")).args().await;
    assert_eq!(args.to_json(), r#"[1,"two"]"#);
}

#[tokio::test(start_paused = true)]
async fn one_connection_serves_several_namespaces() {
    let app = app().await;
    let root = app.connect("/").await;
    assert!(
        root.try_join("/chat", json!({ "name": "eve" }))
            .await
            .is_err()
    );
    let chat = root
        .try_join("/chat", json!({ "name": "ann" }))
        .await
        .unwrap();
    assert_ne!(root.id(), chat.id());
    assert_eq!(app.handle().connections(), 1);
    chat.disconnect();
    assert!(!chat.is_connected());
    assert_eq!(root.emit_ack::<u8>("echo", 1).await, 1);
    let again = root
        .try_join("/chat", json!({ "name": "ann" }))
        .await
        .unwrap();
    assert_ne!(again.id(), chat.id());
    assert!(again.is_connected() && !chat.is_connected());
}

#[tokio::test(start_paused = true)]
async fn every_way_of_parting() {
    let app = app().await;
    let watcher = member(&app, "watcher").await;

    let ann = member(&app, "ann").await;
    ann.disconnect();
    assert_eq!(
        watcher.expect::<String>("left").await,
        "client namespace disconnect"
    );

    let ann = member(&app, "ann").await;
    ann.lose_transport();
    assert_eq!(watcher.expect::<String>("left").await, "transport close");
    drop(member(&app, "ann").await);
    assert_eq!(watcher.expect::<String>("left").await, "transport close");
    member(&app, "ann").await.close().await;
    assert_eq!(watcher.expect::<String>("left").await, "transport close");

    let ann = member(&app, "ann").await;
    ann.emit("leave", false);
    assert_eq!(ann.expect_disconnect().await, Parting::Namespace);
    assert_eq!(
        watcher.expect::<String>("left").await,
        "server namespace disconnect"
    );

    let ann = member(&app, "ann").await;
    ann.emit("leave", true);
    assert_eq!(ann.expect_disconnect().await, Parting::Transport);
    assert_eq!(
        watcher.expect::<String>("left").await,
        "forced server close"
    );

    let ann = member(&app, "ann").await;
    ann.send_raw("2/chat,{}");
    assert_eq!(ann.expect_disconnect().await, Parting::Transport);
    assert_eq!(watcher.expect::<String>("left").await, "parse error");

    app.shutdown().await;
    assert_eq!(watcher.expect_disconnect().await, Parting::Transport);
}

#[tokio::test(start_paused = true)]
async fn time_passes_when_the_test_says_so() {
    let app = app().await;
    let watcher = member(&app, "watcher").await;
    let ann = member(&app, "ann").await;
    ann.emit("later", 3);
    ann.expect_none("now").await;
    let start = tokio::time::Instant::now();
    ann.expect::<()>("now").await;
    assert!(start.elapsed() < Duration::from_secs(3));
    // Pings are answered, however long that lasts.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(ann.is_connected());
    ann.ignore_pings(true);
    tokio::time::sleep(Duration::from_secs(46)).await;
    assert_eq!(watcher.expect::<String>("left").await, "ping timeout");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_costs_itself() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bob = member(&app, "bob").await;
    let large = post(&"x".repeat(100_000));
    bob.stop_reading(true);
    ann.emit_ack::<(usize, usize)>("post", &large).await;
    bob.expect_none("posted").await;
    bob.stop_reading(false);
    assert_eq!(bob.expect::<Post>("posted").await, large);
    bob.stop_reading(true);
    for _ in 0..20 {
        ann.emit_ack::<(usize, usize)>("post", &large).await;
    }
    // What was queued is discarded, and the queue's policy has its word.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(ann.is_connected());
    assert_eq!(app.io().of("/chat").unwrap().socket_count(), 1);
    let left = ann.expect::<String>("left").await;
    assert_eq!(left, "forced close");
}

#[tokio::test(start_paused = true)]
async fn a_client_says_where_it_comes_from() {
    let app = app().await;
    let client = app
        .client()
        .address(Ipv4Addr::new(10, 1, 2, 3))
        .header("x-test", "yes");
    let client = client.connect("/").await;
    let seen = client.emit_ack::<(String, String)>("address", ()).await;
    assert_eq!(seen, ("10.1.2.3".into(), "yes".into()));
    let client = app.client().query("room", "a%20b").connect("/").await;
    let seen = client.emit_ack::<(String, String)>("address", ()).await;
    assert_eq!(seen, ("127.0.0.1".into(), "a b".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_work_on_any_runtime() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bob = member(&app, "bob").await;
    let posting = tokio::spawn(async move {
        for n in 1..=100 {
            assert_eq!(
                bob.emit_ack::<(usize, usize)>("post", post("x")).await,
                (n, n)
            );
        }
        bob
    });
    for _ in 0..100 {
        ann.expect::<Post>("posted").await;
    }
    posting.await.unwrap();
}

async fn failure(test: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(test).await.unwrap_err().into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_fails_with_what_came() {
    let said = failure(async {
        let (ann, bob) = {
            let app = app().await;
            (member(&app, "ann").await, member(&app, "bob").await)
        };
        bob.emit("post", post("hi"));
        ann.expect::<String>("gone").await;
    });
    let said = said.await;
    assert!(said.starts_with("tests/testing_kit.rs:"), "{said}");
    assert!(
        said.ends_with(
            r#"the client in `/chat` expected `gone`, but 5s went by; what came and was not expected: `posted` [{"room":"lobby","text":"hi"}]"#
        ),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_as_expected_fails_with_what_it_is() {
    let said = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_ack::<bool>("post", post("hi")).await;
    });
    let said = said.await;
    assert!(
        said.contains("`post` was acknowledged with [1,1], which is not what was expected"),
        "{said}"
    );

    let said = failure(async {
        let app = app().await;
        app.connect("/chat").await;
    });
    assert!(said.await.contains("refused: members only"));

    let said = failure(async {
        let app = TestApp::builder_of::<Echo>();
        let app = app.configure(|app| app.admit(|_| std::future::pending()));
        app.start().await.connect("/").await;
    });
    assert!(
        said.await
            .ends_with("the server does not answer the handshake")
    );

    let said = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit("leave", false);
        ann.expect::<()>("more").await;
    });
    assert!(
        said.await
            .contains("expected `more`, but the server disconnected it; nothing else came")
    );

    let said = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_ack::<()>("unknown", ()).await;
    });
    assert!(
        said.await
            .contains("`unknown` was not acknowledged within 5s")
    );
}

#[tokio::test(start_paused = true)]
async fn a_controller_built_by_hand_is_a_struct() {
    let memory = Arc::new(Memory::default());
    let mut chat = Chat {
        posts: memory.clone(),
        sent: 6,
    };
    let namespace = TestNamespace::new("/chat");
    let (ann, bob) = (namespace.socket(), namespace.socket());
    bob.join("lobby").unwrap();
    assert_eq!(chat.post(&ann, post("hi")).await.unwrap(), (7, 1));
    assert_eq!(memory.posts.lock().unwrap().as_slice(), [post("hi")]);
    assert_eq!(bob.expect::<Post>("posted"), post("hi"));
    ann.expect_none("posted");
    assert!(bob.next_event().is_none());
    assert!(chat.post(&ann, post("")).await.is_err());

    let asked = async {
        let question = loop {
            match ann.next_event() {
                Some(event) => break event,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(
            (question.name(), question.data::<String>()),
            ("confirm", "sure?".into())
        );
        question.answer().unwrap().send(true);
    };
    let (confirmed, ()) = tokio::join!(chat.confirm(&ann, "sure?".into()), asked);
    assert!(confirmed.unwrap());

    assert_eq!(namespace.namespace().socket_count(), 2);
    drop(bob);
    assert_eq!(namespace.namespace().socket_count(), 1);
}
