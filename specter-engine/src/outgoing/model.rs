//! All interleavings of a task's turn, a broadcast, a partial write and a close, in a model.
//!
//! Run by `cargo test -p specter-engine --lib --features loom outgoing::model`. The queue, the
//! slot, the batch and the task's writer are the real ones; the socket is a model with limited
//! room.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use specter_proto::engine::{EncodedPacket, Frame};
use tokio::io::AsyncWrite;

use super::Outgoing;
use super::queue::limits::Urgency;
use super::queue::{OutgoingQueue, Wake};
use super::sync::Mutex;
use super::websocket_writer::{WebSocketWriter, WriteSide};
use super::write_batch::WriteBatch;
use super::write_half::WriteHalf;
use crate::close_reason::CloseReason;
use crate::config::QueuePolicy;

/// A socket that takes `room` bytes before it is full.
struct Socket {
    state: Mutex<SocketState>,
    /// Somebody writes at this moment.
    is_written: AtomicBool,
}

struct SocketState {
    received: Vec<u8>,
    room: usize,
}

impl Socket {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let was_written = self.is_written.swap(true, Ordering::AcqRel);
        assert!(!was_written, "two write to the socket at the same time");
        let mut state = self.state.lock();
        let written = bytes.len().min(state.room);
        state.room -= written;
        state.received.extend_from_slice(&bytes[..written]);
        drop(state);
        self.is_written.store(false, Ordering::Release);
        if written == 0 {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            Ok(written)
        }
    }
}

/// The write half of the socket.
struct Half(Arc<Socket>);

impl WriteHalf for Half {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
}

impl AsyncWrite for Half {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.write(bytes) {
            Err(_) => Poll::Pending,
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The task's side of the socket.
struct Side {
    socket: Arc<Socket>,
    half: Option<Half>,
}

impl AsyncWrite for Side {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let half = self.half.as_mut().expect("the task has the write half");
        Pin::new(half).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl WriteSide for Side {
    type Half = Half;

    fn park(&mut self) -> Option<Half> {
        self.half.take()
    }

    fn reclaim(&mut self, half: Half) {
        self.half = Some(half);
    }

    fn is_parked(&self) -> bool {
        self.half.is_none()
    }

    fn try_write_parked(&self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.half.is_none(), "the write half is not parked");
        self.socket.write(bytes)
    }
}

/// What the threads share: the connection.
struct Shared {
    outgoing: Outgoing<Half>,
    /// The task was woken.
    woken: AtomicBool,
}

impl Shared {
    fn wake_if(&self, wake: Wake) {
        if wake == Wake::Yes {
            self.woken.store(true, Ordering::Release);
        }
    }

    /// Queues a packet as a broadcast does, and writes it if the task is idle. Returns whether it
    /// was accepted.
    fn broadcast(&self, letter: char) -> bool {
        match self.outgoing.queue.push(packet(letter), Urgency::Ordinary) {
            Ok(wake) => {
                if wake == Wake::Yes && self.outgoing.write_queued() {
                    self.wake_if(Wake::Yes);
                }
                true
            }
            Err((_, wake)) => {
                self.wake_if(wake);
                false
            }
        }
    }
}

/// The connection's task.
struct Task {
    shared: Arc<Shared>,
    side: Side,
    writer: WebSocketWriter,
}

impl Task {
    /// An idle task, whose socket has this much room.
    fn idle(room: usize) -> Self {
        let socket = Arc::new(Socket {
            state: Mutex::new(SocketState {
                received: Vec::new(),
                room,
            }),
            is_written: AtomicBool::new(false),
        });
        let queue = OutgoingQueue::for_test(1_000_000, QueuePolicy::Disconnect);
        let mut task = Self {
            shared: Arc::new(Shared {
                outgoing: Outgoing::new(queue),
                woken: AtomicBool::new(false),
            }),
            side: Side {
                socket: Arc::clone(&socket),
                half: Some(Half(socket)),
            },
            writer: WebSocketWriter::default(),
        };
        task.turn("");
        assert!(task.side.is_parked());
        task
    }

    /// A turn in which the task sends a packet for each letter. Returns those that were accepted.
    fn turn(&mut self, sends: &str) -> String {
        let outgoing = &self.shared.outgoing;
        outgoing.queue.mark_task_awake();
        let mut batch = WriteBatch::new();
        let accepted = sends.chars().filter(|letter| {
            let packet = packet(*letter);
            batch.append(outgoing, &packet)
                || outgoing.queue.push(packet, Urgency::Ordinary).is_ok()
        });
        let accepted = accepted.collect();
        let mut cx = Context::from_waker(Waker::noop());
        self.writer
            .end_turn(&mut self.side, outgoing, batch.take(), &mut cx)
            .unwrap();
        accepted
    }

    /// Lets the peer read everything. If the connection was closed, writes the rest as the task
    /// does when it closes; otherwise runs the task as often as it is woken. Returns the letters
    /// that the peer received.
    fn run_to_the_end(mut self) -> String {
        let queue = &self.shared.outgoing.queue;
        // The peer has read everything: a task that waited for room is woken.
        self.side.socket.state.lock().room = usize::MAX;
        let was_blocked = !self.writer.frames.is_done();
        self.shared
            .wake_if(if was_blocked { Wake::Yes } else { Wake::No });
        if queue.is_closing() {
            let outgoing = &self.shared.outgoing;
            self.writer.reclaim(&mut self.side, outgoing);
            self.writer.frames.push(queue.take_all());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(
                self.writer
                    .poll_write(&mut self.side, &mut cx)
                    .unwrap()
                    .is_ready()
            );
        } else {
            while self.shared.woken.swap(false, Ordering::AcqRel) {
                self.turn("");
            }
            assert_eq!(self.shared.outgoing.queue.bytes(), 0, "a wake-up was lost");
        }
        let received = &self.side.socket.state.lock().received;
        let (frames, rest) = received.as_chunks::<4>();
        assert!(rest.is_empty(), "a frame was cut off");
        let letter = |frame: &[u8; 4]| {
            assert_eq!(frame[..3], *b"\x81\x024", "frames are mixed");
            char::from(frame[3])
        };
        frames.iter().map(letter).collect()
    }
}

fn packet(letter: char) -> EncodedPacket {
    Frame::text_message(letter.encode_utf8(&mut [0; 4])).into()
}

/// Whether all packets of one sender were received once, in their order.
fn is_in_order(received: &str, sent: &str) -> bool {
    let own: String = received
        .chars()
        .filter(|letter| sent.contains(*letter))
        .collect();
    own == sent
}

/// The action of a third thread meanwhile.
#[derive(Clone, Copy, PartialEq)]
enum Third {
    Nothing,
    /// Another broadcast sends `z`.
    Broadcasts,
    Closes,
}

/// Explores a turn that sends `sends` while a broadcast sends `x` and `y`, with a socket of this
/// much room.
fn explore(room: usize, sends: &'static str, third: Third) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let mut task = Task::idle(room);
        let shared = Arc::clone(&task.shared);
        let broadcast = thread::spawn(move || {
            let letters = ['x', 'y'].into_iter();
            letters
                .filter(|letter| shared.broadcast(*letter))
                .collect::<String>()
        });
        let shared = Arc::clone(&task.shared);
        let other = match third {
            Third::Nothing => None,
            Third::Broadcasts => Some(thread::spawn(move || assert!(shared.broadcast('z')))),
            Third::Closes => Some(thread::spawn(move || {
                shared.wake_if(shared.outgoing.queue.close(CloseReason::ForcedServerClose));
            })),
        };
        let by_task = task.turn(sends);
        let by_broadcast = broadcast.join().unwrap();
        if let Some(other) = other {
            other.join().unwrap();
        }
        assert!(third == Third::Closes || (by_task == sends && by_broadcast == "xy"));
        let by_other = if third == Third::Broadcasts { "z" } else { "" };
        let received = task.run_to_the_end();
        let accepted = [&*by_task, &by_broadcast, by_other];
        assert_eq!(received.len(), accepted.concat().len(), "{received}");
        for sent in accepted {
            assert!(is_in_order(&received, sent), "{received}");
        }
    });
}

#[test]
fn a_turn_and_a_broadcast_write_everything_once_and_in_order() {
    explore(usize::MAX, "ab", Third::Nothing);
}

#[test]
fn a_broadcast_wakes_an_idle_task_or_writes_in_its_place() {
    explore(usize::MAX, "", Third::Nothing);
}

#[test]
fn two_broadcasts_leave_nothing_unwritten() {
    for room in [2, usize::MAX] {
        explore(room, "", Third::Broadcasts);
    }
}

#[test]
fn a_partial_write_is_finished_before_anything_else() {
    for room in [0, 2, 4, 6] {
        explore(room, "a", Third::Nothing);
        explore(room, "", Third::Nothing);
    }
}

#[test]
fn packets_accepted_before_a_close_are_written() {
    for room in [2, usize::MAX] {
        explore(room, "a", Third::Closes);
    }
}
