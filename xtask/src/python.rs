//! Python, in a virtual environment of its own.

use std::fs;
use std::process::Command;

use crate::process::{self, Environment};
use crate::report::{Outcome, Tally};
use crate::workspace;

/// Where the clients' suites are.
pub(crate) const CLIENTS: &str = "clients/python";

/// Makes the virtual environment of a folder, and installs what its requirements name, unless that
/// is done already.
pub(crate) fn install(folder: &str) -> Outcome {
    let folder = workspace::path(folder);
    let wanted = fs::read(folder.join("requirements.txt"))?;
    let installed = folder.join(".venv/installed.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        println!("up to date: {}", folder.display());
        return Ok(());
    }
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear", ".venv"])
            .current_dir(&folder),
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
        Command::new(folder.join(".venv/bin/python"))
            .args(install)
            .current_dir(&folder),
    )?;
    fs::write(installed, wanted)?;
    Ok(())
}

/// Runs one suite.
pub(crate) fn test(suite: &str, environment: &Environment) -> Outcome<Tally> {
    let folder = workspace::path(CLIENTS);
    let mut command = Command::new(folder.join(".venv/bin/python"));
    command
        .args(["-m", "pytest", "-q", &format!("suites/{suite}")])
        .current_dir(&folder);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    environment.apply(&mut command);
    process::run_tests(&mut command, process::count_pytest)
}
