//! What the steps of a command came to: a heading for each as it begins, and a table of counts at
//! the end.

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many tests a step ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Why a step did not succeed, in a sentence.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a step returns: nothing to count, or counts.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

struct Row {
    name: String,
    tally: Tally,
    failure: Option<String>,
    took: Duration,
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// A step that either works or does not, such as an installation. `None` means that it did not.
    pub(crate) fn step<T>(&mut self, name: &str, run: impl FnOnce() -> Outcome<T>) -> Option<T> {
        let mut value = None;
        self.row(name, || {
            value = Some(run()?);
            Ok(Tally::default())
        });
        value
    }

    /// A step that runs tests. One that ran none has failed, and so has one whose program failed
    /// without a failed test.
    pub(crate) fn tests(&mut self, name: &str, run: impl FnOnce() -> Outcome<Tally>) {
        self.row(name, || {
            let tally = run()?;
            if tally.passed + tally.failed == 0 {
                return Err(Failure("no test was run".to_owned()));
            }
            Ok(tally)
        });
    }

    /// Something that cannot be run because what it needs failed. It counts as a failure: nothing
    /// is left out silently.
    pub(crate) fn not_run(&mut self, name: &str) {
        self.row(name, || {
            Err(Failure(
                "not run: what it needs was not installed".to_owned(),
            ))
        });
    }

    fn row(&mut self, name: &str, run: impl FnOnce() -> Outcome<Tally>) {
        println!("\n=== {name}");
        let began = Instant::now();
        let (mut tally, failure) = match run() {
            Ok(tally) => (tally, None),
            Err(Failure(reason)) => (Tally::default(), Some(reason)),
        };
        if let Some(reason) = &failure {
            eprintln!("{name}: {reason}");
            tally.failed = tally.failed.max(1);
        }
        self.rows.push(Row {
            name: name.to_owned(),
            tally,
            failure,
            took: began.elapsed(),
        });
    }

    /// Prints the table; the last line is the sum, as `N passed, N failed`.
    pub(crate) fn conclude(self) -> ExitCode {
        let mut sum = Tally::default();
        println!("\n=== Summary");
        for row in &self.rows {
            let mark = if row.tally.failed == 0 {
                "ok    "
            } else {
                "FAILED"
            };
            let counts = match (&row.failure, row.tally) {
                (Some(reason), _) => reason.clone(),
                (None, tally) if tally == Tally::default() => String::new(),
                (None, tally) => tally.to_string(),
            };
            println!(
                "{mark} {:<28} {:>6.1} s  {counts}",
                row.name,
                row.took.as_secs_f64()
            );
            sum += row.tally;
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

    fn tally(passed: u64, failed: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped: 0,
        }
    }

    #[test]
    fn counts_are_summed() {
        let mut report = Report::default();
        report.tests("one", || Ok(tally(3, 0)));
        report.tests("two", || Ok(tally(4, 0)));
        assert_eq!(report.conclude(), ExitCode::SUCCESS);
    }

    #[test]
    fn a_step_without_tests_has_failed() {
        let mut report = Report::default();
        report.tests("empty", || Ok(tally(0, 0)));
        assert_eq!(report.conclude(), ExitCode::FAILURE);
    }

    #[test]
    fn what_was_not_run_has_failed() {
        let mut report = Report::default();
        report.not_run("suite");
        assert_eq!(report.rows[0].tally.failed, 1);
        assert_eq!(report.conclude(), ExitCode::FAILURE);
    }

    #[test]
    fn a_tally_reads_as_the_runners_say_it() {
        assert_eq!(tally(2, 1).to_string(), "2 passed, 1 failed");
        assert_eq!(
            Tally {
                skipped: 1,
                ..tally(2, 0)
            }
            .to_string(),
            "2 passed, 0 failed, 1 skipped"
        );
    }
}
