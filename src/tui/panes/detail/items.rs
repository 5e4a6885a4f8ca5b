//! A profile as a flat list: fields, and below them the trees of tags and attributes; or JSON, line by line.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use crate::engine::pipeline::profile::{Change, FieldRef, Node, Original, Profile, Slot, Value};
use crate::engine::query::Field;
use crate::engine::text::clean;
use crate::export;
use crate::rows::Mask;

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
    /// What it is called, as a mask knows it: `attributes.address.city`.
    pub(super) path: Box<str>,
    /// Stands for its place in the tree, by names: the same in the next profile.
    pub(super) place: u64,
    /// Where in the profile it stands.
    pub(super) source: Source,
}

/// How the personal values of a row are shown.
#[derive(Clone, Copy)]
pub(super) struct Veil<'a> {
    pub(super) mask: &'a Mask,
    pub(super) row: usize,
}

impl Veil<'_> {
    /// A value as it may be shown.
    fn over<'v>(self, path: &str, value: &'v str) -> Cow<'v, str> {
        match self.mask.hides(Some(self.row), path) {
            Some(kind) => Cow::Owned(self.mask.stand_in(kind, value)),
            None => Cow::Borrowed(value),
        }
    }

    /// The beginning of what a value was, as it may be shown.
    pub(super) fn quoted(self, path: &str, original: &Original) -> Box<str> {
        quoted(&self.mask.json_at(Some(self.row), path, original.json.raw()))
    }

    /// All of a profile's JSON, as it may be shown.
    pub(super) fn json(self, json: &str) -> String {
        self.mask.json(Some(self.row), json)
    }
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
            path: "".into(),
            place: 0,
            source,
        }
    }

    /// How many levels it is moved to the right: what closes a list stands below what opens it.
    pub(super) fn indent(&self) -> u16 {
        self.depth - u16::from(matches!(self.source, Source::Close))
    }

    /// Takes note of what it was, where processing changed it.
    fn changed_from(&mut self, original: Option<&Original>, veil: Veil<'_>) {
        if let Some(original) = original {
            self.received = veil.quoted(&self.path, original);
            self.change = Some(said(original.change, &self.received));
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
pub(super) fn processed(profile: &Profile, veil: Veil<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for field in Field::ALL {
        match profile.field(field) {
            FieldRef::Text(slot) => {
                let (text, original) = match slot {
                    Slot::Value(text) => (Ok(text.value.raw()), text.original.as_deref()),
                    other => (Err(absence(other)), None),
                };
                push_text(&mut items, field, text, original, veil);
            }
            FieldRef::Node(slot) => match slot {
                Slot::Value(node) => {
                    let mut path = Vec::new();
                    push_node(&mut items, (field, field.key()), &mut path, field.key(), node, veil);
                }
                other => push_text(&mut items, field, Err(absence(other)), None, veil),
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
    veil: Veil<'_>,
) {
    let (value, kind) = match text {
        Ok("") => ("\"\"".into(), Kind::Absent),
        Ok(text) => (veil.over(field.key(), text), Kind::Text),
        Err(absent) => (absent.into(), Kind::Absent),
    };
    let mut item = Item::new(0, field.key().into(), kind, Source::Field(field));
    item.path = field.key().into();
    item.received = match text {
        Ok("") => value.as_ref().into(),
        Ok(_) => quoted_text(&value),
        Err(NULL) => NULL.into(),
        Err(MISSING) => "not sent".into(),
        Err(_) => "".into(),
    };
    item.changed_from(original, veil);
    push_pieces(items, &item, &value);
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

/// `(field, name)`: where it stands, and what it is called there.
fn push_node(
    items: &mut Vec<Item>,
    (field, name): (Field, &str),
    path: &mut Vec<u32>,
    label: &str,
    node: &Node,
    veil: Veil<'_>,
) {
    let label = clean(&label[..label.floor_char_boundary(LONGEST)]).into();
    let mut item = Item::new(path.len(), label, Kind::Branch, Source::Node(field, path.as_slice().into()));
    item.type_name = node.value.type_name();
    item.path = name.into();
    item.received = match &node.value {
        Value::Null => NULL.into(),
        Value::Bool(value) => veil.over(name, spelled(*value)).as_ref().into(),
        Value::Number(digits) => quoted(&veil.over(name, digits)),
        Value::Text(text) if text.is_empty() => "\"\"".into(),
        Value::Text(text) => quoted_text(&veil.over(name, text.raw())),
        Value::List(_) | Value::Object(_) => "".into(),
    };
    item.changed_from(node.original.as_deref(), veil);
    let at = items.len();
    match &node.value {
        Value::Null => {
            item.kind = Kind::Absent;
            item.type_name = "";
            push_pieces(items, &item, "null");
        }
        Value::Bool(value) => {
            item.kind = Kind::Boolean;
            push_pieces(items, &item, &veil.over(name, spelled(*value)));
        }
        Value::Number(digits) => {
            item.kind = Kind::Number;
            push_pieces(items, &item, &veil.over(name, digits));
        }
        Value::Text(text) if text.is_empty() => {
            item.kind = Kind::Absent;
            push_pieces(items, &item, "\"\"");
        }
        Value::Text(text) => {
            item.kind = Kind::Text;
            push_pieces(items, &item, &veil.over(name, text.raw()));
        }
        Value::List(nodes) => {
            item.value =
                format!("{} {}", nodes.len(), if nodes.len() == 1 { "item" } else { "items" }).into();
            items.push(item);
            for (i, node) in nodes.iter().enumerate() {
                path.push(i as u32);
                push_node(items, (field, name), path, &format!("{}", i + 1), node, veil);
                path.pop();
            }
        }
        Value::Object(entries) => {
            item.value =
                format!("{} {}", entries.len(), if entries.len() == 1 { "key" } else { "keys" }).into();
            items.push(item);
            for (i, (key, node)) in entries.iter().enumerate() {
                path.push(i as u32);
                push_node(items, (field, &Mask::below(name, key.raw())), path, key.raw(), node, veil);
                path.pop();
            }
        }
    }
    if matches!(node.value, Value::List(_) | Value::Object(_)) {
        items[at].below = items.len() - at - 1;
    }
}

/// `from "21"`, `lower-cased from "Ada@Example.org"`.
fn said(change: Change, quoted: &str) -> Box<str> {
    match change {
        Change::Coerced => format!("from {quoted}"),
        Change::WrongType => format!("wrong type, was {quoted}"),
        change => format!("{} from {quoted}", change.describe()),
    }
    .into()
}

fn spelled(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The beginning of some JSON.
fn quoted(json: &str) -> Box<str> {
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

/// JSON that is laid out over several lines, each with what stands below it. What is copied comes from `truth`: the same
/// JSON with nothing masked.
pub(super) fn lines(text: &str, truth: &str) -> Vec<Item> {
    let truth = if text.lines().count() == truth.lines().count() { truth } else { text };
    let mut items = Vec::new();
    // What each level is called.
    let mut paths: Vec<String> = Vec::new();
    // Lists and objects that are not closed yet: their items, and where their JSON begins.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut end = 0;
    for (line, shown) in truth.lines().zip(text.lines()) {
        let start = end;
        end = (start + line.len() + 1).min(truth.len());
        let value = line.trim_start();
        let begin = start + line.len() - value.len();
        let name =
            name_end(value).map_or(0, |end| value.len() - value[end..].trim_start_matches([':', ' ']).len());
        let last = begin + value.trim_end_matches(',').len();
        let closes = value.starts_with(['}', ']']) && !open.is_empty();
        let source = if closes { Source::Close } else { Source::Part(begin + name..last) };
        let mut item = Item::new(open.len(), "".into(), Kind::Json, source);
        paths.truncate(open.len().max(1));
        let holds = paths.last().cloned().unwrap_or_default();
        let key = name_end(value).map(|end| &value[1..end - 1]);
        paths.push(key.map_or_else(|| holds.clone(), |key| Mask::below(&holds, key)));
        item.path = paths.last().map_or("", String::as_str).into();
        push_pieces(&mut items, &item, shown.trim_start());
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

/// Gives each item its place. `seed` tells the trees apart that a profile is shown as.
pub(super) fn number(items: &mut [Item], seed: u64) {
    // What is open: its depth, its place, and how many are in it so far.
    let mut open: Vec<(u16, u64, u32)> = Vec::new();
    let mut outermost = 0;
    for item in items {
        while open.last().is_some_and(|(depth, ..)| *depth >= item.depth) {
            open.pop();
        }
        let (parent, nth) = match open.last_mut() {
            Some((_, place, count)) => (*place, count),
            None => (seed, &mut outermost),
        };
        *nth += 1;
        let mut hasher = DefaultHasher::new();
        parent.hash(&mut hasher);
        match name_end(&item.value).filter(|_| item.kind == Kind::Json) {
            Some(end) => item.value[..end].hash(&mut hasher),
            None if item.label.is_empty() => nth.hash(&mut hasher),
            None => item.label.hash(&mut hasher),
        }
        item.place = hasher.finish();
        open.push((item.depth, item.place, 0));
    }
}
