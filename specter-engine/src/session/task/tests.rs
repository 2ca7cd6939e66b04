//! Tests of single turns: what is due, and which waker is woken.

use crate::application::{IncomingMessage, MessageContext, MessageHandler};
use crate::close_reason::CloseReason;
use crate::config::EngineConfig;
use crate::connection::Connection;
use crate::detached::detached_over;
use crate::session::buffer_budget::BufferBudget;
use crate::session::link::stream::Stream;
use crate::session::mailbox::PollReply;
use crate::session::post_body::PostBody;
use crate::session::registry::Registry;
use crate::session::task::{Link, Task, WebSocket, websocket_limits};
use crate::session::termination::CloseNotice;
use bytes::Bytes;
use http::HeaderMap;
use specter_proto::engine::Transport;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::sync::oneshot::{Receiver, error::TryRecvError};
use tokio::time::Instant;

struct Silence;

impl MessageHandler for Silence {
    fn message(
        &mut self,
        _: IncomingMessage<'_>,
        _: &MessageContext<'_>,
    ) -> Result<(), CloseReason> {
        Ok(())
    }
}

/// Counts its wake-ups.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Woken {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn registry(config: &EngineConfig) -> Arc<Registry> {
    Registry::new(
        config,
        BufferBudget::without_sweep(config.max_buffered_total),
    )
}

/// A polling session whose turns the test runs.
struct TestSession {
    connection: Connection,
    task: Task<Silence>,
    config: Arc<EngineConfig>,
}

impl TestSession {
    fn new() -> Self {
        let config = Arc::new(EngineConfig::default());
        let connection = detached_over(Transport::Polling, &config);
        let slot = registry(&config).reserve(None).ok().unwrap();
        let task = Task::polling(connection.clone(), slot, config.clone(), Silence);
        Self {
            connection,
            task,
            config,
        }
    }

    fn run(&mut self) -> Poll<()> {
        let mut cx = Context::from_waker(Waker::noop());
        Future::poll(Pin::new(&mut self.task), &mut cx)
    }

    /// Runs until a ping is queued and its timeout has passed, with the task late for it.
    async fn until_overdue(&mut self) {
        assert!(self.run().is_pending());
        tokio::time::advance(self.config.ping_interval).await;
        assert!(self.run().is_pending());
        tokio::time::advance(self.config.ping_timeout).await;
    }

    fn answer(poll: &mut Receiver<PollReply>) -> Option<String> {
        match poll.try_recv() {
            Ok(Ok(answer)) => String::from_utf8(answer.into_parts().0).ok(),
            Ok(Err(conflict)) => panic!("{conflict:?}"),
            Err(TryRecvError::Empty) => panic!("not answered"),
            Err(TryRecvError::Closed) => None,
        }
    }
}

/// An idle session on a WebSocket, with the client's end of its stream.
fn on_websocket(config: &Arc<EngineConfig>) -> (Task<Silence>, DuplexStream) {
    let connection = detached_over(Transport::WebSocket, config);
    let slot = registry(config).reserve(None).ok().unwrap();
    let (websocket, client) = websocket(config, 1024);
    let link = Link::WebSocket(websocket);
    let task = Task::new(connection, slot, config.clone(), link, Silence);
    (task, client)
}

/// A WebSocket whose stream buffers this many unread bytes.
fn websocket(config: &EngineConfig, capacity: usize) -> (WebSocket, DuplexStream) {
    let (client, server) = tokio::io::duplex(capacity);
    let websocket = WebSocket::over(Stream::of(server), websocket_limits(config));
    (websocket, client)
}

#[tokio::test(start_paused = true)]
async fn a_poll_after_the_ping_timeout_finds_no_session() {
    let mut session = TestSession::new();
    session.until_overdue().await;
    let mut poll = session.connection.begin_poll().unwrap();
    assert!(session.run().is_ready());
    assert_eq!(TestSession::answer(&mut poll), None);
    assert_eq!(
        session.connection.outgoing_queue().close_reason(),
        Some(CloseReason::PingTimeout)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pending_poll_gets_the_close_packet_at_the_ping_timeout() {
    let mut session = TestSession::new();
    let mut first = session.connection.begin_poll().unwrap();
    session.until_overdue().await;
    assert_eq!(TestSession::answer(&mut first).as_deref(), Some("2"));
    let mut session = TestSession::new();
    assert!(session.run().is_pending());
    tokio::time::advance(session.config.ping_interval).await;
    let _fetched = session.connection.begin_poll().unwrap();
    assert!(session.run().is_pending());
    let mut pending = session.connection.begin_poll().unwrap();
    assert!(session.run().is_pending());
    tokio::time::advance(session.config.ping_timeout).await;
    assert!(session.run().is_ready());
    assert_eq!(TestSession::answer(&mut pending).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_pong_that_is_seen_late_saves_the_session_and_its_poll() {
    let mut session = TestSession::new();
    session.until_overdue().await;
    let mut poll = session.connection.begin_poll().unwrap();
    let permit = session.connection.clone().begin_post().unwrap();
    let body = Bytes::from_static(b"3");
    let mut taken = permit
        .deliver(PostBody::new(HeaderMap::new(), body))
        .unwrap();
    assert!(session.run().is_pending());
    assert_eq!(taken.try_recv(), Ok(()));
    assert_eq!(TestSession::answer(&mut poll).as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn a_handle_does_not_keep_an_ended_task_alive() {
    let config = Arc::new(EngineConfig::default());
    let connection = detached_over(Transport::WebSocket, &config);
    let slot = registry(&config).reserve(None).ok().unwrap();
    let mut task = Task::polling(connection.clone(), slot, config, Silence);
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let mut cx = Context::from_waker(&waker);
    assert!(Future::poll(Pin::new(&mut task), &mut cx).is_pending());
    drop(task);
    assert!(connection.is_closed());
    drop(waker);
    assert_eq!(Arc::strong_count(&woken), 1);
}

/// The waker of the last poll is woken by the connection and by the timer, even if nothing else has
/// changed.
#[tokio::test(start_paused = true)]
async fn an_idle_session_wakes_the_task_that_polled_it_last() {
    let config = Arc::new(EngineConfig::default());
    let (mut task, _client) = on_websocket(&config);
    let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    for woken in [&first, &first, &second] {
        let waker = Arc::clone(woken).into();
        let mut cx = Context::from_waker(&waker);
        assert!(Future::poll(Pin::new(&mut task), &mut cx).is_pending());
        assert!(task.skip_checks_until.is_some());
    }
    task.connection.wake();
    assert_eq!((first.count(), second.count()), (0, 1));
    tokio::time::sleep(config.ping_interval).await;
    assert_eq!((first.count(), second.count()), (0, 2));
}

/// The peer of a rejected second WebSocket does not read, or does not close it. The WebSocket is
/// closed within its own time limits, and the session continues.
#[tokio::test(start_paused = true)]
async fn a_rejected_websocket_is_closed_in_time_whatever_its_peer_does() {
    for capacity in [1, 64] {
        let config = Arc::new(EngineConfig::default());
        let (mut task, _client) = on_websocket(&config);
        let (rejected, mut second) = websocket(&config, capacity);
        task.close_websocket(rejected, CloseNotice::Send(None), Instant::now());
        let start = Instant::now();
        poll_fn(|cx| {
            assert!(Future::poll(Pin::new(&mut task), cx).is_pending());
            match task.closing {
                Some(_) => Poll::Pending,
                None => Poll::Ready(()),
            }
        })
        .await;
        let limit = if capacity == 1 { 5 } else { 2 };
        assert_eq!(start.elapsed().as_secs(), limit);
        let mut received = Vec::new();
        second.read_to_end(&mut received).await.unwrap();
        assert!(b"\x88\x00".starts_with(&received) && received.len() == capacity.min(2));
        assert!(!task.connection.is_closed());
    }
}
