//! A chat with rooms, presence, typing notices and a history. Clients send their nickname as
//! `auth`.
//!
//! `cargo xtask demo` installs the client's bundle, builds the example and serves it at
//! <http://127.0.0.1:3000>. The environment variable `PORT` changes the port.
//!
//! - `names`: the values that clients choose, validated when they are received;
//! - `storage`: the history, in a module of its own that exports its repository;
//! - `roster`: the nicknames in use, and who is in which room;
//! - `gateway`: the controller, which handles all events;
//! - `web/`: the page, plain files without a build step.
//!
//! This file puts them together: one module, and one axum router for the gateway, the page and an
//! HTTP route.

mod error;
mod gateway;
mod names;
mod roster;
mod storage;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use axum::routing::get;
use axum::{Json, Router};
use specter::prelude::*;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

use crate::gateway::ChatGateway;
use crate::roster::{RoomSummary, Roster};
use crate::storage::StorageModule;

/// The application's module: the gateway, the roster, and the history from its own module.
#[module(imports = [StorageModule], controllers = [ChatGateway], providers = [Roster])]
struct ChatModule;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let app = App::create::<ChatModule>().await?.routes(routes());
    let listener = TcpListener::bind(("127.0.0.1", port()?)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(app.serve(listener).await?)
}

/// The HTTP routes: an API, the client's bundle and the page.
fn routes() -> Router {
    let bundle = example_folder().join("node_modules/socket.io-client/dist");
    if !bundle.exists() {
        eprintln!(
            "the page needs its client: run `cargo xtask demo`, or `npm ci` in {}",
            example_folder().display()
        );
    }
    Router::new()
        .route("/api/rooms", get(rooms))
        .nest_service("/vendor", ServeDir::new(bundle))
        .fallback_service(ServeDir::new(example_folder().join("web")))
}

/// The list of rooms as JSON. An axum handler takes the same singletons as the gateway.
async fn rooms(roster: Inject<Roster>) -> Json<Vec<RoomSummary>> {
    Json(roster.rooms())
}

/// The folder of this example, with the page and the bundle.
fn example_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/chat")
}

fn port() -> Result<u16, std::num::ParseIntError> {
    std::env::var("PORT").map_or(Ok(3000), |port| port.parse())
}
