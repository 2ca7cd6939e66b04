//! What the queue takes, what it counts, and whom its senders wake.

use super::{Outbox, PACKET_OVERHEAD, SendError, Urgency, Wake, cost};
use crate::connection::{CloseReason, QueuePolicy};
use specter_proto::engine::{Frame, Prepared};

fn packet(len: usize) -> Prepared {
    Frame::binary_message(&vec![0; len]).into()
}

#[test]
fn packets_are_taken_by_their_frames() {
    let outbox = Outbox::new(100_000, QueuePolicy::Disconnect);
    let with = |attachments| {
        let attachment = Frame::binary_message(b"x");
        Prepared::new(Frame::text_message("m"), vec![attachment; attachments])
    };
    let counts = |limit| -> Vec<_> {
        let taken = outbox.take_frames(limit);
        outbox.release(taken.iter().map(cost).sum());
        taken.iter().map(Prepared::frame_count).collect()
    };
    for attachments in [0, 1, 2, 6] {
        let pushed = outbox.push(with(attachments), Urgency::Ordinary);
        assert!(pushed.is_ok());
    }
    assert!(outbox.push(packet(1), Urgency::Control).is_ok());
    assert_eq!(counts(3), [1, 2]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(3), [3]);
    // The heartbeat still waits: a second one is not queued.
    assert!(outbox.push(packet(1), Urgency::Control).is_ok());
    assert_eq!(counts(3), [1, 1]);
    assert_eq!(outbox.bytes(), 0);
    assert!(outbox.push(packet(1), Urgency::Control).is_ok());
    assert_eq!(counts(3), [1]);
    assert_eq!(counts(3), [0; 0]);
}

#[test]
fn only_the_first_sender_wakes_a_resting_task() {
    let outbox = Outbox::new(10_000, QueuePolicy::Disconnect);
    assert_eq!(outbox.push(packet(1), Urgency::Ordinary), Ok(Wake::Yes));
    assert_eq!(outbox.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
    assert_eq!(outbox.take(0).len(), 2);
    assert_eq!(outbox.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
    assert_eq!(outbox.take(0).len(), 1);
    assert!(outbox.take(0).is_empty());
    assert_eq!(outbox.push(packet(1), Urgency::Ordinary), Ok(Wake::Yes));
}

#[test]
fn a_running_task_is_not_woken_by_its_own_sends() {
    let outbox = Outbox::new(10_000, QueuePolicy::Disconnect);
    outbox.attend();
    assert_eq!(outbox.push(packet(1), Urgency::Ordinary), Ok(Wake::No));
}

#[test]
fn one_larger_packet_passes_while_the_queue_is_empty() {
    let outbox = Outbox::new(100, QueuePolicy::Drop);
    assert!(outbox.push(packet(5_000), Urgency::Ordinary).is_ok());
    let refused = outbox.push(packet(1), Urgency::Ordinary);
    assert_eq!(refused, Err((SendError::QueueFull, Wake::No)));
    assert!(!outbox.is_closing());
}

#[test]
fn over_the_limit_the_disconnect_policy_closes_and_discards() {
    let outbox = Outbox::new(200, QueuePolicy::Disconnect);
    assert!(outbox.push(packet(100), Urgency::Ordinary).is_ok());
    let refused = outbox.push(packet(100), Urgency::Ordinary);
    assert_eq!(refused, Err((SendError::QueueFull, Wake::Yes)));
    assert_eq!(outbox.close_reason(), Some(CloseReason::QueueFull));
    assert_eq!(outbox.bytes(), 0);
    assert!(outbox.take(0).is_empty());
    let refused = outbox.push(packet(1), Urgency::Ordinary);
    assert_eq!(refused, Err((SendError::Closed, Wake::No)));
}

#[test]
fn required_packets_pass_the_drop_policy_up_to_twice_the_limit() {
    let outbox = Outbox::new(200, QueuePolicy::Drop);
    assert!(outbox.push(packet(100), Urgency::Ordinary).is_ok());
    assert!(outbox.push(packet(100), Urgency::Ordinary).is_err());
    assert!(outbox.push(packet(100), Urgency::Required).is_ok());
    let refused = outbox.push(packet(100), Urgency::Required);
    assert_eq!(refused, Err((SendError::QueueFull, Wake::Yes)));
    assert_eq!(outbox.close_reason(), Some(CloseReason::QueueFull));
}

#[test]
fn control_packets_know_no_limit() {
    let outbox = Outbox::new(1, QueuePolicy::Disconnect);
    assert!(outbox.push(packet(100), Urgency::Ordinary).is_ok());
    assert!(outbox.push(packet(1), Urgency::Control).is_ok());
    assert!(outbox.push(packet(1), Urgency::Control).is_ok());
    assert_eq!(outbox.take(0).len(), 2, "one heartbeat waits at a time");
}

#[test]
fn bytes_count_until_they_are_written() {
    let outbox = Outbox::new(10_000, QueuePolicy::Disconnect);
    assert!(outbox.push(packet(100), Urgency::Ordinary).is_ok());
    let taken = outbox.take(0);
    let held: usize = taken.iter().map(cost).sum();
    assert_eq!(held, 100 + 2 + PACKET_OVERHEAD);
    assert_eq!(outbox.bytes(), held);
    assert!(outbox.take(held).is_empty());
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn who_writes_in_the_place_of_the_task_is_told_when_it_must_run() {
    let outbox = Outbox::new(1_000, QueuePolicy::Disconnect);
    let push = |len| outbox.push(packet(len), Urgency::Ordinary);
    assert_eq!(push(1), Ok(Wake::Yes));
    let taken = outbox.take_only_frame().unwrap();
    assert_eq!(push(2), Ok(Wake::No), "whoever writes looks again");
    assert!(outbox.settle(cost(&taken)), "something waits");
    let taken = outbox.take_only_frame().unwrap();
    assert!(!outbox.settle(cost(&taken)));
    assert_eq!((push(600), outbox.bytes()), (Ok(Wake::Yes), 600 + 4 + 64));
    let taken = outbox.take_only_frame().unwrap();
    assert!(outbox.settle(cost(&taken)), "it was congested");
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn the_first_reason_stands() {
    let outbox = Outbox::new(100, QueuePolicy::Disconnect);
    assert_eq!(outbox.close(CloseReason::ForcedServerClose), Wake::Yes);
    assert_eq!(outbox.close(CloseReason::PingTimeout), Wake::No);
    assert_eq!(outbox.close_reason(), Some(CloseReason::ForcedServerClose));
}
