//! Finding commands by some of their letters.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// What is looked for: words, each of which must be found.
///
/// A name may be written with letters left out (`nxpa` for `next pane`). A description is a sentence, in which
/// nearly any letters stand somewhere in this order: there a word must stand as written.
pub struct Needle {
    words: Vec<Word>,
    matcher: Matcher,
}

struct Word {
    in_name: Atom,
    in_about: Atom,
}

/// Where a needle was found; places are characters, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// The more, the better.
    pub score: u32,
    /// In the name.
    pub name: Vec<usize>,
    /// In the description.
    pub about: Vec<usize>,
}

impl Needle {
    /// Looks for these words, whatever their case.
    pub fn new(text: &str) -> Self {
        let atom =
            |word: &str, kind| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false);
        let words = text.split_whitespace().map(|word| Word {
            in_name: atom(word, AtomKind::Fuzzy),
            in_about: atom(word, AtomKind::Substring),
        });
        Self { words: words.collect(), matcher: Matcher::new(Config::DEFAULT) }
    }

    /// Looks through a name and its description; `None`: one of the words is in neither.
    pub fn find(&mut self, name: &str, about: &str) -> Option<Hit> {
        let (mut name_buf, mut about_buf) = (Vec::new(), Vec::new());
        let (name, about) = (Utf32Str::new(name, &mut name_buf), Utf32Str::new(about, &mut about_buf));
        let (mut hit, mut in_name, mut in_about) = (Hit::default(), Vec::new(), Vec::new());
        for word in &self.words {
            let (named, told) = (in_name.len(), in_about.len());
            // Who names a command wants it more than who describes it.
            let by_name =
                word.in_name.indices(name, &mut self.matcher, &mut in_name).map(|s| u32::from(s) * 10);
            let by_about =
                word.in_about.indices(about, &mut self.matcher, &mut in_about).map(|s| u32::from(s) * 9);
            // Where a name has the letters only by accident, marking them would mislead.
            if by_name < by_about {
                in_name.truncate(named);
            } else {
                in_about.truncate(told);
            }
            hit.score += by_name.max(by_about)?;
        }
        (hit.name, hit.about) = (places(in_name), places(in_about));
        Some(hit)
    }
}

fn places(mut found: Vec<u32>) -> Vec<usize> {
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|at| at as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(needle: &str, name: &str, about: &str) -> Option<Hit> {
        Needle::new(needle).find(name, about)
    }

    #[test]
    fn letters_may_be_left_out_of_a_name_and_words_of_a_description_may_not() {
        assert_eq!(find("nxpa", "next pane", "").unwrap().name, [0, 2, 5, 6]);
        assert!(find("nxpa", "", "next pane").is_none());
        let hit = find("429", "fault retry-after-seconds", "two requests get 429").unwrap();
        assert_eq!((hit.name, hit.about), (vec![], vec![17, 18, 19]));
    }

    #[test]
    fn every_word_counts_and_case_does_not() {
        let find = |needle| find(needle, "fault 429-forever", "Every page request gets 429");
        assert!(find("FAULT every").is_some());
        assert!(find("fault nothing").is_none());
        assert_eq!(find("").unwrap(), Hit::default());
        assert_eq!(find("  ").unwrap(), Hit::default());
        assert!(find("ÉVERY").is_none(), "an accent that was typed is meant");
    }

    #[test]
    fn the_nearest_name_is_the_best() {
        let score = |name, about| find("run", name, about).map_or(0, |hit| hit.score);
        assert!(score("run", "") > score("rows until now", ""));
        assert!(score("run", "") > score("clear", "run"));
        assert!(
            score("clear", "run") > score("other counts", ""),
            "a whole word is better than stray letters"
        );
    }
}
