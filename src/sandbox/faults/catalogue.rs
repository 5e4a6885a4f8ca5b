//! The plans that come with the program.

use std::sync::LazyLock;

use super::Fault;

/// Embeds `assets/sandbox/NAME.toml` for each name.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../assets/sandbox/", $name, ".toml")))),*]
    };
}

const PLANS: &[(&str, &str)] = embedded!["none"];

/// Every plan; a test proves that all of them can be read.
pub(super) fn plans() -> &'static [Fault] {
    static READ: LazyLock<Vec<Fault>> =
        LazyLock::new(|| PLANS.iter().filter_map(|(name, text)| Fault::from_toml(name, text).ok()).collect());
    &READ
}

/// At most five names that resemble `wanted`, nearest first.
pub(super) fn nearest(wanted: &str) -> Vec<&'static str> {
    let wanted = wanted.to_lowercase().replace('_', "-");
    let score = |name: &str| {
        let shared = wanted.split('-').filter(|word| word.len() > 2 && name.contains(word)).count();
        distance(&wanted, name).saturating_sub(shared * 6)
    };
    let mut scored: Vec<_> = plans().iter().map(|fault| (score(fault.name()), fault.name())).collect();
    scored.sort();
    scored
        .into_iter()
        .filter(|(score, _)| *score <= wanted.len().max(4) / 2 + 1)
        .map(|(_, name)| name)
        .take(5)
        .collect()
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let cost = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_can_be_read() {
        for (name, text) in PLANS {
            if let Err(wrong) = Fault::from_toml(name, text) {
                panic!("{wrong}");
            }
        }
        assert_eq!(plans().len(), PLANS.len());
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
