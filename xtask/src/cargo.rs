//! Cargo's own checks, and the programs that the other steps need.

use std::path::PathBuf;
use std::process::Command;

use crate::process;
use crate::report::{Failure, Outcome, Report};
use crate::suites::Target;
use crate::workspace;

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

pub(crate) fn format(report: &mut Report) {
    report.step("cargo fmt --check", || {
        process::run(cargo().args(["fmt", "--all", "--check"]))
    });
}

pub(crate) fn lint(report: &mut Report) {
    report.step("cargo clippy", || {
        process::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]))
    });
}

pub(crate) fn document(report: &mut Report) {
    report.step("cargo doc", || {
        let mut command = cargo();
        command
            .args(["doc", "--workspace", "--no-deps", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings");
        process::run(&mut command)
    });
}

pub(crate) fn test(report: &mut Report) {
    report.tests("cargo test", || {
        process::run_tests(
            cargo().args(["test", "--workspace", "--no-fail-fast"]),
            process::count_cargo,
        )
    });
}

/// Builds the example programs as the tests have them, and says where they are.
pub(crate) fn build_examples(report: &mut Report) -> Option<Target> {
    report.step("cargo build --examples", || {
        let mut command = cargo();
        command.args([
            "build",
            "--examples",
            "--message-format=json-render-diagnostics",
        ]);
        let messages = process::output(&mut command)?;
        Ok(Target::Specter {
            conformance: executable(&messages, "conformance")?,
            chat: executable(&messages, "chat")?,
        })
    })
}

/// Builds one example as users run it.
pub(crate) fn build_release(name: &str) -> Outcome<PathBuf> {
    let mut command = cargo();
    command.args([
        "build",
        "--release",
        "--example",
        name,
        "--message-format=json-render-diagnostics",
    ]);
    executable(&process::output(&mut command)?, name)
}

/// The path of an example among cargo's messages, one JSON object a line.
fn executable(messages: &[String], name: &str) -> Outcome<PathBuf> {
    let kind = format!(r#""kind":["example"],"crate_types":["bin"],"name":"{name}""#);
    let path = messages
        .iter()
        .filter(|line| line.contains(&kind))
        .find_map(|line| {
            let (_, rest) = line.split_once(r#""executable":""#)?;
            rest.split_once('"').map(|(path, _)| PathBuf::from(path))
        });
    path.ok_or_else(|| {
        Failure(format!(
            "cargo did not say where it put the example `{name}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_examples_path_is_found_among_cargos_messages() {
        let messages = [
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"crate_types":["lib"],"name":"chat"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["example"],"crate_types":["bin"],"name":"chat"},"executable":"/t/chat","fresh":true}"#,
        ]
        .map(str::to_owned);
        assert_eq!(
            executable(&messages, "chat").unwrap(),
            PathBuf::from("/t/chat")
        );
        assert!(executable(&messages, "cat").is_err());
    }
}
