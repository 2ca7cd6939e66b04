//! Test clients: connecting, emitting events and expecting events.

use serde_json::{Value, json};
use specter::prelude::*;

use super::gateway::{Post, app, member, post};

#[tokio::test(start_paused = true)]
async fn clients_emit_and_expect() {
    let app = app().await;
    let (ann, bob) = (member(&app, "ann").await, member(&app, "bob").await);
    assert_eq!(
        ann.emit_with_ack::<(usize, usize)>("post", post("hi"))
            .await,
        (1, 1)
    );
    assert_eq!(bob.expect::<Post>("posted").await, post("hi"));
    ann.expect_none("posted").await;
    bob.emit("post", post("ho"));
    assert_eq!(ann.expect::<Post>("posted").await, post("ho"));
    ann.expect_silence().await;
    bob.expect_silence().await;
    assert_eq!(app.io().of("/chat").unwrap().socket_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_returned_as_values() {
    let app = app().await;
    let refused = app
        .client()
        .auth(json!({ "name": "eve" }))
        .expect_connect_error("/chat")
        .await;
    assert_eq!(refused.message(), "members only");
    assert_eq!(refused.data::<Value>()["retry"], false);
    assert_eq!(
        app.client()
            .expect_connect_error("/nowhere")
            .await
            .message(),
        "Invalid namespace"
    );
    let refused = app
        .client()
        .path("/elsewhere/")
        .expect_connect_error("/chat")
        .await;
    assert_eq!(refused.code(), "test_refused_handshake");
    let origin = app.client().header("origin", "https://evil.example");
    assert_eq!(
        origin.expect_connect_error("/").await.message(),
        "Origin not allowed"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_answer_can_be_expected() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let error = ann.emit_with_ack::<()>("post", post("")).error().await;
    assert_eq!(
        (error.error.as_str(), error.code.as_deref()),
        ("nothing to say", Some("empty"))
    );
    assert_eq!(error.data, "lobby");
    let error = ann.emit_with_ack::<()>("post", 7).error().await;
    assert_eq!(error.code.as_deref(), Some("invalid_argument"));
}

#[tokio::test(start_paused = true)]
async fn a_client_can_answer_the_servers_acknowledgement_requests() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let confirmed = ann.emit_with_ack::<bool>("confirm", "sure?");
    let (question, answer) = ann.expect_with_ack::<String>("confirm").await;
    assert_eq!(question, "sure?");
    answer.send(true);
    assert!(confirmed.await);
}

#[tokio::test(start_paused = true)]
async fn bytes_are_sent_and_received() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bytes = Binary(vec![1, 2, 3].into());
    let (reversed,) = ann.emit_with_ack::<(Binary,)>("reverse", &bytes).await;
    assert_eq!(reversed.0.as_ref(), [3, 2, 1]);
    let root = ann.join("/").await;
    let echoed = root
        .emit_with_ack::<(u8, Binary)>("echo", (1, Binary(vec![9; 70_000].into())))
        .await;
    assert_eq!((echoed.0, echoed.1.0.len()), (1, 70_000));
    let args = root.emit_with_ack::<()>("echo", (1, "two")).args().await;
    assert_eq!(args.to_json(), r#"[1,"two"]"#);
}

#[tokio::test(start_paused = true)]
async fn one_connection_serves_several_namespaces() {
    let app = app().await;
    let root = app.connect("/").await;
    assert!(
        root.try_join("/chat", json!({ "name": "eve" }))
            .await
            .is_err()
    );
    let chat = root
        .try_join("/chat", json!({ "name": "ann" }))
        .await
        .unwrap();
    assert_ne!(root.id(), chat.id());
    assert_eq!(app.handle().connections(), 1);
    chat.disconnect();
    assert!(!chat.is_connected());
    assert_eq!(root.emit_with_ack::<u8>("echo", 1).await, 1);
    let again = root
        .try_join("/chat", json!({ "name": "ann" }))
        .await
        .unwrap();
    assert_ne!(again.id(), chat.id());
    assert!(again.is_connected() && !chat.is_connected());
}
