//! Node.js and its packages.

use std::path::Path;
use std::process::Command;

use crate::process::{self, Environment};
use crate::report::StepResult;
use crate::test_counts::{self, TestCounts};
use crate::workspace;

/// The folder of the JavaScript clients and their suites.
pub(crate) const CLIENTS: &str = "clients/js";
/// The folder of the chat, whose page needs the client's bundle.
pub(crate) const CHAT: &str = "examples/chat";

/// Installs the packages of a folder's lock file. Does nothing if they are installed already.
pub(crate) fn install(folder: &str) -> StepResult {
    let folder = workspace::path(folder);
    if workspace::is_newer(
        &folder.join("node_modules/.package-lock.json"),
        &folder.join("package-lock.json"),
    ) {
        println!("up to date: {}", folder.display());
        return Ok(());
    }
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )
}

/// Returns a command that runs a script of the clients' folder.
pub(crate) fn script(path: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(workspace::path(CLIENTS)).arg(path);
    command
}

/// Runs every test file of one suite.
pub(crate) fn test(suite: &str, environment: &Environment) -> StepResult<TestCounts> {
    let mut command = Command::new("node");
    command.args([
        "--test",
        "--test-reporter=spec",
        "--test-timeout=120000",
        "--test-force-exit",
    ]);
    command
        .current_dir(workspace::path(CLIENTS))
        .args(test_files(suite)?);
    environment.apply(&mut command);
    process::run_tests(&mut command, test_counts::read_node)
}

fn test_files(suite: &str) -> StepResult<Vec<String>> {
    let folder = Path::new("suites").join(suite);
    let mut files = Vec::new();
    for entry in workspace::path(CLIENTS).join(&folder).read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".test.js") {
            files.push(folder.join(name).to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}
