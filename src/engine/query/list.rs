//! Lists of IDs from a file: one a line, or a column of a CSV.

use std::io::Read;

use super::Id;
use crate::engine::error::Error;

/// The largest list that is read, in bytes: a million of the longest IDs.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a file and a column are called where somebody names them.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// In front of the file's name.
    pub file: &'static str,
    /// In front of the column's.
    pub column: &'static str,
}

impl Words {
    /// On the command line.
    pub const FLAGS: Self = Self { file: "--ids-file", column: "--ids-column" };
    /// Where they are asked for.
    pub const ASKED: Self = Self { file: "file", column: "column" };
}

/// Reads IDs from `source`, which errors call `name`.
///
/// A byte order mark, carriage returns and outer white space are stripped, blank lines are skipped. With `column`
/// the source is a CSV with a header, and the IDs stand in the column of that name.
///
/// # Errors
/// Every bad line with its number, or what is wrong with the source as a whole.
pub fn read(
    source: impl Read,
    name: &str,
    column: Option<&str>,
    words: Words,
) -> Result<Vec<String>, Vec<Error>> {
    let mut bytes = Vec::new();
    source
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| vec![unreadable(name, &error, words)])?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(vec![Error::usage(
            format!("{} {name}", words.file),
            format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024),
            "split it, and run a query for each part",
        )]);
    }
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let ids = match column {
        None => lines(body, name)?,
        Some(column) => cells(body, name, column, words)?,
    };
    if ids.is_empty() {
        let what = format!("{} {name}", words.file);
        return Err(vec![Error::usage(what, "it holds no ID", "write one ID a line into it")]);
    }
    Ok(ids)
}

/// The error for a file that cannot be opened or read.
pub fn unreadable(name: &str, error: &std::io::Error, words: Words) -> Error {
    let what = format!("{} {name}", words.file);
    Error::usage(what, format!("it cannot be read: {error}"), "check the path and its permissions")
}

/// The columns of a source, where its first line is a CSV's header: one with a comma in it, which no ID has.
pub fn columns(head: &[u8]) -> Option<Vec<String>> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut record = csv::ByteRecord::new();
    let read = reader.read_byte_record(&mut record).ok()?;
    let names: Vec<String> =
        record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    (read && names.len() > 1).then_some(names)
}

/// The column that holds IDs, where one is called so.
pub fn id_column(columns: &[String]) -> Option<&str> {
    let is_id = |name: &&String| name.eq_ignore_ascii_case("id");
    columns.iter().find(is_id).map(String::as_str)
}

fn lines(body: &[u8], name: &str) -> Result<Vec<String>, Vec<Error>> {
    let numbered = body.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i as u64 + 1, line));
    collect(name, numbered)
}

fn cells(body: &[u8], name: &str, column: &str, words: Words) -> Result<Vec<String>, Vec<Error>> {
    let wrong = |line: u64, cause: String| {
        vec![Error::usage(format!("{name}:{line}"), cause, "mend the line, or leave it out")]
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body);
    let header = reader.byte_headers().map_err(|e| wrong(1, format!("it is no CSV header: {e}")))?;
    let cell_is = |cell: &&[u8]| cell.trim_ascii() == column.trim().as_bytes();
    let Some(place) = header.iter().position(|cell| cell_is(&cell)) else {
        let names: Vec<_> = header.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        return Err(vec![Error::usage(
            format!("{} {column:?}", words.column),
            format!("{name} has no such column"),
            format!("its columns are {}", names.join(", ")),
        )]);
    };
    // Which of them is meant nobody can tell, and the wrong one would ask for other people.
    let alike = header.iter().filter(cell_is).count();
    if alike > 1 {
        return Err(vec![Error::usage(
            format!("{} {column:?}", words.column),
            format!("{name} has {alike} columns of that name"),
            "give each column a name of its own",
        )]);
    }
    let mut found = Vec::new();
    let mut record = csv::ByteRecord::new();
    loop {
        let at = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(wrong(at, error.to_string())),
        }
        let line = record.position().map_or(at, csv::Position::line);
        let Some(cell) = record.get(place) else {
            return Err(wrong(
                line,
                format!("it has {} cells, column {column:?} is the {}th", record.len(), place + 1),
            ));
        };
        found.push((line, cell.to_vec()));
    }
    collect(name, found.iter().map(|(line, cell)| (*line, cell.as_slice())))
}

fn collect<'a>(name: &str, found: impl Iterator<Item = (u64, &'a [u8])>) -> Result<Vec<String>, Vec<Error>> {
    let mut ids = Vec::new();
    let mut wrong = Vec::new();
    for (line, bytes) in found {
        let place = || format!("{name}:{line}");
        let Ok(text) = std::str::from_utf8(bytes) else {
            wrong.push(Error::usage(place(), "the line is not UTF-8", "save the file as UTF-8"));
            continue;
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        match Id::new("ID", text) {
            Ok(_) => ids.push(text.to_owned()),
            Err(error) => wrong.push(error.at(&place())),
        }
    }
    if wrong.is_empty() { Ok(ids) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &[u8]) -> Result<Vec<String>, Vec<Error>> {
        read(text, "ids.txt", None, Words::FLAGS)
    }

    #[test]
    fn marks_carriage_returns_blanks_and_blank_lines_are_passed_over() {
        let ids = plain(b"\xef\xbb\xbfPROF-001\r\n\r\n  PROF-002\t\n \nPROF-003").unwrap();
        assert_eq!(ids, ["PROF-001", "PROF-002", "PROF-003"]);
    }

    #[test]
    fn every_bad_line_is_named_with_its_number() {
        let wrong = plain(b"A\nB,C\nD\n\nE F\n\xff\n").unwrap_err();
        let said: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].starts_with("ids.txt:2: ") && said[0].contains("comma"), "{said:?}");
        assert!(said[1].starts_with("ids.txt:5: ") && said[1].contains("white space"), "{said:?}");
        assert!(said[2].starts_with("ids.txt:6: ") && said[2].contains("UTF-8"), "{said:?}");
        assert!(wrong.iter().all(|e| e.kind.exit_code() == 2));
    }

    #[test]
    fn a_list_without_ids_is_refused_rather_than_sent_as_no_list() {
        assert!(plain(b"\n\r\n").unwrap_err()[0].to_string().contains("no ID"));
    }

    #[test]
    fn a_column_of_a_csv_is_found_by_its_name() {
        let csv = b"\xef\xbb\xbfName, Customer ID ,City\r\n\"Byron, Ada\",P-1,London\r\n,,\r\n\"two\nlines\",P-2,\r\n";
        assert_eq!(read(&csv[..], "crm.csv", Some("Customer ID"), Words::FLAGS).unwrap(), ["P-1", "P-2"]);
        let wrong = read(&csv[..], "crm.csv", Some("ID"), Words::ASKED).unwrap_err();
        assert!(wrong[0].to_string().contains("Customer ID"), "{wrong:?}");
    }

    #[test]
    fn a_bad_cell_is_named_with_the_line_it_stands_on() {
        let csv = b"name,id\n\"two\nlines\",A\nx,B C\n";
        let wrong = read(&csv[..], "crm.csv", Some("id"), Words::FLAGS).unwrap_err();
        assert!(wrong[0].to_string().starts_with("crm.csv:4: "), "{wrong:?}");
        let wrong = read(&b"name,id\nx,A\nshort\n"[..], "crm.csv", Some("id"), Words::FLAGS).unwrap_err();
        assert!(wrong[0].to_string().starts_with("crm.csv:3: "), "{wrong:?}");
    }

    #[test]
    fn a_header_is_told_from_a_list() {
        assert_eq!(
            columns(b"\xef\xbb\xbfName, ID ,\"a, b\"\r\nx,y,z"),
            Some(vec!["Name".into(), "ID".into(), "a, b".into()])
        );
        for list in [&b"PROF-001\nPROF-002"[..], b"", b"\n", b"\xff\n"] {
            assert_eq!(columns(list), None, "{list:?}");
        }
        assert_eq!(id_column(&["Name".into(), "Id".into()]), Some("Id"));
        assert_eq!(id_column(&["Customer ID".into()]), None);
    }
}
