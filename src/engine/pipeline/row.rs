//! One row: an object of fields, each made what it should be.

use std::borrow::Cow;
use std::collections::HashSet;

use super::coerce::{Coerced, coerce, lowercase, strip_phone};
use super::profile::{Change, Node, Original, Profile, Slot, Text, Value};
use super::reader::{Fault, Kind, Reader};
use crate::engine::query::{Field, FieldSet};
use crate::engine::text::Untrusted;

/// Objects of more members than this look for repeated keys with a set.
const FEW_MEMBERS: usize = 16;

/// Reads a row. The profile's `raw` is left empty.
///
/// # Errors
/// Why the row cannot be read, with its place and the field, and without a value of the row.
pub(super) fn read(row: &[u8], fields: FieldSet) -> Result<Profile, String> {
    let mut reader = object(row)?;
    let mut current = None;
    members(&mut reader, fields, &mut current).map_err(|fault| match current {
        Some(field) => format!("{fault}, in {}", Field::wire(field)),
        None => fault.to_string(),
    })
}

/// The members of a row, each with its key and its value's JSON.
///
/// # Errors
/// As [`read`].
pub(super) fn members_of(row: &[u8]) -> Result<Vec<(Cow<'_, str>, &str)>, String> {
    fn all<'a>(reader: &mut Reader<'a>) -> Result<Vec<(Cow<'a, str>, &'a str)>, Fault> {
        reader.open()?;
        let mut members = Vec::with_capacity(Field::COUNT);
        while let Some(key) = reader.key(members.is_empty())? {
            members.push((key, reader.skip()?));
        }
        reader.end()?;
        Ok(members)
    }
    all(&mut object(row)?).map_err(|fault| fault.to_string())
}

/// A reader that stands before a row's bracket.
fn object(row: &[u8]) -> Result<Reader<'_>, String> {
    let text = std::str::from_utf8(row)
        .map_err(|e| format!("invalid UTF-8 at byte {} of the row", e.valid_up_to() + 1))?;
    if text.is_empty() {
        return Err("nothing between two commas".into());
    }
    let mut reader = Reader::new(text);
    match reader.kind().map_err(|fault| fault.to_string())? {
        Kind::Object => Ok(reader),
        kind => {
            // What is no JSON at all is said to be that, rather than to be a number.
            reader.skip().and_then(|_| reader.end()).map_err(|fault| fault.to_string())?;
            Err(format!("not an object but {}", name(kind)))
        }
    }
}

fn members(reader: &mut Reader<'_>, fields: FieldSet, current: &mut Option<Field>) -> Result<Profile, Fault> {
    let mut profile = blank(fields);
    reader.open()?;
    let mut first = true;
    while let Some(key) = reader.key(first)? {
        first = false;
        *current = field(&key);
        match *current {
            Some(field) if fields.contains(field) => take(reader, field, &mut profile)?,
            _ => {
                reader.skip()?;
            }
        }
        *current = None;
    }
    reader.end()?;
    Ok(profile)
}

/// A profile of which nothing came yet.
fn blank(fields: FieldSet) -> Profile {
    fn slot<T>(fields: FieldSet, field: Field) -> Slot<T> {
        if fields.contains(field) { Slot::Missing } else { Slot::NotAsked }
    }
    Profile {
        id: slot(fields, Field::Id),
        first_name: slot(fields, Field::FirstName),
        last_name: slot(fields, Field::LastName),
        email: slot(fields, Field::Email),
        phone: slot(fields, Field::Phone),
        tags: slot(fields, Field::Tags),
        attributes: slot(fields, Field::Attributes),
        created_date: slot(fields, Field::CreatedDate),
        modified_date: slot(fields, Field::ModifiedDate),
        raw: bytes::Bytes::new(),
    }
}

fn field(key: &str) -> Option<Field> {
    Some(match key {
        "id" => Field::Id,
        "firstName" => Field::FirstName,
        "lastName" => Field::LastName,
        "email" => Field::Email,
        "phone" => Field::Phone,
        "tags" => Field::Tags,
        "attributes" => Field::Attributes,
        "createdDate" => Field::CreatedDate,
        "modifiedDate" => Field::ModifiedDate,
        _ => return None,
    })
}

/// Reads a field's value into its slot; a repeated key overwrites.
fn take(reader: &mut Reader<'_>, field: Field, profile: &mut Profile) -> Result<(), Fault> {
    let plain = |text| (text, None);
    match field {
        Field::Id => profile.id = text(reader, plain)?,
        Field::FirstName => profile.first_name = text(reader, plain)?,
        Field::LastName => profile.last_name = text(reader, plain)?,
        Field::Email => {
            profile.email = text(reader, |text| changed(text, lowercase, Change::Lowercased))?;
        }
        Field::Phone => {
            profile.phone = text(reader, |text| changed(text, strip_phone, Change::Stripped))?;
        }
        Field::Tags => profile.tags = tags(reader)?,
        Field::Attributes => profile.attributes = attributes(reader)?,
        Field::CreatedDate => profile.created_date = text(reader, plain)?,
        Field::ModifiedDate => profile.modified_date = text(reader, plain)?,
    }
    Ok(())
}

/// A text and, where it was changed, how.
type Changed<'a> = (Cow<'a, str>, Option<Change>);

fn changed(text: Cow<'_, str>, by: fn(&str) -> Cow<'_, str>, change: Change) -> Changed<'_> {
    let new = match by(&text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(new) => Some(new),
    };
    match new {
        Some(new) => (Cow::Owned(new), Some(change)),
        None => (text, None),
    }
}

/// A text field: text is worked on, anything else is kept as text and marked.
fn text<'a>(
    reader: &mut Reader<'a>,
    work: impl FnOnce(Cow<'a, str>) -> Changed<'a>,
) -> Result<Slot<Text>, Fault> {
    let kind = reader.kind()?;
    let mark = reader.mark();
    match kind {
        Kind::Null => {
            reader.literal(kind)?;
            Ok(Slot::Null)
        }
        Kind::Text => {
            let (value, change) = work(reader.string()?);
            let original = change.and_then(|change| original(reader.since(mark), change));
            Ok(Slot::Value(Text { value: Untrusted::new(value), original }))
        }
        _ => {
            let json = reader.skip()?;
            let value = Untrusted::new(compact(json));
            Ok(Slot::Value(Text { value, original: original(json, Change::WrongType) }))
        }
    }
}

/// `tags`: a list of texts; anything else becomes one and is marked. A null among them stays null.
fn tags(reader: &mut Reader<'_>) -> Result<Slot<Node>, Fault> {
    let kind = reader.kind()?;
    let mark = reader.mark();
    match kind {
        Kind::Null => {
            reader.literal(kind)?;
            Ok(Slot::Null)
        }
        Kind::List => {
            reader.open()?;
            let mut list = Vec::new();
            while reader.element(list.is_empty())? {
                list.push(tag(reader)?);
            }
            Ok(Slot::Value(Node { value: Value::List(list), original: None }))
        }
        _ => {
            // The mark stands on the list that was made, not on its one element.
            let one = Node { original: None, ..tag(reader)? };
            let original = original(reader.since(mark), Change::WrongType);
            Ok(Slot::Value(Node { value: Value::List(vec![one]), original }))
        }
    }
}

fn tag(reader: &mut Reader<'_>) -> Result<Node, Fault> {
    match reader.kind()? {
        Kind::Text => Ok(Node { value: Value::Text(Untrusted::new(reader.string()?)), original: None }),
        Kind::Null => {
            reader.literal(Kind::Null)?;
            Ok(Node { value: Value::Null, original: None })
        }
        _ => {
            let json = reader.skip()?;
            let value = Value::Text(Untrusted::new(compact(json)));
            Ok(Node { value, original: original(json, Change::WrongType) })
        }
    }
}

/// `attributes`: an object, its texts coerced at every depth. Anything else is kept as it is and marked.
fn attributes(reader: &mut Reader<'_>) -> Result<Slot<Node>, Fault> {
    let kind = reader.kind()?;
    let mark = reader.mark();
    let value = match kind {
        Kind::Null => {
            reader.literal(kind)?;
            return Ok(Slot::Null);
        }
        Kind::Object => return Ok(Slot::Value(node(reader, coerce)?)),
        // A bare text is not coerced too: it has one original, and that says *wrong type*.
        Kind::Text => Value::Text(Untrusted::new(reader.string()?)),
        _ => node(reader, coerce)?.value,
    };
    Ok(Slot::Value(Node { value, original: original(reader.since(mark), Change::WrongType) }))
}

/// Any value; `becomes` says what of its texts does not stay text.
fn node(reader: &mut Reader<'_>, becomes: fn(&str) -> Option<Coerced<'_>>) -> Result<Node, Fault> {
    let kind = reader.kind()?;
    let value = match kind {
        Kind::Null | Kind::True | Kind::False => {
            reader.literal(kind)?;
            if kind == Kind::Null { Value::Null } else { Value::Bool(kind == Kind::True) }
        }
        Kind::Number => Value::Number(reader.number()?.into()),
        Kind::Text => {
            let mark = reader.mark();
            let text = reader.string()?;
            let value = match becomes(&text) {
                None => return Ok(Node { value: Value::Text(Untrusted::new(text)), original: None }),
                Some(Coerced::Bool(value)) => Value::Bool(value),
                Some(Coerced::Number(digits)) => Value::Number(digits.into()),
            };
            return Ok(Node { value, original: original(reader.since(mark), Change::Coerced) });
        }
        Kind::List => {
            reader.open()?;
            let mut list = Vec::new();
            while reader.element(list.is_empty())? {
                list.push(node(reader, becomes)?);
            }
            Value::List(list)
        }
        Kind::Object => {
            reader.open()?;
            let mut members: Vec<(Untrusted, Node)> = Vec::new();
            while let Some(key) = reader.key(members.is_empty())? {
                members.push((Untrusted::new(key), node(reader, becomes)?));
            }
            keep_last(&mut members);
            Value::Object(members)
        }
    };
    Ok(Node { value, original: None })
}

/// Reads a value that was processed and written as JSON; nothing where it is no JSON.
pub(super) fn value(json: &str) -> Option<Node> {
    let mut reader = Reader::new(json);
    // What stayed text once stays text: a tag that spells a number is one of them.
    let node = node(&mut reader, |_| None).ok()?;
    reader.end().ok()?;
    Some(node)
}

/// Of repeated keys the last stays.
fn keep_last(members: &mut Vec<(Untrusted, Node)>) {
    if members.len() <= FEW_MEMBERS {
        let mut at = 0;
        while at < members.len() {
            if members[at + 1..].iter().any(|(key, _)| *key == members[at].0) {
                members.remove(at);
            } else {
                at += 1;
            }
        }
        return;
    }
    let mut seen = HashSet::with_capacity(members.len());
    let keep: Vec<bool> = members.iter().rev().map(|(key, _)| seen.insert(key)).collect();
    drop(seen);
    let mut keep = keep.into_iter().rev();
    members.retain(|_| keep.next().unwrap_or(true));
}

// An `Option`, as the types that hold it have.
#[expect(clippy::unnecessary_wraps, reason = "every caller stores an Option")]
fn original(json: &str, change: Change) -> Option<Box<Original>> {
    Some(Box::new(Original { json: Untrusted::from(json), change }))
}

/// JSON without the white space between its parts.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    out.extend(json.chars().filter(|c| {
        if in_text {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_text = false,
                _ => {}
            }
            return true;
        }
        in_text = *c == '"';
        !matches!(c, ' ' | '\t' | '\n' | '\r')
    }));
    out
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::True | Kind::False => "a boolean",
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::List => "a list",
        Kind::Object => "an object",
    }
}
