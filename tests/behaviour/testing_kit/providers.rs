//! Replacements of an application's services and guards in tests.

use specter::prelude::*;
use specter::testing::TestApp;

use super::failures::failure;
use super::gateway::{Archive, ChatModule, Members, Memory, Post, member, post};

#[tokio::test(start_paused = true)]
async fn a_guard_can_be_bypassed() {
    let app = TestApp::builder::<ChatModule>();
    let app = app.bypass_guard::<Members>().start().await;
    let client = app.connect("/chat").await;
    let (name, _) = client.expect::<(Option<String>, SocketId)>("welcome").await;
    assert_eq!(name, None);
}

/// An archive that stores nothing.
struct Full;

impl Archive for Full {
    fn keep(&self, _: &Post) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn services_can_be_replaced() {
    let app = TestApp::builder::<ChatModule>().bind::<dyn Archive>(Arc::new(Full));
    let app = app.start().await;
    let ann = member(&app, "ann").await;
    let posted: (usize, usize) = ann.emit_with_ack("post", post("hi")).await;
    assert_eq!(posted, (1, 0));

    let memory = Memory::default();
    memory.keep(&post("before"));
    let app = TestApp::builder::<ChatModule>().replace::<Memory>(memory);
    let app = app.start().await;
    let ann = member(&app, "ann").await;
    let posted: (usize, usize) = ann.emit_with_ack("post", post("hi")).await;
    assert_eq!(posted, (1, 2));
    assert_eq!(app.get::<Memory>().posts.lock().unwrap().len(), 2);
}

/// A value that no module provides. The test provides it.
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
async fn a_missing_value_is_reported_and_can_be_provided() {
    let app = TestApp::builder_of::<Herald>().provide(Motto("onward"));
    let app = app.start().await;
    let client = app.connect("/").await;
    assert_eq!(client.emit_with_ack::<String>("motto", ()).await, "onward");

    let refused = TestApp::builder_of::<Herald>().try_start().await;
    assert_eq!(refused.unwrap_err().code(), "startup_faults");
    let message = failure(async { drop(TestApp::of::<Herald>().await) });
    assert!(message.await.contains("`Herald` cannot start: 1 fault"));
}
