//! Small servers that outside test suites, clients and load generators can be pointed at.
//!
//! ```text
//! cargo run --release --example conformance -- --profile NAME [--port N]
//! ```
//!
//! One file a profile; each makes a router and says how it is drained, and is an ordinary user of
//! the public API. This file reads the command line; `serve` listens. The controllers are
//! `unlisted`, because only one profile's module is started.
//!
//! The server listens on `127.0.0.1` and `[::1]`, prints `listening on PORT` when it is ready, and
//! ends on SIGTERM.

mod bench;
mod engine;
mod engine_client;
mod serve;
mod socket;
mod socket_client;

use std::io::IsTerminal;
use std::process::ExitCode;

use serve::Profile;
use specter::App;
use tokio::runtime::{self, Runtime};

const USAGE: &str =
    "usage: conformance --profile engine|engine-client|socket|socket-client|bench [--port N]";

/// What the command line asks for.
struct Options {
    profile: String,
    port: Option<u16>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let Some(options) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match runtime(&options).and_then(|runtime| runtime.block_on(run(&options))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("there is no profile `{}`\n{USAGE}", options.profile);
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Load is served by all cores. Everything else by one thread: requests that are sent at once are
/// then taken in the order in which they arrive, and suites that were written against a server of
/// one thread count on that.
fn runtime(options: &Options) -> Result<Runtime, Box<dyn std::error::Error>> {
    let mut builder = match options.profile.as_str() {
        "bench" => runtime::Builder::new_multi_thread(),
        _ => runtime::Builder::new_current_thread(),
    };
    Ok(builder.enable_all().build()?)
}

/// Serves the profile until the process is told to stop. `false` if there is none of this name.
async fn run(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    let (profile, default_port): (Profile, u16) = match options.profile.as_str() {
        "engine" => (engine::profile()?, 3000),
        "engine-client" => (engine_client::profile()?, 3000),
        "socket" => (socket::profile().await?, 3000),
        "socket-client" => (socket_client::profile().await?, 3210),
        "bench" => {
            let app = App::create::<bench::BenchModule>().await?;
            (Profile::of_app(app), 3000)
        }
        _ => return Ok(false),
    };
    profile.serve(options.port.unwrap_or(default_port)).await?;
    Ok(true)
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let (mut profile, mut port) = (None, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--profile" => profile = Some(value),
            "--port" => port = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(Options {
        profile: profile?,
        port,
    })
}
