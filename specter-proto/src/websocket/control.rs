//! The control frames that a server writes, and the close codes that a peer may send.

use super::header::{MAX_HEADER, Opcode, write_header};

/// The longest payload of a control frame, in bytes.
pub(super) const MAX_CONTROL: usize = 125;

/// Returns a close frame. Without a code the frame is empty, and `reason` is not sent. A reason of
/// more than 123 bytes is cut between two characters.
pub fn close_frame(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut payload = Vec::with_capacity(MAX_CONTROL);
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        let cut = (0..=MAX_CONTROL - 2).rev().find_map(|at| reason.get(..at));
        payload.extend_from_slice(cut.unwrap_or_default().as_bytes());
    }
    control_frame(Opcode::Close, &payload)
}

/// Returns a pong frame with the payload of the ping that it answers. More than 125 bytes of
/// payload, which no ping has, are cut off.
pub fn pong_frame(payload: &[u8]) -> Vec<u8> {
    let len = payload.len().min(MAX_CONTROL);
    control_frame(Opcode::Pong, payload.get(..len).unwrap_or_default())
}

fn control_frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; MAX_HEADER];
    let used = write_header(&mut header, true, opcode, payload.len());
    let mut frame = Vec::with_capacity(used + payload.len());
    frame.extend_from_slice(&header[..used]);
    frame.extend_from_slice(payload);
    frame
}

/// Whether a peer may send this code (RFC 6455, section 7.4, and IANA's registry of close codes).
pub(super) const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_frames_carry_a_code_and_a_reason_or_neither() {
        assert_eq!(close_frame(None, "unsent"), [0x88, 0]);
        assert_eq!(close_frame(Some(1000), ""), [0x88, 2, 0x03, 0xE8]);
        assert_eq!(close_frame(Some(1009), "big"), b"\x88\x05\x03\xF1big");
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let frame = close_frame(Some(1000), &"é".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }

    #[test]
    fn pongs_repeat_the_payload_of_the_ping() {
        assert_eq!(pong_frame(b""), [0x8A, 0]);
        assert_eq!(pong_frame(b"ab"), b"\x8A\x02ab");
        assert_eq!(pong_frame(&[0; 300]).len(), 2 + 125);
    }

    #[test]
    fn only_codes_that_may_be_sent_are_valid() {
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999] {
            assert!(is_valid_close_code(code), "{code}");
        }
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535,
        ] {
            assert!(!is_valid_close_code(code), "{code}");
        }
    }
}
