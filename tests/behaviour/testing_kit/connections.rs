//! Connections of test clients: how they end, how a paused clock affects them, and the address and
//! headers of their handshakes.

use std::net::Ipv4Addr;
use std::time::Duration;

use specter::testing::Disconnection;

use super::gateway::{Post, app, member, post};

#[tokio::test(start_paused = true)]
async fn every_kind_of_disconnect_is_reported_to_both_sides() {
    let app = app().await;
    let watcher = member(&app, "watcher").await;

    let ann = member(&app, "ann").await;
    ann.disconnect();
    assert_eq!(
        watcher.expect::<String>("left").await,
        "client namespace disconnect"
    );

    let ann = member(&app, "ann").await;
    ann.abort_connection();
    assert_eq!(watcher.expect::<String>("left").await, "transport close");
    drop(member(&app, "ann").await);
    assert_eq!(watcher.expect::<String>("left").await, "transport close");
    member(&app, "ann").await.close().await;
    assert_eq!(watcher.expect::<String>("left").await, "transport close");

    let ann = member(&app, "ann").await;
    ann.emit("leave", false);
    assert_eq!(ann.expect_disconnect().await, Disconnection::Namespace);
    assert_eq!(
        watcher.expect::<String>("left").await,
        "server namespace disconnect"
    );

    let ann = member(&app, "ann").await;
    ann.emit("leave", true);
    assert_eq!(ann.expect_disconnect().await, Disconnection::Transport);
    assert_eq!(
        watcher.expect::<String>("left").await,
        "forced server close"
    );

    let ann = member(&app, "ann").await;
    ann.send_raw("2/chat,{}");
    assert_eq!(ann.expect_disconnect().await, Disconnection::Transport);
    assert_eq!(watcher.expect::<String>("left").await, "parse error");

    app.shutdown().await;
    assert_eq!(watcher.expect_disconnect().await, Disconnection::Transport);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_advances_when_the_test_waits() {
    let app = app().await;
    let watcher = member(&app, "watcher").await;
    let ann = member(&app, "ann").await;
    ann.emit("later", 3);
    ann.expect_none("now").await;
    let start = tokio::time::Instant::now();
    ann.expect::<()>("now").await;
    assert!(start.elapsed() < Duration::from_secs(3));
    // The client answers pings for the whole hour.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(ann.is_connected());
    ann.ignore_pings(true);
    tokio::time::sleep(Duration::from_secs(46)).await;
    assert_eq!(watcher.expect::<String>("left").await, "ping timeout");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bob = member(&app, "bob").await;
    let large = post(&"x".repeat(100_000));
    bob.stop_reading(true);
    ann.emit_with_ack::<(usize, usize)>("post", &large).await;
    bob.expect_none("posted").await;
    bob.stop_reading(false);
    assert_eq!(bob.expect::<Post>("posted").await, large);
    bob.stop_reading(true);
    for _ in 0..20 {
        ann.emit_with_ack::<(usize, usize)>("post", &large).await;
    }
    // The client may be behind for `slow_client_timeout`. Then the server closes the connection,
    // and discards the queued packets.
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(app.io().of("/chat").unwrap().socket_count(), 2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(ann.is_connected());
    assert_eq!(app.io().of("/chat").unwrap().socket_count(), 1);
    let left = ann.expect::<String>("left").await;
    assert_eq!(left, "forced close");
}

#[tokio::test(start_paused = true)]
async fn a_client_can_set_its_address_headers_and_query() {
    let app = app().await;
    let client = app
        .client()
        .address(Ipv4Addr::new(10, 1, 2, 3))
        .header("x-test", "yes");
    let client = client.connect("/").await;
    let seen = client
        .emit_with_ack::<(String, String)>("address", ())
        .await;
    assert_eq!(seen, ("10.1.2.3".into(), "yes".into()));
    let client = app.client().query("room", "a%20b").connect("/").await;
    let seen = client
        .emit_with_ack::<(String, String)>("address", ())
        .await;
    assert_eq!(seen, ("127.0.0.1".into(), "a b".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_work_on_any_runtime() {
    let app = app().await;
    let ann = member(&app, "ann").await;
    let bob = member(&app, "bob").await;
    let posting = tokio::spawn(async move {
        for n in 1..=100 {
            assert_eq!(
                bob.emit_with_ack::<(usize, usize)>("post", post("x")).await,
                (n, n)
            );
        }
        bob
    });
    for _ in 0..100 {
        ann.expect::<Post>("posted").await;
    }
    posting.await.unwrap();
}
