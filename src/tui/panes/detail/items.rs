//! A profile as a flat list: fields, and below them the trees of tags and attributes; or its JSON, line by line.

use std::borrow::Cow;

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
    /// Items that stand below this one.
    pub(super) below: usize,
    pub(super) folded: bool,
    /// What it is called, as a mask knows it: `attributes.address.city`.
    pub(super) path: Box<str>,
    /// Where in the profile it stands.
    source: Source,
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

    /// What a value was, as it may be shown.
    fn said(self, path: &str, original: &Original) -> Box<str> {
        said(original, &self.mask.json_at(Some(self.row), path, original.json.raw()))
    }
}

#[derive(Clone, Debug)]
enum Source {
    Field(Field),
    /// The way down from the field: the n-th of each list or object.
    Node(Field, Box<[u32]>),
    /// A line of JSON, by its number.
    Line(usize),
}

impl Item {
    /// What copying it gives: the true value, never the cleaned one.
    pub(super) fn copy(&self, profile: &Profile) -> String {
        match &self.source {
            Source::Line(number) => {
                let text = export::raw_pretty(profile);
                clean(text.lines().nth(*number).unwrap_or_default().trim_start()).into_owned()
            }
            Source::Field(field) => match profile.field(*field) {
                FieldRef::Text(slot) => {
                    slot.value().map_or_else(String::new, |text| text.value.raw().to_owned())
                }
                FieldRef::Node(slot) => slot.value().map_or_else(String::new, copy_node),
            },
            Source::Node(field, path) => {
                let FieldRef::Node(slot) = profile.field(*field) else { return String::new() };
                let mut node = slot.value();
                for step in path {
                    node = node.and_then(|node| match &node.value {
                        Value::List(items) => items.get(*step as usize),
                        Value::Object(entries) => entries.get(*step as usize).map(|(_, node)| node),
                        _ => None,
                    });
                }
                node.map_or_else(String::new, copy_node)
            }
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
        Slot::Missing => "missing",
        Slot::Null | Slot::Value(_) => "null",
    }
}

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
    let item = Item {
        depth: 0,
        label: field.key().into(),
        value: "".into(),
        kind,
        type_name: "",
        change: original.map(|original| veil.said(field.key(), original)),
        below: 0,
        folded: false,
        path: field.key().into(),
        source: Source::Field(field),
    };
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
    let mut item = Item {
        depth: path.len() as u16,
        label: clean(&label[..label.floor_char_boundary(LONGEST)]).into(),
        value: "".into(),
        kind: Kind::Branch,
        type_name: node.value.type_name(),
        change: node.original.as_deref().map(|original| veil.said(name, original)),
        below: 0,
        folded: false,
        path: name.into(),
        source: Source::Node(field, path.as_slice().into()),
    };
    let at = items.len();
    match &node.value {
        Value::Null => {
            item.kind = Kind::Absent;
            item.type_name = "";
            push_pieces(items, &item, "null");
        }
        Value::Bool(value) => {
            item.kind = Kind::Boolean;
            push_pieces(items, &item, &veil.over(name, if *value { "true" } else { "false" }));
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
fn said(original: &Original, json: &str) -> Box<str> {
    let end = json.floor_char_boundary(QUOTED);
    let quoted = clean(&json[..end]);
    let more = if end < json.len() { "…" } else { "" };
    match original.change {
        Change::Coerced => format!("from {quoted}{more}"),
        Change::WrongType => format!("wrong type, was {quoted}{more}"),
        change => format!("{} from {quoted}{more}", change.describe()),
    }
    .into()
}

/// The profile as received, laid out over several lines.
pub(super) fn raw(profile: &Profile, veil: Veil<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    let masked = veil.mask.json(Some(veil.row), profile.raw_json());
    // What each level is called.
    let mut paths: Vec<String> = Vec::new();
    for (number, line) in export::pretty(&masked).lines().enumerate() {
        let value = line.trim_start();
        let depth = (line.len() - value.len()) / 2;
        paths.truncate(depth.max(1));
        let holds = paths.last().cloned().unwrap_or_default();
        let key = super::draw::name_end(value).map(|end| value[1..end - 2].to_owned());
        paths.push(key.map_or(holds.clone(), |key| Mask::below(&holds, &key)));
        let item = Item {
            depth: ((line.len() - value.len()) / 2) as u16,
            label: "".into(),
            value: "".into(),
            kind: Kind::Json,
            type_name: "",
            change: None,
            below: 0,
            folded: false,
            path: paths.last().map_or("", String::as_str).into(),
            source: Source::Line(number),
        };
        push_pieces(&mut items, &item, value);
    }
    items
}
