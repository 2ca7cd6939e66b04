//! The counts of passed and failed tests, and how each test runner prints them.

use std::fmt;

/// How many tests a step ran, by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestCounts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl std::ops::AddAssign for TestCounts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for TestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Reads a line of `cargo test`: `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
pub(crate) fn read_cargo(line: &str) -> TestCounts {
    let Some(rest) = line.strip_prefix("test result: ") else {
        return TestCounts::default();
    };
    read_list(rest.split(". ").nth(1).unwrap_or_default(), ';')
}

/// Reads a line of Node.js's reporter `spec`: `ℹ pass 12`, one line for each result.
pub(crate) fn read_node(line: &str) -> TestCounts {
    let mut words = line
        .trim()
        .strip_prefix('ℹ')
        .unwrap_or_default()
        .split_whitespace();
    let (Some(result), Some(Ok(number)), None) =
        (words.next(), words.next().map(str::parse), words.next())
    else {
        return TestCounts::default();
    };
    match result {
        "pass" => TestCounts {
            passed: number,
            ..TestCounts::default()
        },
        "fail" | "cancelled" => TestCounts {
            failed: number,
            ..TestCounts::default()
        },
        "skipped" | "todo" => TestCounts {
            skipped: number,
            ..TestCounts::default()
        },
        _ => TestCounts::default(),
    }
}

/// Reads a line of pytest: `1 failed, 23 passed, 2 skipped in 0.55s`, with or without a border of
/// `=`.
pub(crate) fn read_pytest(line: &str) -> TestCounts {
    let line = line.trim_matches(['=', ' ']);
    let Some((list, time)) = line.rsplit_once(" in ") else {
        return TestCounts::default();
    };
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return TestCounts::default();
    }
    read_list(list, ',')
}

/// Reads a list such as `12 passed, 1 failed`.
fn read_list(list: &str, separator: char) -> TestCounts {
    let mut counts = TestCounts::default();
    for part in list.split(separator) {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(result)) = (words.next().map(str::parse::<u64>), words.next())
        else {
            continue;
        };
        match result {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" => counts.failed += number,
            "ignored" | "skipped" | "xfailed" | "xpassed" => counts.skipped += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> TestCounts {
        TestCounts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargos_line_is_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; \
                    0 filtered out; finished in 0.01s";
        assert_eq!(read_cargo(line), counts(12, 3, 1));
        assert_eq!(
            read_cargo("test codec::works ... ok"),
            TestCounts::default()
        );
    }

    #[test]
    fn nodes_lines_are_read() {
        assert_eq!(read_node("ℹ pass 117"), counts(117, 0, 0));
        assert_eq!(read_node("ℹ cancelled 2"), counts(0, 2, 0));
        assert_eq!(read_node("ℹ duration_ms 8822.9"), TestCounts::default());
        assert_eq!(
            read_node("  ✔ passes 3 things (1ms)"),
            TestCounts::default()
        );
    }

    #[test]
    fn pytests_line_is_read() {
        assert_eq!(read_pytest("132 passed in 14.05s"), counts(132, 0, 0));
        assert_eq!(
            read_pytest("==== 1 failed, 23 passed, 1 error in 0.55s ===="),
            counts(23, 2, 0)
        );
        assert_eq!(read_pytest("2 skipped in hope"), TestCounts::default());
    }

    #[test]
    fn skipped_tests_are_printed_only_if_there_are_any() {
        assert_eq!(counts(2, 1, 0).to_string(), "2 passed, 1 failed");
        assert_eq!(counts(2, 0, 1).to_string(), "2 passed, 0 failed, 1 skipped");
    }
}
