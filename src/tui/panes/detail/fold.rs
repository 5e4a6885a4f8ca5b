//! What is folded, and where the cursor is, by places in the tree: so that both are the same in the next profile.

use std::collections::HashSet;

use super::Detail;
use super::cursor::Line;
use super::items::{Item, Kind};

/// Which branches are folded.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// Whether branches are folded that nobody said anything of.
    all: bool,
    /// The places of those for which the contrary holds.
    others: HashSet<u64>,
}

impl Folds {
    /// Folds what is to be folded.
    pub(super) fn apply(&self, items: &mut [Item]) {
        for item in items.iter_mut().filter(|item| item.below > 0) {
            item.folded = (self.all && folds_with_all(item)) != self.others.contains(&item.place);
        }
    }

    /// Folds or opens one; says whether that is news.
    pub(super) fn set(&mut self, item: &mut Item, folded: bool) -> bool {
        if item.below == 0 || item.folded == folded {
            return false;
        }
        item.folded = folded;
        if !self.others.remove(&item.place) {
            self.others.insert(item.place);
        }
        true
    }

    /// Folds all branches; where none is open, opens all.
    fn toggle_all(&mut self, items: &mut [Item]) {
        self.all = items.iter().any(|item| item.below > 0 && folds_with_all(item) && !item.folded);
        self.others.clear();
        self.apply(items);
    }
}

/// The brackets around a whole profile stay open: folded, nothing would be left.
fn folds_with_all(item: &Item) -> bool {
    item.kind != Kind::Json || item.depth > 0
}

impl Detail {
    /// What an item is part of.
    pub(super) fn parent(&self, item: usize) -> Option<usize> {
        let depth = self.items.get(item)?.depth;
        self.items[..item].iter().rposition(|other| other.depth < depth)
    }

    /// Folds what is under the cursor; where that is folded or has nothing below it, goes to what it is part of.
    pub(super) fn fold(&mut self) {
        let at = self.cursor.item;
        let mode = self.mode() as usize;
        if self.items.get_mut(at).is_some_and(|item| self.folds[mode].set(item, true)) {
            return;
        }
        if let Some(parent) = self.parent(at) {
            self.cursor = Line { item: parent, row: 0 };
        }
    }

    /// Opens what is under the cursor; where that is open, goes into it.
    pub(super) fn unfold(&mut self) {
        let at = self.cursor.item;
        let mode = self.mode() as usize;
        let Some(item) = self.items.get_mut(at) else { return };
        if !self.folds[mode].set(item, false) && item.below > 0 {
            self.cursor = Line { item: at + 1, row: 0 };
        }
    }

    /// Folds or opens what is under the cursor.
    pub(super) fn toggle(&mut self) {
        let (at, mode) = (self.cursor.item, self.mode() as usize);
        if let Some(item) = self.items.get_mut(at) {
            let folded = !item.folded;
            self.folds[mode].set(item, folded);
        }
    }

    /// Folds all, or opens all; the cursor stays on what is seen.
    pub(super) fn toggle_all(&mut self) {
        let mode = self.mode() as usize;
        self.folds[mode].toggle_all(&mut self.items);
        self.surface();
    }

    /// Opens all that an item is part of.
    pub(super) fn reveal(&mut self, item: usize) {
        let mode = self.mode() as usize;
        let mut at = item;
        while let Some(parent) = self.parent(at) {
            self.folds[mode].set(&mut self.items[parent], false);
            at = parent;
        }
    }

    /// Moves the cursor to what is seen of where it is.
    fn surface(&mut self) {
        let mut at = self.cursor.item;
        while let Some(parent) = self.parent(at) {
            if self.items[parent].folded {
                self.cursor = Line { item: parent, row: 0 };
            }
            at = parent;
        }
    }

    /// Remembers where the cursor is, outermost first: that is where it will be in the next profile.
    pub(super) fn remember_place(&mut self) {
        self.goal.clear();
        let mut at = Some(self.cursor.item).filter(|at| *at < self.items.len());
        while let Some(item) = at {
            self.goal.push(self.items[item].place);
            at = self.parent(item);
        }
        self.goal.reverse();
    }

    /// Goes to where the cursor was, or to what is there of it.
    pub(super) fn go_to_place(&mut self) {
        let above = self.cursor.item.saturating_sub(self.top.item);
        let find = |place: &u64| self.items.iter().position(|item| item.place == *place);
        if let Some((depth, item)) =
            self.goal.iter().enumerate().rev().find_map(|(i, place)| Some((i, find(place)?)))
        {
            let is_it = depth + 1 == self.goal.len();
            self.cursor = Line { item, row: if is_it { self.cursor.row } else { 0 } };
        }
        self.cursor.item = self.cursor.item.min(self.items.len().saturating_sub(1));
        self.surface();
        let top = self.cursor.item.saturating_sub(above);
        self.top = Line { item: top, row: if top == self.top.item { self.top.row } else { 0 } };
    }
}
