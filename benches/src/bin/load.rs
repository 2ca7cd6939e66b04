//! The load generator. `load CASE PORT PID [NAME=NUMBER]...` connects its clients and prints
//! `ready`. For each line `WARM_UP SECONDS` of standard input it measures a window and prints a
//! line of JSON. It ends when its input ends.

use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use specter_bench::listen::LOAD_CORE;
use specter_bench::load::{
    Broadcast, Connects, Echo, Flood, Idle, PollingEcho, Rooms, Shape, SlowCrowd, Target, Waiting,
    Windows,
};
use specter_bench::machine;
use specter_bench::process::Process;

fn main() -> Result<(), Box<dyn Error>> {
    machine::settle(LOAD_CORE)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, port, pid, rest @ ..] = arguments.as_slice() else {
        return Err("usage: load CASE PORT PID [NAME=NUMBER]...".into());
    };
    let target = Target {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?)),
        process: Process(pid.parse()?),
    };
    let mut numbers = HashMap::new();
    for pair in rest {
        let (name, number) = pair
            .split_once('=')
            .ok_or("an option must have the form NAME=NUMBER")?;
        numbers.insert(name, number.parse::<usize>()?);
    }
    let number = |name: &str, default: usize| numbers.get(name).copied().unwrap_or(default);
    let shape = if number("binary", 0) == 1 {
        Shape::Binary
    } else {
        Shape::Text
    };
    let size = number("size", 32);
    let waiting = if number("awake", 0) == 1 {
        Waiting::Awake
    } else {
        Waiting::Asleep
    };
    let windows = &mut Windows::new(target, waiting)?;
    match case.as_str() {
        "echo" => Echo {
            connections: number("connections", 50),
            in_flight: number("in_flight", 1),
            size,
            shape,
        }
        .run(windows)?,
        "broadcast" => Broadcast {
            clients: number("clients", 1000),
            size,
        }
        .run(windows)?,
        "rooms" => Rooms {
            clients: number("clients", 10_000),
            members: number("members", 10),
            at_once: number("at_once", 20),
            size,
        }
        .run(windows)?,
        "connect" => Connects {
            clients: number("clients", 5000),
            at_once: number("at_once", 16),
            windows: number("windows", 1),
        }
        .run(windows)?,
        "idle" => Idle {
            clients: number("clients", 10_000),
        }
        .run(windows)?,
        "flood" => Flood {
            quiet: number("quiet", 1000),
            rate: number("rate", 1000),
            in_flight: number("in_flight", 512),
        }
        .run(windows)?,
        "slow-crowd" => SlowCrowd {
            slow: number("slow", 2000),
            quiet: number("quiet", 50),
            rate: number("rate", 500),
            broadcasts: number("broadcasts", 110),
            size: number("size", 1024),
        }
        .run(windows)?,
        "polling" => PollingEcho {
            connections: number("connections", 50),
            size,
        }
        .run(windows)?,
        other => return Err(format!("there is no case `{other}`").into()),
    }
    Ok(())
}
