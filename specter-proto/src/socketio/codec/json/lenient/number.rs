//! Integers that are written as floats: `1.0`, `1e3`, `-0.0`.
//!
//! They are read digit by digit from their text, because a float cannot represent every 64-bit
//! integer.

/// An integer, read from the text of a float.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Integer {
    /// Zero or more.
    Positive(u128),
    /// Less than zero.
    Negative(i128),
}

/// The number of digits of the largest 128-bit integer.
const MAX_DIGITS: i64 = 39;

impl Integer {
    /// The integer that the float `text` represents. `None` if `text` is no number, has a fraction,
    /// or needs more than 128 bits. Also `None` if it is written as an integer, because every
    /// integer type can read it then. Takes one pass.
    pub(super) fn of_float(text: &str) -> Option<Self> {
        if !is_float(text) {
            return None;
        }
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let magnitude = magnitude(whole, fraction, read_exponent(exponent)?)?;
        match i128::try_from(magnitude) {
            Ok(magnitude) if is_negative && magnitude > 0 => Some(Self::Negative(-magnitude)),
            Err(_) if is_negative => {
                (magnitude == i128::MIN.unsigned_abs()).then_some(Self::Negative(i128::MIN))
            }
            _ => Some(Self::Positive(magnitude)),
        }
    }
}

/// Whether `text`, which is one JSON value, is a number with a fraction or an exponent.
pub(super) fn is_float(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.contains(['.', 'e', 'E'])
}

/// The digits of `whole` and `fraction` as one integer, multiplied by ten to the power of
/// `exponent` minus the number of the fraction's digits.
fn magnitude(whole: &str, fraction: &str, exponent: i64) -> Option<u128> {
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let length = whole.len() + fraction.len();
    let leading = digits().take_while(|digit| *digit == b'0').count();
    if leading == length {
        return Some(0);
    }
    let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
    let count = length.checked_sub(leading)?.checked_sub(trailing)?;
    let zeros = exponent
        .saturating_sub(i64::try_from(fraction.len()).ok()?)
        .saturating_add(i64::try_from(trailing).ok()?);
    let size = i64::try_from(count).ok()?.saturating_add(zeros);
    if zeros < 0 || size > MAX_DIGITS {
        return None;
    }
    let mut magnitude = 0_u128;
    let added_zeros = std::iter::repeat_n(b'0', usize::try_from(zeros).ok()?);
    for digit in digits().skip(leading).take(count).chain(added_zeros) {
        let digit = u128::from(digit.checked_sub(b'0')?);
        magnitude = magnitude.checked_mul(10)?.checked_add(digit)?;
    }
    Some(magnitude)
}

/// Reads an exponent. One that is too large for an `i64` becomes the largest `i64`.
fn read_exponent(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut exponent = 0_i64;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        exponent = exponent.saturating_mul(10).saturating_add(digit.into());
    }
    Some(if is_negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Integer;

    #[test]
    fn integral_floats_are_integers() {
        for (text, value) in [
            ("1.0", 1),
            ("0.0", 0),
            ("-0.0", 0),
            ("-0e5", 0),
            ("0e999999999999999999999999", 0),
            ("-1.0", -1),
            ("1e3", 1000),
            ("1.0e2", 100),
            ("1.50E+1", 15),
            ("1500e-2", 15),
            ("-12.50e1", -125),
            ("0.001e3", 1),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("1e38", 10_i128.pow(38)),
            ("-170141183460469231731687303715884105728.0", i128::MIN),
        ] {
            let expected = match u128::try_from(value) {
                Ok(value) => Integer::Positive(value),
                Err(_) => Integer::Negative(value),
            };
            assert_eq!(Integer::of_float(text), Some(expected), "{text}");
        }
        let largest = "340282366920938463463374607431768211455.0";
        let largest = Integer::of_float(largest);
        assert_eq!(largest, Some(Integer::Positive(u128::MAX)));
    }

    #[test]
    fn other_texts_are_not_integral_floats() {
        for text in [
            "1",
            "-1",
            "1.5",
            "1e-1",
            "0.1e0",
            "1e39",
            "1e999999999999999999999999",
            "1e-999999999999999999999999",
            "340282366920938463463374607431768211456.0",
            "-170141183460469231731687303715884105729.0",
            "\"1.0\"",
            "true",
            "null",
            "",
            "[1.0]",
            "1.x",
            "-e",
            "1e+-1",
        ] {
            assert_eq!(Integer::of_float(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_digit_is_lost(value in any::<i64>(), zeros in 0_usize..5) {
            let value = i128::from(value);
            let expected = match u128::try_from(value) {
                Ok(value) => Integer::Positive(value),
                Err(_) => Integer::Negative(value),
            };
            let fraction = "0".repeat(zeros + 1);
            let shifted = format!("{value}{fraction}e-{}", zeros + 1);
            for text in [format!("{value}.{fraction}"), shifted] {
                prop_assert_eq!(Integer::of_float(&text), Some(expected), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-+.eE0-9]{0,50}") {
            let _ = Integer::of_float(&text);
        }
    }
}
