//! Evaluates the windows: medians with their spread, ratios, and whether each target is met.

use std::collections::BTreeMap;

use crate::load::Figures;
use crate::suite::{CASES, Case, Metric, Of, RAW_SOCKETS, SERVERS, Server};

/// The figures of every window, by case and server. `None` for a window that failed.
#[derive(Default)]
pub struct Results(BTreeMap<(&'static str, &'static str), Vec<Option<Figures>>>);

/// The median of several windows, and their spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
    /// The 95 % confidence interval of the median. `None` if there are too few windows.
    pub sure: Option<(f64, f64)>,
}

/// The least number of values for a confidence interval. With fewer values, not even the extremes
/// are a 95 % confidence interval.
const FEWEST: usize = 6;

impl Spread {
    /// The spread of these values. `None` if there are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        // The number of values below the true median is distributed like the heads of `count`
        // coins. Its standard deviation is half the root of `count`, and the interval extends by
        // two standard deviations to either side.
        let off = count.isqrt() + 1;
        let middle = count / 2;
        let last = count.checked_sub(1)?;
        let sure = (
            values[last.saturating_sub(middle + off)],
            values[(middle + off).min(last)],
        );
        Some(Self {
            median: values[middle],
            min: values[0],
            max: values[last],
            sure: (count >= FEWEST).then_some(sure),
        })
    }
}

/// A target and whether it is met.
pub struct Verdict {
    /// The ratio of the figures in the windows, or the figure itself.
    pub ratio: Spread,
    /// The name of the other figure of the ratio.
    pub to: &'static str,
    /// The largest ratio that meets the target.
    pub at_most: f64,
}

impl Verdict {
    /// Whether the target is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.ratio.median <= self.at_most
    }
}

impl Results {
    /// Adds the windows of a round.
    pub fn add(&mut self, case: &Case, server: &Server, windows: Vec<Option<Figures>>) {
        self.0
            .entry((case.name, server.name))
            .or_default()
            .extend(windows);
    }

    /// Whether there are no results.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.values().flatten().flatten().next().is_none()
    }

    /// The cases that were run.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        CASES
            .iter()
            .filter(|case| self.0.keys().any(|(name, _)| *name == case.name))
    }

    /// The servers that took part in a case.
    pub fn servers(&self, case: &Case) -> impl Iterator<Item = &'static Server> {
        SERVERS
            .iter()
            .filter(|server| self.0.contains_key(&(case.name, server.name)))
    }

    /// One figure of a server in a case, by window.
    fn windows(
        &self,
        case: &Case,
        server: &str,
        figure: impl Fn(&Figures) -> f64,
    ) -> Option<Vec<Option<f64>>> {
        let windows = self
            .0
            .iter()
            .find(|((name, by), _)| *name == case.name && *by == server)?;
        let windows = windows.1.iter();
        Some(windows.map(|window| window.as_ref().map(&figure)).collect())
    }

    /// One figure of a server in a case.
    pub fn spread(
        &self,
        case: &Case,
        server: &str,
        figure: impl Fn(&Figures) -> f64,
    ) -> Option<Spread> {
        Spread::of(self.windows(case, server, figure)?.into_iter().flatten())
    }

    /// The main figure of a case.
    #[must_use]
    pub fn main(&self, case: &Case, server: &str) -> Option<Spread> {
        self.spread(case, server, |figures| case.figure(figures))
    }

    /// The cheapest bare WebSocket echo of a case.
    #[must_use]
    pub fn cheapest_echo(&self, case: &Case) -> Option<(&'static Server, f64)> {
        self.servers(case)
            .filter(|server| !server.socket_io && server.name != RAW_SOCKETS)
            .filter_map(|server| Some((server, self.main(case, server.name)?.median)))
            .min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// Specter's results for the targets of a case.
    #[must_use]
    pub fn verdicts(&self, case: &Case) -> Vec<Verdict> {
        case.targets
            .iter()
            .filter_map(|target| {
                let (ratio, to) = self.ratio(case, target.of)?;
                Some(Verdict {
                    ratio,
                    to,
                    at_most: target.at_most,
                })
            })
            .collect()
    }

    /// Specter's figure divided by another one, and the name of the other. Windows of the same turn
    /// are compared, because the machine's other work changes from turn to turn.
    fn ratio(&self, case: &Case, of: Of) -> Option<(Spread, &'static str)> {
        let main = |case: &Case, server| self.windows(case, server, |figures| case.figure(figures));
        let of_specter = |figure: fn(&Figures) -> f64| self.windows(case, "specter", figure);
        let own = main(case, "specter")?;
        let (dividends, divisors, to) = match of {
            Of::One => {
                let ones = vec![Some(1.0); own.len()];
                (own, ones, "–")
            }
            Of::Socketioxide => (own, main(case, "socketioxide")?, "socketioxide"),
            Of::CheapestEcho => {
                let (server, _) = self.cheapest_echo(case)?;
                (own, main(case, server.name)?, server.title)
            }
            Of::RawSockets => (own, main(case, RAW_SOCKETS)?, "bare: raw sockets"),
            Of::Text => {
                let text = CASES.iter().find(|case| case.name == "echo-1-1k")?;
                (own, main(text, "specter")?, "text of the same size")
            }
            Of::AfterBurst => {
                let after = of_specter(|figures| figures.after_burst_bytes)?;
                (after, own, "after a burst, of before")
            }
            Of::Tail => {
                let p50 = of_specter(|figures| figures.p50_us)?;
                (of_specter(|figures| figures.p99_us)?, p50, "p99, of p50")
            }
        };
        let turns = dividends.into_iter().zip(divisors);
        let ratios = turns.filter_map(|(dividend, divisor)| Some(dividend? / divisor?));
        let mut ratios: Vec<f64> = ratios.collect();
        if of == Of::Tail {
            // All windows of a round have the same latencies, which count as one value.
            ratios.dedup();
        }
        Some((Spread::of(ratios.into_iter())?, to))
    }
}

impl Case {
    /// The main figure among a server's figures.
    fn figure(&self, figures: &Figures) -> f64 {
        match self.metric {
            Metric::Cpu => figures.cpu_us,
            Metric::IdleMemory => figures.idle_bytes,
            Metric::Latency => figures.p99_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(cpu_us: f64) -> Figures {
        Figures {
            cpu_us,
            ..Figures::default()
        }
    }

    #[test]
    fn targets_are_judged_by_the_medians_of_the_turns_ratios() {
        let mut results = Results::default();
        let case = &CASES[0];
        let server = |name| SERVERS.iter().find(|server| server.name == name).unwrap();
        for (name, costs) in [
            ("specter", [11.0, 90.0, 10.0]),
            ("bare-raw", [5.0, 45.0, 5.0]),
            ("bare-specter", [10.0, 60.0, 10.0]),
            ("bare-tungstenite", [12.0; 3]),
            ("socketioxide", [20.0, 200.0, 20.0]),
        ] {
            let windows = costs.map(|micros| Some(cost(micros)));
            results.add(case, server(name), windows.to_vec());
        }
        let Spread {
            median, min, max, ..
        } = results.main(case, "specter").unwrap();
        assert_eq!((median, min, max), (11.0, 10.0, 90.0));
        let met: Vec<_> = results.verdicts(case).iter().map(Verdict::is_met).collect();
        assert_eq!(met, [true, true, true]);
        let ratios = results.verdicts(case);
        let ratios: Vec<_> = ratios.iter().map(|verdict| verdict.ratio.median).collect();
        assert_eq!(ratios, [1.1, 2.0, 0.5]);
    }

    #[test]
    fn a_window_that_failed_is_in_no_ratio() {
        let mut results = Results::default();
        let case = &CASES[0];
        let server = |name| SERVERS.iter().find(|server| server.name == name).unwrap();
        let windows = |costs: [Option<f64>; 3]| costs.map(|micros| micros.map(cost)).to_vec();
        results.add(
            case,
            server("specter"),
            windows([Some(1.0), None, Some(6.0)]),
        );
        results.add(
            case,
            server("socketioxide"),
            windows([None, Some(5.0), Some(8.0)]),
        );
        let verdicts = results.verdicts(case);
        let ratios: Vec<_> = verdicts.iter().map(|verdict| verdict.ratio).collect();
        assert_eq!(ratios, [Spread::of([0.75].into_iter()).unwrap()]);
    }

    #[test]
    fn the_confidence_interval_lies_between_ranks_around_the_median() {
        let sure = |count: u32| Spread::of((1..=count).map(f64::from))?.sure;
        // Of sixty coins, 22 to 38 show heads in 97 of a hundred cases.
        assert_eq!(sure(60), Some((22.0, 39.0)));
        assert_eq!(sure(9), Some((1.0, 9.0)));
        assert_eq!((sure(5), sure(0)), (None, None));
    }
}
