//! Runs the steps of a command: prints a heading when a step begins, and a table of all steps at
//! the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::test_counts::TestCounts;

/// The reason why a step failed, as a sentence.
#[derive(Debug)]
pub(crate) struct StepError(pub(crate) String);

impl<E: std::error::Error> From<E> for StepError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The result of a step's function.
pub(crate) type StepResult<T = ()> = Result<T, StepError>;

/// A step that has ended: a row of the table.
struct CompletedStep {
    name: String,
    counts: TestCounts,
    error: Option<String>,
    duration: Duration,
}

/// The steps of a command that have ended.
#[derive(Default)]
pub(crate) struct CommandReport {
    steps: Vec<CompletedStep>,
}

impl CommandReport {
    /// Runs a step without tests, such as an installation. Returns `None` if it failed.
    pub(crate) fn step<T>(&mut self, name: &str, run: impl FnOnce() -> StepResult<T>) -> Option<T> {
        let mut value = None;
        self.run(name, || {
            value = Some(run()?);
            Ok(TestCounts::default())
        });
        value
    }

    /// Runs a step that consists of tests. A step without any test has failed.
    pub(crate) fn tests(&mut self, name: &str, run: impl FnOnce() -> StepResult<TestCounts>) {
        self.run(name, || {
            let counts = run()?;
            if counts.passed + counts.failed == 0 {
                return Err(StepError("no test was run".to_owned()));
            }
            Ok(counts)
        });
    }

    /// Records a step that cannot run because an earlier step failed. It counts as failed, so that
    /// no step is left out silently.
    pub(crate) fn blocked(&mut self, name: &str) {
        self.run(name, || {
            Err(StepError(
                "not run, because a step that it needs failed".to_owned(),
            ))
        });
    }

    fn run(&mut self, name: &str, run: impl FnOnce() -> StepResult<TestCounts>) {
        println!("\n=== {name}");
        let started = Instant::now();
        let (mut counts, error) = match run() {
            Ok(counts) => (counts, None),
            Err(StepError(reason)) => (TestCounts::default(), Some(reason)),
        };
        if let Some(reason) = &error {
            eprintln!("{name}: {reason}");
            counts.failed = counts.failed.max(1);
        }
        self.steps.push(CompletedStep {
            name: name.to_owned(),
            counts,
            error,
            duration: started.elapsed(),
        });
    }

    /// Prints the table. The last line is the sum, such as `12 passed, 0 failed`.
    pub(crate) fn conclude(self) -> ExitCode {
        let mut sum = TestCounts::default();
        println!("\n=== Summary");
        for step in &self.steps {
            let mark = if step.counts.failed == 0 {
                "ok    "
            } else {
                "FAILED"
            };
            let details = match (&step.error, step.counts) {
                (Some(reason), _) => reason.clone(),
                (None, counts) if counts == TestCounts::default() => String::new(),
                (None, counts) => counts.to_string(),
            };
            println!(
                "{mark} {:<28} {:>6.1} s  {details}",
                step.name,
                step.duration.as_secs_f64()
            );
            sum += step.counts;
        }
        println!("\n{sum}");
        if sum.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> TestCounts {
        TestCounts {
            passed,
            failed,
            skipped: 0,
        }
    }

    #[test]
    fn passed_steps_are_a_success() {
        let mut report = CommandReport::default();
        report.tests("one", || Ok(counts(3, 0)));
        report.tests("two", || Ok(counts(4, 0)));
        assert_eq!(report.conclude(), ExitCode::SUCCESS);
    }

    #[test]
    fn a_step_without_tests_has_failed() {
        let mut report = CommandReport::default();
        report.tests("empty", || Ok(counts(0, 0)));
        assert_eq!(report.conclude(), ExitCode::FAILURE);
    }

    #[test]
    fn a_blocked_step_has_failed() {
        let mut report = CommandReport::default();
        report.blocked("suite");
        assert_eq!(report.steps[0].counts.failed, 1);
        assert_eq!(report.conclude(), ExitCode::FAILURE);
    }
}
