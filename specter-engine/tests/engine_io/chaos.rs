//! Clients that do anything at any time: whatever they do, each session closes once and leaves
//! nothing behind.

use std::time::Duration;

use specter_engine::{CloseReason, EngineConfig, Frame, QueuePolicy};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::support::{
    Answer, Lab, Raw, Seen, Session, frame, request, settle, text_frame, upgrade_request,
};

/// Numbers that are the same in every run (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let sides = u64::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.roll(sides)).unwrap()]
    }
}

/// One client, with its pending requests and its open `WebSocket`s.
struct Client {
    dice: Dice,
    session: Session,
    requests: Vec<JoinHandle<Answer>>,
    sockets: Vec<Raw>,
}

impl Client {
    fn spawn(&mut self, request: impl Future<Output = Answer> + Send + 'static) {
        self.requests.push(tokio::spawn(request));
    }

    fn post(&mut self, body: impl Into<String>) {
        let (session, body) = (self.session.clone(), body.into());
        self.spawn(async move { session.post(body).await });
    }

    fn poll(&mut self) {
        let session = self.session.clone();
        self.spawn(async move { session.poll().await });
    }

    async fn open_socket(&mut self, lab: &Lab) {
        let mut pipe = lab.narrow_pipe(256);
        let query = format!("EIO=4&transport=websocket&sid={}", self.session.sid);
        let query = match self.dice.roll(4) {
            0 => "EIO=4&transport=websocket".to_owned(),
            _ => query,
        };
        let request = upgrade_request(&query);
        pipe.write_all(request.as_bytes()).await.unwrap();
        self.sockets.push(Raw(pipe));
    }

    /// Writes to a WebSocket, whose server may not read or have closed.
    async fn write(&mut self, bytes: &[u8]) {
        let index = self.dice.roll(4);
        let index = usize::try_from(index).unwrap();
        if let Some(socket) = self.sockets.get_mut(index) {
            let patience = Duration::from_millis(10);
            let _ = timeout(patience, socket.0.write_all(bytes)).await;
        }
    }

    /// Reads from a WebSocket, without waiting for long.
    async fn read(&mut self) {
        if let Some(socket) = self.sockets.last_mut() {
            let mut buffer = [0; 200];
            let read = tokio::io::AsyncReadExt::read(&mut socket.0, &mut buffer);
            let _ = timeout(Duration::from_millis(10), read).await;
        }
    }

    async fn act(&mut self, lab: &Lab) {
        match self.dice.roll(24) {
            0 | 1 => self.poll(),
            2 => self.post("4text\x1ebAAEC"),
            3 => self.post("3"),
            4 => {
                let body = self.dice.pick(&["", "9", "1", "2", "4close", "4err", "b!"]);
                self.post(body);
            }
            5 => drop(self.requests.pop().map(|request| request.abort())),
            6 | 7 => self.open_socket(lab).await,
            8 | 9 => self.write(&text_frame("2probe")).await,
            10 => self.write(&text_frame("5")).await,
            11 => self.write(&text_frame("4hello")).await,
            12 => self.write(&text_frame("3")).await,
            13 => self.write(&frame(0x01, b"4frag", [1; 4])).await,
            14 => self.write(&frame(0x80, b"ment", [1; 4])).await,
            15 => self.write(&frame(0x89, b"ping", [1; 4])).await,
            16 => match self.dice.roll(4) {
                0 => self.write(&frame(0x88, b"", [1; 4])).await,
                1 => self.write(b"\xFF\xFF\xFF").await,
                2 => self.write(&text_frame("4close")).await,
                _ => drop(self.sockets.pop()),
            },
            17 => tokio::time::sleep(Duration::from_millis(self.dice.roll(15_000))).await,
            18 => self.post("4stop"),
            19 => lab.go_on(),
            20 => {
                let packet = Frame::binary_message(&[0; 700]);
                let _ = lab.connection().send(packet.into());
            }
            21 if self.dice.roll(4) == 0 => lab.connection().close(CloseReason::ForcedServerClose),
            22 | 23 => self.read().await,
            _ => settle().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closes_and_refusals_are_counted() {
    let mut lab = Lab::plain();
    let session = lab.open().await;
    session.post("4\x1e9").await.expect(200, "ok");
    lab.expect_text("").await;
    lab.expect_end(CloseReason::ParseError).await;
    let session = lab.open().await;
    assert_eq!(session.post("4panic").await.status, 400);
    lab.expect_text("panic").await;
    assert_eq!(lab.seen().await, Seen::Dropped);
    let session = lab.open().await;
    session.post("1").await.expect(200, "ok");
    lab.expect_end(CloseReason::TransportClose).await;
    for reason in CloseReason::ALL {
        let expected = match reason {
            CloseReason::ParseError | CloseReason::TransportError | CloseReason::TransportClose => {
                1
            }
            _ => 0,
        };
        assert_eq!(lab.endpoint.closed(reason), expected, "{reason}");
    }
    lab.call("GET", "EIO=3&transport=polling").await;
    let mut foreign = request("GET", "EIO=4&transport=polling", "");
    let origin = "https://evil.example".parse().unwrap();
    foreign.headers_mut().insert("origin", origin);
    for _ in 0..2 {
        let mut again = request("GET", "EIO=4&transport=polling", "");
        *again.headers_mut() = foreign.headers().clone();
        assert_eq!(lab.request(again).await.status, 403);
    }
    let expected = [
        ("engine_request_origin", 2),
        ("engine_request_unknown_session", 1),
        ("engine_request_unsupported_version", 1),
    ];
    assert_eq!(lab.endpoint.refused(), expected);
}

#[tokio::test(start_paused = true)]
async fn every_session_closes_once_and_leaves_nothing() {
    for seed in 0..100 {
        let policy = if seed % 2 == 0 {
            QueuePolicy::Disconnect
        } else {
            QueuePolicy::Drop
        };
        let config = EngineConfig::default()
            .max_queued_bytes(8_000)
            .queue_policy(policy);
        let mut lab = Lab::new(config);
        let mut clients = Vec::new();
        for number in 0..4 {
            clients.push(Client {
                dice: Dice(seed * 4 + number),
                session: lab.open().await,
                requests: Vec::new(),
                sockets: Vec::new(),
            });
        }
        for _ in 0..60 {
            for client in &mut clients {
                client.act(&lab).await;
            }
        }
        // Requests that wait are answered at the latest when their session times out.
        lab.go_on_for_good();
        lab.endpoint.refuse_handshakes();
        for mut client in clients {
            client.sockets.clear();
            for request in client.requests {
                let late = Duration::from_secs(100);
                let answer = timeout(late, request).await.expect("no request hangs");
                assert!(answer.is_ok_and(|answer| answer.status.as_u16() != 0));
            }
        }
        let late = Duration::from_secs(200);
        let closed = timeout(late, lab.endpoint.wait_closed()).await;
        assert!(closed.is_ok(), "seed {seed}: a session is left");
        assert_eq!(lab.endpoint.connections(), 0);
        let (mut closed, mut dropped) = (0, 0);
        while let Some(seen) = lab.seen_so_far() {
            match seen {
                Seen::Closed(_) => closed += 1,
                Seen::Dropped => dropped += 1,
                Seen::Text(_) | Seen::Binary(_) => {}
            }
        }
        assert_eq!(closed, dropped, "seed {seed}: closed exactly once");
        assert!(closed >= 4);
    }
}
