//! The chat, as somebody who wants to see it runs it.

use std::process::{Command, ExitCode};

use crate::report::{Failure, Outcome};
use crate::{cargo, node};

/// Installs, builds and serves the chat until it is stopped.
pub(crate) fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Outcome {
    println!("=== The client's bundle, from npm");
    node::install(node::CHAT)?;
    println!("=== The chat, in release mode");
    let chat = cargo::build_release("chat")?;
    println!("=== Press Ctrl-C to stop");
    // The terminal's Ctrl-C reaches the chat as well; it drains and ends, and so does this program.
    let status = Command::new(chat).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure(format!("the chat ended: {status}")))
    }
}
