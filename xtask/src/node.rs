//! Node.js and its packages.

use std::path::Path;
use std::process::Command;

use crate::process::{self, Environment};
use crate::report::{Outcome, Tally};
use crate::workspace;

/// The folder of the JavaScript clients and their suites.
pub(crate) const CLIENTS: &str = "clients/js";
/// The folder of the chat, whose page needs the client's bundle.
pub(crate) const CHAT: &str = "examples/chat";

/// Installs what a folder's lock file names, unless that is done already.
pub(crate) fn install(folder: &str) -> Outcome {
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

/// A script of the clients' folder.
pub(crate) fn script(path: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(workspace::path(CLIENTS)).arg(path);
    command
}

/// Runs every test file of one suite.
pub(crate) fn test(suite: &str, environment: &Environment) -> Outcome<Tally> {
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
    process::run_tests(&mut command, process::count_node)
}

fn test_files(suite: &str) -> Outcome<Vec<String>> {
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
