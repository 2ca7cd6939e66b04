//! Cargo's own checks and tests, and the example programs that other steps need.

use std::path::PathBuf;
use std::process::Command;

use crate::process;
use crate::report::{CommandReport, StepError, StepResult};
use crate::suites::Implementation;
use crate::test_counts;
use crate::workspace;

/// Returns a command that runs Cargo in the repository's root.
pub(crate) fn command() -> Command {
    // Cargo sets `CARGO` for the programs that it runs, so that they use the same Cargo.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

pub(crate) fn format(report: &mut CommandReport) {
    report.step("cargo fmt --check", || {
        process::run(command().args(["fmt", "--all", "--check"]))?;
        // The fuzz targets are a workspace of their own.
        let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        process::run(command().args(fuzz))
    });
}

pub(crate) fn lint(report: &mut CommandReport) {
    report.step("cargo clippy", || {
        process::run(command().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    });
}

pub(crate) fn document(report: &mut CommandReport) {
    report.step("cargo doc", || {
        let mut command = command();
        command
            .args(["doc", "--workspace", "--no-deps", "--quiet"])
            .args(["--features", "specter-io/testing,specter-io/garde"])
            .env("RUSTDOCFLAGS", "-D warnings");
        process::run(&mut command)
    });
}

pub(crate) fn test(report: &mut CommandReport) {
    report.tests("cargo test", || {
        process::run_tests(
            command().args(["test", "--workspace", "--no-fail-fast"]),
            test_counts::read_cargo,
        )
    });
    report.tests("cargo test: loom", || {
        process::run_tests(
            command().args([
                "test",
                "--package",
                "specter-engine",
                "--lib",
                "--features",
                "loom",
                "outgoing::model",
            ]),
            test_counts::read_cargo,
        )
    });
}

/// Builds the example programs in the mode of the tests, and returns their paths.
pub(crate) fn build_examples(report: &mut CommandReport) -> Option<Implementation> {
    report.step("cargo build --examples", || {
        let mut command = command();
        command.args([
            "build",
            "--examples",
            "--message-format=json-render-diagnostics",
        ]);
        let messages = process::output(&mut command)?;
        Ok(Implementation::Specter {
            conformance: executable(&messages, "conformance")?,
            chat: executable(&messages, "chat")?,
        })
    })
}

/// Builds one example in release mode, and returns the path of the program.
pub(crate) fn build_release(name: &str) -> StepResult<PathBuf> {
    let mut command = command();
    command.args([
        "build",
        "--release",
        "--example",
        name,
        "--message-format=json-render-diagnostics",
    ]);
    executable(&process::output(&mut command)?, name)
}

/// Finds the path of an example in Cargo's messages, each of which is a line with a JSON object.
fn executable(messages: &[String], name: &str) -> StepResult<PathBuf> {
    let kind = format!(r#""kind":["example"],"crate_types":["bin"],"name":"{name}""#);
    let path = messages
        .iter()
        .filter(|line| line.contains(&kind))
        .find_map(|line| {
            let (_, rest) = line.split_once(r#""executable":""#)?;
            rest.split_once('"').map(|(path, _)| PathBuf::from(path))
        });
    path.ok_or_else(|| {
        StepError(format!(
            "Cargo's messages do not contain the path of the example `{name}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_examples_path_is_found_in_cargos_messages() {
        let messages = [
            concat!(
                r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"#,
                r#""crate_types":["lib"],"name":"chat"},"executable":null}"#,
            ),
            concat!(
                r#"{"reason":"compiler-artifact","target":{"kind":["example"],"#,
                r#""crate_types":["bin"],"name":"chat"},"executable":"/t/chat","fresh":true}"#,
            ),
        ]
        .map(str::to_owned);
        assert_eq!(
            executable(&messages, "chat").unwrap(),
            PathBuf::from("/t/chat")
        );
        assert!(executable(&messages, "cat").is_err());
    }
}
