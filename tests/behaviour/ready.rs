//! `Socket::ready`: a producer that adapts to the pace of its client.

use std::time::Duration;

use crate::common::{Log, LogReader};
use specter::prelude::*;
use specter::socket::ReadyError;
use specter::testing::TestApp;
use tokio::time::{sleep, timeout};

const KIB: usize = 1024;

#[socketio_controller]
struct Export {
    log: Arc<Log>,
}

#[handlers]
impl Export {
    #[on_event("connect")]
    async fn connect(&self, socket: &Socket) {
        let early = timeout(Duration::ZERO, socket.ready()).await;
        assert_eq!(early, Ok(Err(ReadyError::NotConnected)));
        let socket = socket.clone();
        let log = self.log.clone();
        tokio::spawn(async move {
            // `ready` fails until the CONNECT has been answered.
            while socket.ready().await == Err(ReadyError::NotConnected) {
                tokio::task::yield_now().await;
            }
            let text = "x".repeat(100 * KIB);
            for number in 0..100 {
                if let Err(error) = socket.ready().await {
                    log.say(error.code());
                    return;
                }
                socket.emit("row", (number, &text)).unwrap();
            }
            log.say("exported");
        });
    }
}

async fn app() -> (TestApp, LogReader) {
    let (log, reader) = Log::new();
    (
        TestApp::builder_of::<Export>().provide(log).start().await,
        reader,
    )
}

#[tokio::test(start_paused = true)]
async fn a_producer_waits_for_a_client_that_does_not_read_and_loses_nothing() {
    let (app, mut log) = app().await;
    let client = app.connect("/").await;
    client.stop_reading(true);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(log.unread(), [""; 0], "the producer did not wait");
    client.stop_reading(false);
    for number in 0..100 {
        let (received, _) = client.expect::<(usize, String)>("row").await;
        assert_eq!(received, number);
    }
    assert_eq!(log.line().await, "exported");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_producer_gets_an_error_when_its_client_is_disconnected() {
    let (app, mut log) = app().await;
    let client = app.connect("/").await;
    client.stop_reading(true);
    // The server closes the connection, because the client does not read.
    assert_eq!(log.line().await, "ready_disconnected");
    drop(client);
}
