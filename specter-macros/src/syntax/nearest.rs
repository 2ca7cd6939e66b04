//! Suggests the known word that is most similar to an unknown one.

/// The known word that has `word` as a prefix, or the one with the smallest difference, if that is
/// at most a third of the letters.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let with_distance = known.map(|candidate| {
        let begins = word.len() > 2 && candidate.starts_with(word);
        let differs = if begins { 0 } else { distance(word, candidate) };
        (differs, candidate)
    });
    let near = with_distance
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3));
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to add, remove or change.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (column, other) in to.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or_default();
            let changed = diagonal + usize::from(letter != *other);
            diagonal = above;
            if let Some(place) = row.get_mut(column) {
                *place = left;
            }
            left = changed.min(above + 1).min(left + 1);
        }
        if let Some(place) = row.last_mut() {
            *place = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = || ["concurrent", "blocking", "priority", "guards"].into_iter();
        assert_eq!(nearest("concurent", known()), Some("concurrent"));
        assert_eq!(nearest("guard", known()), Some("guards"));
        assert_eq!(nearest("prio", known()), Some("priority"));
        assert_eq!(nearest("p", known()), None);
        assert_eq!(nearest("interceptors", known()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
