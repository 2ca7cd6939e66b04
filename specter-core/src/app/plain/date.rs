//! The date as answers name it (RFC 9110, section 5.6.7), written once a second by each thread.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// How long a date is.
const LENGTH: usize = 29;

const DAY: u64 = 24 * 60 * 60;
const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    /// The date, and until when it is.
    static WRITTEN: Cell<Option<(Instant, [u8; LENGTH])>> = const { Cell::new(None) };
}

/// The date at `now`, which is the time.
pub(super) fn at(now: Instant) -> [u8; LENGTH] {
    let written = WRITTEN.try_with(Cell::get).ok().flatten();
    match written {
        Some((until, date)) if now < until && now + SECOND >= until => date,
        _ => write(now),
    }
}

fn write(now: Instant) -> [u8; LENGTH] {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let time = time.unwrap_or_default();
    let date = format(time.as_secs());
    let until = now + SECOND - Duration::from_nanos(time.subsec_nanos().into());
    // A thread that ends writes each anew.
    let _ = WRITTEN.try_with(|written| written.set(Some((until, date))));
    date
}

/// So many seconds after the beginning of 1970.
fn format(seconds: u64) -> [u8; LENGTH] {
    const WEEKDAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
    const MONTHS: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = day_of(days);
    let mut date = *b"___, 00 ___ 0000 00:00:00 GMT";
    let mut put = |at: usize, text: &[u8]| {
        if let Some(place) = date.get_mut(at..at + text.len()) {
            place.copy_from_slice(text);
        }
    };
    put(0, pick(&WEEKDAYS, days % 7));
    put(5, &digits(day));
    put(8, pick(&MONTHS, month));
    put(12, &digits(year / 100));
    put(14, &digits(year % 100));
    put(17, &digits(second / 3600));
    put(20, &digits(second / 60 % 60));
    put(23, &digits(second % 60));
    date
}

fn pick<'a>(names: &[&'a [u8; 3]], index: u64) -> &'a [u8] {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    names.get(index).map_or(b"___", |name| name.as_slice())
}

/// The last two.
fn digits(number: u64) -> [u8; 2] {
    [number / 10 % 10, number % 10].map(|digit| b'0' + u8::try_from(digit).unwrap_or_default())
}

/// Year, month (from 0) and day (from 1) of the day so many days after the first of 1970.
fn day_of(days: u64) -> (u64, u64, u64) {
    // Counted from the first of March of the year 0: a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 {
        (year, month + 2, day)
    } else {
        (year + 1, month - 10, day)
    }
}

#[cfg(test)]
mod tests {
    use super::{at, format};
    use std::time::Duration;
    use tokio::time::Instant;

    fn text(seconds: u64) -> String {
        String::from_utf8(format(seconds).to_vec()).unwrap()
    }

    #[test]
    fn dates_are_written_as_http_wants_them() {
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(text(seconds), date);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_date_serves_for_its_second() {
        let now = Instant::now();
        let first = at(now);
        assert_eq!(at(now), first);
        // By the clock of the test, not of the system.
        assert!(at(now + Duration::from_secs(2)).ends_with(b" GMT"));
    }
}
