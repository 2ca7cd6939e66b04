//! Tests: what the queue accepts, what it counts, and when its senders must wake the task.

use crate::close_reason::CloseReason;
use crate::config::QueuePolicy;
use crate::outgoing::queue::limits::{QueueLimits, SendError, Urgency};
use crate::outgoing::queue::{OutgoingQueue, PACKET_OVERHEAD, Wake, cost};
use crate::session::buffer_budget::BufferBudget;
use specter_proto::engine::{EncodedPacket, Frame};
use std::task::{Context, Poll, Waker};

impl OutgoingQueue {
    /// A queue that is behind above this limit, and accepts ten times as much.
    pub(crate) fn for_test(max_queued_bytes: usize, policy: QueuePolicy) -> Self {
        let limits = QueueLimits {
            max_queued_bytes,
            max_burst_bytes: max_queued_bytes.saturating_mul(10),
            policy,
        };
        Self::new(limits, BufferBudget::without_sweep(usize::MAX))
    }
}

fn packet(len: usize) -> EncodedPacket {
    Frame::binary_message(&vec![0; len]).into()
}

#[test]
fn packets_are_taken_by_their_frames() {
    let queue = OutgoingQueue::for_test(100_000, QueuePolicy::Disconnect);
    let with = |attachments| {
        let attachment = Frame::binary_message(b"x");
        EncodedPacket::new(Frame::text_message("m"), vec![attachment; attachments])
    };
    let counts = |limit| -> Vec<_> {
        let taken = queue.take_frames(limit);
        queue.refund(taken.iter().map(cost).sum());
        taken.iter().map(EncodedPacket::frame_count).collect()
    };
    for attachments in [0, 1, 2, 6] {
        let pushed = queue.push(with(attachments), Urgency::Ordinary);
        assert!(pushed.is_ok());
    }
    assert!(queue.push(packet(1), Urgency::Control).is_ok());
    // The heartbeat comes first.
    assert_eq!(counts(3), [1, 1]);
    assert_eq!(counts(3), [2]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(3), [1]);
    assert_eq!(queue.bytes(), 0);
    assert!(queue.push(packet(1), Urgency::Control).is_ok());
    assert_eq!(counts(3), [1]);
    assert_eq!(counts(3), [0; 0]);
}

#[test]
fn only_the_first_sender_wakes_an_idle_task() {
    let queue = OutgoingQueue::for_test(10_000, QueuePolicy::Disconnect);
    assert_eq!(queue.push(packet(1), Urgency::Ordinary), Ok(Wake::Yes));
    assert_eq!(queue.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
    assert_eq!(queue.take(0).len(), 2);
    assert_eq!(queue.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
    assert_eq!(queue.take(0).len(), 1);
    assert!(queue.take(0).is_empty());
    assert_eq!(queue.push(packet(1), Urgency::Ordinary), Ok(Wake::Yes));
}

#[test]
fn a_running_task_is_not_woken_by_its_own_sends() {
    let queue = OutgoingQueue::for_test(10_000, QueuePolicy::Disconnect);
    queue.mark_task_awake();
    assert_eq!(queue.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
}

#[test]
fn a_packet_above_the_burst_limit_is_rejected_and_changes_nothing() {
    for policy in [QueuePolicy::Disconnect, QueuePolicy::Drop] {
        let queue = OutgoingQueue::for_test(100, policy);
        let too_large = SendError::TooLarge {
            size: 5_000 + 4 + PACKET_OVERHEAD,
            limit: 1_000,
        };
        let refused = queue.push(packet(5_000), Urgency::Ordinary);
        assert_eq!(refused, Err((too_large, Wake::No)));
        assert!(queue.push(packet(900), Urgency::Ordinary).is_ok());
        let refused = queue.push(packet(5_000), Urgency::Ordinary);
        assert_eq!(refused, Err((too_large, Wake::No)));
        assert!(!queue.is_closing());
    }
}

#[test]
fn above_the_burst_limit_the_disconnect_policy_closes_and_discards() {
    let queue = OutgoingQueue::for_test(100, QueuePolicy::Disconnect);
    for _ in 0..5 {
        assert!(queue.push(packet(100), Urgency::Ordinary).is_ok());
    }
    assert!(queue.is_behind());
    let refused = queue.push(packet(200), Urgency::Ordinary);
    assert_eq!(refused, Err((SendError::QueueFull, Wake::Yes)));
    assert_eq!(queue.close_reason(), Some(CloseReason::QueueFull));
    assert_eq!(queue.bytes(), 0);
    assert_eq!(queue.bytes_at_close(), 5 * (100 + 2 + PACKET_OVERHEAD));
    assert!(queue.take(0).is_empty());
    let refused = queue.push(packet(1), Urgency::Ordinary);
    assert_eq!(refused, Err((SendError::Closed, Wake::No)));
}

#[test]
fn above_the_burst_limit_the_drop_policy_discards_until_it_is_no_longer_behind() {
    let queue = OutgoingQueue::for_test(200, QueuePolicy::Drop);
    let push = |len| queue.push(packet(len), Urgency::Ordinary);
    let full = Err((SendError::QueueFull, Wake::No));
    while push(100).is_ok() {}
    assert_eq!(push(1), full, "even a packet that would fit");
    assert!(queue.push(packet(1), Urgency::Required).is_ok());
    let behind = queue.bytes() - 200;
    queue.refund(behind - 1);
    assert_eq!(push(1), full);
    assert!(queue.refund(1), "the connection is no longer behind");
    assert!(push(1).is_ok());
    assert!(!queue.is_closing());
}

#[test]
fn required_packets_are_counted_and_never_rejected() {
    for policy in [QueuePolicy::Disconnect, QueuePolicy::Drop] {
        let queue = OutgoingQueue::for_test(200, policy);
        for count in 1..100 {
            assert!(queue.push(packet(100), Urgency::Required).is_ok());
            assert_eq!(queue.bytes(), count * (100 + 2 + PACKET_OVERHEAD));
        }
        assert!(!queue.is_closing());
    }
}

#[test]
fn a_heartbeat_is_sent_before_queued_packets_and_only_one_is_queued() {
    let queue = OutgoingQueue::for_test(1, QueuePolicy::Disconnect);
    assert!(queue.push(packet(100), Urgency::Required).is_ok());
    for _ in 0..2 {
        assert!(queue.push(packet(1), Urgency::Control).is_ok());
    }
    let sizes: Vec<_> = queue.take(0).iter().map(EncodedPacket::size).collect();
    assert_eq!(sizes, [1 + 2, 100 + 2]);
}

#[test]
fn a_heartbeat_is_sent_after_the_rest_of_a_partly_taken_packet() {
    let queue = OutgoingQueue::for_test(10_000, QueuePolicy::Disconnect);
    let attachment = Frame::binary_message(b"x");
    let long = EncodedPacket::new(Frame::text_message("m"), vec![attachment; 3]);
    assert!(queue.push(long, Urgency::Ordinary).is_ok());
    assert!(queue.push(packet(5), Urgency::Ordinary).is_ok());
    assert_eq!(queue.take_frames(2).len(), 1);
    assert!(queue.push(packet(1), Urgency::Control).is_ok());
    let counts = |taken: std::collections::VecDeque<EncodedPacket>| -> Vec<_> {
        let sizes = taken.iter().map(EncodedPacket::size);
        sizes.collect()
    };
    assert_eq!(counts(queue.take_frames(16)), [3 + 3, 1 + 2, 5 + 2]);
}

#[test]
fn a_bounded_number_of_bytes_is_taken_at_once() {
    let queue = OutgoingQueue::for_test(1 << 20, QueuePolicy::Disconnect);
    for _ in 0..100 {
        assert!(queue.push(packet(10_000), Urgency::Ordinary).is_ok());
    }
    let mut count = 0;
    loop {
        let taken = queue.take(0);
        if taken.is_empty() {
            break;
        }
        assert!(taken.len() <= 7);
        count += taken.len();
    }
    assert_eq!(count, 100);
}

#[test]
fn falling_behind_wakes_a_task_that_waits_for_its_peer() {
    let queue = OutgoingQueue::for_test(200, QueuePolicy::Disconnect);
    let push = || queue.push(packet(100), Urgency::Ordinary);
    assert_eq!(push(), Ok(Wake::Yes), "the task is idle");
    assert_eq!(push(), Ok(Wake::Yes), "the task must start to measure");
    assert_eq!(push(), Ok(Wake::No), "the task measures already");
}

#[test]
fn bytes_count_until_they_are_written() {
    let queue = OutgoingQueue::for_test(10_000, QueuePolicy::Disconnect);
    assert!(queue.push(packet(100), Urgency::Ordinary).is_ok());
    let taken = queue.take(0);
    let held: usize = taken.iter().map(cost).sum();
    assert_eq!(held, 100 + 2 + PACKET_OVERHEAD);
    assert_eq!(queue.bytes(), held);
    assert!(queue.take(held).is_empty());
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn a_writer_in_place_of_the_task_learns_when_the_task_must_run() {
    let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
    let push = |len| queue.push(packet(len), Urgency::Ordinary);
    assert_eq!(push(1), Ok(Wake::Yes));
    let taken = queue.take_only_frame().unwrap();
    assert_eq!(push(2), Ok(Wake::No), "the writer reads the queue again");
    assert!(queue.finish_write(cost(&taken)), "a packet is queued");
    let taken = queue.take_only_frame().unwrap();
    assert!(!queue.finish_write(cost(&taken)));
    assert_eq!((push(1600), queue.bytes()), (Ok(Wake::Yes), 1600 + 4 + 64));
    let taken = queue.take_only_frame().unwrap();
    assert!(
        queue.finish_write(cost(&taken)),
        "the connection was behind"
    );
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn the_first_close_reason_is_kept() {
    let queue = OutgoingQueue::for_test(100, QueuePolicy::Disconnect);
    assert_eq!(queue.close(CloseReason::ForcedServerClose), Wake::Yes);
    assert_eq!(queue.close(CloseReason::PingTimeout), Wake::No);
    assert_eq!(queue.close_reason(), Some(CloseReason::ForcedServerClose));
}

#[tokio::test]
async fn waiters_are_notified_when_the_queue_is_no_longer_behind() {
    let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
    assert_eq!(queue.ready().await, Ok(()), "an empty queue has room");
    assert!(queue.push(packet(2_000), Urgency::Ordinary).is_ok());
    let cost = queue.bytes();
    let mut waiting = polled(queue.ready());
    assert!(waiting.poll().is_pending());
    let dropped = polled(queue.ready());
    drop(dropped);
    assert_eq!(queue.take(0).len(), 1);
    assert!(!queue.refund(cost - 1_001), "one byte too many is left");
    assert!(waiting.poll().is_pending());
    assert!(queue.refund(1));
    assert_eq!(waiting.poll(), Poll::Ready(Ok(())));
}

#[tokio::test]
async fn waiters_are_notified_when_the_connection_closes() {
    let queue = OutgoingQueue::for_test(1_000, QueuePolicy::Disconnect);
    assert!(queue.push(packet(2_000), Urgency::Ordinary).is_ok());
    let mut waiting = polled(queue.ready());
    assert!(waiting.poll().is_pending());
    let _ = queue.close(CloseReason::ForcedServerClose);
    assert_eq!(waiting.poll(), Poll::Ready(Err(SendError::Closed)));
    assert_eq!(queue.ready().await, Err(SendError::Closed));
}

/// A future that a test polls by hand.
struct Polled<F>(std::pin::Pin<Box<F>>);

fn polled<F: Future>(future: F) -> Polled<F> {
    Polled(Box::pin(future))
}

impl<F: Future> Polled<F> {
    fn poll(&mut self) -> Poll<F::Output> {
        self.0
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }
}
