//! A copy of the published crates, without dev-dependencies, as users get them.
//!
//! Checks of features and versions run in the copy, because in the workspace itself the
//! dev-dependencies, the benchmarks and this crate turn on features and raise versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::report::{StepError, StepResult};
use crate::{cargo, dependencies, workspace};

/// The folder of the copy, below the repository's root.
const COPY: &str = "target/published";
/// The folder of Cargo's builds of the copy. It is kept when the copy is made again.
const BUILD: &str = "target/published-build";
/// The folders of the repository's root that no published crate needs.
const UNPUBLISHED: [&str; 4] = ["xtask/", "benches/", "fuzz/", "clients/"];

/// A workspace in [`COPY`] with the published crates only.
pub(crate) struct PublishedCrates(PathBuf);

impl PublishedCrates {
    /// Copies the files that Git lists, in the state that they have on disk.
    pub(crate) fn copy() -> StepResult<Self> {
        let copy = workspace::path(COPY);
        if copy.exists() {
            fs::remove_dir_all(&copy)?;
        }
        for file in git_files()? {
            if UNPUBLISHED.iter().any(|folder| file.starts_with(folder)) {
                continue;
            }
            let source = workspace::path(&file);
            // Git still lists a file that was deleted, until the deletion is committed.
            if source.is_file() {
                let target = copy.join(&file);
                create_parent(&target)?;
                fs::copy(source, target)?;
            }
        }
        let manifest = copy.join("Cargo.toml");
        fs::write(&manifest, keep_published(&fs::read_to_string(&manifest)?))?;
        let copy = Self(copy);
        let arguments = ["hack", "--workspace", "--remove-dev-deps"];
        process::run(copy.run_in(dependencies::cargo_hack()).args(arguments))?;
        Ok(copy)
    }

    /// Returns a command that runs Cargo in the copy.
    pub(crate) fn cargo(&self) -> Command {
        self.run_in(cargo::command())
    }

    /// Lets a command run in the copy.
    pub(crate) fn run_in(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", workspace::path(BUILD));
        command
    }
}

/// Returns the files of the repository: those that Git tracks, and those that it would add.
fn git_files() -> StepResult<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace::root());
    process::output(&mut git)
}

fn create_parent(path: &Path) -> StepResult {
    let parent = path
        .parent()
        .ok_or_else(|| StepError(format!("{} has no parent folder", path.display())))?;
    Ok(fs::create_dir_all(parent)?)
}

/// Removes from a workspace's manifest the members that are not published: all but the root and
/// those whose names begin with `specter-`.
fn keep_published(manifest: &str) -> String {
    let lines = manifest.lines().map(|line| match line.split_once(" = [") {
        Some((key @ ("members" | "default-members"), list)) => {
            let names = list.split('"').skip(1).step_by(2);
            let names = names.filter(|name| *name == "." || name.starts_with("specter-"));
            let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
            format!("{key} = [{}]\n", names.join(", "))
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_published_crates_remain_members() {
        let manifest = r#"[workspace]
members = ["specter-proto", "xtask", "benches"]
default-members = [".", "specter-proto", "xtask"]
exclude = ["fuzz"]
"#;
        let expected = r#"[workspace]
members = ["specter-proto"]
default-members = [".", "specter-proto"]
exclude = ["fuzz"]
"#;
        assert_eq!(keep_published(manifest), expected);
    }

    #[test]
    fn the_members_of_this_workspace_are_on_one_line() {
        let manifest = fs::read_to_string(workspace::path("Cargo.toml")).unwrap();
        let kept = keep_published(&manifest);
        assert!(kept.contains("\nmembers = [\"specter-"));
        assert!(!kept.contains("\"xtask\""));
        assert!(!kept.contains("\"benches\""));
    }
}
