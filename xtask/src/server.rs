//! Starts the server that a suite talks to. It listens on a port that the system chooses, and it is
//! killed at the end of the suite, whether the suite passes or not.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::process::{self, ChildProcess};
use crate::report::{StepError, StepResult};
use crate::workspace;

/// How long a server may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How many lines from the end of a server's log are printed when a suite fails.
const LOG_TAIL_LINES: usize = 40;

/// A running server. Dropping this value kills it.
pub(crate) struct SuiteServer {
    url: String,
    log: PathBuf,
    _process: ChildProcess,
}

impl SuiteServer {
    /// Starts a server and waits until it prints `listening on PORT`, or `listening on ADDRESS`
    /// with an address that ends with the port.
    ///
    /// Its standard error goes to the file `artifacts/logs/NAME.log`.
    pub(crate) fn start(name: &str, command: &mut Command) -> StepResult<Self> {
        let folder = workspace::path("artifacts/logs");
        fs::create_dir_all(&folder)?;
        let log = folder.join(format!("{name}.log"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let mut process = ChildProcess(
            command
                .spawn()
                .map_err(|error| process::cannot_start(command, &error))?,
        );
        let (sender, port) = mpsc::channel();
        process.read_lines(move |line| {
            if let Some(port) = parse_port(&line) {
                // Sending fails after the first port, when the receiver is gone.
                let _ = sender.send(port);
            }
        });
        match port.recv_timeout(START_TIMEOUT) {
            Ok(port) => Ok(Self {
                url: format!("http://127.0.0.1:{port}"),
                log,
                _process: process,
            }),
            Err(_) => Err(StepError(format!(
                "the server `{name}` did not start; {}",
                read_tail(&log)
            ))),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Prints the last lines of the server's log.
    pub(crate) fn print_log(&self) {
        eprintln!("{}", read_tail(&self.log));
    }
}

fn parse_port(line: &str) -> Option<u16> {
    let address = line.strip_prefix("listening on ")?;
    address.rsplit(':').next()?.trim().parse().ok()
}

fn read_tail(log: &Path) -> String {
    let mut text = Vec::new();
    if File::open(log)
        .and_then(|mut file| file.read_to_end(&mut text))
        .is_err()
        || text.is_empty()
    {
        return "its log is empty".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n");
    format!("the end of {}:\n{tail}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line() {
        assert_eq!(parse_port("listening on 3000"), Some(3000));
        assert_eq!(
            parse_port("listening on http://127.0.0.1:40123"),
            Some(40123)
        );
        assert_eq!(parse_port("listening on nothing"), None);
        assert_eq!(parse_port("mounted /socket.io/ on 3000"), None);
    }

    #[test]
    fn the_error_of_a_server_that_does_not_start_contains_its_log() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo the port is in use >&2; exit 1"]);
        let StepError(reason) = SuiteServer::start("xtask-test", &mut command)
            .err()
            .unwrap();
        assert!(reason.contains("the port is in use"), "{reason}");
    }
}
