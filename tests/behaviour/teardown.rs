//! The end of a socket's scope: the providers' shutdown hooks run after `disconnect`, in reverse
//! order, even if some of them fail, panic or hang.

use std::time::Duration;

use crate::common::{Log, Server, within};
use specter::prelude::*;
use specter::testing::TestApp;

#[injectable(scope = socket, on_shutdown = close)]
struct Upload {
    log: Arc<Log>,
}

impl Upload {
    async fn close(&self) {
        tokio::task::yield_now().await;
        self.log.say("upload closed");
    }
}

#[injectable(scope = socket, on_shutdown = fail)]
struct Draft {
    #[expect(dead_code)]
    upload: Arc<Upload>,
    log: Arc<Log>,
}

impl Draft {
    fn fail(&self) -> Result<(), &'static str> {
        self.log.say("draft failed");
        Err("no space")
    }
}

#[injectable(scope = socket, on_shutdown = panic)]
struct Session {
    #[expect(dead_code)]
    draft: Arc<Draft>,
    socket: Socket,
    log: Arc<Log>,
}

impl Session {
    fn panic(self: Arc<Self>) {
        self.log.say(format!(
            "session of {} panicked",
            self.socket.namespace().name()
        ));
        panic!("on purpose");
    }
}

#[socketio_controller]
struct Gateway {
    #[expect(dead_code)]
    session: Arc<Session>,
    log: Arc<Log>,
}

#[handlers]
impl Gateway {
    #[on_event("disconnect")]
    async fn left(&mut self) {
        tokio::task::yield_now().await;
        self.log.say("disconnect");
    }
}

#[module(controllers = [Gateway], providers = [Upload, Draft, Session])]
struct AppModule;

#[tokio::test]
async fn hooks_of_a_socket_run_in_reverse_after_its_disconnect() {
    let (log, mut lines) = Log::new();
    let server = Server::of(App::builder::<AppModule>().provide(log)).await;
    let mut client = server.join("/").await;
    client.close().await;
    for expected in [
        "disconnect",
        "session of / panicked",
        "draft failed",
        "upload closed",
    ] {
        assert_eq!(within(lines.line()).await, expected);
    }
}

#[injectable(scope = socket, on_shutdown = close)]
struct First {
    log: Arc<Log>,
}

impl First {
    fn close(&self) {
        self.log.say("first closed");
    }
}

#[injectable(scope = socket, on_shutdown = hang)]
struct Hanging {
    first: Arc<First>,
}

impl Hanging {
    async fn hang(&self) {
        self.first.log.say("hangs");
        std::future::pending::<()>().await;
    }
}

#[socketio_controller]
struct Slow {
    #[expect(dead_code)]
    hanging: Arc<Hanging>,
}

#[handlers]
impl Slow {
    #[on_event]
    fn ping(&mut self) -> &'static str {
        "pong"
    }
}

#[module(controllers = [Slow], providers = [First, Hanging])]
struct SlowModule;

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_dropped_after_ten_seconds_and_does_not_stop_the_others() {
    let (log, mut lines) = Log::new();
    let app = TestApp::builder::<SlowModule>().provide(log).start().await;
    let (client, other) = (app.connect("/").await, app.connect("/").await);
    client.disconnect();
    assert_eq!(lines.line().await, "hangs");
    let start = tokio::time::Instant::now();
    // Other sockets do not wait for the hook.
    assert_eq!(other.emit_with_ack::<String>("ping", ()).await, "pong");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(lines.line().await, "first closed");
    assert_eq!(start.elapsed().as_secs(), 10);
}
