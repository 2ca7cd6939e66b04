//! The date as answers name it (RFC 9110, section 5.6.7), written once a second by each thread.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::fmt_http_date;
use tokio::time::Instant;

/// How long a date is.
const LENGTH: usize = 29;

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
    let time = SystemTime::now();
    let mut date = [b' '; LENGTH];
    for (place, byte) in date.iter_mut().zip(fmt_http_date(time).bytes()) {
        *place = byte;
    }
    let passed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = now + SECOND - Duration::from_nanos(passed.subsec_nanos().into());
    // A thread that ends writes each anew.
    let _ = WRITTEN.try_with(|written| written.set(Some((until, date))));
    date
}

#[cfg(test)]
mod tests {
    use super::at;
    use httpdate::parse_http_date;
    use std::time::{Duration, SystemTime};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_date_serves_for_its_second() {
        let now = Instant::now();
        let first = at(now);
        assert_eq!(at(now), first);
        // By the clock of the test, not of the system.
        for date in [first, at(now + Duration::from_secs(2))] {
            let time = parse_http_date(str::from_utf8(&date).unwrap()).unwrap();
            let passed = SystemTime::now().duration_since(time).unwrap();
            assert!(passed < Duration::from_mins(1), "{passed:?}");
        }
    }
}
