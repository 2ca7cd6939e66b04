//! Finds the browser Chromium, or installs Debian's package of it.

use std::path::PathBuf;
use std::process::Command;

use crate::process;
use crate::report::{StepError, StepResult};

/// Returns the path of Chromium: the value of the variable `CHROMIUM`, or a program on the `PATH`.
/// If there is neither, installs Debian's package and returns the path of its program.
pub(crate) fn install() -> StepResult<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .or_else(find)
    {
        println!("up to date: {}", path.display());
        return Ok(path);
    }
    for arguments in [
        &["update"][..],
        &["install", "--yes", "--no-install-recommends", "chromium"],
    ] {
        let mut command = Command::new("apt-get");
        command
            .arg("--quiet")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command).map_err(|StepError(reason)| {
            StepError(format!(
                "install Chromium, or set CHROMIUM to its path; {reason}"
            ))
        })?;
    }
    find().ok_or_else(|| {
        StepError(
            "Chromium was installed, but is not on the PATH: set CHROMIUM to its path".to_owned(),
        )
    })
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|candidate| candidate.is_file())
}
