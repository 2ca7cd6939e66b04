//! `cargo xtask bench`: sets up what the benchmarks compare with, builds them, runs them.

use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::process;
use crate::report::{Failure, Outcome};
use crate::{node, python, workspace};

const NODE: &str = "benches/servers/node";
const PYTHON: &str = "benches/servers/python";

/// For as many rounds as anybody asks for. Each window has a limit of its own.
const LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// Runs the benchmarks; the arguments are theirs: `--quick`, `--rounds N`, `--slopes`, `--case
/// NAME`, `--server NAME`.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    match set_up_and_run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn set_up_and_run(arguments: &[&str]) -> Outcome {
    let chosen: Vec<&str> = arguments
        .windows(2)
        .filter_map(|pair| (pair[0] == "--server").then_some(pair[1]))
        .collect();
    let takes_part = |name| chosen.is_empty() || chosen.contains(&name);
    if takes_part("node") {
        node::install(NODE)?;
    }
    if takes_part("python") {
        python::install(PYTHON)?;
    }
    let build = ["build", "--release", "--package", "specter-bench", "--bins"];
    process::run(cargo().args(build))?;
    let bench = [
        "run",
        "--release",
        "--package",
        "specter-bench",
        "--bin",
        "bench",
        "--",
    ];
    process::run_within(LIMIT, cargo().args(bench).args(arguments))
}

fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root());
    command
}
