//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! Each command is a list of steps. `report` runs the steps and prints their results, `process`
//! runs programs, and each other module knows one tool or one group of steps. This crate does not
//! know how Specter works: it starts programs and reads their output.

mod bench;
mod cargo;
mod chromium;
mod demo;
mod dependencies;
mod fuzz;
mod guide;
mod node;
mod process;
mod published;
mod python;
mod report;
mod server;
mod suites;
mod test_counts;
mod workspace;

use std::process::ExitCode;

use report::CommandReport;
use suites::Implementation;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test             runs every test: Cargo's, the JavaScript and Python clients' suites, the chat and
                   its page in a browser, and the guide; installs what they need from npm, PyPI and
                   Debian
  test --offline   runs Cargo's tests only, which need neither npm nor Python nor a browser
  guide            follows docs/guide.md, as `test` does at its end
  suites           runs the clients' suites only, against Specter
  reference        runs the clients' suites only, against the reference implementation, to show that
                   the suites are correct
  demo             builds the chat and serves it on http://127.0.0.1:3000 (PORT changes the port)
  bench            runs the benchmarks of Specter and of other servers; writes benches/RESULTS.md;
                   options: --quick, --rounds N, --slopes, --case NAME, --server NAME
  dependencies     checks licenses and sources of dependencies, the minimum Rust version, each
                   feature by itself, and the minimum versions that the manifests declare
  fuzz             fuzzes for 180 seconds; the commit selects the targets and the seed
  fuzz TARGET      fuzzes one target for 180 seconds
  ci               runs all checks that a change must pass: formatting, lints, documentation, and
                   those of `dependencies`, `test` and `fuzz`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => run_steps(test),
        ["test", "--offline"] => run_steps(cargo::test),
        ["guide"] => run_steps(guide::run),
        ["suites"] => run_steps(suites_against_specter),
        ["reference"] => run_steps(|report| suites::run(report, &Implementation::Reference)),
        ["demo"] => demo::run(),
        ["bench", options @ ..] => bench::run(options),
        ["dependencies"] => run_steps(dependencies::check),
        ["fuzz"] => run_steps(fuzz::run),
        ["fuzz", target] => run_steps(|report| fuzz::run_one(report, target)),
        ["ci"] => run_steps(ci),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn ci(report: &mut CommandReport) {
    cargo::format(report);
    cargo::lint(report);
    cargo::document(report);
    dependencies::check(report);
    test(report);
    fuzz::run(report);
}

fn test(report: &mut CommandReport) {
    cargo::test(report);
    suites_against_specter(report);
    guide::run(report);
}

fn suites_against_specter(report: &mut CommandReport) {
    if let Some(implementation) = cargo::build_examples(report) {
        suites::run(report, &implementation);
    }
}

/// Runs the steps of a command. Returns an exit code that is an error if a step failed.
fn run_steps(steps: impl FnOnce(&mut CommandReport)) -> ExitCode {
    let mut report = CommandReport::default();
    steps(&mut report);
    report.conclude()
}
