//! `cargo xtask bench`: installs the servers that Specter is compared with, builds the benchmarks
//! and runs them.

use std::process::ExitCode;
use std::time::Duration;

use crate::report::{StepError, StepResult};
use crate::{cargo, node, process, python};

const NODE: &str = "benches/servers/node";
const PYTHON: &str = "benches/servers/python";

/// How long all rounds may take. It is generous, because the caller chooses the number of rounds
/// and the benchmarks limit each measurement by themselves.
const TIME_LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// Runs the benchmarks with these arguments: `--quick`, `--rounds N`, `--slopes`, `--case NAME`,
/// `--server NAME`.
pub(crate) fn run(arguments: &[&str]) -> ExitCode {
    match install_and_run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(StepError(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn install_and_run(arguments: &[&str]) -> StepResult {
    let servers: Vec<&str> = arguments
        .windows(2)
        .filter_map(|pair| (pair[0] == "--server").then_some(pair[1]))
        .collect();
    let is_selected = |name| servers.is_empty() || servers.contains(&name);
    if is_selected("node") {
        node::install(NODE)?;
    }
    if is_selected("python") {
        python::install(PYTHON)?;
    }
    let build = ["build", "--release", "--package", "specter-bench", "--bins"];
    process::run(cargo::command().args(build))?;
    let bench = [
        "run",
        "--release",
        "--package",
        "specter-bench",
        "--bin",
        "bench",
        "--",
    ];
    process::run_within(TIME_LIMIT, cargo::command().args(bench).args(arguments))
}
