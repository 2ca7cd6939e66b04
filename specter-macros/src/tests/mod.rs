//! Runs the macros over the programs in `tests/`: `expansions/NAME.rs` must become
//! `NAME.expanded.rs`, and what is said to `errors/NAME.rs` must be `NAME.txt`. With
//! `UPDATE_SNAPSHOTS=1` in the environment both are written anew.

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
fn whatever_is_wrong_the_item_comes_back_without_marks() {
    for input in inputs("errors") {
        let program = Program::read(&input);
        for (item, output) in program.items_and_outputs() {
            assert!(
                output.starts_with(&item),
                "{}: the item is not given back",
                program.name
            );
        }
    }
}

/// Compares what `written` says of each program in `folder` with its record, and reports all that
/// differ.
fn compare(folder: &str, extension: &str, written: impl Fn(&Program) -> String) {
    let mut changed = Vec::new();
    for input in inputs(folder) {
        let text = written(&Program::read(&input));
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
        "not as recorded (UPDATE_SNAPSHOTS=1 records):\n{}",
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
