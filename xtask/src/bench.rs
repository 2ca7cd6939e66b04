//! `cargo xtask bench`: sets up what the benchmarks compare with, builds them, runs them.

use std::fs;
use std::process::{Command, ExitCode};

use crate::process;
use crate::report::{Failure, Outcome};
use crate::{node, workspace};

const NODE: &str = "benches/servers/node";
const PYTHON: &str = "benches/servers/python";

/// Runs the benchmarks; the arguments are theirs: `--quick`, `--rounds N`, `--case NAME`, `--server NAME`.
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
        install_python()?;
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
    process::run(cargo().args(bench).args(arguments))
}

fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root());
    command
}

/// Makes the virtual environment, unless it is there with what the requirements name.
fn install_python() -> Outcome {
    let folder = workspace::path(PYTHON);
    let wanted = fs::read(folder.join("requirements.txt"))?;
    let installed = folder.join(".venv/installed.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear", ".venv"])
            .current_dir(&folder),
    )?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        "requirements.txt",
    ];
    process::run(
        Command::new(folder.join(".venv/bin/python"))
            .args(pip)
            .current_dir(&folder),
    )?;
    fs::write(installed, wanted)?;
    Ok(())
}
