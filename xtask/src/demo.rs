//! `cargo xtask demo`: builds the chat example in release mode, and serves it.

use std::process::{Command, ExitCode};

use crate::report::{StepError, StepResult};
use crate::{cargo, node};

/// Installs, builds and serves the chat until it is stopped.
pub(crate) fn run() -> ExitCode {
    match build_and_serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(StepError(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn build_and_serve() -> StepResult {
    println!("=== Installing the client's bundle from npm");
    node::install(node::CHAT)?;
    println!("=== Building the chat in release mode");
    let chat = cargo::build_release("chat")?;
    println!("=== Press Ctrl-C to stop");
    // The terminal sends Ctrl-C to the chat as well: the chat shuts down, and then this program
    // ends too.
    let status = Command::new(chat).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(StepError(format!("the chat failed: {status}")))
    }
}
