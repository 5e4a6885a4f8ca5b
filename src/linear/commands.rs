//! What may be asked, in words.

use crate::config::nearest;

/// How each is written, and what it does.
pub(super) const HELP: &[(&str, &str)] = &[
    (
        "find TEXT",
        "finds a person by an e-mail address, a phone number, an ID or a name, and runs that query",
    ),
    ("find, with nothing behind it", "takes that for something else, where nobody was found"),
    ("ids A B, ids none, ids", "sets the IDs to ask for, empties them, or says them"),
    ("segment A B, segment none, segment", "the same with segments"),
    (
        "filter ODATA, filter none, filter",
        "the same with the filter, such as: filter email eq 'ada@example.com'",
    ),
    ("fields A,B, fields all, fields", "the same with the fields to ask for"),
    ("limit N, limit none, limit", "the same with the most profiles to ask for"),
    (
        "reason TEXT, reason",
        "says what for, which stands in each audit entry, best by the number of a ticket",
    ),
    ("plan", "says what running the query would take"),
    ("run", "runs the query"),
    ("stop", "stops the run; what came is kept"),
    ("more", "goes on where a run paused"),
    ("rows FROM COUNT", "lists rows; 1 and 10 unless said otherwise"),
    ("open N", "reads the profile in row N, one field a line"),
    ("next, previous", "reads the profile after it, before it"),
    ("sort COLUMN, sort COLUMN down, sort none", "sorts the rows"),
    (
        "where FILTER, where",
        "lists only rows that pass: text, email:text, score=21, score>20; without a filter, all",
    ),
    ("log N", "the last N requests; 10 unless said otherwise"),
    ("limits", "where the rate limit stands"),
    ("latency", "how long the service took"),
    ("export FILE, export FILE replace", "writes the rows as listed: .ndjson, .json, .csv or .parquet"),
    ("mask on, mask off", "masks personal values, or tells them; that they are told is recorded"),
    ("reveal FIELD", "tells one masked field of the profile that is open; recorded too"),
    ("help", "says this"),
    ("quit", "leaves; a run that is going stops"),
];

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    Find(String),
    Ids(Option<Vec<String>>),
    Segments(Option<Vec<String>>),
    Filter(Option<String>),
    Fields(Option<String>),
    /// 0: none.
    Limit(Option<u64>),
    Reason(Option<String>),
    Plan,
    Run,
    Stop,
    More,
    Rows(usize, usize),
    Open(usize),
    Next,
    Previous,
    Sort(Option<String>, bool),
    Where(String),
    Log(usize),
    Limits,
    Latency,
    Export(String, bool),
    Mask(bool),
    Reveal(String),
    Help,
    Quit,
}

/// What a line asks for.
///
/// # Errors
/// What is wrong with it and what would be right, in a sentence.
pub(super) fn read(line: &str) -> Result<Asked, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let number = |text: &str, least: usize| {
        let said = format!("{text:?} is no number from {least} on");
        text.replace(',', "").parse::<usize>().ok().filter(|n| *n >= least).ok_or(said)
    };
    let list = || {
        let list = rest.split([' ', ',', '\t']).filter(|item| !item.is_empty()).map(str::to_owned).collect();
        match rest {
            "" => None,
            "none" => Some(Vec::new()),
            _ => Some(list),
        }
    };
    let text = || match rest {
        "" => None,
        "none" => Some(String::new()),
        _ => Some(rest.to_owned()),
    };
    let needed = |what: &str| match rest {
        "" => Err(format!("{word} needs {what}. Write: {}", usage(word))),
        _ => Ok(rest.to_owned()),
    };
    Ok(match word.to_lowercase().as_str() {
        "" => Asked::Nothing,
        "find" => Asked::Find(rest.to_owned()),
        "ids" | "id" => Asked::Ids(list()),
        "segment" | "segments" => Asked::Segments(list()),
        "filter" => Asked::Filter(text()),
        "fields" => Asked::Fields((!rest.is_empty()).then(|| rest.to_owned())),
        "limit" => Asked::Limit(match rest {
            "" => None,
            "none" => Some(0),
            n => Some(number(n, 1)? as u64),
        }),
        "reason" => Asked::Reason((!rest.is_empty()).then(|| rest.to_owned())),
        "plan" => Asked::Plan,
        "run" => Asked::Run,
        "stop" => Asked::Stop,
        "more" => Asked::More,
        "rows" => {
            let mut numbers = rest.split_whitespace();
            let from = numbers.next().map_or(Ok(1), |n| number(n, 1))?;
            let count = numbers.next().map_or(Ok(10), |n| number(n, 1))?;
            Asked::Rows(from, count)
        }
        "open" => Asked::Open(number(&needed("the number of a row")?, 1)?),
        "next" => Asked::Next,
        "previous" => Asked::Previous,
        "sort" => match rest.rsplit_once(' ') {
            _ if rest.is_empty() => return Err(format!("sort needs a column. Write: {}", usage(word))),
            _ if rest == "none" => Asked::Sort(None, false),
            Some((column, "down")) => Asked::Sort(Some(column.trim().to_owned()), true),
            Some((column, "up")) => Asked::Sort(Some(column.trim().to_owned()), false),
            _ => Asked::Sort(Some(rest.to_owned()), false),
        },
        "where" => Asked::Where(rest.to_owned()),
        "log" => Asked::Log(if rest.is_empty() { 10 } else { number(rest, 1)? }),
        "limits" => Asked::Limits,
        "latency" => Asked::Latency,
        "export" => {
            let target = needed("a file")?;
            match target.strip_suffix(" replace") {
                Some(file) => Asked::Export(file.trim().to_owned(), true),
                None => Asked::Export(target, false),
            }
        }
        "mask" => match rest {
            "on" | "" => Asked::Mask(true),
            "off" => Asked::Mask(false),
            other => return Err(format!("mask {other:?} means nothing. Write: mask on, or mask off")),
        },
        "reveal" => Asked::Reveal(needed("the name of a field")?),
        "help" | "?" => Asked::Help,
        "quit" | "exit" | "q" => Asked::Quit,
        other => {
            let words: Vec<&str> =
                HELP.iter().flat_map(|(usage, _)| usage.split(", ")).map(first_word).collect();
            let near =
                nearest(other, &words).map_or_else(String::new, |near| format!(" Did you mean {near}?"));
            return Err(format!("There is no command {word:?}.{near} help says all of them."));
        }
    })
}

fn first_word(usage: &str) -> &str {
    usage.split(' ').next().unwrap_or(usage)
}

fn usage(word: &str) -> &'static str {
    HELP.iter().find(|(usage, _)| first_word(usage) == word).map_or("help", |(usage, _)| usage)
}
