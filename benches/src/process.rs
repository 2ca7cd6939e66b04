//! Reads the kernel's accounting of a process from `/proc`: CPU time, memory, context switches.

use std::fs;
use std::io;
use std::time::Duration;

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident memory.
    pub rss: u64,
    /// Resident memory, with shared pages divided among the processes that share them.
    pub pss: u64,
}

impl Process {
    /// User and system time of all living threads. It does not include the time that a running
    /// thread has used since the last tick of its core.
    pub fn cpu(self) -> io::Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let schedstat = task?.path().join("schedstat");
            // Reading fails if the thread has just ended.
            let Ok(schedstat) = fs::read_to_string(schedstat) else {
                continue;
            };
            let run = schedstat.split_ascii_whitespace().next();
            nanos += run.and_then(|run| run.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// How often a thread gave up its core because it had nothing to do.
    pub fn voluntary_switches(self) -> io::Result<u64> {
        let mut switches = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0))? {
            if let Ok(status) = fs::read_to_string(task?.path().join("status")) {
                switches += field(&status, "voluntary_ctxt_switches:");
            }
        }
        Ok(switches)
    }

    /// The number of open files and sockets of the process.
    pub fn open_files(self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.0))?.count())
    }

    /// The memory of the process at present.
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
