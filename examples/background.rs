//! A background task that sends prices to subscribers. It starts and ends with the App.
//!
//! Run `cargo run --example background`, connect a Socket.IO client to `http://127.0.0.1:3000`, and
//! emit `follow` with `"ACME"` from it.

use std::time::Duration;

use specter::app::AppBuilder;
use specter::prelude::*;

/// The time between two prices, a value that the program provides to the App.
pub struct Pace(pub Duration);

/// Publishes the price of each share to a group. It handles no events: `on_setup` starts its task,
/// and the clean-up ends the task.
#[injectable]
struct Ticker {
    groups: BroadcastGroup,
    pace: Arc<Pace>,
}

impl EventHandler for Ticker {
    fn events(self: Arc<Self>, _: &mut EventSubscriptions<'_>) {}

    async fn on_setup(&self, clean_up: &mut Cleanup) -> Result<(), SetupError> {
        let (groups, mut clock) = (self.groups.clone(), tokio::time::interval(self.pace.0));
        let task = tokio::spawn(async move {
            for price in 100_u32.. {
                clock.tick().await;
                for share in groups.groups() {
                    if let Err(error) = groups.broadcast(&share, "price", (&share, price)) {
                        tracing::warn!(%error, share, "a price was not sent");
                    }
                }
            }
        });
        clean_up.add("the task", async move {
            task.abort();
            // An error says that the task was aborted, which is intended.
            let _ = task.await;
            Ok(())
        });
        Ok(())
    }
}

#[socketio_controller(scope = singleton)]
struct Prices {
    groups: BroadcastGroup,
}

#[handlers]
impl Prices {
    #[on_event]
    fn follow(&self, socket: &Socket, share: &str) -> Result<usize, GroupError> {
        self.groups.subscribe(share, socket)?;
        Ok(self.groups.member_count(share))
    }

    #[on_event]
    fn leave(&self, socket: &Socket, share: Option<&str>) {
        match share {
            Some(share) => self.groups.unsubscribe(share, socket),
            None => self.groups.unsubscribe_all(socket),
        }
    }
}

#[module(controllers = [Prices], handlers = [Ticker])]
struct PricesModule;

/// The application. The tests start it too.
pub fn app(pace: Pace) -> AppBuilder {
    App::builder::<PricesModule>().provide(pace)
}

#[tokio::main]
async fn main() -> specter::Result<()> {
    app(Pace(Duration::from_secs(1))).listen(3000).await
}
