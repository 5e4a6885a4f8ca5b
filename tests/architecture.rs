//! Reads the sources and fails on an import that the house does not allow. The list is ARCHITECTURE.md's.

#![expect(clippy::unwrap_used, reason = "a test says no more of a broken source tree than a panic does")]
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may import from. `main.rs` sees all and is not listed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("args", &[]),
    ("figures", &[]),
    ("logging", &[]),
    ("panics", &["engine"]),
    ("wire", &[]),
    ("sandbox", &[]),
    ("engine", &["wire"]),
    ("rows", &["engine"]),
    ("export", &["engine"]),
    ("import", &["engine", "export"]),
    ("config", &["engine", "wire"]),
    ("cli", &["engine", "rows", "export", "config", "figures"]),
    ("saving", &["engine", "rows", "export"]),
    ("tidy", &["engine", "config"]),
    ("linear", &["engine", "rows", "export", "config", "figures", "saving"]),
    ("tui", &["engine", "rows", "export", "config", "figures", "saving", "panics"]),
];

/// Panes know the frame that carries them, never each other.
const PANES: &str = "src/tui/panes";

/// Rooms that write to a screen, a stream or a log.
const TALKERS: [&str; 6] = ["cli", "linear", "logging", "main", "saving", "tui"];

/// Files in these rooms that look at text from outside as it came, and what for. Whoever is new here shows it, and
/// `shown()` is for that.
const TRUE_VALUES: &[(&str, &str)] = &[
    ("src/saving.rs", "files keep the value itself"),
    ("src/linear/person.rs", "masked first; each sentence is cleaned where it is said"),
    ("src/tui/app/compare.rs", "an ID that is compared"),
    (
        "src/tui/overlays/column.rs",
        "values that are compared; masked first where they are drawn, then cleaned",
    ),
    ("src/tui/overlays/compare/pairs.rs", "values that are compared, and copied"),
    ("src/tui/overlays/exchange.rs", "what is copied; lines are masked first, then cleaned"),
    ("src/tui/panes/activity/webhooks.rs", "what is copied"),
    ("src/tui/panes/detail/draw.rs", "cut to its room first: the gist of a text is cleaned"),
    (
        "src/tui/panes/detail/items.rs",
        "what is copied and searched; masked first where it is drawn, then cleaned",
    ),
    ("src/tui/panes/detail/why.rs", "what processing did to it"),
    ("src/tui/panes/files.rs", "a file's name of which the end is shown, cleaned"),
    ("src/tui/panes/header.rs", "a file's name, cleaned"),
    ("src/tui/panes/profiles/arranged.rs", "columns go by their names"),
    ("src/tui/panes/profiles/cells.rs", "whether it is empty"),
    ("src/tui/panes/profiles/watched.rs", "IDs that are compared"),
];

/// Files that know the streams of this process, and what goes there.
const STREAMS: &[(&str, &str)] = &[
    ("src/main.rs", "errors and notes, each line cleaned; help"),
    ("src/main/", "hands standard output to whoever writes data or sentences"),
    ("src/cli/progress.rs", "a bar, whose words are cleaned"),
    ("src/panics.rs", "the place of a panic"),
    ("src/tui/terminal.rs", "pictures, of which each cell is looked at"),
    ("src/tui/jq/child.rs", "answers to the process that asked"),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(Path::new("src"), &mut found);
    found.sort();
    found
}

/// The room that a file belongs to: the first part of its path below `src`.
fn room(path: &Path) -> String {
    let first = path.strip_prefix("src").unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
}

/// Source text without comments and without string literals, so that prose is not taken for code.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Every `crate::x` and every `crate::{x, y::z}` in a file, as the first names after `crate::`.
fn imports(text: &str) -> Vec<String> {
    let code = code(text);
    let mut found = Vec::new();
    for prefix in ["crate::", "cxlens::"] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            let name = |text: &str| -> String {
                text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            if let Some(list) = rest.strip_prefix('{') {
                let mut depth = 1;
                let mut start = 0;
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 || (c == ',' && depth == 1) {
                        found.push(name(&list[start..i]));
                        start = i + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
            } else {
                found.push(name(rest));
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn rooms_import_only_what_the_house_allows() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for path in all_sources() {
        let room = room(&path);
        if room == "main" || room == "lib" {
            continue;
        }
        let Some(may) = allowed.get(room.as_str()) else {
            wrong.push(format!("{}: the house has no room `{room}`", path.display()));
            continue;
        };
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            checked += 1;
            let known = allowed.contains_key(import.as_str());
            if known && import != room && !may.contains(&import.as_str()) {
                wrong.push(format!("{}: `{room}` must not import `{import}`", path.display()));
            }
        }
    }
    assert!(checked > 50, "the reader of imports found only {checked}: it is broken");
    assert!(wrong.is_empty(), "arrows that point the wrong way:\n{}", wrong.join("\n"));
}

#[test]
fn a_pane_never_knows_another_pane() {
    let mut wrong = Vec::new();
    let files: Vec<_> = all_sources().into_iter().filter(|p| p.starts_with(PANES)).collect();
    let pane = |path: &Path| -> String {
        let rest = path.strip_prefix(PANES).unwrap().components().next().unwrap();
        Path::new(rest.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
    };
    let panes: Vec<_> = files.iter().map(|p| pane(p)).filter(|p| p != "mod").collect();
    for path in &files {
        let own = pane(path);
        if own == "mod" {
            continue;
        }
        let code = code(&fs::read_to_string(path).unwrap());
        for other in panes.iter().filter(|other| **other != own) {
            for way in [format!("panes::{other}"), format!("super::{other}::")] {
                if code.contains(&way) {
                    wrong.push(format!("{}: knows the pane `{other}`", path.display()));
                }
            }
        }
    }
    assert!(!files.is_empty(), "no panes found below {PANES}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn time_is_read_in_the_clock_alone() {
    let readers = ["SystemTime::now(", "Instant::now(", "Timestamp::now(", "Zoned::now("];
    let clocks = ["src/engine/clock.rs", "src/sandbox/clock.rs"];
    let mut wrong = Vec::new();
    for path in all_sources() {
        if clocks.iter().any(|clock| path == Path::new(clock)) {
            continue;
        }
        let code = code(&fs::read_to_string(&path).unwrap());
        wrong.extend(
            readers.iter().filter(|r| code.contains(**r)).map(|r| format!("{}: {r}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files, tests aside, whose code has one of these; and entries of the list that are for nothing.
fn outside_of(list: &[(&str, &str)], wanted: &[&str], looked_at: impl Fn(&Path) -> bool) -> Vec<String> {
    let is_test =
        |path: &Path| path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
    let mut idle: Vec<_> = list.iter().map(|(file, _)| *file).collect();
    let mut wrong = Vec::new();
    for path in all_sources().into_iter().filter(|path| looked_at(path) && !is_test(path)) {
        let text = fs::read_to_string(&path).unwrap();
        let code = code(text.split("#[cfg(test)]\nmod tests").next().unwrap());
        let Some(found) = wanted.iter().find(|wanted| code.contains(**wanted)) else { continue };
        let name = path.display().to_string();
        match list.iter().find(|(file, _)| name == *file || file.ends_with('/') && name.starts_with(file)) {
            Some((file, _)) => idle.retain(|idle| idle != file),
            None => wrong.push(format!("{name}: {found}")),
        }
    }
    wrong.extend(idle.into_iter().map(|file| format!("{file} is in the list and has none of {wanted:?}")));
    wrong
}

#[test]
fn where_texts_are_shown_they_are_not_looked_at_as_they_came() {
    let talks = |path: &Path| TALKERS.contains(&room(path).as_str());
    let wrong = outside_of(TRUE_VALUES, &[".raw()"], talks);
    assert!(wrong.is_empty(), "show it with shown(), or say in the list what for:\n{}", wrong.join("\n"));
}

#[test]
fn few_know_the_streams_of_this_process() {
    let wanted = ["println!", "eprintln!", "print!(", "stdout()", "stderr()"];
    let wrong = outside_of(STREAMS, &wanted, |_| true);
    assert!(wrong.is_empty(), "hand it in, or say in the list what goes there:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let text = "use crate::wire::Dialect;\nuse crate::{engine::text, rows::{a, b}, cli};\n\
                // use crate::tui;\nfn f() { crate::sandbox::faults(); }";
    assert_eq!(imports(text), ["wire", "engine", "rows", "cli", "sandbox"]);
}
