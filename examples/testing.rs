//! Testing a gateway: an auction and its tests, which need no port and do not sleep.
//!
//! `cargo test --example testing` runs the tests; `cargo run --example testing` serves the auction
//! on port 3000.

use std::sync::Mutex;
use std::time::Duration;

use serde::Deserialize;
use specter::prelude::*;

/// The accepted bids.
#[injectable]
#[derive(Default)]
struct Bids {
    #[state]
    taken: Mutex<Vec<(String, u32)>>,
}

impl Bids {
    fn highest(&self) -> u32 {
        let taken = self.taken.lock().unwrap();
        taken.last().map_or(0, |(_, amount)| *amount)
    }

    fn take(&self, bidder: &str, amount: u32) -> Result<(), BidError> {
        let mut taken = self.taken.lock().unwrap();
        let highest = taken.last().map_or(0, |(_, amount)| *amount);
        if amount <= highest {
            return Err(BidError::TooLow { highest });
        }
        taken.push((bidder.to_owned(), amount));
        Ok(())
    }
}

#[derive(Debug, thiserror::Error, IntoEventError)]
enum BidError {
    #[error("the bid is too low")]
    TooLow {
        #[event_error(data)]
        highest: u32,
    },
    #[error("the bid was not confirmed")]
    NotConfirmed,
    #[error(transparent)]
    #[event_error(internal)]
    Emit(#[from] EmitError),
}

#[derive(Deserialize)]
struct Ticket {
    number: u32,
}

/// Accepts clients with a valid ticket.
#[injectable]
struct Ticketed;

impl Guard for Ticketed {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.auth::<Ticket>() {
            Some(Ok(ticket)) if ticket.number < 1_000 => Ok(()),
            _ => Err(Reject::new("no ticket")),
        }
    }
}

/// A bid of this amount or more must be confirmed by the bidder.
const LARGE: u32 = 1_000;

#[socketio_controller(namespace = "/auction", guards(Ticketed))]
struct Auction {
    bids: Arc<Bids>,
    #[state]
    name: String,
}

#[handlers]
impl Auction {
    #[on_event("connect")]
    fn enter(&mut self, socket: &Socket) -> Result<(), EmitError> {
        socket.emit("highest", self.bids.highest())
    }

    #[on_event]
    fn call_me(&mut self, name: String) {
        self.name = name;
    }

    #[on_event]
    async fn bid(&mut self, socket: &Socket, amount: u32) -> Result<(), BidError> {
        if amount >= LARGE {
            let confirmed = socket.emit_with_ack("confirm", amount);
            match confirmed.timeout(Duration::from_secs(15)).await {
                Ok(true) => {}
                Ok(false) | Err(_) => return Err(BidError::NotConfirmed),
            }
        }
        self.bids.take(&self.name, amount)?;
        Ok(socket.namespace().emit("highest", amount)?)
    }
}

#[module(controllers = [Auction], providers = [Bids, Ticketed])]
struct AuctionModule;

#[tokio::main]
async fn main() -> specter::Result<()> {
    App::create::<AuctionModule>().listen(3000).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use specter::prelude::*;
    use specter::testing::{TestApp, TestNamespace};
    use tokio::time::Instant;

    use super::{Auction, AuctionModule, BidError, Bids, Ticketed};

    /// The auction, without its guard.
    async fn open_auction() -> TestApp {
        let app = TestApp::builder::<AuctionModule>();
        app.bypass_guard::<Ticketed>().start().await
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_enters_without_a_ticket() {
        let app = TestApp::start::<AuctionModule>().await;
        assert_eq!(
            app.client()
                .expect_connect_error("/auction")
                .await
                .message(),
            "no ticket"
        );
        let forged = app.client().auth(json!({ "number": 1_000 }));
        assert_eq!(
            forged.expect_connect_error("/auction").await.message(),
            "no ticket"
        );
        app.client()
            .auth(json!({ "number": 7 }))
            .connect("/auction")
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_sees_a_bid() {
        let app = open_auction().await;
        let (ann, bob) = (app.connect("/auction").await, app.connect("/auction").await);
        assert_eq!(bob.expect::<u32>("highest").await, 0);
        ann.emit("call_me", "ann");
        ann.emit_with_ack::<()>("bid", 20).await;
        assert_eq!(bob.expect::<u32>("highest").await, 20);

        let error = bob.emit_with_ack::<()>("bid", 20).error().await;
        assert_eq!(error.code.as_deref(), Some("too_low"));
        assert_eq!(error.data, 20);
        bob.expect_none("highest").await;

        let bids = app.get::<Bids>();
        assert_eq!(*bids.taken.lock().unwrap(), [("ann".into(), 20)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_bid_is_confirmed() {
        let app = open_auction().await;
        let ann = app.connect("/auction").await;
        let bid = ann.emit_with_ack::<()>("bid", 5_000);
        let (amount, answer) = ann.expect_with_ack::<u32>("confirm").await;
        assert_eq!(amount, 5_000);
        answer.send(true);
        bid.await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_bid_that_nobody_confirms_lapses() {
        let app = TestApp::builder::<AuctionModule>().bypass_guard::<Ticketed>();
        let app = app.timeout(Duration::from_secs(60)).start().await;
        let ann = app.connect("/auction").await;
        let start = Instant::now();
        let error = ann.emit_with_ack::<()>("bid", 5_000).error().await;
        assert_eq!(error.code.as_deref(), Some("not_confirmed"));
        // These are 15 s of the paused clock, for which the test does not wait.
        assert_eq!(start.elapsed().as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bidder_that_disconnects_before_confirming_has_not_bid() {
        let app = open_auction().await;
        let (ann, bob) = (app.connect("/auction").await, app.connect("/auction").await);
        bob.expect::<u32>("highest").await;
        ann.emit("bid", 5_000);
        let _unanswered = ann.expect_with_ack::<u32>("confirm").await;
        ann.abort_connection();
        bob.expect_none("highest").await;
        assert_eq!(app.get::<Bids>().highest(), 0);
    }

    #[tokio::test]
    async fn a_controller_is_tested_without_an_application() {
        let mut auction = Auction {
            bids: Arc::new(Bids::default()),
            name: "ann".into(),
        };
        let namespace = TestNamespace::new("/auction");
        let socket = namespace.socket();
        auction.bid(&socket, 20).await.unwrap();
        assert_eq!(socket.expect::<u32>("highest"), 20);
        let refused = auction.bid(&socket, 10).await;
        assert!(matches!(refused, Err(BidError::TooLow { highest: 20 })));
    }
}
