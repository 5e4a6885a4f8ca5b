//! The language, without what sees anything but the profile: no environment, no input, no log, no leaving.

use std::io::{self, Write};

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, Error as Unreadable, File, Loader, import, lex, parse};
use jaq_core::{Compiler, Ctx, Vars, compile, unwrap_valr};
use jaq_json::write::Pp;
use jaq_json::{Val, read};

/// Functions that see, or do, more than make values of values.
const WITHHELD: [&str; 8] =
    ["env", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "now", "input"];
/// Definitions that stand on these.
const WITHHELD_TOO: [&str; 4] = ["stderr", "debug", "halt", "halt_error"];

/// What an expression says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A value, as JSON over several lines.
    Value(String),
    /// A value that is longer than it may be.
    TooLong,
    /// It cannot be read, or went wrong.
    Refused { at: Option<usize>, why: String },
}

/// Works an expression out. `tell` gets what it says, and answers whether it may go on; no value is longer than `most`
/// bytes.
pub(super) fn evaluate(expression: &str, json: &str, most: usize, tell: &mut dyn FnMut(Said) -> bool) {
    let input = match read::parse_single(json.as_bytes()) {
        Ok(input) => input,
        Err(error) => {
            tell(Said::Refused { at: None, why: format!("the profile is no JSON: {error}") });
            return;
        }
    };
    let arena = Arena::default();
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let loader = Loader::new(defs.filter(|def| !WITHHELD_TOO.contains(&def.name)));
    let modules = loader.load(&arena, File { code: expression, path: () });
    // Data that is imported is looked for when it is used, without which the interpreter panics.
    let modules = modules.and_then(|modules| {
        import(&modules, |_| Err(String::new()))?;
        Ok(modules)
    });
    let modules = match modules {
        Ok(modules) => modules,
        Err(errors) => {
            let refused = errors.first().map(|(_, error)| unreadable(expression, error));
            tell(refused.unwrap_or_else(|| Said::Refused { at: None, why: "it cannot be read".into() }));
            return;
        }
    };
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let compiler = Compiler::<_, JustLut<Val>>::default();
    let filter = match compiler.with_funs(funs.filter(|fun| !WITHHELD.contains(&fun.0))).compile(modules) {
        Ok(filter) => filter,
        Err(errors) => {
            let unknown = errors.first().and_then(|(_, errors)| errors.first());
            let refused = unknown.map(|(name, what)| undefined(expression, name, what));
            tell(refused.unwrap_or_else(|| Said::Refused { at: None, why: "it cannot be read".into() }));
            return;
        }
    };
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let style = Pp { indent: Some("  ".to_owned()), sep_space: true, ..Pp::default() };
    for value in filter.id.run((context, input)).map(unwrap_valr) {
        let said = match value {
            Ok(value) => {
                let mut out = Bounded { text: Vec::new(), most };
                match jaq_json::write::write(&mut out, &style, 0, &value) {
                    Ok(()) => Said::Value(String::from_utf8_lossy(&out.text).into_owned()),
                    Err(_) => Said::TooLong,
                }
            }
            Err(error) => {
                let why = error.to_string();
                let end = why.floor_char_boundary(200);
                let more = if end < why.len() { "…" } else { "" };
                Said::Refused { at: None, why: format!("{}{more}", &why[..end]) }
            }
        };
        if !tell(said) {
            return;
        }
    }
}

/// Text that refuses to grow beyond its bound.
struct Bounded {
    text: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was expected, and where.
fn unreadable(expression: &str, error: &Unreadable<&str>) -> Said {
    let (at, why) = match error {
        Unreadable::Io(errors) => (errors.first().map(|(at, _)| *at), "modules cannot be loaded".to_owned()),
        Unreadable::Lex(errors) => match errors.first() {
            Some((lex::Expect::Delim(open), at)) => {
                let close = match *open {
                    "(" => ")",
                    "[" => "]",
                    "{" => "}",
                    other => other,
                };
                (Some(*at), format!("{close} is expected here"))
            }
            Some((expected, at)) => (Some(*at), format!("a {} is expected here", expected.as_str())),
            None => (None, "it cannot be read".to_owned()),
        },
        Unreadable::Parse(errors) => match errors.first() {
            Some((parse::Expect::Nothing, at)) => (Some(*at), "the end is expected here".to_owned()),
            Some((expected, at)) => (Some(*at), format!("{} is expected here", expected.as_str())),
            None => (None, "it cannot be read".to_owned()),
        },
    };
    Said::Refused { at: at.and_then(|at| place(expression, at)), why }
}

/// What a name that nobody knows stands for.
fn undefined(expression: &str, name: &str, what: &compile::Undefined) -> Said {
    let why = match what {
        compile::Undefined::Filter(arguments) if WITHHELD.contains(&name) || WITHHELD_TOO.contains(&name) => {
            format!("{name}/{arguments} is left out here: an expression sees the profile and nothing else")
        }
        compile::Undefined::Filter(arguments) => format!("there is no {name}/{arguments}"),
        other => format!("there is no {} {name}", other.as_str()),
    };
    Said::Refused { at: place(expression, name), why }
}

/// The character of the expression where a part of it begins.
fn place(expression: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(expression.as_ptr() as usize)?;
    expression.get(..at).map(|before| before.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str =
        r#"{"id":"PROF-1","attributes":{"score":21,"big":12345678901234567890123},"tags":["vip"]}"#;

    fn said(expression: &str) -> Vec<Said> {
        let mut all = Vec::new();
        evaluate(expression, ADA, 1_000, &mut |said| {
            all.push(said);
            all.len() < 5
        });
        all
    }

    fn value(json: &str) -> Said {
        Said::Value(json.to_owned())
    }

    fn refused(expression: &str) -> (Option<usize>, String) {
        match said(expression).pop() {
            Some(Said::Refused { at, why }) => (at, why),
            other => panic!("{expression}: {other:?}"),
        }
    }

    #[test]
    fn expressions_are_worked_out() {
        assert_eq!(said(".attributes.score"), [value("21")]);
        assert_eq!(said(".attributes.big"), [value("12345678901234567890123")]);
        assert_eq!(said(".tags[], .id"), [value("\"vip\""), value("\"PROF-1\"")]);
        assert_eq!(said("{id}"), [value("{\n  \"id\": \"PROF-1\"\n}")]);
        assert_eq!(said(".tags | map(ascii_upcase) | join(\"+\")"), [value("\"VIP\"")]);
        assert_eq!(said(".id | test(\"^PROF\")"), [value("true")]);
        assert_eq!(said("empty"), []);
        assert_eq!(said("range(1e9)").len(), 5, "who listens decides how long it goes on");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(refused(".tags["), (Some(6), "] is expected here".into()));
        assert_eq!(refused(".tags |"), (Some(7), "term is expected here".into()));
        assert_eq!(refused("if .id"), (Some(6), "then is expected here".into()));
        assert_eq!(refused(".id | nosuch(1)"), (Some(6), "there is no nosuch/1".into()));
        assert_eq!(refused("$who"), (Some(0), "there is no variable $who".into()));
        assert_eq!(refused(".id + 1").1, "cannot calculate \"PROF-1\" + 1");
    }

    #[test]
    fn nothing_but_the_profile_can_be_seen() {
        for expression in
            ["env", "$ENV", "input", "inputs", "halt", "halt_error", "debug", "stderr", "now", "localtime"]
        {
            let (_, why) = refused(expression);
            assert!(why.contains("left out") || why.contains("there is no"), "{expression}: {why}");
        }
        let (_, why) = refused("import \"a\" as a; 1");
        assert_eq!(why, "modules cannot be loaded");
        assert_eq!(refused("include \"/etc/passwd\"; 1").1, "modules cannot be loaded");
        assert_eq!(refused("import \"a\" as $a; $a").1, "modules cannot be loaded");
    }

    #[test]
    fn a_value_is_no_longer_than_it_may_be() {
        assert_eq!(said("\"x\" * 5000"), [Said::TooLong]);
    }
}
