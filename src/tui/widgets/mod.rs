//! Small drawing helpers that several panes share.

mod scrollbar;
mod text;
mod wrap;

pub use scrollbar::scrollbar;
pub use text::{blank, gist, put, put_clean, scrub, width};
pub use wrap::{Wrapped, wrap};

/// A number with its thousands apart: `1,250`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things with the right ending: `1 row`, `1,250 rows`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, says) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), says);
        }
        assert_eq!(count(1, "row", "rows"), "1 row");
        assert_eq!(count(2_000, "row", "rows"), "2,000 rows");
    }
}
