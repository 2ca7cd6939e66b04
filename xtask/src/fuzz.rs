//! `cargo xtask fuzz`: runs the fuzz targets of `fuzz/` for a limited time.
//!
//! The commit selects the targets that run and the seed of the random numbers. A failed run can
//! therefore be repeated, and different commits run different targets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process;
use crate::report::{CommandReport, StepError, StepResult};
use crate::{cargo, workspace};

/// How long one run fuzzes all its targets together.
const TOTAL_TIME: Duration = Duration::from_secs(180);
/// How many targets run on one commit.
const TARGETS_PER_COMMIT: usize = 3;
/// How long libFuzzer lets the target work on one input. An input that takes longer is a failure.
const INPUT_TIMEOUT: Duration = Duration::from_secs(10);

/// The folder, below the repository's root, into which Cargo puts the programs.
const BUILD: &str = "target/fuzz";
/// The folder, below the repository's root, into which libFuzzer puts an input that makes a target
/// fail.
const FAILURES: &str = "artifacts/fuzz";

/// The instrumentation that libFuzzer needs, as `cargo fuzz` turns it on.
const RUSTFLAGS: &str = "--cfg fuzzing -Zsanitizer=address -Cdebug-assertions -Ccodegen-units=1 \
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// Fuzzes the targets that the commit selects.
pub(crate) fn run(report: &mut CommandReport) {
    let plan = report.step("fuzz: build", || {
        let folder = build()?;
        Ok((folder, select(&targets()?, &commit()?)?))
    });
    if let Some((folder, plan)) = plan {
        fuzz(report, &folder, &plan);
    }
}

/// Fuzzes one target for the whole time.
pub(crate) fn run_one(report: &mut CommandReport, target: &str) {
    let plan = report.step("fuzz: build", || {
        let targets = targets()?;
        if !targets.iter().any(|name| name == target) {
            return Err(StepError(format!(
                "there is no fuzz target `{target}`; there are: {}",
                targets.join(", ")
            )));
        }
        let folder = build()?;
        let plan = Plan {
            targets: vec![target.to_owned()],
            seed: select(&targets, &commit()?)?.seed,
        };
        Ok((folder, plan))
    });
    if let Some((folder, plan)) = plan {
        fuzz(report, &folder, &plan);
    }
}

/// The targets of one run, and the seed of its random numbers.
#[derive(Debug, PartialEq)]
struct Plan {
    targets: Vec<String>,
    seed: u32,
}

fn fuzz(report: &mut CommandReport, folder: &Path, plan: &Plan) {
    let count = u32::try_from(plan.targets.len()).unwrap_or(u32::MAX).max(1);
    let time = TOTAL_TIME / count;
    for target in &plan.targets {
        report.step(&format!("fuzz: {target}"), || {
            let failures = workspace::path(FAILURES);
            fs::create_dir_all(&failures)?;
            let mut command = Command::new(folder.join(target));
            command
                .arg(format!("-seed={}", plan.seed))
                .arg(format!("-max_total_time={}", time.as_secs()))
                .arg(format!("-timeout={}", INPUT_TIMEOUT.as_secs()))
                .arg(format!("-artifact_prefix={}/{target}-", failures.display()))
                .args(["-verbosity=0", "-print_funcs=0", "-print_final_stats=1"])
                .current_dir(workspace::root());
            process::run(&mut command)
        });
    }
}

/// Builds all targets, and returns the folder of the programs.
fn build() -> StepResult<PathBuf> {
    // The targets use the versions that the workspace is tested with.
    fs::copy(
        workspace::path("Cargo.lock"),
        workspace::path("fuzz/Cargo.lock"),
    )?;
    let host = host()?;
    let mut command = cargo::command();
    command
        .args(["build", "--release", "--bins"])
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target-dir", BUILD])
        // With a target, the flags do not apply to build scripts and macros.
        .args(["--target", &host])
        .env("RUSTFLAGS", RUSTFLAGS)
        // Lets a stable compiler accept the sanitizer's option `-Z`.
        .env("RUSTC_BOOTSTRAP", "1");
    process::run(&mut command)?;
    Ok(workspace::path(BUILD).join(host).join("release"))
}

/// Returns the names of all targets, in alphabetical order.
fn targets() -> StepResult<Vec<String>> {
    let mut names = Vec::new();
    for entry in workspace::path("fuzz/fuzz_targets").read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}

fn commit() -> StepResult<String> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "HEAD"])
        .current_dir(workspace::root());
    Ok(process::output(&mut git)?.concat())
}

/// Returns the platform of this machine, such as `x86_64-unknown-linux-gnu`.
fn host() -> StepResult<String> {
    let lines = process::output(Command::new("rustc").arg("-vV"))?;
    let host = lines.iter().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| StepError("`rustc -vV` does not print the host".to_owned()))
}

/// Selects targets and a seed by the hash of a commit.
fn select(targets: &[String], commit: &str) -> StepResult<Plan> {
    let hash = commit
        .get(..8)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or_else(|| StepError(format!("`{commit}` is not the hash of a commit")))?;
    let first = usize::try_from(hash)? % targets.len().max(1);
    let rotated = targets.iter().cycle().skip(first);
    let count = TARGETS_PER_COMMIT.min(targets.len());
    Ok(Plan {
        targets: rotated.take(count).cloned().collect(),
        // libFuzzer takes a seed from the clock if it is 0.
        seed: hash.max(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_commit_selects_targets_and_seed() {
        let targets = names(&["a", "b", "c", "d"]);
        let plan = select(&targets, "00000007ffff").unwrap();
        let expected = Plan {
            targets: names(&["d", "a", "b"]),
            seed: 7,
        };
        assert_eq!(plan, expected);
    }

    #[test]
    fn a_target_is_selected_only_once() {
        let targets = names(&["a", "b"]);
        let plan = select(&targets, "00000001").unwrap();
        assert_eq!(plan.targets, names(&["b", "a"]));
    }

    #[test]
    fn a_name_that_is_not_a_hash_is_an_error() {
        assert!(select(&names(&["a"]), "HEAD").is_err());
    }

    #[test]
    fn each_target_is_declared_in_the_manifest() {
        let manifest = fs::read_to_string(workspace::path("fuzz/Cargo.toml")).unwrap();
        for target in targets().unwrap() {
            let line = format!("path = \"fuzz_targets/{target}.rs\"");
            assert!(manifest.contains(&line), "{target}");
        }
    }
}
