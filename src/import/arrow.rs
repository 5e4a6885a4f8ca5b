//! One value of a column as JSON.

use std::fmt::Write as _;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, civil};

use crate::engine::pipeline::{is_json, json};

/// Whether values of a type are shown.
pub(super) fn is_shown(kind: &DataType) -> bool {
    match kind {
        DataType::List(inner) | DataType::LargeList(inner) | DataType::FixedSizeList(inner, _) => {
            is_shown(inner.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|field| is_shown(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                matches!(fields.first().map(|key| key.data_type()), Some(DataType::Utf8))
                    && fields.get(1).is_some_and(|value| is_shown(value.data_type()))
            }
            _ => false,
        },
        DataType::Interval(_)
        | DataType::Duration(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Union(..)
        | DataType::Dictionary(..)
        | DataType::RunEndEncoded(..) => false,
        _ => true,
    }
}

/// Appends a value for a field of text: a number or a boolean as its text, where there is a value.
pub(super) fn text(out: &mut String, array: &ArrayRef, row: usize) -> bool {
    let start = out.len();
    let there = value(out, array, row);
    if there && !out[start..].starts_with(['"', '[', '{']) {
        out.insert(start, '"');
        out.push('"');
    }
    there
}

/// Appends a value for a list or an object: text that is JSON as that.
pub(super) fn node(out: &mut String, array: &ArrayRef, row: usize) -> bool {
    let text = match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    };
    match text {
        Some(json) if is_json(json) => {
            out.push_str(json);
            true
        }
        _ => value(out, array, row),
    }
}

/// Appends a value as JSON; `false`, and nothing, where it is null or of a type that is not shown.
pub(super) fn value(out: &mut String, array: &dyn Array, row: usize) -> bool {
    if array.is_null(row) {
        return false;
    }
    macro_rules! number {
        ($kind:ty) => {
            write!(out, "{}", array.as_primitive::<$kind>().value(row)).is_ok()
        };
    }
    macro_rules! moment {
        ($kind:ty, $of:expr, $utc:expr) => {{
            let at = array.as_primitive::<$kind>().value(row);
            match $of(at) {
                Ok(moment) => instant(out, moment, $utc),
                Err(_) => write!(out, "{at}").is_ok(),
            }
        }};
    }
    macro_rules! time {
        ($kind:ty, $of:expr) => {{
            let since = array.as_primitive::<$kind>().value(row);
            match civil::Time::midnight().checked_add($of(i64::from(since))) {
                Ok(at) => write!(out, "\"{at}\"").is_ok(),
                Err(_) => write!(out, "{since}").is_ok(),
            }
        }};
    }
    match array.data_type() {
        DataType::Boolean => write!(out, "{}", array.as_boolean().value(row)).is_ok(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float16 => float(out, array.as_primitive::<Float16Type>().value(row).to_f64()),
        // By its own digits: as a double it would have more of them.
        DataType::Float32 => match array.as_primitive::<Float32Type>().value(row) {
            single if single.is_finite() => write!(out, "{single:?}").is_ok(),
            single => float(out, single.into()),
        },
        DataType::Float64 => float(out, array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(..) => digits(out, &array.as_primitive::<Decimal32Type>().value_as_string(row)),
        DataType::Decimal64(..) => digits(out, &array.as_primitive::<Decimal64Type>().value_as_string(row)),
        DataType::Decimal128(..) => digits(out, &array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(..) => digits(out, &array.as_primitive::<Decimal256Type>().value_as_string(row)),
        DataType::Utf8 => quoted(out, array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => quoted(out, array.as_string::<i64>().value(row)),
        DataType::Utf8View => quoted(out, array.as_string_view().value(row)),
        DataType::Binary => bytes(out, array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(out, array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(out, array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(out, array.as_fixed_size_binary().value(row)),
        DataType::Timestamp(unit, zone) => {
            let utc = zone.is_some();
            match unit {
                TimeUnit::Second => moment!(TimestampSecondType, Timestamp::from_second, utc),
                TimeUnit::Millisecond => {
                    moment!(TimestampMillisecondType, Timestamp::from_millisecond, utc)
                }
                TimeUnit::Microsecond => {
                    moment!(TimestampMicrosecondType, Timestamp::from_microsecond, utc)
                }
                TimeUnit::Nanosecond => {
                    moment!(TimestampNanosecondType, |at: i64| Timestamp::from_nanosecond(at.into()), utc)
                }
            }
        }
        DataType::Date32 => date(out, array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Date64 => {
            date(out, array.as_primitive::<Date64Type>().value(row).div_euclid(24 * 3600 * 1000))
        }
        DataType::Time32(TimeUnit::Second) => time!(Time32SecondType, SignedDuration::from_secs),
        DataType::Time32(_) => time!(Time32MillisecondType, SignedDuration::from_millis),
        DataType::Time64(TimeUnit::Microsecond) => time!(Time64MicrosecondType, SignedDuration::from_micros),
        DataType::Time64(_) => time!(Time64NanosecondType, SignedDuration::from_nanos),
        DataType::List(_) => list(out, &array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(out, &array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(out, &array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            object(
                out,
                fields.iter().zip(columns).map(|(field, column)| (field.name().as_str(), column, row)),
            )
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
                return false;
            };
            let Some(keys) = keys.as_string_opt::<i32>() else { return false };
            object(out, (0..keys.len()).map(|at| (keys.value(at), values, at)))
        }
        _ => false,
    }
}

/// An object of what is there; a null cannot be told from what is missing.
fn object<'a>(out: &mut String, members: impl Iterator<Item = (&'a str, &'a ArrayRef, usize)>) -> bool {
    out.push('{');
    let start = out.len();
    for (key, array, row) in members {
        let before = out.len();
        if before > start {
            out.push(',');
        }
        json::text(out, key);
        out.push(':');
        if !value(out, array, row) {
            out.truncate(before);
        }
    }
    out.push('}');
    true
}

fn list(out: &mut String, items: &ArrayRef) -> bool {
    out.push('[');
    for at in 0..items.len() {
        if at > 0 {
            out.push(',');
        }
        if !value(out, items, at) {
            out.push_str("null");
        }
    }
    out.push(']');
    true
}

fn quoted(out: &mut String, text: &str) -> bool {
    json::text(out, text);
    true
}

/// Text, where the bytes are text; otherwise their digits.
fn bytes(out: &mut String, bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return quoted(out, text);
    }
    out.push_str("\"0x");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('"');
    true
}

/// A number, or a word where JSON has no number for it.
fn float(out: &mut String, number: f64) -> bool {
    if number.is_finite() { write!(out, "{number:?}").is_ok() } else { write!(out, "\"{number}\"").is_ok() }
}

/// A decimal number; `.5` and the like are no JSON.
fn digits(out: &mut String, digits: &str) -> bool {
    if is_json(digits) {
        out.push_str(digits);
        return true;
    }
    quoted(out, digits)
}

/// A moment in UTC, or of a clock on some wall.
fn instant(out: &mut String, at: Timestamp, utc: bool) -> bool {
    if utc {
        return write!(out, "\"{at}\"").is_ok();
    }
    write!(out, "\"{}\"", TimeZone::UTC.to_datetime(at)).is_ok()
}

/// A day, by its number since 1970.
fn date(out: &mut String, days: i64) -> bool {
    let span = Span::new().try_days(days);
    match span.and_then(|span| civil::date(1970, 1, 1).checked_add(span)) {
        Ok(day) => write!(out, "\"{day}\"").is_ok(),
        Err(_) => write!(out, "{days}").is_ok(),
    }
}
