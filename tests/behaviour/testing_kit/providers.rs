//! What a test puts in the place of an application's services and guards.

use specter::prelude::*;
use specter::testing::TestApp;

use super::failures::failure;
use super::gateway::{Archive, ChatModule, Members, Memory, Post, member, post};

#[tokio::test(start_paused = true)]
async fn a_guard_can_be_taken_out() {
    let app = TestApp::builder::<ChatModule>();
    let app = app.bypass_guard::<Members>().start().await;
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
    assert_eq!(client.emit_with_ack::<String>("motto", ()).await, "onward");

    let refused = TestApp::builder_of::<Herald>().try_start().await;
    assert_eq!(refused.unwrap_err().code(), "startup_faults");
    let said = failure(async { drop(TestApp::of::<Herald>().await) });
    assert!(said.await.contains("`Herald` cannot start: 1 fault"));
}
