//! Runs programs: each within a time limit, and with its output printed while it runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::{StepError, StepResult};
use crate::test_counts::TestCounts;

/// How long a program may run unless the caller gives another limit. No step takes this long, not
/// even on two slow cores, so a program that exceeds the limit is assumed to hang.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Environment variables that a program gets in addition to those of this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Vec<(&'static str, String)>);

impl Environment {
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    pub(crate) fn apply(&self, command: &mut Command) {
        command.envs(self.0.iter().map(|(name, value)| (name, value)));
    }
}

/// Runs a program. A program that exits with an error is an error.
pub(crate) fn run(command: &mut Command) -> StepResult {
    run_within(TIME_LIMIT, command)
}

/// Does the same as [`run`] with the time limit `limit`.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> StepResult {
    let (status, ()) = run_and_fold_lines(limit, command, (), |(), _| {})?;
    require_success(command, status)
}

/// Runs a program and returns the lines of its standard output, which are not printed.
pub(crate) fn output(command: &mut Command) -> StepResult<Vec<String>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    require_success(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Runs a test runner and returns the sum of the counts that `read_line` finds in its output.
///
/// A runner that exits with an error although it reported no failed test is an error.
pub(crate) fn run_tests(
    command: &mut Command,
    read_line: fn(&str) -> TestCounts,
) -> StepResult<TestCounts> {
    let counts = TestCounts::default();
    let (status, counts) = run_and_fold_lines(TIME_LIMIT, command, counts, |counts, line| {
        *counts += read_line(line);
    })?;
    if counts.failed == 0 {
        require_success(command, status)?;
    }
    Ok(counts)
}

/// Runs a program, prints each line of its standard output, and calls `on_line` with it.
fn run_and_fold_lines<T>(
    limit: Duration,
    command: &mut Command,
    mut state: T,
    mut on_line: impl FnMut(&mut T, &str),
) -> StepResult<(ExitStatus, T)> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    let mut child = ChildProcess(child);
    let (sender, lines) = mpsc::channel();
    // Sending fails after the time limit, when the receiver is gone. The line is dropped then.
    child.read_lines(move |line| drop(sender.send(line)));
    let deadline = Instant::now() + limit;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                on_line(&mut state, &line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                return Err(StepError(format!(
                    "`{}` did not end within {} s",
                    command_line(command),
                    limit.as_secs()
                )));
            }
        }
    }
    Ok((child.0.wait()?, state))
}

fn require_success(command: &Command, status: ExitStatus) -> StepResult {
    if status.success() {
        return Ok(());
    }
    Err(StepError(format!(
        "`{}` failed: {status}",
        command_line(command)
    )))
}

/// Returns an error that names the program, because the text of the operating system's error may be
/// only `No such file or directory`.
pub(crate) fn cannot_start(command: &Command, error: &std::io::Error) -> StepError {
    StepError(format!(
        "`{}` cannot be started: {error}",
        command.get_program().to_string_lossy()
    ))
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A child process, which is killed when this value is dropped.
pub(crate) struct ChildProcess(pub(crate) Child);

impl ChildProcess {
    /// Calls `on_line` with each line of the program's standard output, on a thread of its own.
    ///
    /// The thread reads to the end of the output, even if nobody needs the lines any more, because
    /// a program fails or blocks if it writes to a closed or full pipe.
    pub(crate) fn read_lines(&mut self, on_line: impl FnMut(String) + Send + 'static) {
        let lines = self.0.stdout.take().map(BufReader::new).into_iter();
        let lines = lines.flat_map(BufRead::lines).map_while(Result::ok);
        thread::spawn(move || lines.for_each(on_line));
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Killing fails if the process has ended already, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_a_missing_program() {
        let StepError(reason) = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(reason.contains("no-such-program"), "{reason}");
    }

    #[test]
    fn a_failing_program_is_an_error() {
        assert!(run(Command::new("sh").args(["-c", "exit 3"])).is_err());
        assert!(run(Command::new("sh").args(["-c", "exit 0"])).is_ok());
    }
}
