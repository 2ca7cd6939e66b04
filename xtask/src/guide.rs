//! Follows the guide `docs/guide.md` to the letter: writes its files, builds them, runs its clients
//! and its tests, and compares what the customer prints.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{self, ChildProcess};
use crate::report::{CommandReport, StepError, StepResult};
use crate::workspace;

/// The project that the guide's reader makes.
const PROJECT: &str = "target/guide/support-desk";
/// The port that the guide's programs use. A free port takes its place.
const PORT: &str = "3000";
/// How long a program may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client may run.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);

/// A section of the guide.
#[derive(Debug, Default, PartialEq)]
struct Section {
    title: String,
    /// The files that the reader writes: path and content.
    files: Vec<(String, String)>,
    /// What the customer's script prints.
    printed: Option<String>,
}

impl Section {
    fn has_rust(&self) -> bool {
        let mut paths = self.files.iter().map(|(path, _)| Path::new(path));
        paths.any(|path| path.extension().is_some_and(|extension| extension == "rs"))
    }

    fn writes(&self, path: &str) -> bool {
        self.files.iter().any(|(written, _)| written == path)
    }
}

/// A program that uses `Valid<T>`, which needs a feature that the guide's project does not enable.
const WITHOUT_FEATURE: &str = "\
use specter::prelude::*;

#[socketio_controller]
struct Desk;

#[handlers]
impl Desk {
    #[on_event]
    fn open(&self, Valid(subject): Valid<String>) -> String {
        subject
    }
}

fn main() {}
";

/// Follows the guide. Then tries what needs a project without the feature `garde`.
pub(crate) fn run(report: &mut CommandReport) {
    if report.step("docs/guide.md", follow).is_some() {
        report.step("`Valid` without its feature", check_missing_feature);
    }
}

fn check_missing_feature() -> StepResult {
    let folder = workspace::path(PROJECT);
    fs::write(folder.join("src/main.rs"), WITHOUT_FEATURE)?;
    let output = cargo(&folder).args(["check", "--quiet"]).output()?;
    let messages = String::from_utf8_lossy(&output.stderr);
    let first = messages.lines().find(|line| line.starts_with("error"));
    match first {
        Some(line) if line.contains("`Valid<T>` needs the feature `garde`") => Ok(()),
        _ => Err(StepError(format!("the compiler says:\n{messages}"))),
    }
}

fn follow() -> StepResult {
    let text = fs::read_to_string(workspace::path("docs/guide.md"))?;
    let folder = workspace::path(PROJECT);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src"))?;
    let port = free_port()?.to_string();
    for section in sections(&text) {
        println!("{}", section.title);
        for (path, content) in &section.files {
            let content = content.replace(PORT, &port);
            let repository = format!(r#"path = "{}""#, workspace::root().display());
            let content = content.replace(r#"path = "../specter""#, &repository);
            fs::write(folder.join(path), content)?;
        }
        if section.has_rust() {
            process::run(cargo(&folder).args(["build", "--quiet"]))?;
        }
        if section.writes("src/tests.rs") {
            process::run(cargo(&folder).args(["test", "--quiet"]))?;
        }
        if let Some(printed) = &section.printed {
            check_clients(&section, &folder, &port, printed)?;
        }
    }
    Ok(())
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let target = workspace::path("target/guide/target");
    command.current_dir(folder).env("CARGO_TARGET_DIR", target);
    command
}

/// Runs the server and the clients of a section, and compares what the customer prints.
fn check_clients(section: &Section, folder: &Path, port: &str, printed: &str) -> StepResult {
    if !folder.join("node_modules").exists() {
        let install = ["install", "--no-audit", "--no-fund", "socket.io-client"];
        process::run(Command::new("npm").args(install).current_dir(folder))?;
    }
    let mut server = Command::new(workspace::path("target/guide/target/debug/support-desk"));
    let _server = start(server.current_dir(folder))?;
    wait_for(port)?;
    let _agent = if section.writes("agent.mjs") {
        let mut agent = start(Command::new("node").arg("agent.mjs").current_dir(folder))?;
        wait_for_line(&mut agent)?;
        Some(agent)
    } else {
        None
    };
    let mut customer = Command::new("timeout");
    customer.arg(CLIENT_TIMEOUT.as_secs().to_string());
    let output = process::output(customer.args(["node", "customer.mjs"]).current_dir(folder))?;
    let output = output.join("\n");
    if squeezed(&output) == squeezed(printed) {
        return Ok(());
    }
    Err(StepError(format!(
        "`{}`: the customer printed\n{output}\ninstead of\n{printed}",
        section.title
    )))
}

fn start(command: &mut Command) -> StepResult<ChildProcess> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = child.map_err(|error| process::cannot_start(command, &error))?;
    Ok(ChildProcess(child))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until a server listens on the port.
fn wait_for(port: &str) -> StepResult {
    let deadline = Instant::now() + READY_TIMEOUT;
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        if Instant::now() > deadline {
            return Err(StepError("the guide's server does not listen".to_owned()));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Waits until a program prints its first line.
fn wait_for_line(program: &mut ChildProcess) -> StepResult {
    let (sender, lines) = std::sync::mpsc::channel();
    program.read_lines(move |line| drop(sender.send(line)));
    let line = lines.recv_timeout(READY_TIMEOUT);
    line.map(drop)
        .map_err(|_| StepError("the guide's agent prints nothing".to_owned()))
}

/// The text with single spaces, because Node.js breaks the lines of objects by their length.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads the sections of the guide. A block of code is the content of the file that is named last
/// before it.
fn sections(guide: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut section = Section::default();
    let mut prose = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(std::mem::take(&mut section));
            title.clone_into(&mut section.title);
        } else if let Some(language) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let code = code.join("\n") + "\n";
            match (language, last_path(&prose)) {
                ("rust" | "toml" | "js", Some(path)) => section.files.push((path, code)),
                ("text", _) if prose.trim_end().ends_with("prints:") => {
                    section.printed = Some(code.trim_end().to_owned());
                }
                _ => {}
            }
            prose.clear();
        } else {
            prose += line;
            prose.push('\n');
        }
    }
    sections.push(section);
    sections
}

/// The last file that the text names, in backquotes.
fn last_path(prose: &str) -> Option<String> {
    let quoted = prose.split('`').skip(1).step_by(2);
    let is_path = |name: &&str| {
        let extension = Path::new(name).extension().and_then(|e| e.to_str());
        matches!(extension, Some("rs" | "toml" | "mjs"))
    };
    quoted.filter(is_path).last().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Section, sections};

    #[test]
    fn sections_have_the_files_and_the_output() {
        let guide = "# Guide\n\n## One\n\nReplace `src/main.rs` by:\n\n```rust\nfn main() {}\n```\n\n\
            Run it.\n\n```sh\ncargo run\n```\n\nIt prints:\n\n```text\nhello\n```\n\n## Two\n";
        let expected = Section {
            title: "One".to_owned(),
            files: vec![("src/main.rs".to_owned(), "fn main() {}\n".to_owned())],
            printed: Some("hello".to_owned()),
        };
        assert_eq!(sections(guide)[1], expected);
        assert_eq!(sections(guide)[2].title, "Two");
    }
}
