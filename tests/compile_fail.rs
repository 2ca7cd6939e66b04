//! What the compiler says to a newcomer's mistakes: each program in `tests/ui` must fail as its
//! `.stderr` has it.
//!
//! A binary of its own: it runs Cargo, and waits for the lock that a build holds.
//!
//! The texts are partly the compiler's own, so they are compared only where it is the one that they
//! were recorded with. After an intended change, or with a new compiler (and its version here),
//! `TRYBUILD=overwrite cargo test --test compile_fail` records them anew. Read the difference: each
//! error has to stand at what the newcomer wrote, and say what to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The compiler of the recorded texts.
const RECORDED_WITH: &str = "rustc 1.95.";
/// Where the programs are to be compiled, told to the process that does it.
const COPIES: &str = "SPECTER_UI_COPIES";

#[test]
fn mistakes_are_explained() {
    if let Some(copies) = env::var_os(COPIES) {
        let programs = Path::new(&copies).join("*.rs");
        trybuild::TestCases::new().compile_fail(programs);
    } else if is_recorded_compiler() {
        compare(&compiled());
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
        eprintln!("skipped: the texts were recorded with `{RECORDED_WITH}`, this is `{version}`");
    }
    recorded
}

/// Compiles copies of the programs, in a process of its own whose trybuild records what is said,
/// and returns that by the programs' names. Trybuild itself compares every byte: also what no
/// newcomer reads, and other changes alter.
fn compiled() -> BTreeMap<String, String> {
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = fs::remove_dir_all(&copies);
    fs::create_dir_all(&copies).unwrap();
    for program in files("rs", &folder()) {
        fs::copy(&program, copies.join(program.file_name().unwrap())).unwrap();
    }
    let output = Command::new(env::current_exe().unwrap())
        .env(COPIES, &copies)
        .env("TRYBUILD", "overwrite")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let place = copies.to_string_lossy().into_owned();
    // Trybuild's word for the package's folder, in which the target folder is unless the
    // environment says otherwise.
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
        let said = compiled.get(&name).map_or("", String::as_str);
        let record = program.with_extension("stderr");
        let recorded = fs::read_to_string(&record).unwrap_or_default();
        if essential(said) == essential(&recorded) {
            continue;
        }
        if env::var("TRYBUILD").is_ok_and(|mode| mode == "overwrite") {
            fs::write(record, said).unwrap();
        } else {
            changed.push(format!(
                "--- {name}, recorded:\n{recorded}\n--- {name}, now:\n{said}"
            ));
        }
    }
    assert!(
        changed.is_empty(),
        "not as recorded (TRYBUILD=overwrite records):\n{}",
        changed.join("\n")
    );
}

/// What a newcomer reads of each error: without the runtime's bounds, which come last, and without
/// the paths of names, which the compiler writes where a name is not unique in all crates.
fn essential(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_noise = false;
    for line in text.lines() {
        let trimmed = line.trim_start_matches([' ', '=', '|']);
        is_noise = !line.is_empty()
            && (is_noise
                || trimmed.starts_with("note: required by a bound")
                || trimmed.starts_with("note: this error originates"));
        if !is_noise {
            lines.push(without_paths(line));
        }
    }
    lines
}

/// The line without lower-case path segments before names, and without the widths that depend on
/// them.
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
    assert!(!files.is_empty(), "{}: no {extension}", folder.display());
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
