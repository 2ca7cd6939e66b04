//! Micro-benchmarks of the codecs: frames, packets, arguments, payloads. Run them with
//! `cargo bench -p specter-bench`.

use divan::{Bencher, black_box};
use specter_bench::wire;
use specter_proto::engine::{EncodedPacket, Frame, PayloadLimits, payload};
use specter_proto::socketio::{Decoder, DecoderLimits, Packet, encode};
use specter_proto::websocket::{self, Limits};

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [32, 1024, 262_144];

fn event(size: usize) -> String {
    format!("210[\"echo\",\"{}\"]", "x".repeat(size))
}

#[divan::bench(args = SIZES)]
fn websocket_decode(bencher: Bencher<'_, '_>, size: usize) {
    let mut frame = Vec::new();
    wire::push_client_frame(&mut frame, wire::TEXT, event(size).as_bytes());
    let mut decoder = websocket::Decoder::new(Limits::new(1_000_000));
    bencher
        .with_inputs(|| frame.clone())
        .bench_local_refs(|frame| {
            let found = decoder.decode(frame);
            found.map(|found| found.consumed)
        });
}

#[divan::bench(args = SIZES)]
fn packet_decode(bencher: Bencher<'_, '_>, size: usize) {
    let text = event(size);
    let mut decoder = Decoder::new(DecoderLimits::default());
    bencher.bench_local(|| decoder.text(black_box(&text)));
}

#[divan::bench(args = SIZES)]
fn packet_encode_text(bencher: Bencher<'_, '_>, size: usize) {
    let argument = "x".repeat(size);
    bencher.bench_local(|| encode::event("/", None, "echo", black_box(&argument)));
}

#[divan::bench(args = SIZES)]
fn packet_acknowledge_unread(bencher: Bencher<'_, '_>, size: usize) {
    let args = received(&event(size)).raw_args();
    bencher.bench_local(|| encode::ack("/", 10, black_box(&args)));
}

/// Reads an argument as the dispatch does for handlers with typed parameters.
#[divan::bench]
fn extract_borrowed_string(bencher: Bencher<'_, '_>) {
    let event = received(&event(32));
    bencher.bench_local(|| event.args().next::<&str>().map(str::len));
}

#[derive(serde::Deserialize)]
struct Post {
    room: String,
    text: String,
    stars: u32,
}

#[divan::bench]
fn extract_struct_and_number(bencher: Bencher<'_, '_>) {
    let event =
        received("210[\"post\",{\"room\":\"lobby\",\"text\":\"good morning\",\"stars\":5},7]");
    bencher.bench_local(|| {
        let mut args = event.args();
        let post = args.next::<Post>();
        let number = args.next::<u32>();
        (
            post.map(|post| post.room.len() + post.text.len() + post.stars as usize),
            number,
        )
    });
}

#[divan::bench(args = [1, 16])]
fn polling_body_decode(bencher: Bencher<'_, '_>, packets: usize) {
    let packet = format!("4{}", event(32));
    let body = vec![packet; packets].join("\u{1e}");
    let limits = PayloadLimits { max_packets: 64 };
    bencher
        .bench_local(|| payload::decode(black_box(body.as_bytes()), &limits).map(Iterator::count));
}

/// Cloning a broadcast's packet for each of a thousand queues.
#[divan::bench]
fn share_a_frame_with_1000(bencher: Bencher<'_, '_>) {
    let packet = EncodedPacket::from(Frame::text_message(&event(128)));
    bencher.bench_local(|| vec![black_box(&packet).clone(); 1000]);
}

fn received(text: &str) -> specter_proto::socketio::EventPacket {
    match Decoder::new(DecoderLimits::default()).text(text) {
        Ok(Some(Packet::Event(event))) => event,
        other => panic!("not an event: {other:?}"),
    }
}
