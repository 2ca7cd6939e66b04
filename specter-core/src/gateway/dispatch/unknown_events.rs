//! Logs events that nobody handles, once each, with the handled name that is most similar.

use std::collections::HashSet;

use parking_lot::Mutex;

use crate::logging::Untrusted;

/// How many different unknown names are remembered (and so logged) by one namespace.
const REMEMBERED: usize = 64;
/// Names longer than this are not compared: the comparison is quadratic.
const COMPARED: usize = 64;

#[derive(Default)]
pub(crate) struct UnknownEvents {
    logged: Mutex<HashSet<Box<str>>>,
}

impl UnknownEvents {
    /// Notes an unknown event. The handled names are collected only if it is logged.
    pub(crate) fn note<'a>(
        &self,
        namespace: &str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) {
        let mut logged = self.logged.lock();
        if logged.len() >= REMEMBERED || logged.contains(name) {
            return;
        }
        logged.insert(name.into());
        let is_last = logged.len() == REMEMBERED;
        drop(logged);
        // Bounded by the names that are remembered, so that it needs no other limit.
        let event = Untrusted(name);
        match nearest(name, known) {
            Some(nearest) => {
                tracing::warn!(
                    target: "specter::gateway", namespace, ?event, nearest,
                    "nobody handles this event; did the client mean the nearest?"
                );
            }
            None => {
                tracing::warn!(target: "specter::gateway", namespace, ?event, "nobody handles \
                    this event");
            }
        }
        if is_last {
            tracing::warn!(
                target: "specter::gateway", namespace, limit = REMEMBERED,
                "further events that nobody handles are not logged for this namespace"
            );
        }
    }
}

/// The handled name that differs least, if it differs by a third or less.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > COMPARED {
        return None;
    }
    known
        .filter(|candidate| candidate.len() <= COMPARED)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance of two names, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_if_it_is_near() {
        let known = ["chat:message", "typing", "join"];
        assert_eq!(
            nearest("chat:mesage", known.into_iter()),
            Some("chat:message")
        );
        assert_eq!(nearest("Typing", known.into_iter()), Some("typing"));
        assert_eq!(nearest("shutdown", known.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(1000), known.into_iter()), None);
    }

    #[test]
    fn unknown_names_are_remembered_up_to_a_bound() {
        let unknown = UnknownEvents::default();
        for i in 0..1000 {
            unknown.note("/", &i.to_string(), std::iter::empty());
        }
        assert_eq!(unknown.logged.lock().len(), REMEMBERED);
    }
}
