//! Work of others that may panic: a reader of a binary format, on bytes that are damaged.
//!
//! Such a panic is no defect of ours, and is told as what it is: this file cannot be read.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Does work that may panic; `None`: it did. What it had in hand must not be used any more.
pub fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = CONTAINED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    done.ok()
}

/// Whether a panic on this thread now would be contained: then nobody need hear of it.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stays_inside_and_only_inside() {
        assert!(!is_contained());
        assert_eq!(
            contained(|| contained(|| panic!("inside")).map_or(is_contained(), |()| false)),
            Some(true)
        );
        assert!(!is_contained());
    }
}
