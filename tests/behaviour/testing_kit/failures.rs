//! The panic messages of tests that fail.

use specter::testing::TestApp;

use super::gateway::{Echo, app, member, post};

/// Runs a test that must panic, and returns the panic's message.
pub(crate) async fn failure(test: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(test).await.unwrap_err().into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_missing_event_fails_with_the_events_that_were_received() {
    let message = failure(async {
        let (ann, bob) = {
            let app = app().await;
            (member(&app, "ann").await, member(&app, "bob").await)
        };
        bob.emit("post", post("hi"));
        ann.expect::<String>("gone").await;
    });
    let message = message.await;
    assert!(
        message.starts_with("tests/behaviour/testing_kit/failures.rs:"),
        "{message}"
    );
    assert!(
        message.ends_with(
            r#"the client in `/chat` expected `gone`, but it was not received within 5s; other events were received: `posted` [{"room":"lobby","text":"hi"}]"#
        ),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_value_fails_with_the_value() {
    let message = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_with_ack::<bool>("post", post("hi")).await;
    });
    let message = message.await;
    assert!(
        message.contains("`post` was acknowledged with [1,1], which is not what was expected"),
        "{message}"
    );

    let message = failure(async {
        let app = app().await;
        app.connect("/chat").await;
    });
    assert!(message.await.contains("refused: members only"));

    let message = failure(async {
        let app = TestApp::builder_of::<Echo>();
        let app = app.configure(|app| app.admit(|_| std::future::pending()));
        app.start().await.connect("/").await;
    });
    assert!(
        message
            .await
            .ends_with("the server does not answer the handshake")
    );

    let message = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit("leave", false);
        ann.expect::<()>("more").await;
    });
    assert!(
        message.await.contains(
            "expected `more`, but the server disconnected it; no other event was received"
        )
    );

    let message = failure(async {
        let ann = member(&app().await, "ann").await;
        ann.emit_with_ack::<()>("unknown", ()).await;
    });
    assert!(
        message
            .await
            .contains("`unknown` was not acknowledged within 5s")
    );
}
