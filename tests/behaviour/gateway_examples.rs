//! The examples `presence`, `auth` and `background`, served over the network.

#[path = "../../examples/auth.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the test does not call its `main`"
)]
mod auth;
#[path = "../../examples/background.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the test does not call its `main`"
)]
mod background;
#[path = "../../examples/presence.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the test does not call its `main`"
)]
mod presence;

use std::time::Duration;

use crate::common::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn presence() {
    let server = Server::of(presence::app()).await;
    let mut ann = server.open().await;
    ann.connect("/", json!({ "name": "ann" })).await;
    let online = |name: &str| json!({ "name": name, "status": "online" });
    assert_eq!(ann.event().await, json!(["presence", [online("ann")]]));
    let mut bob = server.open().await;
    bob.connect("/", json!({ "name": "bob" })).await;
    let both = json!(["presence", [online("ann"), online("bob")]]);
    assert_eq!(ann.event().await, both);
    assert_eq!(bob.event().await, both);
    bob.send(r#"427["status","away"]"#).await;
    let away = json!({ "name": "bob", "status": "away" });
    assert_eq!(
        bob.event().await,
        json!(["presence", [online("ann"), away]])
    );
    assert_eq!(
        bob.text().await,
        "437[1,true]",
        "the event handler ran before the controller"
    );
    assert_eq!(
        ann.event().await,
        json!(["presence", [online("ann"), away]])
    );
    bob.close().await;
    assert_eq!(ann.event().await, json!(["presence", [online("ann")]]));
    assert_eq!(
        ann.call("people", json!([])).await,
        json!([[online("ann")]])
    );
    let mut nobody = server.open().await;
    nobody.send("40").await;
    assert_eq!(
        nobody.text().await,
        r#"44{"message":"invalid auth","data":{"code":"invalid_auth"}}"#
    );
}

#[tokio::test]
async fn auth() {
    let server = Server::of(auth::app()).await;
    let mut client = server.open().await;
    client.send("40").await;
    let refused = r#"44{"message":"a token is needed","data":{"code":"no_token"}}"#;
    assert_eq!(client.text().await, refused);
    client.send(r#"40{"token":"stolen"}"#).await;
    let refused = r#"44{"message":"the token is not known","data":{"code":"bad_token"}}"#;
    assert_eq!(client.text().await, refused);
    client.connect("/", json!({ "token": "bob's" })).await;
    let me = client.call("me", json!([])).await;
    assert_eq!(me, json!([{ "name": "bob", "admin": false }]));
    let no = json!([{ "error": "admins only", "code": "rejected" }]);
    assert_eq!(client.call("clear", json!([])).await, no);
    for _ in 0..3 {
        client.send(r#"42["post","hi"]"#).await;
        assert_eq!(client.event().await, json!(["posted", "bob", "hi"]));
    }
    let limited = client.call("post", json!(["hi"])).await;
    assert_eq!(limited[0]["error"], "rate limited");
    let mut admin = server.open().await;
    admin.connect("/", json!({ "token": "ann's" })).await;
    admin.send(r#"42["clear"]"#).await;
    assert_eq!(admin.event().await, json!(["cleared"]));
    // The address may try 20 times a minute, and has used 4 of these tries.
    for _ in 0..16 {
        let mut other = server.open().await;
        other.send("40").await;
        assert!(other.text().await.contains("a token is needed"));
    }
    let mut other = server.open().await;
    other.send("40").await;
    let reply = other.text().await;
    assert!(reply.contains("rate limited"), "{reply}");
}

#[tokio::test]
async fn background() {
    let app = background::app(background::Pace(Duration::from_millis(1)));
    let server = Server::of(app).await;
    let mut client = server.join("/").await;
    let mut other = server.join("/").await;
    client.send(r#"42["follow","ACME"]"#).await;
    let price = |event: Value| {
        assert_eq!((&event[0], &event[1]), (&json!("price"), &json!("ACME")));
        event[2].as_u64().unwrap()
    };
    let first = price(client.event().await);
    assert_eq!(price(client.event().await), first + 1);
    assert_eq!(
        other.call("leave", json!([])).await,
        json!([]),
        "no price was sent to this client"
    );
    server.handle.shutdown().await;
    client.closed().await;
}
