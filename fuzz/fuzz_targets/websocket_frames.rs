//! The bytes that a client sends on a WebSocket, in pieces of any size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specter_proto::websocket::{Decoder, Limits};

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (piece_size, bytes) = input;
    let mut decoder = Decoder::new(Limits {
        max_message: 4096,
        max_fragments: 16,
    });
    let mut buffer = Vec::new();
    for piece in bytes.chunks(usize::from(piece_size).max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            let Ok(decoded) = decoder.decode(&mut buffer) else {
                return;
            };
            let (consumed, is_event) = (decoded.consumed, decoded.event.is_some());
            assert!(consumed <= buffer.len());
            buffer.drain(..consumed);
            if consumed == 0 && !is_event {
                break;
            }
        }
    }
});
