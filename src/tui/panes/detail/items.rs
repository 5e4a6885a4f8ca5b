//! A profile as a flat list: fields, and below them the trees of tags and attributes; or JSON, line by line.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use crate::engine::pipeline::profile::{Change, FieldRef, Node, Original, Profile, Slot, Value};
use crate::engine::query::Field;
use crate::engine::text::clean;
use crate::export;

/// The longest piece of a value in one item, in bytes; a longer value goes on in items of its own.
pub(super) const LONGEST: usize = 4 * 1024;
/// How much of a value as received is quoted beside it.
const QUOTED: usize = 200;

/// What a value is, for its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `null`, missing, not asked for, an empty text.
    Absent,
    Text,
    Number,
    Boolean,
    /// A list or an object: what it holds stands below.
    Branch,
    /// A line of JSON as received.
    Json,
}

/// One entry of the list. Its texts are clean.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// 0 for a field of the profile.
    pub(super) depth: u16,
    /// Empty where a value goes on.
    pub(super) label: Box<str>,
    pub(super) value: Box<str>,
    pub(super) kind: Kind,
    /// The type of a value that may have any: `number`.
    pub(super) type_name: &'static str,
    /// What changed it and what it was: `from "21"`.
    pub(super) change: Option<Box<str>>,
    /// As received, the beginning of it: `"21"`.
    pub(super) received: Box<str>,
    /// What changed it: `from text`; empty where nothing did.
    pub(super) reason: &'static str,
    /// Items that stand below this one.
    pub(super) below: usize,
    pub(super) folded: bool,
    /// Stands for its place in the tree, by names: the same in the next profile.
    pub(super) path: u64,
    /// Where in the profile it stands.
    pub(super) source: Source,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Field(Field),
    /// The way down from the field: the n-th of each list or object.
    Node(Field, Box<[u32]>),
    /// A part of a text of JSON: with what stands below it, without its name.
    Part(Range<usize>),
    /// What closes a list or an object of JSON.
    Close,
}

impl Item {
    fn new(depth: usize, label: Box<str>, kind: Kind, source: Source) -> Self {
        Self {
            depth: depth.min(usize::from(u16::MAX)) as u16,
            label,
            value: "".into(),
            kind,
            type_name: "",
            change: None,
            received: "".into(),
            reason: "",
            below: 0,
            folded: false,
            path: 0,
            source,
        }
    }

    /// How many levels it is moved to the right: what closes a list stands below what opens it.
    pub(super) fn indent(&self) -> u16 {
        self.depth - u16::from(matches!(self.source, Source::Close))
    }

    /// Takes note of what it was, where processing changed it.
    fn changed_from(&mut self, original: Option<&Original>) {
        if let Some(original) = original {
            self.change = Some(said(original));
            self.received = quoted(original.json.raw());
            self.reason = original.change.describe();
        }
    }

    /// The node that it stands for.
    pub(super) fn node<'a>(&self, profile: &'a Profile) -> Option<&'a Node> {
        let (field, path) = match &self.source {
            Source::Field(field) => (*field, &[][..]),
            Source::Node(field, path) => (*field, &path[..]),
            Source::Part(_) | Source::Close => return None,
        };
        let FieldRef::Node(slot) = profile.field(field) else { return None };
        path.iter().try_fold(slot.value()?, |node, step| match &node.value {
            Value::List(items) => items.get(*step as usize),
            Value::Object(entries) => entries.get(*step as usize).map(|(_, node)| node),
            _ => None,
        })
    }

    /// What copying it gives: the true value, never the cleaned one. `text` is the JSON that lines are part of.
    pub(super) fn copy(&self, profile: &Profile, text: &str) -> String {
        match &self.source {
            Source::Close => self.value.to_string(),
            Source::Part(part) => {
                let json = text.get(part.clone()).unwrap_or_default();
                // A text stands for itself, what is no text for its JSON.
                serde_json::from_str::<String>(json).unwrap_or_else(|_| export::pretty(json))
            }
            Source::Field(field) => match profile.field(*field) {
                FieldRef::Text(slot) => {
                    slot.value().map_or_else(String::new, |text| text.value.raw().to_owned())
                }
                FieldRef::Node(slot) => slot.value().map_or_else(String::new, copy_node),
            },
            Source::Node(..) => self.node(profile).map_or_else(String::new, copy_node),
        }
    }
}

fn copy_node(node: &Node) -> String {
    if let Value::Text(text) = &node.value {
        return text.raw().to_owned();
    }
    let mut json = String::new();
    export::json::node(&mut json, node);
    json
}

/// The profile as processed, each changed value beside what it was.
pub(super) fn processed(profile: &Profile) -> Vec<Item> {
    let mut items = Vec::new();
    for field in Field::ALL {
        match profile.field(field) {
            FieldRef::Text(slot) => {
                let (text, original) = match slot {
                    Slot::Value(text) => (Ok(text.value.raw()), text.original.as_deref()),
                    other => (Err(absence(other)), None),
                };
                push_text(&mut items, field, text, original);
            }
            FieldRef::Node(slot) => match slot {
                Slot::Value(node) => {
                    let mut path = Vec::new();
                    push_node(&mut items, field, &mut path, field.key(), node);
                }
                other => push_text(&mut items, field, Err(absence(other)), None),
            },
        }
    }
    items
}

fn absence<T>(slot: &Slot<T>) -> &'static str {
    match slot {
        Slot::NotAsked => "not asked for",
        Slot::Missing => MISSING,
        Slot::Null | Slot::Value(_) => NULL,
    }
}

const MISSING: &str = "missing";
const NULL: &str = "null";

fn push_text(
    items: &mut Vec<Item>,
    field: Field,
    text: Result<&str, &'static str>,
    original: Option<&Original>,
) {
    let (value, kind) = match text {
        Ok("") => ("\"\"", Kind::Absent),
        Ok(text) => (text, Kind::Text),
        Err(absent) => (absent, Kind::Absent),
    };
    let mut item = Item::new(0, field.key().into(), kind, Source::Field(field));
    item.received = match text {
        Ok(text) => quoted_text(text),
        Err(NULL) => NULL.into(),
        Err(MISSING) => "not sent".into(),
        Err(_) => "".into(),
    };
    item.changed_from(original);
    push_pieces(items, &item, value);
}

/// Pushes an item, and one more for each [`LONGEST`] bytes that its value goes on.
fn push_pieces(items: &mut Vec<Item>, item: &Item, value: &str) {
    let first = items.len();
    let mut rest = value;
    loop {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(LONGEST));
        let mut next = item.clone();
        next.value = clean(piece).into();
        if items.len() > first {
            next.label = "".into();
            next.type_name = "";
            next.change = None;
            next.received = "".into();
            next.reason = "";
        }
        items.push(next);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
}

fn push_node(items: &mut Vec<Item>, field: Field, path: &mut Vec<u32>, label: &str, node: &Node) {
    let label = clean(&label[..label.floor_char_boundary(LONGEST)]).into();
    let mut item = Item::new(path.len(), label, Kind::Branch, Source::Node(field, path.as_slice().into()));
    item.type_name = node.value.type_name();
    item.received = match &node.value {
        Value::Null => NULL.into(),
        Value::Bool(value) => if *value { "true" } else { "false" }.into(),
        Value::Number(digits) => quoted(digits),
        Value::Text(text) => quoted_text(text.raw()),
        Value::List(_) | Value::Object(_) => "".into(),
    };
    item.changed_from(node.original.as_deref());
    let at = items.len();
    match &node.value {
        Value::Null => {
            item.kind = Kind::Absent;
            item.type_name = "";
            push_pieces(items, &item, "null");
        }
        Value::Bool(value) => {
            item.kind = Kind::Boolean;
            push_pieces(items, &item, if *value { "true" } else { "false" });
        }
        Value::Number(digits) => {
            item.kind = Kind::Number;
            push_pieces(items, &item, digits);
        }
        Value::Text(text) if text.is_empty() => {
            item.kind = Kind::Absent;
            push_pieces(items, &item, "\"\"");
        }
        Value::Text(text) => {
            item.kind = Kind::Text;
            push_pieces(items, &item, text.raw());
        }
        Value::List(nodes) => {
            item.value =
                format!("{} {}", nodes.len(), if nodes.len() == 1 { "item" } else { "items" }).into();
            items.push(item);
            for (i, node) in nodes.iter().enumerate() {
                path.push(i as u32);
                push_node(items, field, path, &format!("{}", i + 1), node);
                path.pop();
            }
        }
        Value::Object(entries) => {
            item.value =
                format!("{} {}", entries.len(), if entries.len() == 1 { "key" } else { "keys" }).into();
            items.push(item);
            for (i, (key, node)) in entries.iter().enumerate() {
                path.push(i as u32);
                push_node(items, field, path, key.raw(), node);
                path.pop();
            }
        }
    }
    if matches!(node.value, Value::List(_) | Value::Object(_)) {
        items[at].below = items.len() - at - 1;
    }
}

/// `from "21"`, `lower-cased from "Ada@Example.org"`.
fn said(original: &Original) -> Box<str> {
    let quoted = quoted(original.json.raw());
    match original.change {
        Change::Coerced => format!("from {quoted}"),
        Change::WrongType => format!("wrong type, was {quoted}"),
        change => format!("{} from {quoted}", change.describe()),
    }
    .into()
}

/// The beginning of some JSON.
pub(super) fn quoted(json: &str) -> Box<str> {
    let end = json.floor_char_boundary(QUOTED);
    let more = if end < json.len() { "…" } else { "" };
    format!("{}{more}", clean(&json[..end])).into()
}

/// The beginning of a text, as JSON has it.
fn quoted_text(text: &str) -> Box<str> {
    let end = text.floor_char_boundary(QUOTED);
    let mut json = String::new();
    export::json::text(&mut json, &text[..end]);
    if end < text.len() {
        json.pop();
        json.push('…');
    }
    clean(&json).into()
}

/// JSON that is laid out over several lines, each with what stands below it.
pub(super) fn lines(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    // Lists and objects that are not closed yet: their items, and where their JSON begins.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    for line in text.lines() {
        let start = end;
        end = (start + line.len() + 1).min(text.len());
        let value = line.trim_start();
        let begin = start + line.len() - value.len();
        let name =
            name_end(value).map_or(0, |end| value.len() - value[end..].trim_start_matches([':', ' ']).len());
        let last = begin + value.trim_end_matches(',').len();
        let closes = value.starts_with(['}', ']']) && !open.is_empty();
        let source = if closes { Source::Close } else { Source::Part(begin + name..last) };
        let item = Item::new(open.len(), "".into(), Kind::Json, source);
        push_pieces(&mut items, &item, value);
        if closes {
            if let Some((at, from)) = open.pop() {
                items[at].below = items.len() - at - 1;
                items[at].source = Source::Part(from..last);
            }
        } else if value.ends_with(['{', '[']) {
            open.push((items.len() - 1, begin + name));
        }
    }
    items
}

/// Where a name in quotes before a colon ends.
pub(super) fn name_end(line: &str) -> Option<usize> {
    let rest = line.strip_prefix('"')?;
    let mut escaped = false;
    let end = rest.bytes().position(|b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    })?;
    rest[end + 1..].starts_with(':').then_some(end + 2)
}

/// Leaves what processing changed, and what that is part of.
pub(super) fn only_changed(items: Vec<Item>) -> Vec<Item> {
    let mut kept = Vec::new();
    // From the end, so that a branch knows what is kept of it.
    let mut below: Vec<(u16, usize)> = Vec::new();
    for mut item in items.into_iter().rev() {
        item.below = 0;
        while let Some((depth, count)) = below.last().copied()
            && depth > item.depth
        {
            item.below += count;
            below.pop();
        }
        if item.change.is_some() || item.below > 0 {
            below.push((item.depth, item.below + 1));
            kept.push(item);
        }
    }
    kept.reverse();
    kept
}

/// Gives each item its path. `seed` tells the trees apart that a profile is shown as.
pub(super) fn number(items: &mut [Item], seed: u64) {
    // What is open: its depth, its path, and how many are in it so far.
    let mut open: Vec<(u16, u64, u32)> = Vec::new();
    let mut outermost = 0;
    for item in items {
        while open.last().is_some_and(|(depth, ..)| *depth >= item.depth) {
            open.pop();
        }
        let (parent, place) = match open.last_mut() {
            Some((_, path, count)) => (*path, count),
            None => (seed, &mut outermost),
        };
        *place += 1;
        let mut hasher = DefaultHasher::new();
        parent.hash(&mut hasher);
        match name_end(&item.value).filter(|_| item.kind == Kind::Json) {
            Some(end) => item.value[..end].hash(&mut hasher),
            None if item.label.is_empty() => place.hash(&mut hasher),
            None => item.label.hash(&mut hasher),
        }
        item.path = hasher.finish();
        open.push((item.depth, item.path, 0));
    }
}
