//! The plans that come with the program.

use std::sync::LazyLock;

use super::Fault;

/// Embeds `assets/sandbox/NAME.toml` for each name.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../assets/sandbox/", $name, ".toml")))),*]
    };
}

const PLANS: &[(&str, &str)] = embedded![
    "none",
    "retry-after-seconds",
    "retry-after-http-date",
    "retry-after-http-date-rfc850",
    "retry-after-http-date-asctime",
    "retry-after-http-date-skewed",
    "retry-after-http-date-behind",
    "retry-after-past",
    "retry-after-zero",
    "retry-after-negative",
    "retry-after-fraction",
    "retry-after-padded",
    "retry-after-word",
    "retry-after-empty",
    "retry-after-year-9999",
    "retry-after-overflow",
    "retry-after-digits",
    "retry-after-twice",
    "retry-after-long",
    "retry-after-missing",
    "ratelimit-spent",
    "ratelimit-old-form",
    "ratelimit-old-headers",
    "x-ratelimit-seconds",
    "x-ratelimit-epoch",
    "x-ratelimit-epoch-ms",
    "x-ratelimit-date",
    "x-ratelimit-iso",
    "ratelimit-malformed",
    "403-remaining-zero",
    "429-forever",
    "429-forever-silent",
    "503-forever",
    "503-once",
    "503-retry-after",
    "503-often",
    "500-sometimes",
    "500-hostile-body",
    "500-problem-json",
    "502-html",
    "401-mid-paging",
    "401-often",
    "401-once",
    "401-forever",
    "401-page-3-forever",
    "token-invalid-client",
    "token-invalid-scope",
    "token-unauthorized-client",
    "token-echoes-secret",
    "api-echoes-token",
    "403-insufficient-scope",
    "403-plain",
    "token-expires-missing",
    "token-expires-text",
    "token-expires-float",
    "token-expires-negative",
    "token-expires-short",
    "token-expires-null",
    "token-expires-huge",
    "token-type-missing",
    "token-type-lower-case",
    "token-empty",
    "token-missing",
    "token-number",
    "token-line-break",
    "token-html",
    "token-not-json",
    "token-scope-missing",
    "token-scope-lacking",
    "token-429",
    "token-429-forever",
    "token-503",
    "token-503-forever",
    "token-slow",
    "token-reset",
    "token-hang",
    "token-redirect",
    "token-dies-early",
    "clock-steps",
    "reset",
    "reset-forever",
    "reset-half-the-time",
    "connection-closed",
    "connection-last",
    "hang",
    "hang-forever",
    "slow",
    "reset-mid-body",
    "body-cut",
    "body-cut-forever",
    "body-cut-chunked",
    "body-cut-between-rows",
    "drip",
    "drip-forever",
    "stall",
    "redirect",
    "redirect-within",
    "proxy-407",
    "captive-portal",
    "captive-portal-mid-paging",
    "content-type-missing",
    "content-type-text",
    "gzip-bomb",
    "gzip-broken",
    "body-endless",
    "body-endless-blank",
    "next-page-other-origin",
    "next-page-double-slash",
    "next-page-backslash",
    "next-page-user-info",
    "next-page-disguised",
    "next-page-other-port",
    "next-page-other-scheme",
    "next-page-ftp",
    "next-page-outside-api",
    "next-page-dot-dot",
    "next-page-other-call",
    "next-page-unreadable",
    "next-page-relative",
    "next-page-relative-query",
    "next-page-cursor",
    "next-page-same",
    "next-page-loop",
    "next-page-cursor-loop",
    "old-rows-under-fresh-urls",
    "pages-without-end",
    "next-page-number",
    "next-page-false",
    "next-page-empty",
    "empty-page",
    "empty-pages-some",
    "empty-pages-forever",
    "shifting-rows",
    "vanishing-rows",
    "total-grows",
    "total-shrinks",
    "total-count",
    "total-text",
    "total-too-small",
    "total-too-large",
    "200-error",
    "200-error-page-2",
    "200-no-items",
    "200-items-null",
    "200-items-object",
    "200-array",
    "200-text",
    "200-empty",
    "204",
    "rows-id-number",
    "rows-id-null",
    "rows-id-twice",
    "rows-wrong-types",
    "rows-unknown-keys",
    "rows-duplicate-keys",
    "rows-not-objects",
    "rows-invalid-utf8",
    "rows-lone-surrogate",
    "rows-nan",
    "rows-1e999",
    "rows-raw-control",
    "rows-too-deep",
    "rows-far-too-deep",
    "rows-half",
    "rows-trailing-comma",
    "bom",
    "rows-numbers-as-text",
    "rows-long-numbers",
    "rows-terminal-sequences",
    "rows-bidi",
    "rows-zero-width",
    "rows-combining-marks",
    "rows-wide",
    "rows-huge-value",
    "page-too-large",
    "rows-formulas",
];

/// Every plan; a test proves that all of them can be read.
pub(super) fn plans() -> &'static [Fault] {
    static READ: LazyLock<Vec<Fault>> =
        LazyLock::new(|| PLANS.iter().filter_map(|(name, text)| Fault::from_toml(name, text).ok()).collect());
    &READ
}

/// At most five names that resemble `wanted`, nearest first.
pub(super) fn nearest(wanted: &str) -> Vec<&'static str> {
    /// A score without shared words starts here, so that shared words can take it below zero edits.
    const FAR: usize = 1000;
    let wanted = wanted.to_lowercase().replace('_', "-");
    let score = |name: &str| {
        let shared = wanted.split('-').filter(|word| word.len() > 2 && name.contains(word)).count();
        (distance(&wanted, name) + FAR).saturating_sub(6 * shared)
    };
    let limit = FAR + wanted.len() / 2;
    let mut scored: Vec<_> = plans().iter().map(|fault| (score(fault.name()), fault.name())).collect();
    scored.retain(|(score, _)| *score <= limit);
    scored.sort_unstable();
    scored.into_iter().map(|(_, name)| name).take(5).collect()
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

    /// A mark with a typo would be sent as it stands, and the fault would be another one.
    #[test]
    fn every_mark_of_every_plan_is_known() {
        let marks = crate::sandbox::faults::Marks::default();
        let mut seen = 0;
        for (name, text) in PLANS {
            for (at, _) in text.match_indices('{') {
                let Some(close) = text[at..].find('}') else { continue };
                let mark = &text[at + 1..at + close];
                let like_a_mark = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
                if mark.is_empty() || mark == "fill" || !mark.chars().all(like_a_mark) {
                    continue;
                }
                let whole = format!("{{{mark}}}");
                assert_ne!(marks.fill_text(&whole), whole, "{name}");
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
