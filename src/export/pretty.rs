//! JSON over several lines, for reading and copying one profile.

use super::json;
use crate::engine::pipeline::json::{escape_char, must_escape};
use crate::engine::pipeline::profile::Profile;

/// A processed profile over several lines.
pub fn single(profile: &Profile) -> String {
    let mut compact = String::new();
    json::profile(&mut compact, profile);
    pretty(&compact)
}

/// A profile as received, over several lines; digits, escapes and order stay as they came.
pub fn raw_pretty(profile: &Profile) -> String {
    pretty(profile.raw_json())
}

/// JSON with two blanks a level. Works on the text alone, so that nothing is read into types that hold less.
/// Invisible and reordering characters become escapes, which mean the same.
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '"' => {
                out.push('"');
                while let Some(c) = chars.next() {
                    if must_escape(c) {
                        escape_char(&mut out, c);
                        continue;
                    }
                    out.push(c);
                    match c {
                        '"' => break,
                        '\\' => out.extend(chars.next()),
                        _ => {}
                    }
                }
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}
