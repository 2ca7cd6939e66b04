//! Controllers with `scope = singleton`: one instance, built at start, for all sockets.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{Log, Server};
use serde_json::{Value, json};
use specter::prelude::*;

#[socketio_controller(scope = singleton)]
struct Counter {
    log: Arc<Log>,
    #[state]
    count: AtomicU32,
}

/// A provider of the socket's scope, which the singleton's handlers can inject.
#[injectable(scope = socket)]
struct PerSocket {
    socket: Socket,
}

#[handlers]
impl Counter {
    #[on_event("connect")]
    async fn connect(&self, auth: Auth<Option<Value>>) -> Result<(), Reject> {
        self.log.say("connect");
        match auth.0 {
            None => Ok(()),
            Some(_) => Err(Reject::new("no")),
        }
    }

    #[on_event]
    async fn add(&self, n: u32) -> u32 {
        tokio::task::yield_now().await;
        self.count.fetch_add(n, Ordering::Relaxed) + n
    }

    #[on_event]
    fn own(&self, own: Inject<PerSocket>, socket: Socket) -> bool {
        own.socket == socket
    }

    #[on_event(concurrent)]
    async fn concurrent_count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    #[on_event]
    fn panics(&self) {
        panic!("on purpose")
    }

    #[on_event("disconnect")]
    async fn left(&self, reason: DisconnectReason) {
        self.log.say(reason.as_str());
    }
}

#[module(controllers = [Counter], providers = [PerSocket])]
struct Counting;

#[tokio::test]
async fn one_instance_serves_all_sockets() {
    let (log, mut lines) = Log::new();
    let app = App::builder::<Counting>()
        .provide(log)
        .create()
        .await
        .unwrap();
    // No socket has connected yet.
    let counter: Arc<Counter> = app.get().expect("the App has built the singleton");
    let server = Server::serve(app).await;
    let mut first = server.join("/").await;
    let mut second = server.join("/").await;
    assert_eq!(
        [lines.line().await, lines.line().await],
        ["connect", "connect"]
    );
    assert_eq!(first.call("add", json!([1])).await, json!([1]));
    assert_eq!(second.call("add", json!([2])).await, json!([3]));
    assert_eq!(second.call("concurrent_count", json!([])).await, json!([3]));
    first.call("panics", json!([])).await;
    assert_eq!(first.call("add", json!([4])).await, json!([7]));
    assert_eq!(counter.count.load(Ordering::Relaxed), 7);
    assert_eq!(first.call("own", json!([])).await, json!([true]));
    assert_eq!(second.call("own", json!([])).await, json!([true]));
    first.send("41").await;
    assert_eq!(lines.line().await, "client namespace disconnect");
    assert_eq!(second.call("add", json!([1])).await, json!([8]));
}

#[tokio::test]
async fn a_refused_connect_does_not_affect_other_sockets() {
    let (log, _lines) = Log::new();
    let server = Server::of(App::builder::<Counting>().provide(log)).await;
    let mut refused = server.open().await;
    refused.send(r#"40{"x":1}"#).await;
    assert_eq!(refused.text().await, r#"44{"message":"no"}"#);
    let mut client = server.join("/").await;
    assert_eq!(client.call("add", json!([5])).await, json!([5]));
}

trait Identity: Send + Sync {
    fn id(&self) -> SocketId;
}

#[injectable(scope = socket, as = dyn Identity)]
struct SocketIdentity {
    socket: Socket,
}

impl Identity for SocketIdentity {
    fn id(&self) -> SocketId {
        self.socket.id()
    }
}

/// A singleton that injects a provider of the socket's scope. It injects a trait, because the
/// compiler finds this mistake for a struct.
#[socketio_controller(scope = singleton, unlisted)]
struct InjectsScoped {
    own: Arc<dyn Identity>,
}

#[handlers]
impl InjectsScoped {
    #[on_event]
    fn own(&self) -> SocketId {
        self.own.id()
    }
}

#[module(controllers = [InjectsScoped], providers = [SocketIdentity])]
struct InjectsScopedModule;

#[tokio::test]
async fn a_singleton_cannot_inject_a_provider_of_the_sockets_scope() {
    let error = App::create::<InjectsScopedModule>()
        .await
        .err()
        .expect("a fault")
        .to_string();
    assert!(
        error.contains("InjectsScoped")
            && error.contains("SocketIdentity")
            && error.contains("singleton"),
        "{error}"
    );
}
