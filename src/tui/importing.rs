//! Reading IDs from a file, on another thread, by the rules of the command line.

use std::fs::File;
use std::io::{Read as _, Seek as _};

use crate::engine::error::Error;
use crate::engine::query::list::{self, Words};

/// Bytes of a file that are looked at for a CSV's header.
const HEAD: u64 = 64 * 1024;

/// A file that IDs are to be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importing {
    /// Where it is.
    pub path: String,
    /// The column that holds them; `None`: to be found out, or there are no columns.
    pub column: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum Imported {
    /// The IDs, repeats included.
    Ids {
        /// The file.
        path: String,
        /// As they stand in it.
        ids: Vec<String>,
    },
    /// It has columns, and none of them is called `id`.
    WhichColumn {
        /// The file.
        path: String,
        /// The columns.
        columns: Vec<String>,
    },
    /// It cannot be read, or holds what is no ID: every such line.
    Failed(Vec<Error>),
}

impl Importing {
    /// Reads it. To be run on a thread that may wait for the disk.
    pub fn run(self) -> Imported {
        match self.read() {
            Ok(imported) => imported,
            Err(errors) => Imported::Failed(errors),
        }
    }

    fn read(self) -> Result<Imported, Vec<Error>> {
        let Self { path, mut column } = self;
        let unreadable = |error| vec![list::unreadable(&path, &error, Words::ASKED)];
        let mut file = File::open(&path).map_err(unreadable)?;
        if column.is_none() {
            let mut head = Vec::new();
            (&mut file).take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
            file.rewind().map_err(unreadable)?;
            if let Some(columns) = list::columns(&head) {
                match list::id_column(&columns) {
                    Some(id) => column = Some(id.to_owned()),
                    None => return Ok(Imported::WhichColumn { path, columns }),
                }
            }
        }
        let ids = list::read(file, &path, column.as_deref(), Words::ASKED)?;
        Ok(Imported::Ids { path, ids })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str, column: Option<&str>) -> Imported {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list").to_str().unwrap().to_owned();
        std::fs::write(&path, text).unwrap();
        Importing { path, column: column.map(str::to_owned) }.run()
    }

    #[test]
    fn a_list_and_a_column_are_read_by_the_same_rules_as_on_the_command_line() {
        for (text, column) in [
            ("P-1\r\n\nP-2", None),
            ("Name,ID\nAda,P-1\nBob,P-2", None),
            ("Name,Customer\nAda,P-1\nBob,P-2", Some("Customer")),
        ] {
            match import(text, column) {
                Imported::Ids { ids, .. } => assert_eq!(ids, ["P-1", "P-2"], "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        match import("Name,Customer\nAda,P-1", None) {
            Imported::WhichColumn { columns, .. } => assert_eq!(columns, ["Name", "Customer"]),
            other => panic!("{other:?}"),
        }
        match import("P-1\nP 2\nP-3\nP\u{7}4", None) {
            Imported::Failed(errors) => {
                assert_eq!(errors.len(), 2);
                assert!(errors[0].to_string().contains(":2: ") && errors[1].to_string().contains(":4: "));
            }
            other => panic!("{other:?}"),
        }
        let gone = Importing { path: "/nonexistent/list".into(), column: None }.run();
        assert!(matches!(gone, Imported::Failed(errors) if errors[0].what == "file /nonexistent/list"));
    }
}
