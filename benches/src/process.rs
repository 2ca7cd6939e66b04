//! What the kernel accounts for a process: CPU time, memory, switches. Read from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

/// A server under load.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident.
    pub rss: u64,
    /// Resident, with shared pages divided among those who share them.
    pub pss: u64,
}

impl Process {
    /// User and system time of all threads that live, in nanoseconds. What one has run since the
    /// last tick of its core is not in it, while it runs.
    pub fn cpu(self) -> io::Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let schedstat = task?.path().join("schedstat");
            // A thread that has just ended.
            let Ok(schedstat) = fs::read_to_string(schedstat) else {
                continue;
            };
            let run = schedstat.split_ascii_whitespace().next();
            nanos += run.and_then(|run| run.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Times that a thread gave up its core because it had nothing to do.
    pub fn voluntary_switches(self) -> io::Result<u64> {
        let mut switches = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            if let Ok(status) = fs::read_to_string(task?.path().join("status")) {
                switches += field(&status, "voluntary_ctxt_switches:");
            }
        }
        Ok(switches)
    }

    /// How many files and sockets the process has open.
    pub fn open_files(self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.0))?.count())
    }

    /// What it holds now.
    pub fn memory(self) -> io::Result<Memory> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0))?;
        Ok(Memory {
            rss: field(&rollup, "Rss:") * 1024,
            pss: field(&rollup, "Pss:") * 1024,
        })
    }
}

fn field(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}
