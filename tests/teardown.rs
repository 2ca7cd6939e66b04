//! The end of a socket's scope: hooks after `disconnect`, in reverse order, whatever some of them do.

mod common;

use common::{Log, Server, within};
use specter::prelude::*;

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
        panic!("torn down");
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
