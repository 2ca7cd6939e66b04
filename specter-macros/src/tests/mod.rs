//! Runs the macros on the programs in `tests/`: `expansions/NAME.rs` must expand to
//! `NAME.expanded.rs`, and the errors of `errors/NAME.rs` must be those in `NAME.txt`. With
//! `UPDATE_SNAPSHOTS=1` in the environment, the recorded files are replaced.

mod program;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use program::Program;

#[test]
fn expansions_are_as_recorded() {
    compare("expansions", "expanded.rs", Program::pretty);
}

#[test]
fn errors_are_as_recorded() {
    compare("errors", "txt", |program| {
        let errors = program.errors();
        assert!(
            !errors.is_empty(),
            "{}: no error was reported",
            program.name
        );
        errors
    });
}

#[test]
fn items_with_errors_are_returned_without_marks() {
    for input in inputs("errors") {
        let program = Program::read(&input);
        for (item, output) in program.items_and_outputs() {
            assert!(
                output.starts_with(&item),
                "{}: the output does not begin with the item",
                program.name
            );
        }
    }
}

/// Compares the result of `run` for each program in `folder` with its recorded file, and reports
/// all differences.
fn compare(folder: &str, extension: &str, run: impl Fn(&Program) -> String) {
    let mut changed = Vec::new();
    for input in inputs(folder) {
        let text = run(&Program::read(&input));
        let record = input.with_extension(extension);
        if fs::read_to_string(&record).unwrap_or_default() == text {
            continue;
        }
        if env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&record, text).unwrap();
        } else {
            changed.push(format!("--- {}\n{text}", record.display()));
        }
    }
    assert!(
        changed.is_empty(),
        "the results differ from the recorded ones; if the change is intended, record them with \
         UPDATE_SNAPSHOTS=1:\n{}",
        changed.join("\n")
    );
}

fn inputs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut inputs: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.to_string_lossy().ends_with(".expanded.rs"))
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty());
    inputs
}
