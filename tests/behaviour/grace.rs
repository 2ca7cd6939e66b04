//! Handlers that do not end: the `disconnect` handlers that run when the grace period is over.

use std::time::Duration;

use crate::common::lines::Lines;
use crate::common::{Log, LogReader};
use specter::prelude::*;
use specter::testing::TestApp;
use tokio::time::Instant;

const GRACE_PERIOD: Duration = Duration::from_secs(5);

#[injectable(scope = socket, on_shutdown = close)]
struct Upload {
    log: Arc<Log>,
}

impl Upload {
    fn close(&self) {
        self.log.say("scope torn down");
    }
}

/// Its handlers take `&mut self`, so that a running handler holds the controller exclusively.
#[socketio_controller]
struct Exclusive {
    #[expect(dead_code)]
    upload: Arc<Upload>,
    log: Arc<Log>,
    #[state]
    seen: u32,
    release: Arc<Release>,
}

/// Lets a blocking handler end.
struct Release(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

#[handlers]
impl Exclusive {
    #[on_event]
    async fn hang(&mut self) {
        self.seen += 1;
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event(interceptors(NeverEnding))]
    async fn hang_in_interceptor(&mut self) {
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event(blocking)]
    fn block(&mut self) {
        self.log.say("started");
        let _ = self.release.0.lock().unwrap().recv();
    }

    #[on_event]
    async fn fail(&mut self) -> Result<(), EventError> {
        Err(EventError::new("requested by the test"))
    }

    #[on_error]
    async fn failed(&mut self) {
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event("disconnect")]
    async fn left(&mut self, reason: DisconnectReason) {
        tokio::task::yield_now().await;
        self.log.say(format!("exclusive: {reason}, {}", self.seen));
    }
}

/// An interceptor that never ends, although the handler inside it has ended.
#[injectable]
struct NeverEnding;

impl Interceptor for NeverEnding {
    async fn intercept(
        &self,
        _: &InterceptContext<'_>,
        next: Next<'_>,
    ) -> Result<HandlerOutcome, EventError> {
        let _ = next.run().await;
        std::future::pending().await
    }
}

#[socketio_controller(priority = 1)]
struct Shared {
    log: Arc<Log>,
}

#[handlers]
impl Shared {
    #[on_event]
    async fn hang_shared(&self) {
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event(concurrent)]
    async fn hang_concurrent(&self) {
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event("disconnect")]
    async fn left(&self) {
        self.log.say("shared");
    }
}

#[socketio_controller(priority = 2, scope = singleton)]
struct Single {
    log: Arc<Log>,
}

#[handlers]
impl Single {
    #[on_event]
    async fn hang_single(&self) {
        self.log.say("started");
        std::future::pending::<()>().await;
    }

    #[on_event("disconnect")]
    async fn left(&self) {
        self.log.say("single");
    }
}

#[module(controllers = [Exclusive, Shared, Single], providers = [Upload, NeverEnding])]
struct AppModule;

async fn start() -> (TestApp, LogReader, std::sync::mpsc::Sender<()>) {
    let (log, reader) = Log::new();
    let (release, released) = std::sync::mpsc::channel();
    let app = TestApp::builder::<AppModule>()
        .provide(log)
        .provide(Release(std::sync::Mutex::new(released)))
        .configure(|app| app.handler_grace_period(GRACE_PERIOD))
        .start()
        .await;
    let log = app.get::<Log>();
    app.ingress()
        .on_disconnect(0, move |_: Socket, _: DisconnectReason| {
            log.say("subscriber");
        })
        .unwrap();
    (app, reader, release)
}

#[tokio::test(start_paused = true)]
async fn disconnect_runs_for_every_controller_when_a_handler_never_ends() {
    let lines = Lines::capture();
    for (event, controller, handler, seen) in [
        ("hang", "Exclusive", "hang", 1),
        ("hang_in_interceptor", "Exclusive", "hang_in_interceptor", 0),
        ("fail", "Exclusive", "fail", 0),
        ("hang_shared", "Shared", "hang_shared", 0),
        ("hang_concurrent", "Shared", "hang_concurrent", 0),
        ("hang_single", "Single", "hang_single", 0),
    ] {
        let (app, mut log, _release) = start().await;
        let client = app.connect("/").await;
        client.emit(event, ());
        assert_eq!(log.line().await, "started", "{event}");
        let start = Instant::now();
        client.disconnect();
        for expected in [
            &*format!("exclusive: client namespace disconnect, {seen}"),
            "shared",
            "single",
            "subscriber",
            "scope torn down",
        ] {
            assert_eq!(log.line().await, expected, "{event}");
        }
        assert_eq!(start.elapsed().as_secs(), GRACE_PERIOD.as_secs(), "{event}");
        let fields = format!("namespace=/ controller={controller} handler={handler}");
        assert_eq!(lines.with(&fields).len(), 1, "{event}: {:?}", lines.shown());
        assert!(log.unread().is_empty());
    }
    assert!(lines.with("together with its controller").is_empty());
}

#[socketio_controller(namespace = "/sharing")]
struct Sharing {
    log: Arc<Log>,
    release: Arc<Release>,
}

#[handlers]
impl Sharing {
    #[on_event(blocking)]
    fn block(&self) {
        self.log.say("started");
        let _ = self.release.0.lock().unwrap().recv();
    }

    #[on_event("disconnect")]
    fn left(&self) {
        self.log.say("sharing");
    }
}

#[tokio::test(start_paused = true)]
async fn disconnect_runs_while_a_blocking_handler_with_a_shared_reference_still_runs() {
    let lines = Lines::capture();
    let (log, mut reader) = Log::new();
    let (release, released) = std::sync::mpsc::channel();
    let app = TestApp::builder_of::<Sharing>()
        .provide(log)
        .provide(Release(std::sync::Mutex::new(released)))
        .configure(|app| app.handler_grace_period(GRACE_PERIOD))
        .start()
        .await;
    let client = app.connect("/sharing").await;
    client.emit("block", ());
    assert_eq!(reader.line().await, "started");
    client.disconnect();
    tokio::task::yield_now().await;
    tokio::time::advance(GRACE_PERIOD).await;
    assert_eq!(reader.line().await, "sharing");
    assert_eq!(lines.with("controller=Sharing handler=block").len(), 1);
    assert!(lines.with("together with its controller").is_empty());
    release.send(()).unwrap();
}

/// The thread that runs the handler cannot be stopped, and it holds the controller.
#[tokio::test(start_paused = true)]
async fn a_blocking_handler_that_never_ends_skips_only_its_controllers_disconnect() {
    let lines = Lines::capture();
    let (app, mut log, release) = start().await;
    let client = app.connect("/").await;
    client.emit("block", ());
    assert_eq!(log.line().await, "started");
    client.disconnect();
    // A paused clock does not advance by itself while a thread of the blocking pool is busy.
    tokio::task::yield_now().await;
    tokio::time::advance(GRACE_PERIOD).await;
    for expected in ["shared", "single", "subscriber", "scope torn down"] {
        assert_eq!(log.line().await, expected);
    }
    let warnings = lines.with("and was dropped together with its controller");
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert!(
        warning.text.contains("controller=Exclusive handler=block"),
        "{warning:?}"
    );
    release.send(()).unwrap();
}

#[socketio_controller(namespace = "/late")]
struct Late {
    log: Arc<Log>,
    #[expect(dead_code)]
    upload: Arc<Upload>,
}

#[handlers]
impl Late {
    #[on_event("connect")]
    fn connect(&mut self) {}

    #[on_event("disconnect")]
    async fn left(&mut self) {
        self.log.say("late");
        std::future::pending::<()>().await;
    }
}

#[socketio_controller(namespace = "/late", priority = 1)]
struct After {
    log: Arc<Log>,
}

#[handlers]
impl After {
    #[on_event("connect")]
    fn connect(&mut self) {}

    #[on_event("disconnect")]
    async fn left(&mut self) -> Result<(), EventError> {
        tokio::time::sleep(GRACE_PERIOD / 2).await;
        self.log.say("after");
        Err(EventError::new("too late"))
    }
}

#[socketio_controller(namespace = "/late", priority = 2)]
struct Rejecting;

#[handlers]
impl Rejecting {
    #[on_event("connect")]
    async fn connect(&mut self, auth: Auth<Option<serde_json::Value>>) -> Result<(), Reject> {
        match auth.0 {
            Some(_) => Err(Reject::new("no")),
            None => Ok(()),
        }
    }
}

#[module(controllers = [Late, After, Rejecting], providers = [Upload])]
struct LateModule;

async fn late() -> (TestApp, LogReader) {
    let (log, reader) = Log::new();
    let app = TestApp::builder::<LateModule>()
        .provide(log)
        .timeout(GRACE_PERIOD * 4)
        .configure(|app| {
            app.socket(|config| {
                config
                    .handler_grace_period(GRACE_PERIOD)
                    .connect_handler_timeout(GRACE_PERIOD)
            })
        })
        .start()
        .await;
    let log = app.get::<Log>();
    let ingress = app.ingress().of("/late").unwrap();
    let hanging = log.clone();
    ingress
        .on_disconnect(0, move |_: Socket, _: DisconnectReason| {
            hanging.say("hanging subscriber");
            std::future::pending::<()>()
        })
        .unwrap();
    ingress
        .on_disconnect(1, move |_: Socket, _: DisconnectReason| {
            log.say("subscriber");
        })
        .unwrap();
    ingress
        .on_error(|_: ErrorReport| std::future::pending::<()>())
        .unwrap();
    (app, reader)
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_handler_that_never_ends_does_not_keep_others_from_running() {
    let lines = Lines::capture();
    let (app, mut log) = late().await;
    let client = app.connect("/late").await;
    client.disconnect();
    for expected in [
        "late",
        "after",
        "hanging subscriber",
        "subscriber",
        "scope torn down",
    ] {
        assert_eq!(log.line().await, expected);
    }
    let warnings = lines.with("did not end in time");
    let is_warned_about = |name: &str| warnings.iter().any(|line| line.text.contains(name));
    assert!(
        is_warned_about("controller=Late handler=left"),
        "{warnings:?}"
    );
    assert!(is_warned_about("handler=a subscriber"), "{warnings:?}");
    assert!(is_warned_about("error subscribers"), "{warnings:?}");
    assert_eq!(warnings.len(), 3, "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_gets_its_answer_although_a_disconnect_handler_never_ends() {
    let (app, mut log) = late().await;
    let refused = app
        .client()
        .auth(serde_json::json!({}))
        .expect_connect_error("/late")
        .await;
    assert_eq!(refused.message(), "no");
    for expected in ["late", "after", "scope torn down"] {
        assert_eq!(log.line().await, expected);
    }
}
