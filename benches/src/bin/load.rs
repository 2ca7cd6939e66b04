//! The load generator: `load CASE PORT PID SECONDS [NAME=NUMBER]...` prints one line of JSON and ends.

use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use specter_bench::listen::LOAD_CORE;
use specter_bench::load::{
    Broadcast, Connects, Echo, Flood, Idle, PollingEcho, Rooms, Shape, Target,
};
use specter_bench::machine;
use specter_bench::process::Process;

fn main() -> Result<(), Box<dyn Error>> {
    machine::settle(LOAD_CORE)?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, port, pid, seconds, rest @ ..] = arguments.as_slice() else {
        return Err("usage: load CASE PORT PID SECONDS [NAME=NUMBER]...".into());
    };
    let target = Target {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?)),
        process: Process(pid.parse()?),
    };
    let length = Duration::from_secs_f64(seconds.parse()?);
    let mut numbers = HashMap::new();
    for pair in rest {
        let (name, number) = pair.split_once('=').ok_or("NAME=NUMBER")?;
        numbers.insert(name, number.parse::<usize>()?);
    }
    let number = |name: &str, default: usize| numbers.get(name).copied().unwrap_or(default);
    let shape = if number("binary", 0) == 1 {
        Shape::Binary
    } else {
        Shape::Text
    };
    let size = number("size", 32);
    let figures = match case.as_str() {
        "echo" => Echo {
            connections: number("connections", 50),
            in_flight: number("in_flight", 1),
            size,
            shape,
            length,
        }
        .run(target)?,
        "broadcast" => Broadcast {
            clients: number("clients", 1000),
            size,
            length,
        }
        .run(target)?,
        "rooms" => Rooms {
            clients: number("clients", 10_000),
            members: number("members", 10),
            at_once: number("at_once", 20),
            size,
            length,
        }
        .run(target)?,
        "connect" => Connects {
            clients: number("clients", 5000),
            at_once: number("at_once", 16),
        }
        .run(target)?,
        "idle" => Idle {
            clients: number("clients", 10_000),
            settle: length,
        }
        .run(target)?,
        "flood" => Flood {
            quiet: number("quiet", 1000),
            rate: number("rate", 1000),
            in_flight: number("in_flight", 512),
            length,
        }
        .run(target)?,
        "polling" => PollingEcho {
            connections: number("connections", 50),
            size,
            length,
        }
        .run(target)?,
        other => return Err(format!("there is no case `{other}`").into()),
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
