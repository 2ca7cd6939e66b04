//! Logs events that no handler handles, once for each name, with the most similar name that has a
//! handler.

use std::collections::HashSet;

use parking_lot::Mutex;

use crate::logging::Untrusted;

/// How many unknown names one namespace logs and remembers. Further names are not logged.
const MAX_LOGGED_NAMES: usize = 64;
/// The length of the longest name that is compared, in bytes. The time of a comparison is quadratic
/// in the length.
const MAX_COMPARED_LEN: usize = 64;

/// The unknown event names that one namespace has logged.
#[derive(Default)]
pub(crate) struct UnknownEvents {
    logged: Mutex<HashSet<Box<str>>>,
}

impl UnknownEvents {
    /// Logs an unknown event, unless its name was logged before. `handled` contains the names that
    /// have handlers, and is read only if the event is logged.
    pub(crate) fn log<'a>(
        &self,
        namespace: &str,
        name: &str,
        handled: impl Iterator<Item = &'a str>,
    ) {
        let mut logged = self.logged.lock();
        if logged.len() >= MAX_LOGGED_NAMES || logged.contains(name) {
            return;
        }
        logged.insert(name.into());
        let is_last = logged.len() == MAX_LOGGED_NAMES;
        drop(logged);
        // These lines need no `log_limited!`: there are at most `MAX_LOGGED_NAMES` of them.
        let event = Untrusted(name);
        match nearest(name, handled) {
            Some(nearest) => {
                tracing::warn!(
                    target: "specter::gateway", namespace, ?event, nearest,
                    "nobody handles this event; did the client mean the name in `nearest`?"
                );
            }
            None => {
                tracing::warn!(target: "specter::gateway", namespace, ?event, "nobody handles \
                    this event");
            }
        }
        if is_last {
            tracing::warn!(
                target: "specter::gateway", namespace, limit = MAX_LOGGED_NAMES,
                "further events that nobody handles are not logged for this namespace"
            );
        }
    }
}

/// The handled name with the smallest distance to `name`, if the distance is at most a third of the
/// handled name's length, rounded up.
fn nearest<'a>(name: &str, handled: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_COMPARED_LEN {
        return None;
    }
    handled
        .filter(|candidate| candidate.len() <= MAX_COMPARED_LEN)
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
        let handled = ["chat:message", "typing", "join"];
        assert_eq!(
            nearest("chat:mesage", handled.into_iter()),
            Some("chat:message")
        );
        assert_eq!(nearest("Typing", handled.into_iter()), Some("typing"));
        assert_eq!(nearest("shutdown", handled.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(1000), handled.into_iter()), None);
    }

    #[test]
    fn unknown_names_are_remembered_up_to_a_bound() {
        let unknown = UnknownEvents::default();
        for i in 0..1000 {
            unknown.log("/", &i.to_string(), std::iter::empty());
        }
        assert_eq!(unknown.logged.lock().len(), MAX_LOGGED_NAMES);
    }
}
