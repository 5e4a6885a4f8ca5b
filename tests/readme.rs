//! What the README says is what the program does.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;

use cxlens::tui::action::TABLE;

fn keys() -> String {
    let mut table = String::from("| keys | do | in |\n| --- | --- | --- |\n");
    for entry in TABLE {
        let keys: Vec<_> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        let mut places: Vec<_> = entry.contexts.iter().map(|context| context.title()).collect();
        if places.len() > 4 {
            places = vec!["everywhere it makes sense"];
        }
        writeln!(table, "| {} | {} | {} |", keys.join(" "), entry.about, places.join(", ")).unwrap();
    }
    table
}

#[test]
fn its_keys_are_the_programs() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (head, rest) = readme.split_once("<!-- keys:").unwrap();
    let (mark, rest) = rest.split_once("-->\n").unwrap();
    let (there, tail) = rest.split_once("<!-- end of keys -->").unwrap();
    let wanted = format!("\n{}\n", keys());
    if std::env::var_os("UPDATE").is_some() {
        fs::write("README.md", format!("{head}<!-- keys:{mark}-->\n{wanted}<!-- end of keys -->{tail}"))
            .unwrap();
    } else {
        assert_eq!(
            there, wanted,
            "the keys changed: UPDATE=1 cargo test --test readme, then look at the README"
        );
    }
}

#[test]
fn its_files_are_there() {
    let readme = fs::read_to_string("README.md").unwrap();
    let links: Vec<_> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let missing: Vec<_> =
        links.iter().filter(|link| !link.starts_with("http") && !fs::exists(link).unwrap()).collect();
    assert!(links.len() > 5 && missing.is_empty(), "{missing:?}");
}
