//! Runs one case against one server: starts both programs, each on its core, and requests windows
//! from the load generator.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{Figures, READY};
use crate::suite::{Case, Program, Server};

/// How long a server may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long the load may take to connect all clients, and to measure a window of a server that runs
/// alone.
const LIMIT: Duration = Duration::from_mins(3);
/// How long a window may take if servers run in turns. The limit is short, because the clients of
/// the other servers answer no pings meanwhile.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// A child process, which is killed when this value is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Killing fails if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server with its load, which is idle between windows. Dropping this value ends both, the load
/// first.
pub struct Session {
    load: Load,
    /// The time limit of a window.
    limit: Duration,
    _server: Running,
}

impl Session {
    /// Starts the server and the load, and waits until all clients are connected. The clients of a
    /// connect case are divided among `windows` windows.
    pub fn start(case: &Case, server: &Server, windows: usize) -> io::Result<Self> {
        let mut command = command(server)?;
        if case.name.starts_with("binary") {
            command.arg("binary");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Running(command.spawn()?);
        let port = port(&mut server)?;
        Ok(Self {
            load: Load::start(case, port, server.0.id(), windows)?,
            limit: if windows > 1 { TURN_LIMIT } else { LIMIT },
            _server: server,
        })
    }

    /// Measures a window of this length after a warm-up.
    pub fn window(&mut self, warm_up: f64, seconds: f64) -> io::Result<Figures> {
        // Writing fails if the load has ended. Its error output then has the reason.
        let _ = writeln!(self.load.input, "{warm_up} {seconds}");
        Ok(serde_json::from_str(&self.load.answer(self.limit)?)?)
    }
}

/// The load generator.
struct Load {
    _program: Running,
    input: ChildStdin,
    answers: Receiver<String>,
    errors: ChildStderr,
}

impl Load {
    fn start(case: &Case, port: u16, server: u32, windows: usize) -> io::Result<Self> {
        let [kind, numbers @ ..] = case.load else {
            return Err(io::Error::other("the case names no kind of traffic"));
        };
        let mut command = Command::new(sibling_program("load")?);
        command
            .args([kind, port.to_string().as_str(), &server.to_string()])
            .args(numbers)
            .arg(format!("windows={windows}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = Running(command.spawn()?);
        let child = &mut program.0;
        let (Some(input), Some(out), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the load generator has no pipes"));
        };
        let mut load = Self {
            _program: program,
            input,
            answers: lines(out),
            errors,
        };
        match load.answer(LIMIT)?.as_str() {
            READY => Ok(load),
            other => Err(io::Error::other(format!(
                "the load generator printed `{other}`"
            ))),
        }
    }

    fn answer(&mut self, limit: Duration) -> io::Result<String> {
        match self.answers.recv_timeout(limit) {
            Ok(line) => Ok(line),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(io::Error::other("the load generator took too long"))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let mut error = String::new();
                self.errors.read_to_string(&mut error)?;
                Err(io::Error::other(error.trim().to_owned()))
            }
        }
    }
}

/// Reads a child's output to its end, so that the child never blocks on it.
fn lines(out: ChildStdout) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            // Sending fails if nobody waits for the line any longer.
            let _ = sender.send(line);
        }
    });
    lines
}

/// The port that the server prints.
fn port(server: &mut Running) -> io::Result<u16> {
    let out = server.0.stdout.take();
    let lines = lines(out.ok_or_else(|| io::Error::other("the server has no pipes"))?);
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let line = lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .map_err(|_| io::Error::other("the server did not listen"))?;
        if let Some(port) = line.strip_prefix("listening on ") {
            return port.trim().parse().map_err(io::Error::other);
        }
    }
}

fn command(server: &Server) -> io::Result<Command> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(match server.program {
        Program::Own(name) => Command::new(sibling_program(name)?),
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

/// The path of another program of this crate.
fn sibling_program(name: &str) -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}
