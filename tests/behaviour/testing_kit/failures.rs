//! The messages of a failing test.

use specter::testing::TestApp;

use super::gateway::{Echo, app, member, post};

pub(crate) async fn failure(test: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(test).await.unwrap_err().into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_missing_event_fails_with_the_events_that_arrived() {
    let said = failure(async {
        let (ann, bob) = {
            let app = app().await;
            (member(&app, "ann").await, member(&app, "bob").await)
        };
        bob.emit("post", post("hi"));
        ann.expect::<String>("gone").await;
    });
    let said = said.await;
    assert!(
        said.starts_with("tests/behaviour/testing_kit/failures.rs:"),
        "{said}"
    );
    assert!(
        said.ends_with(
            r#"the client in `/chat` expected `gone`, but 5s passed; these events arrived instead: `posted` [{"room":"lobby","text":"hi"}]"#
        ),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn other_mismatches_fail_with_what_arrived() {
    let said = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_with_ack::<bool>("post", post("hi")).await;
    });
    let said = said.await;
    assert!(
        said.contains("`post` was acknowledged with [1,1], which is not of the expected type"),
        "{said}"
    );

    let said = failure(async {
        let app = app().await;
        app.connect("/chat").await;
    });
    assert!(
        said.await
            .contains("the server rejected the connection to the namespace: members only")
    );

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
    assert!(said.await.contains(
        "expected `more`, but the server disconnected the client; no other event arrived"
    ));

    let said = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_with_ack::<()>("unknown", ()).await;
    });
    assert!(
        said.await
            .contains("`unknown` was not acknowledged within 5s")
    );
}
