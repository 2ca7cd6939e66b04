//! Debian's Chromium.

use std::path::PathBuf;
use std::process::Command;

use crate::process;
use crate::report::{Failure, Outcome};

/// Where Chromium is: `CHROMIUM` may say so, else it is installed when it is missing.
pub(crate) fn install() -> Outcome<PathBuf> {
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
        process::run(&mut command).map_err(|Failure(why)| {
            Failure(format!("install Chromium, or name it in CHROMIUM; {why}"))
        })?;
    }
    find().ok_or_else(|| Failure("Chromium was installed, but is not on the PATH".to_owned()))
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|candidate| candidate.is_file())
}
