//! Small servers for external test suites, clients and load generators.
//!
//! ```text
//! cargo run --release --example conformance -- --profile NAME [--port N] [--router]
//! ```
//!
//! Each profile has its own file, which uses only the public API. It builds a router, and a future
//! that closes the router's sessions. This file reads the command line, and `serve` listens. The
//! controllers are `unlisted`, because only the module of one profile is started.
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
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;

use serve::Profile;
use specter::App;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

const USAGE: &str = "usage: conformance --profile \
    engine|engine-client|socket|socket-client|bench [--port N] [--router]";

/// The options of the command line.
struct Options {
    profile: String,
    port: Option<u16>,
    /// Serves the profile `bench` as a router by `axum::serve`, not by `App::serve`.
    router: bool,
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

/// The profile `bench` uses all cores; the others use one thread. With one thread, requests that
/// are sent at the same time are handled in the order of their arrival. Test suites that were
/// written against a single-threaded server rely on that.
fn runtime(options: &Options) -> Result<Runtime, Box<dyn std::error::Error>> {
    let mut builder = match options.profile.as_str() {
        "bench" => runtime::Builder::new_multi_thread(),
        _ => runtime::Builder::new_current_thread(),
    };
    Ok(builder.enable_all().build()?)
}

/// Serves the profile until the process receives a signal to stop. Returns `false` if there is no
/// profile of this name.
async fn run(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    let (profile, default_port): (Profile, u16) = match options.profile.as_str() {
        "engine" => (engine::profile()?, 3000),
        "engine-client" => (engine_client::profile()?, 3000),
        "socket" => (socket::profile().await?, 3000),
        "socket-client" => (socket_client::profile().await?, 3210),
        "bench" => {
            let app = App::create::<bench::BenchModule>().await?;
            if !options.router {
                serve_app(app, options.port.unwrap_or(3000)).await?;
                return Ok(true);
            }
            (Profile::of_app(app), 3000)
        }
        _ => return Ok(false),
    };
    profile.serve(options.port.unwrap_or(default_port)).await?;
    Ok(true)
}

/// Serves an App with the framework's own HTTP server.
async fn serve_app(app: App, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = first.local_addr()?.port();
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await?;
    println!("listening on {port}");
    app.serve_all([first, second]).await?;
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let (mut profile, mut port, mut router) = (None, None, false);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--profile" => profile = Some(arguments.next()?),
            "--port" => port = Some(arguments.next()?.parse().ok()?),
            "--router" => router = true,
            _ => return None,
        }
    }
    Some(Options {
        profile: profile?,
        port,
        router,
    })
}
