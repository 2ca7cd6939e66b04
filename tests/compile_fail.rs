//! The compiler's messages for a newcomer's mistakes: each program in `tests/ui` must fail with the
//! messages in its `.stderr` file.
//!
//! The test is a binary of its own, because it runs Cargo and waits for the lock that a build
//! holds.
//!
//! Parts of the messages are written by the compiler, so they are compared only with the compiler
//! version that recorded them. After an intended change, or with a new compiler (and its version in
//! this file), `TRYBUILD=overwrite cargo test --test compile_fail` records them again. Read the
//! difference: each error must point at the newcomer's code, and say what to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The version of the compiler that recorded the messages.
const RECORDED_WITH: &str = "rustc 1.95.";
/// The environment variable that passes the folder of the copied programs to the process that
/// compiles them.
const COPIES_FOLDER: &str = "SPECTER_UI_COPIES";

#[test]
fn mistakes_are_explained_by_the_compiler() {
    if let Some(copies) = env::var_os(COPIES_FOLDER) {
        let programs = Path::new(&copies).join("*.rs");
        trybuild::TestCases::new().compile_fail(programs);
    } else if is_recorded_compiler() {
        compare(&compile_copies());
    }
}

fn is_recorded_compiler() -> bool {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let version = version.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    let recorded = version.starts_with(RECORDED_WITH);
    if !recorded {
        let version = version.trim();
        eprintln!(
            "skipped: the messages were recorded with `{RECORDED_WITH}`, this is `{version}`"
        );
    }
    recorded
}

/// Compiles copies of the programs, and returns the messages by the programs' names.
///
/// A process of its own compiles them, in which trybuild records all messages. Trybuild itself
/// would compare every byte, including parts that no newcomer reads and that unrelated changes
/// alter.
fn compile_copies() -> BTreeMap<String, String> {
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = fs::remove_dir_all(&copies);
    fs::create_dir_all(&copies).unwrap();
    for program in files("rs", &folder()) {
        fs::copy(&program, copies.join(program.file_name().unwrap())).unwrap();
    }
    let output = Command::new(env::current_exe().unwrap())
        .env(COPIES_FOLDER, &copies)
        .env("TRYBUILD", "overwrite")
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{messages}");
    let place = copies.to_string_lossy().into_owned();
    // Trybuild writes `$DIR` for the package's folder. The target folder is in the package's
    // folder, unless the environment sets another one.
    let inside = place.replace(env!("CARGO_MANIFEST_DIR"), "$DIR");
    let text = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        text.replace(&place, "tests/ui")
            .replace(&inside, "tests/ui")
    };
    let recorded = files("stderr", &copies);
    recorded
        .iter()
        .map(|file| (stem(file), text(file)))
        .collect()
}

fn compare(compiled: &BTreeMap<String, String>) {
    let mut changed = Vec::new();
    for program in files("rs", &folder()) {
        let name = stem(&program);
        let messages = compiled.get(&name).map_or("", String::as_str);
        let record = program.with_extension("stderr");
        let recorded = fs::read_to_string(&record).unwrap_or_default();
        if essential(messages) == essential(&recorded) {
            continue;
        }
        if env::var("TRYBUILD").is_ok_and(|mode| mode == "overwrite") {
            fs::write(record, messages).unwrap();
        } else {
            changed.push(format!(
                "--- {name}, recorded:\n{recorded}\n--- {name}, now:\n{messages}"
            ));
        }
    }
    assert!(
        changed.is_empty(),
        "the messages differ from the recorded ones; if the change is intended, record them with \
         TRYBUILD=overwrite:\n{}",
        changed.join("\n")
    );
}

/// The lines of the messages that a newcomer reads.
///
/// They exclude the notes about bounds, which come last in each error, and the paths of names,
/// which the compiler writes only if a name is not unique in all crates.
fn essential(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_excluded = false;
    for line in text.lines() {
        let trimmed = line.trim_start_matches([' ', '=', '|']);
        is_excluded = !line.is_empty()
            && (is_excluded
                || trimmed.starts_with("note: required by a bound")
                || trimmed.starts_with("note: this error originates"));
        if !is_excluded {
            lines.push(without_paths(line));
        }
    }
    lines
}

/// The line without the lower-case path segments before names.
fn without_paths(line: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("::") {
        let is_segment =
            |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
        let segment = before.trim_end_matches(is_segment);
        let leads_to_name =
            after.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        if leads_to_name && segment.len() < before.len() {
            kept.push_str(segment);
        } else {
            kept.push_str(before);
            kept.push_str("::");
        }
        rest = after;
    }
    kept + rest
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui")
}

fn files(extension: &str, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "{} has no file with the extension {extension}",
        folder.display()
    );
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
