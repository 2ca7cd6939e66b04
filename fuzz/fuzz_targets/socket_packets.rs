//! Socket.IO messages: decodes a sequence of them, and reads their arguments into types that
//! handlers use.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use specter_proto::socketio::{Binary, Decoder, DecoderLimits, Packet, encode};

fuzz_target!(|messages: Vec<(bool, Vec<u8>)>| {
    let limits = DecoderLimits {
        max_bytes: 4096,
        ..DecoderLimits::default()
    };
    let mut decoder = Decoder::new(limits);
    for (is_binary, message) in messages {
        let decoded = match (is_binary, std::str::from_utf8(&message)) {
            (true, _) => decoder.binary(&message),
            (false, Ok(text)) => {
                // The decoder keeps no state between packets, except while a packet waits for its
                // attachments.
                let fresh = (!decoder.is_pending()).then(|| Decoder::new(limits).text(text));
                let decoded = decoder.text(text);
                if let Some(fresh) = fresh {
                    assert_eq!(format!("{decoded:?}"), format!("{fresh:?}"));
                }
                decoded
            }
            (false, Err(_)) => continue,
        };
        match decoded {
            Ok(Some(Packet::Event(event))) => {
                let mut args = event.args();
                let _ = args.next::<Cow<'_, str>>();
                let _ = args.next::<Option<i64>>();
                let _ = args.next::<Binary>();
                let raw = event.raw_args();
                for index in 0..raw.len().min(8) {
                    // A float can be read as an integer only if it has no fractional part.
                    let float = raw.get::<f64>(index);
                    let integer = raw.get::<i64>(index);
                    if let (Ok(float), Ok(_)) = (&float, &integer) {
                        assert!(float.fract() == 0.0);
                    }
                    let _ = raw.get::<Vec<Option<u8>>>(index);
                }
                // Arguments that were received can be sent.
                let _ = encode::ack("/", 1, &raw);
            }
            Ok(Some(Packet::Ack(ack))) => {
                let _ = ack.args().decode::<(u8, Vec<String>)>();
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
});
