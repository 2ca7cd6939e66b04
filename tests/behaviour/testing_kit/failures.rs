//! The panic messages of tests that fail.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use specter::testing::TestApp;

use super::gateway::{Echo, app, member, post};

thread_local! {
    /// The file and line of this thread's last panic.
    static PANIC_PLACE: RefCell<(String, u32)> = RefCell::default();
}

/// Runs a test that must panic, and returns the panic's message.
pub(crate) async fn failure(test: impl Future<Output = ()> + Send + 'static) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if let Some(place) = info.location() {
                PANIC_PLACE.set((place.file().to_owned(), place.line()));
            }
            previous(info);
        }));
    });
    let panic = tokio::spawn(test).await.unwrap_err().into_panic();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_expectation_fails_at_the_line_that_awaits_it() {
    let file = file!().to_owned();
    let line = line!() + 4;
    failure(async {
        let app = app().await;
        let ann = member(&app, "ann").await;
        ann.expect::<String>("gone").await;
    })
    .await;
    assert_eq!(PANIC_PLACE.take(), (file.clone(), line));

    let line = line!() + 4;
    failure(async {
        let app = app().await;
        let ann = member(&app, "ann").await;
        ann.emit_with_ack::<bool>("post", post("hi")).await;
    })
    .await;
    assert_eq!(PANIC_PLACE.take(), (file.clone(), line));

    let line = line!() + 2;
    failure(async {
        app().await.connect("/chat").await;
    })
    .await;
    assert_eq!(PANIC_PLACE.take(), (file.clone(), line));

    let line = line!() + 4;
    failure(async {
        let app = TestApp::builder_of::<Echo>();
        let app = app.configure(|app| app.max_payload(0));
        app.start().await;
    })
    .await;
    assert_eq!(PANIC_PLACE.take(), (file, line));
}

#[tokio::test(start_paused = true)]
async fn in_a_combinator_the_message_names_the_place_of_the_expectation() {
    let line = line!() + 4;
    let message = failure(async {
        let app = app().await;
        let ann = member(&app, "ann").await;
        let expected = ann.expect::<String>("gone");
        tokio::time::timeout(std::time::Duration::from_secs(60), expected)
            .await
            .unwrap();
    });
    let place = format!("{}:{line}:", file!());
    let message = message.await;
    assert!(message.starts_with(&place), "{message}");
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
