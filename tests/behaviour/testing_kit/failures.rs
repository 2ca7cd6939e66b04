//! What a test that fails says.

use specter::testing::TestApp;

use super::gateway::{Echo, app, member, post};

pub(crate) async fn failure(test: impl Future<Output = ()> + Send + 'static) -> String {
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
    assert!(
        said.starts_with("tests/behaviour/testing_kit/failures.rs:"),
        "{said}"
    );
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
        ann.emit_with_ack::<bool>("post", post("hi")).await;
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
        ann.emit_with_ack::<()>("unknown", ()).await;
    });
    assert!(
        said.await
            .contains("`unknown` was not acknowledged within 5s")
    );
}
