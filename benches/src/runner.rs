//! Runs one case against one server: starts both programs, each on its core, and reads what the load generator found.

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::load::Figures;
use crate::suite::{Case, Program, Server};

/// No run takes longer; one that does is ended.
const LIMIT: Duration = Duration::from_mins(3);

/// A child that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Failing means that it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs it, in a window that is `stretch` times as long as the case says.
pub fn run(case: &Case, server: &Server, stretch: f64) -> io::Result<Figures> {
    let mut command = command(server)?;
    if case.name.starts_with("binary") {
        command.arg("binary");
    }
    let mut server = Running(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let port = port(&mut server)?;
    let mut load = Command::new(beside("load")?);
    let [kind, numbers @ ..] = case.load else {
        return Err(io::Error::other("a case without traffic"));
    };
    load.args([
        (*kind).to_owned(),
        port.to_string(),
        server.0.id().to_string(),
        (case.seconds * stretch).to_string(),
    ])
    .args(numbers)
    .stdout(Stdio::piped())
    .stderr(Stdio::piped());
    let mut load = Running(load.spawn()?);
    let deadline = Instant::now() + LIMIT;
    while load.0.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Err(io::Error::other("took too long"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let said = |stream: Option<&mut dyn io::Read>| {
        let mut text = String::new();
        stream.map(|stream| stream.read_to_string(&mut text));
        text
    };
    let figures = said(load.0.stdout.as_mut().map(|out| out as _));
    serde_json::from_str(&figures).map_err(|_| {
        let error = said(load.0.stderr.as_mut().map(|out| out as _));
        io::Error::other(error.trim().to_owned())
    })
}

/// The port that the server says it listens on.
fn port(server: &mut Running) -> io::Result<u16> {
    let (sender, port) = mpsc::channel();
    let out = server.0.stdout.take();
    // Goes on reading, so that the server never waits for a reader of its output.
    thread::spawn(move || {
        for line in out
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(Result::ok)
        {
            if let Some(port) = line.strip_prefix("listening on ") {
                let _ = sender.send(port.trim().parse());
            }
        }
    });
    port.recv_timeout(Duration::from_secs(20))
        .map_err(|_| io::Error::other("the server did not listen"))?
        .map_err(io::Error::other)
}

fn command(server: &Server) -> io::Result<Command> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(match server.program {
        Program::Own(name) => Command::new(beside(name)?),
        Program::Node(script) => {
            let mut command = Command::new("node");
            command.arg(here.join(script));
            command
        }
        Program::Python(script) => {
            let mut command = Command::new(here.join("servers/python/.venv/bin/python"));
            command.arg(here.join(script));
            command
        }
    })
}

/// Another program of this crate.
fn beside(name: &str) -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}
