//! A chat: rooms, who is present, who is typing, what was said before; nicknames through the
//! client's `auth`.
//!
//! `cargo xtask demo` installs the client's bundle, builds this and serves it on
//! <http://127.0.0.1:3000>; `PORT` changes the port.
//!
//! - `names`: the values that clients choose, checked once when they come in;
//! - `storage`: the history, a module of its own that exports its repository;
//! - `roster`: who has which nickname, and who is in which room;
//! - `gateway`: the controller, the only file that knows events;
//! - `web/`: the page, plain files without a build step.
//!
//! This file puts them together: one module, one axum router for the gateway, the page and a route.

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

/// The whole application: the gateway with what it needs, and the history from its own module.
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

/// What the application serves beside the gateway.
fn routes() -> Router {
    let bundle = here().join("node_modules/socket.io-client/dist");
    if !bundle.exists() {
        eprintln!(
            "the page needs its client: run `cargo xtask demo`, or `npm ci` in {}",
            here().display()
        );
    }
    Router::new()
        .route("/api/rooms", get(rooms))
        .nest_service("/vendor", ServeDir::new(bundle))
        .fallback_service(ServeDir::new(here().join("web")))
}

/// The rooms, as JSON: an axum handler takes the same singletons as the gateway.
async fn rooms(roster: Inject<Roster>) -> Json<Vec<RoomSummary>> {
    Json(roster.rooms())
}

/// This example's folder, where the page and the bundle are.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/chat")
}

fn port() -> Result<u16, std::num::ParseIntError> {
    std::env::var("PORT").map_or(Ok(3000), |port| port.parse())
}
