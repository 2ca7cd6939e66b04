//! Python packages, each group in a virtual environment of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{self, Environment};
use crate::report::StepResult;
use crate::test_counts::{self, TestCounts};
use crate::workspace;

/// The folder of the Python client's suites.
pub(crate) const CLIENTS: &str = "clients/python";

/// Creates the virtual environment `.venv` of a folder and installs the packages of its
/// `requirements.txt`. Does nothing if the same packages are installed already.
pub(crate) fn install(folder: &str) -> StepResult {
    let path = workspace::path(folder);
    let requirements = fs::read(path.join("requirements.txt"))?;
    let installed = path.join(".venv/installed.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == requirements) {
        println!("up to date: {}", path.display());
        return Ok(());
    }
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear", ".venv"])
            .current_dir(&path),
    )?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        "requirements.txt",
    ];
    process::run(
        Command::new(program(folder, "python"))
            .args(install)
            .current_dir(&path),
    )?;
    fs::write(installed, requirements)?;
    Ok(())
}

/// Returns the path of a program that [`install`] has put into the folder's virtual environment.
pub(crate) fn program(folder: &str, name: &str) -> PathBuf {
    workspace::path(folder).join(".venv/bin").join(name)
}

/// Runs one suite of the Python client.
pub(crate) fn test(suite: &str, environment: &Environment) -> StepResult<TestCounts> {
    let mut command = Command::new(program(CLIENTS, "python"));
    command
        .args(["-m", "pytest", "-q", &format!("suites/{suite}")])
        .current_dir(workspace::path(CLIENTS));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    environment.apply(&mut command);
    process::run_tests(&mut command, test_counts::read_pytest)
}
