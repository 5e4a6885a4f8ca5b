//! The order in which a person sorts text: numbers by their value, letters whatever their case.

use std::cmp::Ordering;

/// Compares as a person would: `item 2` before `Item 10`. A total order: texts that differ only in case or in
/// leading zeros are told apart last.
pub fn natural(a: &str, b: &str) -> Ordering {
    loosely(a, b).then_with(|| a.cmp(b))
}

fn loosely(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (digits_a, digits_b) = (digits(a), digits(b));
        if !digits_a.is_empty() && !digits_b.is_empty() {
            let (value_a, value_b) = (digits_a.trim_start_matches('0'), digits_b.trim_start_matches('0'));
            let order = value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(value_b));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (&a[digits_a.len()..], &b[digits_b.len()..]);
            continue;
        }
        let (mut chars_a, mut chars_b) = (a.chars(), b.chars());
        match (chars_a.next(), chars_b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => {
                let order = if x == y { Ordering::Equal } else { fold(x).cmp(&fold(y)) };
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
        (a, b) = (chars_a.as_str(), chars_b.as_str());
    }
}

/// One character's small form; those that become several keep their first, which is enough for an order.
fn fold(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

fn digits(text: &str) -> &str {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_count_by_their_value_and_case_comes_last() {
        let mut names =
            vec!["item 10", "Item 2", "item 2", "item", "b", "A", "item 02", "10", "9", "é", "É", ""];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["", "9", "10", "A", "b", "item", "Item 2", "item 02", "item 2", "item 10", "É", "é"]
        );
    }

    #[test]
    fn numbers_of_any_length() {
        let (short, long) = ("9".repeat(60), format!("1{}", "0".repeat(60)));
        assert_eq!(natural(&short, &long), Ordering::Less);
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(a in "[a-cA-C0-20é ]{0,6}", b in "[a-cA-C0-20é ]{0,6}", c in "[a-cA-C0-20é ]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
