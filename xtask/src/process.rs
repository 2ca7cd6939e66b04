//! Running programs: within a time, with their output shown as it comes, and the counts that test
//! runners print read from it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::report::{Failure, Outcome, Tally};

/// Longer than any step takes on two slow cores; a program that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Variables that a program is given besides this one's.
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

/// Runs a program and fails if it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    run_within(LIMIT, command)
}

/// The same with a limit of its own.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Outcome {
    let (status, ()) = run_reading(limit, command, (), |(), _| {})?;
    success(command, status)
}

/// Runs a program and returns each line of its output, which is not shown.
pub(crate) fn output(command: &mut Command) -> Outcome<Vec<String>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_run(command, &error))?;
    success(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Runs a test runner and adds up what `count` finds in its lines.
pub(crate) fn run_tests(command: &mut Command, count: fn(&str) -> Tally) -> Outcome<Tally> {
    let (status, tally) = run_reading(LIMIT, command, Tally::default(), |tally, line| {
        *tally += count(line);
    })?;
    if tally.failed == 0 {
        success(command, status)?;
    }
    Ok(tally)
}

fn run_reading<T>(
    limit: Duration,
    command: &mut Command,
    mut state: T,
    mut each: impl FnMut(&mut T, &str),
) -> Outcome<(ExitStatus, T)> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_run(command, &error))?;
    let mut child = Running(child);
    let (sender, lines) = mpsc::channel();
    // With nobody left to listen, lines are read and lost.
    child.read_lines(move |line| drop(sender.send(line)));
    let until = Instant::now() + limit;
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                println!("{line}");
                each(&mut state, &line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                return Err(Failure(format!(
                    "`{}` did not end within {} s",
                    shown(command),
                    limit.as_secs()
                )));
            }
        }
    }
    Ok((child.0.wait()?, state))
}

fn success(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() {
        return Ok(());
    }
    Err(Failure(format!("`{}` failed: {status}", shown(command))))
}

/// An error that names the program, not only `No such file or directory`.
pub(crate) fn cannot_run(command: &Command, error: &std::io::Error) -> Failure {
    Failure(format!(
        "`{}` cannot be run: {error}",
        command.get_program().to_string_lossy()
    ))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A child that is killed when it is no longer wanted.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Gives each line of the program's output to `each`, on a thread of its own, to the end: a
    /// program must never write into a closed or full pipe.
    pub(crate) fn read_lines(&mut self, each: impl FnMut(String) + Send + 'static) {
        let lines = self.0.stdout.take().map(BufReader::new).into_iter();
        let lines = lines.flat_map(BufRead::lines).map_while(Result::ok);
        thread::spawn(move || lines.for_each(each));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when it has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; …`
pub(crate) fn count_cargo(line: &str) -> Tally {
    let Some(rest) = line.strip_prefix("test result: ") else {
        return Tally::default();
    };
    counts(rest.split(". ").nth(1).unwrap_or_default(), ';')
}

/// `ℹ pass 12`, one line for each kind.
pub(crate) fn count_node(line: &str) -> Tally {
    let mut words = line
        .trim()
        .strip_prefix('ℹ')
        .unwrap_or_default()
        .split_whitespace();
    let (Some(kind), Some(Ok(number)), None) =
        (words.next(), words.next().map(str::parse), words.next())
    else {
        return Tally::default();
    };
    match kind {
        "pass" => Tally {
            passed: number,
            ..Tally::default()
        },
        "fail" | "cancelled" => Tally {
            failed: number,
            ..Tally::default()
        },
        "skipped" | "todo" => Tally {
            skipped: number,
            ..Tally::default()
        },
        _ => Tally::default(),
    }
}

/// `1 failed, 23 passed, 2 skipped in 0.55s`, within a rule of `=` or not.
pub(crate) fn count_pytest(line: &str) -> Tally {
    let line = line.trim_matches(['=', ' ']);
    let Some((list, time)) = line.rsplit_once(" in ") else {
        return Tally::default();
    };
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return Tally::default();
    }
    counts(list, ',')
}

/// Reads `12 passed, 1 failed`.
fn counts(list: &str, separator: char) -> Tally {
    let mut tally = Tally::default();
    for part in list.split(separator) {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(ending)) = (words.next().map(str::parse::<u64>), words.next())
        else {
            continue;
        };
        match ending {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" => tally.failed += number,
            "ignored" | "skipped" | "xfailed" | "xpassed" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargos_line_is_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered \
            out; finished in 0.01s";
        assert_eq!(count_cargo(line), tally(12, 3, 1));
        assert_eq!(count_cargo("test codec::works ... ok"), Tally::default());
    }

    #[test]
    fn nodes_lines_are_read() {
        assert_eq!(count_node("ℹ pass 117"), tally(117, 0, 0));
        assert_eq!(count_node("ℹ cancelled 2"), tally(0, 2, 0));
        assert_eq!(count_node("ℹ duration_ms 8822.9"), Tally::default());
        assert_eq!(count_node("  ✔ passes 3 things (1ms)"), Tally::default());
    }

    #[test]
    fn pytests_line_is_read() {
        assert_eq!(count_pytest("132 passed in 14.05s"), tally(132, 0, 0));
        assert_eq!(
            count_pytest("==== 1 failed, 23 passed, 1 error in 0.55s ===="),
            tally(23, 2, 0)
        );
        assert_eq!(count_pytest("2 skipped in hope"), Tally::default());
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let Failure(reason) = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(reason.contains("no-such-program"), "{reason}");
    }

    #[test]
    fn a_failing_program_is_a_failure() {
        assert!(run(Command::new("sh").args(["-c", "exit 3"])).is_err());
        assert!(run(Command::new("sh").args(["-c", "exit 0"])).is_ok());
    }
}
