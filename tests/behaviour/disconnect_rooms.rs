//! Rooms and groups of a socket that disconnects: `disconnect` handlers can read them, whatever the
//! reason.

use std::time::Duration;

use crate::common::{Log, LogReader, within};
use serde_json::json;
use specter::prelude::*;
use specter::testing::TestApp;

/// Keeps the sockets, so that the test can inspect them after the disconnect.
struct KeptSockets(std::sync::Mutex<Vec<Socket>>);

/// The controller's group service, so that the test can inspect the groups.
struct Groups(std::sync::OnceLock<BroadcastGroup>);

#[socketio_controller]
struct Board {
    log: Arc<Log>,
    groups: BroadcastGroup,
    io: Io,
    kept: Arc<KeptSockets>,
}

impl Board {
    fn describe(&self, socket: &Socket) -> String {
        format!(
            "rooms {:?}, in hall {}, groups {:?}, count {}, members {}, sockets {}, join {:?}, \
             subscribe {:?}, emit {:?}",
            socket.rooms(),
            socket.is_in("hall"),
            self.groups.groups_of(socket),
            socket.namespace().room_count("hall"),
            self.groups.member_count("news"),
            socket.namespace().sockets().contains(socket),
            socket.join("late").map_err(|error| error.code()),
            self.groups
                .subscribe("late", socket)
                .map_err(|error| error.code()),
            socket.emit("late", ()).map_err(|error| error.code()),
        )
    }
}

#[handlers]
impl Board {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), Reject> {
        socket.join("hall")?;
        self.groups.subscribe("news", socket)?;
        self.kept.0.lock().unwrap().push(socket.clone());
        Ok(())
    }

    #[on_event("disconnect")]
    async fn left(&mut self, socket: &Socket, reason: DisconnectReason) -> Result<(), EmitError> {
        tokio::task::yield_now().await;
        self.log.say(format!("{reason}: {}", self.describe(socket)));
        for room in socket.rooms() {
            socket.to(room.as_str()).emit("left", 1)?;
            socket.namespace().to(room.as_str()).emit("left", 2)?;
            self.io.to(room.as_str()).emit("left", 3)?;
        }
        for group in self.groups.groups_of(socket) {
            self.groups.broadcast(group, "left", 4)?;
        }
        Ok(())
    }

    #[on_event]
    async fn kick(&mut self, socket: &Socket) {
        socket.disconnect();
    }

    #[on_event]
    async fn cut(&mut self, socket: &Socket) {
        socket.disconnect_transport();
    }
}

/// Another controller, whose `disconnect` handler runs after that of the first.
#[socketio_controller(priority = 1)]
struct Second {
    log: Arc<Log>,
}

#[handlers]
impl Second {
    #[on_event("disconnect")]
    async fn left(&mut self, socket: &Socket) {
        self.log.say(format!("second: {:?}", socket.rooms()));
    }
}

#[module(controllers = [Board, Second])]
struct AppModule;

async fn start() -> (TestApp, LogReader, Arc<KeptSockets>) {
    let (log, reader) = Log::new();
    let kept = Arc::new(KeptSockets(std::sync::Mutex::default()));
    let app = TestApp::builder::<AppModule>()
        .provide(log)
        .bind(kept.clone())
        .configure(|app| {
            app.ping_interval(Duration::from_secs(2))
                .ping_timeout(Duration::from_secs(2))
        })
        .start()
        .await;
    let log = app.get::<Log>();
    app.ingress()
        .on_disconnect(0, move |socket: Socket, _: DisconnectReason| {
            log.say(format!("subscriber: {:?}", socket.rooms()));
        })
        .unwrap();
    (app, reader, kept)
}

const AFTER_DISCONNECT: &str = r#"in hall true, groups ["news"], count 1, members 1, sockets false, join Err("join_disconnected"), subscribe Err("group_disconnected"), emit Err("emit_disconnected")"#;

#[tokio::test(start_paused = true)]
async fn rooms_are_readable_in_disconnect_for_every_reason() {
    for reason in [
        "client namespace disconnect",
        "server namespace disconnect",
        "forced server close",
        "transport close",
        "ping timeout",
        "parse error",
    ] {
        let (app, mut log, kept) = start().await;
        let (leaver, other) = (app.connect("/").await, app.connect("/").await);
        match reason {
            "client namespace disconnect" => leaver.disconnect(),
            "server namespace disconnect" => leaver.emit("kick", ()),
            "forced server close" => leaver.emit("cut", ()),
            "transport close" => leaver.abort_connection(),
            "ping timeout" => leaver.ignore_pings(true),
            _ => leaver.send_raw("2{}"),
        }
        assert_eq!(
            log.line().await,
            format!(r#"{reason}: rooms ["hall"], {AFTER_DISCONNECT}"#)
        );
        assert_eq!(log.line().await, r#"second: ["hall"]"#);
        assert_eq!(log.line().await, r#"subscriber: ["hall"]"#);
        for n in 1..=4 {
            assert_eq!(other.expect::<u8>("left").await, n, "{reason}");
        }
        other.expect_none("left").await;
        let socket = kept.0.lock().unwrap()[0].clone();
        within(async {
            while !socket.rooms().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(!socket.is_in("hall"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_are_readable_in_disconnect_at_shutdown_and_removed_afterwards() {
    let (app, mut log, kept) = start().await;
    let _client = app.connect("/").await;
    let namespace = app.io().of("/").unwrap();
    app.shutdown().await;
    let line = log.line().await;
    assert!(
        line.starts_with(r#"server shutting down: rooms ["hall"], in hall true"#),
        "{line}"
    );
    assert_eq!(log.line().await, r#"second: ["hall"]"#);
    assert_eq!(log.line().await, r#"subscriber: ["hall"]"#);
    let socket = kept.0.lock().unwrap()[0].clone();
    assert!(socket.rooms().is_empty());
    assert_eq!(namespace.room_count("hall"), 0);
    assert_eq!(namespace.socket_count(), 0);
}

#[socketio_controller(namespace = "/strict")]
struct Lenient {
    log: Arc<Log>,
}

#[handlers]
impl Lenient {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), JoinError> {
        socket.join("hall")
    }

    #[on_event("disconnect")]
    fn left(&mut self, socket: &Socket) {
        let namespace = socket.namespace();
        self.log.say(format!(
            "{:?} {} {}",
            socket.rooms(),
            namespace.room_count("hall"),
            namespace.socket_count()
        ));
    }
}

#[socketio_controller(namespace = "/strict", priority = 1)]
struct Strict;

#[handlers]
impl Strict {
    #[on_event("connect")]
    fn connect(&mut self) -> Result<(), Reject> {
        Err(Reject::new("no").with_data(&json!(1)))
    }
}

#[module(controllers = [Lenient, Strict])]
struct StrictModule;

#[tokio::test(start_paused = true)]
async fn controllers_that_accepted_a_refused_client_can_read_its_rooms() {
    let (log, mut lines) = Log::new();
    let app = TestApp::builder::<StrictModule>()
        .provide(log)
        .start()
        .await;
    app.client().expect_connect_error("/strict").await;
    assert_eq!(lines.line().await, r#"["hall"] 0 0"#);
    assert_eq!(app.io().of("/strict").unwrap().room_count("hall"), 0);
}

#[socketio_controller(namespace = "/stuck")]
struct Stuck {
    kept: Arc<KeptSockets>,
    groups: BroadcastGroup,
    seen: Arc<Groups>,
}

#[handlers]
impl Stuck {
    #[on_event("connect")]
    fn connect(&mut self, socket: &Socket) -> Result<(), Reject> {
        socket.join("hall")?;
        self.groups.subscribe("news", socket)?;
        self.seen.0.get_or_init(|| self.groups.clone());
        self.kept.0.lock().unwrap().push(socket.clone());
        Ok(())
    }

    #[on_event("disconnect")]
    async fn left(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// The runtime ends while a `disconnect` handler runs, and drops the connection's task.
#[test]
fn the_memberships_of_a_socket_are_removed_when_its_task_is_dropped() {
    let kept = Arc::new(KeptSockets(std::sync::Mutex::default()));
    let seen = Arc::new(Groups(std::sync::OnceLock::new()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let namespace = runtime.block_on(async {
        let app = TestApp::builder_of::<Stuck>()
            .bind(kept.clone())
            .bind(seen.clone())
            .start()
            .await;
        let client = app.connect("/stuck").await;
        let namespace = app.io().of("/stuck").unwrap();
        client.abort_connection();
        within(async {
            while namespace.socket_count() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        namespace
    });
    let groups = seen.0.get().unwrap();
    let socket = kept.0.lock().unwrap()[0].clone();
    assert_eq!(socket.rooms(), ["hall"]);
    assert_eq!(groups.groups_of(&socket), ["news"]);
    drop(runtime);
    assert!(socket.rooms().is_empty());
    assert!(groups.groups_of(&socket).is_empty());
    assert_eq!(namespace.room_count("hall"), 0);
}
