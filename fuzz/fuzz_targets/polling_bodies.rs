//! The body of a client's polling request: splits it into packets and reads each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use specter_proto::engine::{PayloadLimits, payload};

fuzz_target!(|body: &[u8]| {
    let limits = PayloadLimits { max_packets: 64 };
    if let Ok(packets) = payload::decode(body, &limits) {
        assert!(packets.take_while(Result::is_ok).count() <= 64);
    }
});
