//! A server under test: started on a port of its own choice, and killed whatever happens.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::process::{self, Running};
use crate::report::{Failure, Outcome};
use crate::workspace;

const READY_WITHIN: Duration = Duration::from_secs(20);
const SHOWN_LINES: usize = 40;

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    url: String,
    log: PathBuf,
    _process: Running,
}

impl Server {
    /// Starts a server that prints `listening on PORT` (or an address that ends with it) when it is
    /// ready.
    ///
    /// What it prints on its standard error goes to `artifacts/logs/NAME.log`.
    pub(crate) fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        let folder = workspace::path("artifacts/logs");
        fs::create_dir_all(&folder)?;
        let log = folder.join(format!("{name}.log"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let mut process = Running(
            command
                .spawn()
                .map_err(|error| process::cannot_run(command, &error))?,
        );
        let (sender, ready) = mpsc::channel();
        process.read_lines(move |line| {
            if let Some(port) = port_in(&line) {
                // Nobody waits for a second one.
                let _ = sender.send(port);
            }
        });
        match ready.recv_timeout(READY_WITHIN) {
            Ok(port) => Ok(Self {
                url: format!("http://127.0.0.1:{port}"),
                log,
                _process: process,
            }),
            Err(_) => Err(Failure(format!(
                "the server `{name}` did not get ready; {}",
                tail(&log)
            ))),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Prints the end of what the server said.
    pub(crate) fn show_log(&self) {
        eprintln!("{}", tail(&self.log));
    }
}

fn port_in(line: &str) -> Option<u16> {
    let address = line.strip_prefix("listening on ")?;
    address.rsplit(':').next()?.trim().parse().ok()
}

fn tail(log: &PathBuf) -> String {
    let mut text = Vec::new();
    if File::open(log)
        .and_then(|mut file| file.read_to_end(&mut text))
        .is_err()
        || text.is_empty()
    {
        return "it said nothing".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
    format!("the end of {}:\n{last}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line() {
        assert_eq!(port_in("listening on 3000"), Some(3000));
        assert_eq!(port_in("listening on http://127.0.0.1:40123"), Some(40123));
        assert_eq!(port_in("listening on nothing"), None);
        assert_eq!(port_in("mounted /socket.io/ on 3000"), None);
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo the port is taken >&2; exit 1"]);
        let Failure(reason) = Server::start("xtask-test", &mut command).err().unwrap();
        assert!(reason.contains("the port is taken"), "{reason}");
    }
}
