//! What the compiler says to a newcomer's mistakes: each program in `tests/ui` must fail as its `.stderr` has it.
//!
//! The texts are partly the compiler's own, so they are compared only where it is the one that they were recorded with.
//! After an intended change, or with a new compiler (and its version here), `TRYBUILD=overwrite cargo test --test
//! compile_fail` records them anew. Read the difference: each error has to stand at what the newcomer wrote, and say
//! what to do.

use std::env;
use std::process::Command;

/// The compiler of the recorded texts.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn mistakes_are_explained() {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let version = version.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    if !version.starts_with(RECORDED_WITH) {
        let version = version.trim();
        eprintln!("skipped: the texts were recorded with `{RECORDED_WITH}`, this is `{version}`");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
