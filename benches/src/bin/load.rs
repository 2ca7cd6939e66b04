//! The load generator: `load CASE PORT PID SECONDS [NAME=NUMBER]...` prints one line of JSON and ends.

use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use specter_bench::listen::LOAD_CORE;
use specter_bench::load::{Echo, Shape, Target};
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
    let figures = match case.as_str() {
        "echo" => Echo {
            connections: number("connections", 50),
            in_flight: number("in_flight", 1),
            size: number("size", 32),
            shape: if number("binary", 0) == 1 { Shape::Binary } else { Shape::Text },
            length,
        }
        .run(target)?,
        other => return Err(format!("there is no case `{other}`").into()),
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
