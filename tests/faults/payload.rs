//! Table "Payload".

use std::ops::ControlFlow;

use cxlens::engine::error::Kind;
use cxlens::engine::pipeline::profile::{Change, Node, Profile, Slot, Value};
use cxlens::engine::query::FieldSet;
use cxlens::export::{CsvOptions, End, Format, Spec, Writer};

use crate::support::{Case, PEOPLE, Ran};

faults! {
    odd_fields = "an ID that is a number or null, wrong types in any field, unknown keys, duplicate keys" {
        rows_id_number; |ran| {
            ran.whole_with(&["4711"]);
            let id = ran.row("4711").id.value().unwrap();
            assert_eq!(id.original.as_ref().unwrap().change, Change::WrongType, "marked");
        };
        rows_id_null; |ran| {
            ran.whole_with(&["", ""]);
            let ids: Vec<_> = ran.rows[1..3].iter().map(|row| &row.id).collect();
            assert_eq!(ids, [&Slot::Null, &Slot::Missing]);
            assert!(ran.summary.accuracy < Some(1.0), "they are not complete");
        };
        rows_id_twice; |ran| {
            ran.whole_with(&["ODD-TWICE"]);
            assert_eq!(ran.summary.repeats, 1);
            assert_eq!(ran.row("ODD-TWICE").first_name.value().unwrap().value.raw(), "First");
        };
        rows_wrong_types; |ran| {
            ran.whole_with(&["ODD-TYPES-1", "ODD-TYPES-2"]);
            let row = ran.row("ODD-TYPES-1");
            for text in [&row.first_name, &row.last_name, &row.email, &row.created_date, &row.modified_date] {
                let original = text.value().and_then(|text| text.original.as_ref());
                assert_eq!(original.map(|o| o.change), Some(Change::WrongType), "{text:?}");
            }
            assert_eq!(row.phone.value().unwrap().value.raw(), "15550100");
        };
        rows_unknown_keys; |ran| {
            ran.whole_with(&["ODD-KEYS"]);
            assert_eq!(ran.row("ODD-KEYS").first_name.value().unwrap().value.raw(), "Una");
            assert!(ran.row("ODD-KEYS").raw_json().contains("shoeSize"), "what was received is kept");
        };
        rows_duplicate_keys; |ran| {
            ran.whole_with(&["ODD-DUP"]);
            let row = ran.row("ODD-DUP");
            assert_eq!(row.first_name.value().unwrap().value.raw(), "last", "the last key wins");
            assert_eq!(attribute(row, "plan"), "\"gold\"");
        };
    }
    bad_rows = "a row that is no object; invalid UTF-8, lone surrogate, NaN, `1e999`, raw control characters, depth over 128 in a row" {
        rows_not_objects; |ran| ran.set_aside(&[2, 3, 4, 5, 6], "not an object but");
        rows_invalid_utf8; |ran| ran.set_aside(&[2], "invalid UTF-8");
        rows_lone_surrogate; |ran| ran.set_aside(&[2], "lone surrogate");
        rows_nan; |ran| ran.set_aside(&[2, 3], "NaN or Infinity");
        rows_1e999; |ran| ran.set_aside(&[2], "beyond the range");
        rows_raw_control; |ran| ran.set_aside(&[2], "raw control character");
        rows_too_deep; |ran| ran.set_aside(&[2], "deeper than 128");
        rows_far_too_deep; |ran| ran.set_aside(&[2], "deeper than 128");
        // Half a row takes the end of its page with it: damaged on the way, so asked again.
        rows_half; |ran| ran.stops(Kind::Service, 0, "page 1").pages(4).says("cut off");
        rows_trailing_comma; |ran| {
            let places: Vec<_> = ran.summary.set_aside.iter().map(|s| (s.page, s.row)).collect();
            assert_eq!((&ran.error, places), (&None, vec![(1, 3)]));
            assert_eq!(ran.ids.len(), PEOPLE + 1);
        };
        bom; |ran| ran.whole().tokens(1).nothing_again();
    }
    numbers = "`9007199254740993`, 60 digits, `0012`, `1.10`, `1.2.3`, `²`, `٣`, `+1`, ` 42 `, `1e5`, `-5`, `NaN`" {
        rows_numbers_as_text; |ran| {
            ran.whole_with(&["ODD-NUMBERS"]);
            let row = ran.row("ODD-NUMBERS");
            for (name, becomes) in [
                ("a", "9007199254740993"),
                ("b", "\"123456789012345678901234567890123456789012345678901234567890\""),
                ("c", "\"0012\""),
                ("d", "1.1"),
                ("e", "\"1.2.3\""),
                ("f", "\"²\""),
                ("g", "\"٣\""),
                ("h", "\"+1\""),
                ("i", "\" 42 \""),
                ("j", "\"1e5\""),
                ("k", "-5"),
                ("l", "\"NaN\""),
                ("m", "true"),
                ("n", "\"-0\""),
                ("o", "\".5\""),
                ("p", "\"1_000\""),
            ] {
                assert_eq!(attribute(row, name), becomes, "{name}");
            }
        };
        // One of its numbers is past what a double holds.
        rows_long_numbers; |ran| ran.set_aside(&[2], "beyond the range");
    }
    dangerous = "ESC, OSC 52, CSI, C1, BEL, CR, TAB, NUL, bidi overrides and isolates, zero-width, tag characters, a million combining marks" {
        rows_terminal_sequences; |ran| ran.whole_with(&["ODD-TERMINAL"]).shows_nothing_dangerous("ODD-TERMINAL");
        rows_bidi; |ran| ran.whole_with(&["ODD-BIDI"]).shows_nothing_dangerous("ODD-BIDI");
        rows_zero_width; |ran| ran.whole_with(&["ODD-ZERO"]).shows_nothing_dangerous("ODD-ZERO");
        rows_combining_marks with |case| case.patient(); |ran| {
            ran.whole_with(&["ODD-MARKS"]).shows_nothing_dangerous("ODD-MARKS");
            let name = &ran.row("ODD-MARKS").first_name.value().unwrap().value;
            assert_eq!(name.raw().chars().count(), 1_000_001, "the value itself is kept");
            assert!(name.shown().chars().count() < 40, "and a few marks are shown");
        };
        rows_wide; |ran| {
            ran.whole_with(&["ODD-WIDE"]);
            assert_eq!(ran.row("ODD-WIDE").last_name.value().unwrap().value.raw(), "漢字ｆｕｌｌ각");
        };
        rows_huge_value with |case| case.patient(); |ran| {
            ran.whole_with(&["ODD-HUGE"]);
            assert!(ran.row("ODD-HUGE").raw.len() > 5_000_000);
        };
        page_too_large with |case| case.patient(); |ran|
            ran.stops(Kind::Service, 0, "page 1").pages(1).says("larger than 16777216 bytes");
    }
    formulas = "CSV cells that begin with `= + - @ TAB CR` (full-width forms too)" {
        rows_formulas; |ran| {
            ran.whole_with(&["=1+1"]);
            let csv = ran.row("=1+1").written(Format::Csv, CsvOptions::default());
            let raw = ran.row("=1+1").written(Format::Csv, CsvOptions { raw: true, ..CsvOptions::default() });
            assert!(csv.starts_with("'=1+1,\"'=HYPERLINK("), "{csv}");
            assert!(csv.contains(",'@SUM(A1),'+cmd|calc,15550100,"), "{csv}");
            assert!(raw.starts_with("=1+1,\"=HYPERLINK("), "{raw}");
        };
    }
}

/// An attribute of the highest level as JSON.
fn attribute(row: &Profile, name: &str) -> String {
    let Some(Node { value: Value::Object(members), .. }) = row.attributes.value() else { panic!("{row:?}") };
    let (_, node) = members.iter().find(|(key, _)| key.raw() == name).expect("the attribute");
    let mut out = String::new();
    cxlens::export::json::node(&mut out, node);
    out
}

trait Written {
    fn written(&self, format: Format, csv: CsvOptions) -> String;
}

impl Written for Profile {
    /// The record, without a header.
    fn written(&self, format: Format, csv: CsvOptions) -> String {
        let mut writer = Writer::new(Vec::new(), &Spec { csv, ..Spec::new(format, FieldSet::ALL) }).unwrap();
        writer.row(self).unwrap();
        let finished = writer.finish(End::Whole, &mut |_| ControlFlow::Continue(())).unwrap();
        let text = String::from_utf8(finished.out).unwrap();
        match format {
            Format::Csv => text.split_once('\n').unwrap().1.to_owned(),
            _ => text,
        }
    }
}

impl Ran {
    /// Neither JSON nor what a person sees of the row holds a character that could drive a terminal or deceive an eye;
    /// the value as received is kept.
    fn shows_nothing_dangerous(&self, id: &str) -> &Self {
        let row = self.row(id);
        let dangerous = |c: char| {
            c.is_control() && c != '\n'
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
                || matches!(c, '\u{e0000}'..='\u{e007f}')
        };
        let csv = CsvOptions { clean_for_terminal: true, ..CsvOptions::default() };
        let shown = format!("{row:?}").replace("\\n", "");
        let bidi = |c: char| {
            dangerous(c) && !matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{e0000}'..='\u{e007f}')
        };
        let json = row.written(Format::Ndjson, csv);
        assert!(!json.contains(bidi), "JSON: {json:?}");
        let table = row.written(Format::Csv, csv);
        assert!(!table.contains(dangerous), "CSV to a terminal: {table:?}");
        let texts = [&row.first_name, &row.last_name, &row.email, &row.phone];
        for text in texts.into_iter().filter_map(Slot::value) {
            assert!(!text.value.shown().contains(dangerous), "{text:?}");
        }
        assert!(!shown.is_empty() && !row.raw.is_empty());
        self
    }
}

#[tokio::test]
async fn a_number_of_any_length_keeps_its_digits() {
    let row = r#"{"id":"ODD-DIGITS","attributes":{"a":9007199254740993,"b":123456789012345678901234567890123456789012345678901234567890,"c":0.1000000000000000055511151231257827,"d":-0}}"#;
    let toml = format!("[[effect]]\nwhen = {{ pages = [1] }}\n[[effect.page.insert]]\nat = 1\nrow = '{row}'");
    let ran = Case::plan(&toml).run().await;
    ran.whole_with(&["ODD-DIGITS"]);
    let row = ran.row("ODD-DIGITS");
    assert_eq!(attribute(row, "a"), "9007199254740993");
    assert_eq!(attribute(row, "b"), "123456789012345678901234567890123456789012345678901234567890");
    assert_eq!(attribute(row, "c"), "0.1000000000000000055511151231257827");
    assert_eq!(attribute(row, "d"), "-0");
}
