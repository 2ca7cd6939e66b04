//! The fields of the requests of one connection, which are nearly always those of the request before: compared, not read again.
//!
//! A `Content-Length` may be another one. It must not know request lines.

use axum::http::Method;

/// Longer ones are not remembered.
const LONGEST: usize = 1024;

/// The fields of the last GET and of the last POST of a connection that were remembered: some hundred bytes.
#[derive(Default)]
pub(super) struct Known {
    get: Option<Fields>,
    post: Option<Fields>,
}

/// The fields of a request, with the empty line behind them.
struct Fields {
    text: Box<[u8]>,
    /// Where the value of the `Content-Length` begins and ends, if there is one.
    length: Option<(usize, usize)>,
    is_binary: bool,
}

/// What is known of fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Recognised {
    /// How many bytes they have, with the empty line.
    pub(super) len: usize,
    /// How many the body has.
    pub(super) body: usize,
    pub(super) is_binary: bool,
}

impl Known {
    /// Remembers fields that were read, with the place of their `Content-Length`.
    pub(super) fn remember(
        &mut self,
        method: &Method,
        text: &[u8],
        length: Option<(usize, usize)>,
        is_binary: bool,
    ) {
        let known = if *method == Method::GET {
            &mut self.get
        } else {
            &mut self.post
        };
        *known = (text.len() <= LONGEST).then(|| Fields {
            text: text.into(),
            length,
            is_binary,
        });
    }

    /// What is known of the fields at the start of `bytes`, if they are those of the request before.
    pub(super) fn recognise(&self, method: &Method, bytes: &[u8]) -> Option<Recognised> {
        let known = if *method == Method::GET {
            self.get.as_ref()?
        } else {
            self.post.as_ref()?
        };
        let (len, body) = match known.length {
            None => {
                bytes.strip_prefix(&*known.text)?;
                (known.text.len(), 0)
            }
            Some((start, end)) => {
                let rest = bytes.strip_prefix(known.text.get(..start)?)?;
                let behind = known.text.get(end..)?;
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                rest.get(digits..)?.strip_prefix(behind)?;
                (start + digits + behind.len(), length(rest.get(..digits)?)?)
            }
        };
        Some(Recognised {
            len,
            body,
            is_binary: known.is_binary,
        })
    }
}

/// A length of digits only, and of few.
pub(super) fn length(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_usize, |length, digit| {
        let digit = digit.is_ascii_digit().then(|| usize::from(digit - b'0'))?;
        Some(length * 10 + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::{Known, LONGEST, Recognised};
    use axum::http::Method;

    const FIELDS: &[u8] = b"Host: a\r\nContent-Length: 12\r\nX: y\r\n\r\n";
    const LENGTH: Option<(usize, usize)> = Some((25, 27));

    fn known() -> Known {
        let mut known = Known::default();
        known.remember(&Method::POST, FIELDS, LENGTH, false);
        known
    }

    fn recognised(bytes: &[u8]) -> Option<(usize, usize)> {
        let recognised = known().recognise(&Method::POST, bytes)?;
        Some((recognised.len, recognised.body))
    }

    #[test]
    fn fields_are_recognised_with_whatever_length() {
        assert_eq!(recognised(FIELDS), Some((FIELDS.len(), 12)));
        let behind = [FIELDS, b"4body"].concat();
        assert_eq!(recognised(&behind), Some((FIELDS.len(), 12)));
        let longer = b"Host: a\r\nContent-Length: 12345678\r\nX: y\r\n\r\n";
        assert_eq!(recognised(longer), Some((longer.len(), 12_345_678)));
        assert_eq!(recognised(&FIELDS[..FIELDS.len() - 1]), None);
        for other in [
            &b"Host: a\r\nContent-Length: \r\nX: y\r\n\r\n"[..],
            b"Host: a\r\nContent-Length: 123456789\r\nX: y\r\n\r\n",
            b"Host: a\r\nContent-Length: 1x\r\nX: y\r\n\r\n",
            b"Host: a\r\nContent-Length: +1\r\nX: y\r\n\r\n",
            b"Host: b\r\nContent-Length: 12\r\nX: y\r\n\r\n",
            b"Host: a\r\nContent-Length: 12\r\nX: z\r\n\r\n",
            b"",
        ] {
            assert_eq!(recognised(other), None);
        }
    }

    #[test]
    fn those_of_the_other_method_are_not() {
        assert_eq!(known().recognise(&Method::GET, FIELDS), None);
        let mut known = known();
        known.remember(&Method::GET, b"\r\n", None, true);
        let empty = Recognised {
            len: 2,
            body: 0,
            is_binary: true,
        };
        assert_eq!(known.recognise(&Method::GET, b"\r\nGET"), Some(empty));
        assert!(known.recognise(&Method::POST, FIELDS).is_some());
    }

    #[test]
    fn long_ones_are_not_remembered() {
        let mut known = known();
        let long = vec![b'x'; LONGEST + 1];
        known.remember(&Method::POST, &long, None, false);
        assert_eq!(known.recognise(&Method::POST, &long), None);
        assert_eq!(known.recognise(&Method::POST, FIELDS), None);
    }
}
