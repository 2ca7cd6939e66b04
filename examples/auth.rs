//! Authentication by token, authorization and rate limits, all as guards.
//!
//! Run `cargo run --example auth`, then connect a Socket.IO client to `http://127.0.0.1:3000` with
//! `auth: { token: "ann's" }`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use specter::app::AppBuilder;
use specter::gateway::{Rate, RateKey, RateLimit, RatePolicy};
use specter::prelude::*;

/// The authenticated user of a socket. The guard inserts it into the socket's extensions; handlers
/// take it as `Extension<User>`.
#[derive(Clone, Serialize)]
struct User {
    name: &'static str,
    admin: bool,
}

/// Checks tokens. A real application would ask a database or verify a signature.
#[injectable]
struct Tokens;

impl Tokens {
    #[allow(
        clippy::unused_async,
        reason = "a real implementation awaits a database"
    )]
    async fn user(&self, token: &str) -> Option<User> {
        match token {
            "ann's" => Some(User {
                name: "ann",
                admin: true,
            }),
            "bob's" => Some(User {
                name: "bob",
                admin: false,
            }),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

/// Accepts clients with a valid token.
#[injectable]
struct Authenticated {
    tokens: Arc<Tokens>,
}

impl Guard for Authenticated {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        let Some(Ok(Credentials { token })) = cx.auth() else {
            return Err(Reject::new("a token is needed").with_data(&json!({ "code": "no_token" })));
        };
        match self.tokens.user(&token).await {
            Some(user) => {
                cx.insert(user);
                Ok(())
            }
            None => {
                Err(Reject::new("the token is not known")
                    .with_data(&json!({ "code": "bad_token" })))
            }
        }
    }
}

/// Accepts administrators. It guards single events.
#[injectable]
struct Admins;

impl Guard for Admins {
    async fn check(&self, cx: &GuardContext<'_>) -> Result<(), Reject> {
        match cx.extension::<User>() {
            Some(User { admin: true, .. }) => Ok(()),
            _ => Err(Reject::new("admins only")),
        }
    }
}

/// Limits how often one address may try to connect.
#[injectable]
struct Logins;

impl RatePolicy for Logins {
    fn rate(&self) -> Rate {
        Rate::per_minute(20)
    }

    fn key(&self, socket: &Socket, _: Option<&str>) -> RateKey {
        let address = socket.handshake().address;
        RateKey::named(address.map_or_else(String::new, |address| address.to_string()))
    }
}

/// Limits how often one socket may post.
#[injectable]
struct Posts;

impl RatePolicy for Posts {
    fn rate(&self) -> Rate {
        Rate::new(3, Duration::from_secs(10))
    }
}

/// The guards run in this order, the cheap one first. They run before a controller is built for the
/// socket.
#[socketio_controller(guards(RateLimit<Logins>, Authenticated))]
struct Board;

#[handlers]
impl Board {
    #[on_event]
    fn me(&self, Extension(user): Extension<User>) -> User {
        user
    }

    #[on_event(guards(RateLimit<Posts>))]
    fn post(
        &self,
        Extension(user): Extension<User>,
        all: &Namespace,
        text: &str,
    ) -> Result<(), EmitError> {
        all.emit("posted", (user.name, text))
    }

    #[on_event(guards(Admins))]
    fn clear(&self, all: &Namespace) -> Result<(), EmitError> {
        all.emit("cleared", ())
    }
}

#[module(
    controllers = [Board],
    providers = [Tokens, Authenticated, Admins, Logins, Posts, RateLimit<Logins>, RateLimit<Posts>]
)]
struct BoardModule;

/// The application. The tests start it too.
pub fn app() -> AppBuilder {
    App::builder::<BoardModule>()
}

#[tokio::main]
async fn main() -> specter::Result<()> {
    app().listen(3000).await
}
