//! How cost grows: the same traffic at several sizes, and the straight line through them.

use crate::results::Results;
use crate::suite::{CASES, Case};

/// A kind of traffic at several sizes.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    /// The quantity that grows, and its unit.
    pub title: &'static str,
    /// The case at each size, smallest first.
    pub points: &'static [Point],
    /// Whether a case's figure is the cost of one unit; otherwise it is the cost of all.
    pub is_each: bool,
    /// The number of counted things in one unit of the table.
    pub unit: f64,
}

/// One size.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// The number of counted things.
    pub size: f64,
    /// The label in the table.
    pub label: &'static str,
    /// The name of the case.
    pub case: &'static str,
}

const fn at(size: f64, label: &'static str, case: &'static str) -> Point {
    Point { size, label, case }
}

/// All slopes.
pub const SLOPES: &[Slope] = &[
    Slope {
        title: "a broadcast, by clients (per delivery)",
        points: &[
            at(100.0, "100", "broadcast-100"),
            at(1000.0, "1,000", "broadcast-1k"),
            at(3000.0, "3,000", "broadcast-3k"),
            at(9900.0, "9,900", "broadcast-10k"),
        ],
        is_each: true,
        unit: 1.0,
    },
    Slope {
        title: "events to rooms of ten, by rooms at a time (per delivery)",
        points: &[
            at(100.0, "10 rooms", "rooms-10"),
            at(1000.0, "100 rooms", "rooms-100"),
            at(9900.0, "990 rooms", "rooms-990"),
        ],
        is_each: true,
        unit: 1.0,
    },
    Slope {
        title: "connects (per connect)",
        points: &[
            at(500.0, "500", "connect-500"),
            at(2000.0, "2,000", "connect-2k"),
            at(5000.0, "5,000", "connect"),
        ],
        is_each: true,
        unit: 1.0,
    },
    Slope {
        title: "an echo, by bytes (the whole event; each: per KiB)",
        points: &[
            at(32.0, "32 B", "echo-1-32"),
            at(1024.0, "1 KiB", "echo-1-1k"),
            at(16_384.0, "16 KiB", "echo-1-16k"),
            at(262_144.0, "256 KiB", "echo-256k"),
        ],
        is_each: false,
        unit: 1024.0,
    },
];

/// The results of a slope for one server.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The cost at each size in microseconds: of one unit, or of all.
    pub costs: Vec<f64>,
    /// The constant part of the straight line through the costs.
    pub once: f64,
    /// The cost of each further unit.
    pub each: f64,
    /// The cost of a unit at the largest size in relation to the smallest. If a case's figure is
    /// the cost of all, this compares the cost of a further unit in the last step with that in the
    /// steps before. 1 is linear; less means that units become cheaper.
    pub largest_to_smallest: f64,
}

impl Slope {
    /// Whether a case is one of its points.
    #[must_use]
    pub fn has(&self, case: &Case) -> bool {
        self.points.iter().any(|point| point.case == case.name)
    }

    /// The results of a server. `None` if a point is missing.
    #[must_use]
    pub fn measured(&self, results: &Results, server: &str) -> Option<Measured> {
        let points: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|point| {
                let case = CASES.iter().find(|case| case.name == point.case)?;
                let cost = results.main(case, server)?.median;
                let units = point.size / self.unit;
                Some((units, if self.is_each { cost * units } else { cost }))
            })
            .collect::<Option<_>>()?;
        let (once, each) = line(&points);
        let [first, .., before, last] = *points else {
            return None;
        };
        let unit = |(units, cost): (f64, f64)| cost / units;
        let more = |from: (f64, f64), to: (f64, f64)| (to.1 - from.1) / (to.0 - from.0);
        let (largest_to_smallest, costs) = if self.is_each {
            (
                unit(last) / unit(first),
                points.iter().copied().map(unit).collect(),
            )
        } else {
            let costs = points.iter().map(|(_, cost)| *cost).collect();
            (more(before, last) / more(first, before), costs)
        };
        Some(Measured {
            costs,
            once,
            each,
            largest_to_smallest,
        })
    }
}

/// The value at zero and the slope of the straight line with the least relative errors. Each point
/// has the same weight, whatever its size.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let mut sums = [0.0; 5];
    for (x, y) in points {
        let weight = 1.0 / (y * y).max(f64::MIN_POSITIVE);
        let terms = [1.0, *x, x * x, *y, x * y];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += weight * term;
        }
    }
    let [one, x, xx, y, xy] = sums;
    let slope = (one * xy - x * y) / (one * xx - x * x);
    ((y - slope * x) / one, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Figures;
    use crate::suite::SERVERS;

    #[test]
    fn points_are_cases() {
        for point in SLOPES.iter().flat_map(|slope| slope.points) {
            assert!(
                CASES.iter().any(|case| case.name == point.case),
                "{}",
                point.case
            );
        }
        for case in CASES.iter().filter(|case| case.is_slope_only()) {
            assert!(SLOPES.iter().any(|slope| slope.has(case)), "{}", case.name);
        }
    }

    #[test]
    fn constant_costs_and_costs_of_each_unit_are_separated() {
        let mut results = Results::default();
        let slope = &SLOPES[2];
        for point in slope.points {
            let case = CASES.iter().find(|case| case.name == point.case).unwrap();
            let figures = Figures {
                cpu_us: 1000.0 / point.size + 60.0,
                ..Figures::default()
            };
            results.add(case, &SERVERS[0], vec![Some(figures)]);
        }
        let measured = slope.measured(&results, SERVERS[0].name).unwrap();
        assert!((measured.once - 1000.0).abs() < 1e-3, "{measured:?}");
        assert!((measured.each - 60.0).abs() < 1e-6, "{measured:?}");
        assert!(measured.largest_to_smallest < 1.0);
        assert_eq!(slope.measured(&results, SERVERS[1].name), None);
    }
}
