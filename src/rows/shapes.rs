//! How attributes are put together: their keys, in what order and how deep, apart from the values.
//!
//! ```text
//! {"score":21,"address":{"city":"Zürich"}}
//!    shape   { score: leaf 0, address: { city: leaf 1 } }     kept once, a number for each row
//!    leaves  score 21      address.city Zürich                a column each
//! ```
//!
//! What has more paths or shapes than are worth columns is kept as JSON in one cell.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::hash::Hasher as _;

use foldhash::fast::RandomState;

use super::values::{Kind, Mark};
use crate::engine::pipeline::json;
use crate::engine::pipeline::profile::{Node, Value};
use crate::rows::is_changed;

/// The most attributes that have a column of their own.
pub const MOST_PATHS: usize = 128;
/// The most ways of putting them together.
const MOST_SHAPES: usize = 4_096;
/// Objects deeper than this are values.
const DEEPEST: usize = 8;

/// The number of an attribute that has a column of its own, in the order in which they were met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub(super) u16);

/// A part of a shape, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `{`
    Open,
    /// A key: itself, and as JSON with its colon (and a comma before it, unless it is the first).
    Key { key: Box<str>, json: Box<str> },
    /// The value of this column.
    Leaf(PathId),
    /// `}`
    Close,
}

/// All shapes and paths that were met.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    all: Vec<Box<[Part]>>,
    by_hash: HashMap<u64, u16, RandomState>,
    /// Of each path its name: keys with dots between.
    names: Vec<Box<str>>,
    /// By the keys as JSON, which cannot be mixed up.
    by_keys: HashMap<Box<str>, PathId, RandomState>,
    /// Whether something did not fit any more.
    pub(super) is_full: bool,
}

impl Shapes {
    pub(super) fn parts(&self, shape: u16) -> &[Part] {
        self.all.get(usize::from(shape)).map_or(&[], |parts| parts)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn paths(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, path: PathId) -> &str {
        self.names.get(usize::from(path.0)).map_or("", |name| name)
    }

    /// The keys that lead to an attribute.
    pub(super) fn keys(&self, path: PathId) -> Vec<String> {
        let keys = self.by_keys.iter().find(|(_, other)| **other == path).map_or("", |(keys, _)| keys);
        let (mut rest, mut all) = (keys, Vec::new());
        while let Some(quoted) = rest.strip_prefix('"') {
            let (key, behind) = crate::rows::json::unquote(quoted, usize::MAX - 1);
            all.push(key);
            rest = behind.strip_prefix(':').unwrap_or("");
        }
        all
    }

    pub(super) fn named(&self, name: &str) -> Option<PathId> {
        self.names.iter().position(|other| **other == *name).map(|at| PathId(at as u16))
    }

    /// The shape of an object that was met before.
    pub(super) fn find(&self, node: &Node) -> Option<u16> {
        let mut hasher = self.by_hash.hasher().build_hasher();
        hash(&mut hasher, node, 0);
        let shape = *self.by_hash.get(&hasher.finish())?;
        let mut parts = self.parts(shape).iter();
        (fits(node, 0, &mut parts) && parts.next().is_none()).then_some(shape)
    }

    /// Takes up the shape of an object; `None` where there is no room for it.
    pub(super) fn take_up(&mut self, node: &Node) -> Option<u16> {
        let mut parts = Vec::new();
        let (shapes, paths) = (self.all.len(), self.names.len());
        if shapes < MOST_SHAPES && self.lay_out(node, 0, &mut String::new(), &mut String::new(), &mut parts) {
            let mut hasher = self.by_hash.hasher().build_hasher();
            hash(&mut hasher, node, 0);
            self.by_hash.insert(hasher.finish(), shapes as u16);
            self.all.push(parts.into());
            return Some(shapes as u16);
        }
        self.is_full = true;
        self.names.truncate(paths);
        self.by_keys.retain(|_, path| usize::from(path.0) < paths);
        None
    }

    fn lay_out(
        &mut self,
        node: &Node,
        depth: usize,
        keys: &mut String,
        name: &mut String,
        parts: &mut Vec<Part>,
    ) -> bool {
        let Some(members) = members(node, depth) else {
            let path = match self.by_keys.get(keys.as_str()) {
                Some(path) => *path,
                None if self.names.len() < MOST_PATHS => {
                    let path = PathId(self.names.len() as u16);
                    self.names.push(name.as_str().into());
                    self.by_keys.insert(keys.as_str().into(), path);
                    path
                }
                None => return false,
            };
            parts.push(Part::Leaf(path));
            return true;
        };
        parts.push(Part::Open);
        for (at, (key, value)) in members.iter().enumerate() {
            let mut quoted = String::new();
            json::text(&mut quoted, key.raw());
            quoted.push(':');
            let (keys_before, name_before) = (keys.len(), name.len());
            keys.push_str(&quoted);
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(key.raw());
            if at > 0 {
                quoted.insert(0, ',');
            }
            parts.push(Part::Key { key: key.raw().into(), json: quoted.into() });
            if !self.lay_out(value, depth + 1, keys, name, parts) {
                return false;
            }
            keys.truncate(keys_before);
            name.truncate(name_before);
        }
        parts.push(Part::Close);
        true
    }

    /// Calls `each` with every leaf of an object that has this shape. The text is made in `scratch` where it is
    /// not there already.
    pub(super) fn leaves(
        &self,
        shape: u16,
        node: &Node,
        scratch: &mut String,
        each: &mut impl FnMut(PathId, Mark, &str),
    ) {
        leaves(node, 0, &mut self.parts(shape).iter(), scratch, each);
    }
}

/// What an object is made of; `None` for what is a value.
fn members(node: &Node, depth: usize) -> Option<&[(crate::engine::text::Untrusted, Node)]> {
    match &node.value {
        Value::Object(members) if depth < DEEPEST => Some(members),
        _ => None,
    }
}

fn hash(hasher: &mut impl std::hash::Hasher, node: &Node, depth: usize) {
    match members(node, depth) {
        None => hasher.write_u8(0),
        Some(members) => {
            hasher.write_usize(members.len() + 1);
            for (key, value) in members {
                hasher.write(key.raw().as_bytes());
                hasher.write_u8(0xff);
                hash(hasher, value, depth + 1);
            }
        }
    }
}

fn fits<'a>(node: &Node, depth: usize, parts: &mut impl Iterator<Item = &'a Part>) -> bool {
    let Some(members) = members(node, depth) else { return matches!(parts.next(), Some(Part::Leaf(_))) };
    parts.next() == Some(&Part::Open)
        && members.iter().all(|(key, value)| {
            matches!(parts.next(), Some(Part::Key { key: own, .. }) if **own == *key.raw())
                && fits(value, depth + 1, parts)
        })
        && parts.next() == Some(&Part::Close)
}

fn leaves<'a>(
    node: &Node,
    depth: usize,
    parts: &mut impl Iterator<Item = &'a Part>,
    scratch: &mut String,
    each: &mut impl FnMut(PathId, Mark, &str),
) {
    match members(node, depth) {
        Some(members) => {
            parts.next();
            for (_, value) in members {
                parts.next();
                leaves(value, depth + 1, parts, scratch, each);
            }
            parts.next();
        }
        None => {
            if let Some(Part::Leaf(path)) = parts.next() {
                let (kind, text) = value_of(node, scratch);
                each(*path, Mark::new(kind, is_changed(node)), text);
            }
        }
    }
}

/// A node as a kind and a text; lists and objects as compact JSON.
pub(super) fn value_of<'a>(node: &'a Node, scratch: &'a mut String) -> (Kind, &'a str) {
    match &node.value {
        Value::Null => (Kind::Null, ""),
        Value::Bool(true) => (Kind::Bool, "true"),
        Value::Bool(false) => (Kind::Bool, "false"),
        Value::Number(digits) => (Kind::Number, digits),
        Value::Text(text) => (Kind::Text, text.raw()),
        Value::List(_) | Value::Object(_) => {
            scratch.clear();
            json::node(scratch, node);
            (Kind::Json, scratch)
        }
    }
}
