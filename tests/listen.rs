//! `App::listen` in a program that installs no `tracing` subscriber: the log goes to stderr.
//!
//! The test is a binary of its own, because it starts itself as the server process.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use specter::prelude::*;

/// The environment variable that is set for the server process: the value of `log_to_stderr`.
const LOG_TO_STDERR: &str = "SPECTER_LISTEN_TEST";

#[socketio_controller]
struct Echo;

#[handlers]
impl Echo {
    #[on_event]
    fn echo(&self, text: String) -> String {
        text
    }
}

/// The server process. As a test it does nothing.
#[tokio::test]
async fn server() -> specter::Result<()> {
    let Ok(log_to_stderr) = env::var(LOG_TO_STDERR) else {
        return Ok(());
    };
    let app = App::builder_of::<Echo>().log_to_stderr(log_to_stderr == "true");
    let app = app.create().await?;
    let handle = app.handle();
    if log_to_stderr == "false" {
        // Nobody waits for a line, so the server stops itself.
        tokio::spawn(async move { handle.shutdown().await });
    }
    app.listen(0).await
}

struct Server(Child);

impl Server {
    fn start(log_to_stderr: bool, rust_log: Option<&str>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "server", "--nocapture"]);
        command.env(LOG_TO_STDERR, log_to_stderr.to_string());
        command.env_remove("RUST_LOG");
        if let Some(filter) = rust_log {
            command.env("RUST_LOG", filter);
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// The lines of stderr up to the first that is `wanted`, or all.
    fn lines_until(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        for line in BufReader::new(self.0.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            let is_last = wanted(&line);
            lines.push(line);
            if is_last {
                break;
            }
        }
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_address_is_written_to_stderr() {
    let mut server = Server::start(true, None);
    let lines = server.lines_until(|line| line.contains("listening"));
    let line = lines.last().unwrap();
    assert!(line.contains("only this machine can connect"), "{lines:?}");
    assert!(line.contains("address=127.0.0.1:"), "{lines:?}");
}

#[test]
fn rust_log_selects_the_lines() {
    let mut server = Server::start(true, Some("specter::engine=debug"));
    let lines = server.lines_until(|line| line.contains("listening"));
    assert!(
        lines.iter().all(|line| !line.contains("specter::gateway")),
        "{lines:?}"
    );
}

#[test]
fn the_subscriber_can_be_switched_off() {
    let mut server = Server::start(false, None);
    let lines = server.lines_until(|_| false);
    assert!(
        lines.iter().all(|line| !line.contains("listening")),
        "{lines:?}"
    );
}
