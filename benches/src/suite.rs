//! The suite: the servers, the cases, which server takes part in which case, and the targets.

/// A server under load.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// The name for `--server`, which is also the name of the program.
    pub name: &'static str,
    /// The title in the results.
    pub title: &'static str,
    /// How it is started.
    pub program: Program,
    /// Whether it implements Socket.IO; otherwise it echoes what it receives.
    pub socket_io: bool,
}

/// The program of a server.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// One of this crate's programs.
    Own(&'static str),
    /// A script of Node.js.
    Node(&'static str),
    /// A script of the virtual environment's Python.
    Python(&'static str),
}

const fn own(name: &'static str, title: &'static str, socket_io: bool) -> Server {
    Server {
        name,
        title,
        program: Program::Own(name),
        socket_io,
    }
}

/// The loop on raw sockets.
pub const RAW_SOCKETS: &str = "bare-raw";

/// All servers, in the order in which they run.
pub const SERVERS: &[Server] = &[
    own("specter", "Specter", true),
    own(
        "specter-router",
        "Specter, in a router under `axum::serve`",
        true,
    ),
    own("socketioxide", "socketioxide", true),
    Server {
        name: "node",
        title: "socket.io (Node.js)",
        program: Program::Node("servers/node/server.js"),
        socket_io: true,
    },
    Server {
        name: "python",
        title: "python-socketio (uvicorn)",
        program: Program::Python("servers/python/server.py"),
        socket_io: true,
    },
    own(RAW_SOCKETS, "bare: raw sockets, epoll", false),
    own("bare-specter", "bare: Specter's framing", false),
    own("bare-tungstenite", "bare: tungstenite", false),
    own("bare-sockudo", "bare: sockudo-ws", false),
    own("bare-fastwebsockets", "bare: fastwebsockets", false),
];

/// The main figure of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Server CPU time for each message, delivery or connect, in microseconds.
    Cpu,
    /// Server memory for each connection, in bytes.
    IdleMemory,
    /// The latency of quiet connections at the 99th percentile, in microseconds.
    Latency,
}

/// The servers that take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// All servers, including bare echoes.
    All,
    /// Servers that can broadcast: Socket.IO servers and the bare loop.
    Broadcasters,
    /// Socket.IO servers.
    SocketIo,
    /// Specter, socketioxide and, if it supports the case, the bare loop.
    Few,
    /// Specter and the bare loop: a point of a slope, which has no table of its own.
    Slope,
    /// Specter alone: a point of a slope that the bare loop does not support.
    SlopeOfSpecter,
}

/// A target: at most this multiple of another figure.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The largest factor that meets the target. Infinite if the ratio is only reported.
    pub at_most: f64,
    /// The other figure.
    pub of: Of,
}

/// What a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The cheapest bare WebSocket echo in the case: on Tokio, on one of the WebSocket crates or on
    /// Specter's own framing.
    CheapestEcho,
    /// The loop on raw sockets, which has no runtime and does not check the rules of WebSocket.
    RawSockets,
    /// socketioxide.
    Socketioxide,
    /// Nothing: the factor is the limit of the figure itself.
    One,
    /// The same server's text echo of the same size.
    Text,
    /// The same server's memory before a burst of traffic, compared with that after it.
    AfterBurst,
    /// The same server's median latency, compared with its 99th percentile.
    Tail,
}

/// One case of the suite.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The name for `--case`.
    pub name: &'static str,
    /// The title in the results.
    pub title: &'static str,
    /// The arguments of the load generator: the kind of traffic, then numbers.
    pub load: &'static [&'static str],
    /// The length in seconds of the window of a server that runs alone. Servers that run in turns
    /// have windows of a twentieth of this length. In the case of memory it is the time in which
    /// memory settles.
    pub seconds: f64,
    /// The main figure.
    pub metric: Metric,
    /// The servers that take part.
    pub field: Field,
    /// The targets.
    pub targets: &'static [Target],
}

const fn at_most(at_most: f64, of: Of) -> Target {
    Target { at_most, of }
}

/// A ratio that is reported without a target.
const fn reference(of: Of) -> Target {
    at_most(f64::INFINITY, of)
}

const ECHO: &[Target] = &[
    at_most(1.15, Of::CheapestEcho),
    reference(Of::RawSockets),
    at_most(0.6, Of::Socketioxide),
];
const PIPELINED: &[Target] = &[
    at_most(1.6, Of::CheapestEcho),
    reference(Of::RawSockets),
    at_most(0.3, Of::Socketioxide),
    at_most(3.0, Of::Tail),
];
const IDLE: &[Target] = &[at_most(4096.0, Of::One), at_most(1.1, Of::AfterBurst)];
const BROADCAST: &[Target] = &[
    at_most(1.15, Of::RawSockets),
    at_most(0.65, Of::Socketioxide),
];
const FOR_REFERENCE: &[Target] = &[reference(Of::RawSockets), reference(Of::Socketioxide)];

const fn case(
    name: &'static str,
    title: &'static str,
    load: &'static [&'static str],
    field: Field,
    targets: &'static [Target],
) -> Case {
    Case {
        name,
        title,
        load,
        seconds: 2.0,
        metric: Metric::Cpu,
        field,
        targets,
    }
}

/// A case that is only a point of a slope.
const fn slope(name: &'static str, title: &'static str, load: &'static [&'static str]) -> Case {
    case(name, title, load, Field::Slope, &[])
}

/// A case that is only a point of a slope, and that the bare loop does not support.
const fn slope_of_specter(
    name: &'static str,
    title: &'static str,
    load: &'static [&'static str],
) -> Case {
    case(name, title, load, Field::SlopeOfSpecter, &[])
}

/// A case with a load that does not sleep.
const fn awake(name: &'static str, title: &'static str, load: &'static [&'static str]) -> Case {
    case(name, title, load, Field::Few, FOR_REFERENCE)
}

const fn rooms_at_once(name: &'static str, load: &'static [&'static str]) -> Case {
    let title = "rooms of 10 among 10,000, 128 B, per delivery";
    case(name, title, load, Field::SlopeOfSpecter, &[])
}

/// All cases.
pub const CASES: &[Case] = &[
    case(
        "echo-1-32",
        "echo with ack, 1 in flight, 32 B",
        &["echo", "in_flight=1", "size=32"],
        Field::All,
        ECHO,
    ),
    case(
        "echo-1-1k",
        "echo with ack, 1 in flight, 1 KiB",
        &["echo", "in_flight=1", "size=1024"],
        Field::All,
        ECHO,
    ),
    case(
        "binary-1-1k",
        "binary echo, 1 in flight, 1 KiB",
        &["echo", "in_flight=1", "size=1024", "binary=1"],
        Field::All,
        &[at_most(1.0, Of::Text)],
    ),
    case(
        "echo-16-32",
        "echo with ack, 16 in flight, 32 B",
        &["echo", "in_flight=16", "size=32"],
        Field::All,
        PIPELINED,
    ),
    case(
        "echo-16-1k",
        "echo with ack, 16 in flight, 1 KiB",
        &["echo", "in_flight=16", "size=1024"],
        Field::All,
        &[],
    ),
    case(
        "echo-256k",
        "echo, 1 in flight, 256 KiB, 4 connections",
        &["echo", "connections=4", "in_flight=1", "size=262144"],
        Field::All,
        &[],
    ),
    slope(
        "echo-1-16k",
        "echo with ack, 1 in flight, 16 KiB",
        &["echo", "in_flight=1", "size=16384"],
    ),
    slope(
        "broadcast-100",
        "broadcast to 100, 128 B, per delivery",
        &["broadcast", "clients=100", "size=128", "awake=1"],
    ),
    slope(
        "broadcast-3k",
        "broadcast to 3,000, 128 B, per delivery",
        &["broadcast", "clients=3000", "size=128", "awake=1"],
    ),
    case(
        "broadcast-1k",
        "broadcast to 1,000, 128 B, per delivery",
        &["broadcast", "clients=1000", "size=128", "awake=1"],
        Field::Broadcasters,
        BROADCAST,
    ),
    case(
        "broadcast-10k",
        "broadcast to 10,000, 128 B, per delivery",
        &["broadcast", "clients=9900", "size=128", "awake=1"],
        Field::Broadcasters,
        BROADCAST,
    ),
    case(
        "rooms",
        "rooms of 10 among 10,000, 128 B, per delivery",
        &["rooms", "clients=9900", "members=10", "size=128", "awake=1"],
        Field::SocketIo,
        &[],
    ),
    rooms_at_once(
        "rooms-10",
        &["rooms", "clients=9900", "at_once=10", "size=128", "awake=1"],
    ),
    rooms_at_once(
        "rooms-100",
        &[
            "rooms",
            "clients=9900",
            "at_once=100",
            "size=128",
            "awake=1",
        ],
    ),
    rooms_at_once(
        "rooms-990",
        &[
            "rooms",
            "clients=9900",
            "at_once=990",
            "size=128",
            "awake=1",
        ],
    ),
    slope_of_specter(
        "connect-500",
        "500 connections from start to end, per connection",
        &["connect", "clients=500"],
    ),
    slope_of_specter(
        "connect-2k",
        "2,000 connections from start to end, per connection",
        &["connect", "clients=2000"],
    ),
    case(
        "connect",
        "5,000 connections from start to end, per connection",
        &["connect", "clients=5000"],
        Field::SocketIo,
        &[at_most(0.75, Of::Socketioxide)],
    ),
    case(
        "polling",
        "polling echo, 32 B, a GET pending during each POST",
        &["polling", "size=32"],
        Field::SocketIo,
        &[at_most(0.85, Of::Socketioxide)],
    ),
    awake(
        "echo-1-32-awake",
        "echo with ack, 1 in flight, 32 B, the load awake",
        &["echo", "in_flight=1", "size=32", "awake=1"],
    ),
    awake(
        "echo-1-1k-awake",
        "echo with ack, 1 in flight, 1 KiB, the load awake",
        &["echo", "in_flight=1", "size=1024", "awake=1"],
    ),
    awake(
        "polling-awake",
        "polling echo, 32 B, the load awake",
        &["polling", "size=32", "awake=1"],
    ),
    Case {
        metric: Metric::IdleMemory,
        seconds: 3.0,
        ..case(
            "idle",
            "memory of an idle connection, of 10,000",
            &["idle", "clients=9900"],
            Field::All,
            IDLE,
        )
    },
    Case {
        metric: Metric::Latency,
        seconds: 3.0,
        ..case(
            "flood",
            "p99 of 1,000 quiet connections during a flood",
            &["flood", "quiet=1000", "rate=1000", "in_flight=512"],
            Field::SocketIo,
            &[],
        )
    },
    Case {
        metric: Metric::Latency,
        // Specter closes the slow clients 25 to 31 seconds after the first broadcast, when the
        // kernel's buffers and then the queues have filled and `slow_client_timeout` has passed.
        // With the warm-up of 20 seconds, this time is in the window, even in the window of half
        // the length that `--quick` measures.
        seconds: 26.0,
        ..case(
            "slow-crowd",
            "p99 of 50 quiet connections during 110 broadcasts/s of 1 KiB to 2,000 that never read",
            &["slow-crowd"],
            Field::Few,
            &[at_most(50_000.0, Of::One)],
        )
    },
];

/// The number of windows in a round of servers that run in turns. The speed of a machine changes
/// within seconds, so many short windows in turns are more accurate than one long window each.
pub const TURNS: usize = 24;
/// The number of windows of broadcasts, whose cost varies most between windows.
pub const BROADCAST_TURNS: usize = 2 * TURNS;
/// The number of windows of 5,000 connects, among which the clients are divided. Cases with fewer
/// clients have fewer windows.
pub const CONNECT_TURNS: usize = 10;
/// The number of connects in a window.
const CONNECTS: usize = 500;

/// How a case is measured on one server in a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// The number of windows.
    pub count: usize,
    /// The warm-up before each, in seconds.
    pub warm_up: f64,
    /// The length of each, in seconds.
    pub seconds: f64,
}

/// All cases, grouped by those whose figures are compared with each other.
pub fn groups() -> impl Iterator<Item = &'static [Case]> {
    CASES.chunk_by(|_, next| next.targets.iter().any(|target| target.of == Of::Text))
}

impl Case {
    /// Whether a server runs in turns with others; otherwise it runs alone. Servers with a garbage
    /// collector run alone, because they would collect during the windows of others.
    #[must_use]
    pub fn is_in_turn(&self, server: &Server) -> bool {
        self.metric == Metric::Cpu && matches!(server.program, Program::Own(_))
    }

    /// The windows of a server in a round.
    #[must_use]
    pub fn windows(&self, server: &Server) -> Windows {
        let (count, warm_up, seconds) = match self.load {
            ["slow-crowd", ..] => (1, 20.0, self.seconds),
            _ if !self.is_in_turn(server) => (1, 0.5, self.seconds),
            ["connect", clients, ..] => {
                let clients = clients.strip_prefix("clients=").map(str::parse);
                let clients = clients.and_then(Result::ok).unwrap_or(CONNECTS);
                (clients.div_ceil(CONNECTS), 0.0, 0.0)
            }
            ["broadcast", ..] => (BROADCAST_TURNS, 0.03, self.seconds / 20.0),
            _ => (TURNS, 0.03, self.seconds / 20.0),
        };
        Windows {
            count,
            warm_up,
            seconds,
        }
    }

    /// Whether a server takes part.
    #[must_use]
    pub fn has(&self, server: &Server) -> bool {
        self.could_have(server) && !self.is_too_long_for(server)
    }

    /// Whether the case is only a point of a slope.
    #[must_use]
    pub fn is_slope_only(&self) -> bool {
        matches!(self.field, Field::Slope | Field::SlopeOfSpecter)
    }

    /// The servers that could take part but do not, because connecting that many clients takes them
    /// minutes.
    pub fn left_out(&self) -> impl Iterator<Item = &'static Server> {
        SERVERS
            .iter()
            .filter(|server| self.could_have(server) && self.is_too_long_for(server))
    }

    fn could_have(&self, server: &Server) -> bool {
        let is_loop = server.name == RAW_SOCKETS;
        match self.field {
            Field::All => true,
            Field::Broadcasters => server.socket_io || is_loop,
            Field::SocketIo => server.socket_io,
            Field::Few if is_loop => !matches!(self.load, ["polling" | "slow-crowd", ..]),
            Field::Few => ["specter", "specter-router", "socketioxide"].contains(&server.name),
            Field::Slope => server.name == "specter" || is_loop,
            Field::SlopeOfSpecter => server.name == "specter",
        }
    }

    fn is_too_long_for(&self, server: &Server) -> bool {
        let crowd = ["broadcast-10k", "rooms", "idle", "flood", "slow-crowd"].contains(&self.name);
        crowd && server.name == "python"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_windows_of_connects_have_the_same_number_of_clients() {
        let windows = |name| {
            let case = CASES.iter().find(|case| case.name == name).unwrap();
            case.windows(&SERVERS[0]).count
        };
        let counts = ["connect-500", "connect-2k", "connect"].map(windows);
        assert_eq!(counts, [1, 4, CONNECT_TURNS]);
    }

    #[test]
    fn servers_whose_figures_are_compared_are_measured_in_turns() {
        let names = |group: &[Case]| group.iter().map(|case| case.name).collect::<Vec<_>>();
        let groups: Vec<_> = groups().map(names).collect();
        assert!(groups.contains(&vec!["echo-1-1k", "binary-1-1k"]));
        assert_eq!(groups.concat().len(), CASES.len());
        for case in CASES {
            let is_cpu = case.metric == Metric::Cpu;
            let in_turn = SERVERS.iter().filter(|server| case.is_in_turn(server));
            assert_eq!(in_turn.count(), if is_cpu { 8 } else { 0 }, "{}", case.name);
        }
    }
}
