//! What two profiles have at each path.

use std::collections::HashMap;

use crate::engine::pipeline::profile::{FieldRef, Node, Profile, Slot, Text, Value};
use crate::engine::query::Field;
use crate::engine::text::{Untrusted, clean};
use crate::export;
use crate::rows::Mask;

/// Bytes of a value that are shown.
const SHOWN: usize = 1_000;

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Differs,
    /// Only the left has it.
    Left,
    /// Only the right has it.
    Right,
}

/// What both have at a path.
#[derive(Debug)]
pub(super) struct Pair {
    /// `attributes.address.city`, safe to print.
    pub(super) path: String,
    /// As a mask knows it.
    name: String,
    pub(super) mark: Mark,
    /// For the eye: clean, and no longer than [`SHOWN`].
    pub(super) shown: [String; 2],
    /// For a copy: the true values, as far as they are not masked; `None`: there is none.
    true_values: [Option<String>; 2],
}

impl Pair {
    /// Puts stand-ins in place of what is personal. Equal values have equal ones.
    fn cover(&mut self, mask: &Mask) {
        let Some(kind) = mask.hides(None, &self.name) else { return };
        for (shown, value) in self.shown.iter_mut().zip(&mut self.true_values) {
            if let Some(value) = value {
                *value = mask.stand_in(kind, value);
                shown.clone_from(value);
            }
        }
    }

    /// Whether a side has no value.
    pub(super) fn is_absent(&self, side: usize) -> bool {
        self.true_values[side].is_none()
    }

    /// The path and the true values, with tabs between them.
    pub(super) fn line(&self) -> String {
        let value = |side: usize| self.true_values[side].as_deref().unwrap_or_default();
        format!("{}\t{}\t{}", self.path, value(0), value(1))
    }

    /// All of it in one sentence.
    pub(super) fn told(&self, arrow: &str) -> String {
        let [left, right] = &self.shown;
        match self.mark {
            Mark::Same => format!("{}: {left}, both", self.path),
            Mark::Differs => format!("{}: {left} {arrow} {right}", self.path),
            Mark::Left => format!("{}: {left}, only the first", self.path),
            Mark::Right => format!("{}: {right}, only the second", self.path),
        }
    }
}

/// One side of a pair.
#[derive(Clone, Copy)]
enum Side<'a> {
    /// In words why there is nothing; empty where there is no such path.
    Absent(&'static str),
    Text(&'a Text),
    Node(&'a Node),
}

/// All pairs of two profiles, in the order of the left.
/// `mask` covers what is personal, also where it is copied.
pub(super) fn pairs(left: &Profile, right: &Profile, mask: &Mask) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for field in Field::ALL {
        let (left, right) = (side(left.field(field)), side(right.field(field)));
        if matches!((left, right), (Side::Absent(NOT_ASKED), Side::Absent(NOT_ASKED))) {
            continue;
        }
        let path = Path { shown: field.key().to_owned(), name: field.key().to_owned() };
        pair(&mut pairs, path, left, right);
    }
    for pair in &mut pairs {
        pair.cover(mask);
    }
    pairs
}

/// Where a value stands.
#[derive(Clone)]
struct Path {
    /// Safe to print, with places in lists.
    shown: String,
    /// As a mask knows it.
    name: String,
}

impl Path {
    fn below(&self, key: &str) -> Self {
        let shown = format!("{}.{}", self.shown, clean(&key[..key.floor_char_boundary(200)]));
        Self { shown, name: Mask::below(&self.name, key) }
    }

    fn at(&self, place: usize) -> Self {
        Self { shown: format!("{}[{place}]", self.shown), ..self.clone() }
    }
}

const NOT_ASKED: &str = "not asked for";

fn side(field: FieldRef<'_>) -> Side<'_> {
    fn of<'a, T>(slot: &'a Slot<T>, value: impl FnOnce(&'a T) -> Side<'a>) -> Side<'a> {
        match slot {
            Slot::NotAsked => Side::Absent(NOT_ASKED),
            Slot::Missing => Side::Absent("missing"),
            Slot::Null => Side::Absent("null"),
            Slot::Value(there) => value(there),
        }
    }
    match field {
        FieldRef::Text(slot) => of(slot, Side::Text),
        FieldRef::Node(slot) => of(slot, Side::Node),
    }
}

fn pair(pairs: &mut Vec<Pair>, path: Path, left: Side<'_>, right: Side<'_>) {
    match (left, right) {
        (Side::Node(a), Side::Node(b)) => match (&a.value, &b.value) {
            (Value::Object(a), Value::Object(b)) if !a.is_empty() || !b.is_empty() => {
                return objects(pairs, &path, a, b);
            }
            (Value::List(a), Value::List(b)) if !a.is_empty() || !b.is_empty() => {
                return lists(pairs, &path, a, b);
            }
            _ => {}
        },
        // What only one has is told leaf by leaf.
        (Side::Node(node), Side::Absent(_)) | (Side::Absent(_), Side::Node(node)) => {
            let swap = matches!(left, Side::Absent(_));
            let both = |pairs: &mut Vec<Pair>, path: Path, node| {
                let (one, other) = (Side::Node(node), Side::Absent(""));
                if swap { pair(pairs, path, other, one) } else { pair(pairs, path, one, other) }
            };
            match &node.value {
                Value::Object(members) if !members.is_empty() => {
                    for (key, node) in members {
                        both(pairs, path.below(key.raw()), node);
                    }
                    return;
                }
                Value::List(items) if !items.is_empty() => {
                    for (i, node) in items.iter().enumerate() {
                        both(pairs, path.at(i), node);
                    }
                    return;
                }
                _ => {}
            }
        }
        _ => {}
    }
    leaf(pairs, path, left, right);
}

fn leaf(pairs: &mut Vec<Pair>, path: Path, left: Side<'_>, right: Side<'_>) {
    let true_values = [true_value(left), true_value(right)];
    let is_same = match (left, right) {
        (Side::Node(a), Side::Node(b)) => json(a) == json(b),
        (Side::Absent(a), Side::Absent(b)) => a == b,
        _ => true_values[0] == true_values[1],
    };
    let mark = match (left, right) {
        _ if is_same => Mark::Same,
        (Side::Absent(_), Side::Absent(_)) => Mark::Differs,
        (_, Side::Absent(_)) => Mark::Left,
        (Side::Absent(_), _) => Mark::Right,
        _ => Mark::Differs,
    };
    let mut shown = [show(left), show(right)];
    if mark == Mark::Differs
        && shown[0] == shown[1]
        && let (Side::Node(a), Side::Node(b)) = (left, right)
    {
        // The text 1 and the number 1.
        shown = [cut(&json(a)), cut(&json(b))];
    }
    pairs.push(Pair { path: path.shown, name: path.name, mark, shown, true_values });
}

fn objects(pairs: &mut Vec<Pair>, path: &Path, left: &[(Untrusted, Node)], right: &[(Untrusted, Node)]) {
    let mut others: HashMap<&str, &Node> = right.iter().map(|(key, node)| (key.raw(), node)).collect();
    for (key, node) in left {
        let other = others.remove(key.raw()).map_or(Side::Absent(""), Side::Node);
        pair(pairs, path.below(key.raw()), Side::Node(node), other);
    }
    for (key, node) in right.iter().filter(|(key, _)| others.contains_key(key.raw())) {
        pair(pairs, path.below(key.raw()), Side::Absent(""), Side::Node(node));
    }
}

/// Lists of plain values by what is in them, others place by place.
fn lists(pairs: &mut Vec<Pair>, path: &Path, left: &[Node], right: &[Node]) {
    let is_plain = |node: &Node| !matches!(node.value, Value::List(_) | Value::Object(_));
    if !left.iter().chain(right).all(is_plain) {
        for i in 0..left.len().max(right.len()) {
            let left = left.get(i).map_or(Side::Absent(""), Side::Node);
            let right = right.get(i).map_or(Side::Absent(""), Side::Node);
            pair(pairs, path.at(i), left, right);
        }
        return;
    }
    let mut others: HashMap<String, usize> = HashMap::new();
    for node in right {
        *others.entry(json(node)).or_default() += 1;
    }
    let first = pairs.len();
    for node in left {
        let twin = others.get_mut(&json(node)).filter(|count| **count > 0);
        let other = match twin {
            Some(count) => {
                *count -= 1;
                Side::Node(node)
            }
            None => Side::Absent(""),
        };
        leaf(pairs, path.clone(), Side::Node(node), other);
    }
    for node in right {
        if let Some(count) = others.get_mut(&json(node)).filter(|count| **count > 0) {
            *count -= 1;
            leaf(pairs, path.clone(), Side::Absent(""), Side::Node(node));
        }
    }
    let all_same = pairs[first..].iter().all(|pair| pair.mark == Mark::Same);
    if all_same && left.iter().map(json).ne(right.iter().map(json)) {
        let whole = |list: &[Node]| format!("[{}]", list.iter().map(json).collect::<Vec<_>>().join(","));
        let true_values = [Some(whole(left)), Some(whole(right))];
        let shown = [cut(&whole(left)), cut(&whole(right))];
        let Path { shown: path, name } = path;
        let path = format!("{path} (order)");
        pairs.push(Pair { path, name: name.clone(), mark: Mark::Differs, shown, true_values });
    }
}

fn json(node: &Node) -> String {
    let mut json = String::new();
    export::json::node(&mut json, node);
    json
}

fn true_value(side: Side<'_>) -> Option<String> {
    match side {
        Side::Absent(_) => None,
        Side::Text(text) => Some(text.value.raw().to_owned()),
        Side::Node(node) => Some(match &node.value {
            Value::Text(text) => text.raw().to_owned(),
            _ => json(node),
        }),
    }
}

fn show(side: Side<'_>) -> String {
    match side {
        Side::Absent(why) => why.to_owned(),
        _ => match true_value(side) {
            Some(text) if text.is_empty() => "\"\"".to_owned(),
            text => cut(&text.unwrap_or_default()),
        },
    }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", clean(&text[..end]))
}
