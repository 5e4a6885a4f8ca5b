//! `keys.toml`: keys other than those of the table.
//!
//! ```toml
//! run = ["Ctrl-R", "F5"]   # everywhere it makes sense
//! toggle = []              # no key at all
//! [profiles]               # in this place alone
//! sort = "o"
//! ```
//!
//! What is wrong with one line is said, and the others count all the same.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Keymap, Sequence};
use crate::config::nearest;
use crate::engine::error::Error;
use crate::tui::action::{Action, Context, Entry, TABLE};

/// A longer file is something else.
const LONGEST: u64 = 256 * 1024;

/// Keys, and what was wrong with the file that changes them.
#[derive(Debug)]
pub struct Loaded {
    /// The keys in force.
    pub keys: Keymap,
    /// What does not count, each with file, line and reason.
    pub wrong: Vec<Error>,
}

/// The keys of the table, changed by this file where it is there.
pub fn load(path: &Path) -> Loaded {
    let name = path.display().to_string();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 > LONGEST => {
            let said = format!("it is longer than {LONGEST} bytes");
            refused(Error::usage(name, said, "check the path; the usual keys are in force"))
        }
        Ok(_) => parse(&text, &name),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let source = format!("These are the usual keys. A file {name} would change them.");
            Loaded { keys: Keymap { source, ..Keymap::default() }, wrong: Vec::new() }
        }
        Err(error) => {
            let remedy = "check the file and its permissions; the usual keys are in force";
            refused(Error::usage(name, format!("it cannot be read: {error}"), remedy))
        }
    }
}

fn refused(error: Error) -> Loaded {
    let source = format!("These are the usual keys. {} was not taken: {}.", error.what, error.cause);
    Loaded { keys: Keymap { source, ..Keymap::default() }, wrong: vec![error] }
}

/// One line of the file: the keys of an action, in one place or everywhere.
#[derive(Debug)]
struct Set {
    line: usize,
    entry: &'static Entry,
    place: Option<Context>,
    keys: Vec<Sequence>,
}

impl Set {
    fn counts_in(&self, context: Context) -> bool {
        self.place.is_none_or(|place| place == context) && self.entry.contexts.contains(&context)
    }
}

/// Reads the text of a file of this name.
fn parse(text: &str, name: &str) -> Loaded {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reading = Reading { text, name, sets: Vec::new(), wrong: Vec::new() };
    let (table, broken) = DeTable::parse_recoverable(text);
    for error in broken {
        let at = error.span().map_or(0, |span| span.start);
        let cause = error.message().to_owned();
        reading.say(at, cause, "this line does not count; write it like run = \"Ctrl-R\"");
    }
    reading.table(table.get_ref());
    // The file's order, whatever order its reader keeps.
    reading.sets.sort_by_key(|set| (set.place.is_some(), set.line));
    reading.wrong.sort_by_key(|(line, _)| *line);
    let Reading { sets, wrong, .. } = reading;
    let mut wrong: Vec<_> = wrong.into_iter().map(|(_, error)| error).collect();
    let mut keys = Keymap::default();
    for context in Context::ALL {
        settle(&mut keys, &sets, context, name, &mut wrong);
    }
    let counted = sets.len();
    let lines = if counted == 1 { "line" } else { "lines" };
    keys.source = match wrong.len() {
        0 => format!("Keys as {name} has them ({counted} {lines})."),
        n => format!("Keys as {name} has them ({counted} {lines}; {n} wrong: they were said at the start)."),
    };
    Loaded { keys, wrong }
}

/// Puts the file's keys into one place of the map. Of two lines that want the same key the first has it; of a line
/// and a key of the table, the line.
fn settle(keys: &mut Keymap, sets: &[Set], context: Context, name: &str, wrong: &mut Vec<Error>) {
    let here = &mut keys.places[context as usize];
    // A line for this place counts more than one for all of them: it comes later.
    for set in sets.iter().filter(|set| set.counts_in(context)) {
        if let Some((_, own)) = here.iter_mut().find(|(action, _)| *action == set.entry.action) {
            own.clone_from(&set.keys);
        }
    }
    let line_of = |action: Action| {
        sets.iter().rev().find(|set| set.entry.action == action && set.counts_in(context)).map(|set| set.line)
    };
    let mut by_file: Vec<_> =
        (0..here.len()).filter_map(|at| line_of(here[at].0).map(|line| (line, at))).collect();
    by_file.sort_unstable();
    let mut taken: Vec<(usize, Sequence)> = Vec::new();
    for &(line, at) in &by_file {
        let mut own = std::mem::take(&mut here[at].1);
        own.retain(|sequence| {
            let Some((other, _)) = taken.iter().find(|(_, other)| other.collides(sequence)) else {
                return true;
            };
            let said = format!(
                "{sequence} for {} in {}: {} has it already",
                here[at].0.entry().name,
                context.title(),
                here[*other].0.entry().name
            );
            once(wrong, Error::usage(format!("{name}:{line}"), said, "give one of the two another key"));
            false
        });
        taken.extend(own.iter().map(|sequence| (at, sequence.clone())));
        here[at].1 = own;
    }
    for at in (0..here.len()).filter(|at| by_file.iter().all(|(_, other)| other != at)) {
        let mut usual = std::mem::take(&mut here[at].1);
        usual.retain(|sequence| {
            let Some((other, theirs)) = taken.iter().find(|(_, theirs)| theirs.collides(sequence)) else {
                return true;
            };
            let line = by_file.iter().find(|(_, at)| at == other).map_or(0, |(line, _)| *line);
            let loser = here[at].0.entry().name;
            let said = format!(
                "{theirs} for {} takes {sequence} from {loser} in {}",
                here[*other].0.entry().name,
                context.title()
            );
            let remedy = format!("give {loser} another key in this file, or none: {loser} = []");
            once(wrong, Error::usage(format!("{name}:{line}"), said, remedy));
            false
        });
        here[at].1 = usual;
    }
}

/// The same conflict in several places is said once.
fn once(wrong: &mut Vec<Error>, error: Error) {
    let same = |other: &Error| other.what == error.what && other.remedy == error.remedy;
    if !wrong.iter().any(same) {
        wrong.push(error);
    }
}

struct Reading<'a> {
    text: &'a str,
    name: &'a str,
    sets: Vec<Set>,
    /// With its line.
    wrong: Vec<(usize, Error)>,
}

impl Reading<'_> {
    fn line(&self, at: usize) -> usize {
        self.text[..self.text.floor_char_boundary(at)].matches('\n').count() + 1
    }

    fn say(&mut self, at: usize, cause: impl AsRef<str>, remedy: impl AsRef<str>) {
        let place = format!("{}:{}", self.name, self.line(at));
        self.wrong.push((self.line(at), Error::usage(place, cause, remedy)));
    }

    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            match value.get_ref() {
                DeValue::Table(inner) => {
                    let place = Context::ALL.into_iter().find(|place| place_name(*place) == *key.get_ref());
                    let Some(place) = place else {
                        let places: Vec<_> = Context::ALL.into_iter().map(place_name).collect();
                        let cause = format!("there is no place [{}]", key.get_ref());
                        self.say(key.span().start, cause, meant(key.get_ref(), &places));
                        continue;
                    };
                    for (key, value) in inner {
                        self.set(key.span().start, key.get_ref(), value, Some(place));
                    }
                }
                _ => self.set(key.span().start, key.get_ref(), value, None),
            }
        }
    }

    fn set(&mut self, at: usize, key: &str, value: &Spanned<DeValue<'_>>, place: Option<Context>) {
        let names: Vec<_> = TABLE.iter().map(|entry| entry.name).collect();
        let Some(entry) = TABLE.iter().find(|entry| entry.name == key) else {
            return self.say(at, format!("there is no action {key:?}"), meant(key, &names));
        };
        if let Some(place) = place.filter(|place| !entry.contexts.contains(place)) {
            let places: Vec<_> = entry.contexts.iter().map(|place| place_name(*place)).collect();
            let cause = format!("{key} means nothing in [{}]", place_name(place));
            return self.say(at, cause, format!("it can be used in {}", places.join(", ")));
        }
        let texts: Vec<(usize, &str)> = match value.get_ref() {
            DeValue::String(text) => vec![(value.span().start, text)],
            DeValue::Array(list) if list.iter().all(|item| item.get_ref().is_str()) => {
                list.iter().filter_map(|item| Some((item.span().start, item.get_ref().as_str()?))).collect()
            }
            _ => {
                let remedy = "write it like \"Ctrl-R\", [\"Ctrl-R\", \"F5\"], or [] for none";
                return self.say(at, format!("{key} is neither a key nor a list of keys"), remedy);
            }
        };
        let mut keys = Vec::new();
        for (at, text) in &texts {
            match text.parse::<Sequence>() {
                Ok(sequence) if sequence.to_string().contains("Ctrl-H") => {
                    self.say(*at, "Ctrl-H is what some terminals send for Backspace", "take another key");
                }
                Ok(sequence) => keys.push(sequence),
                Err(said) => {
                    let (cause, remedy) = said.split_once("; ").unwrap_or((&said, ""));
                    self.say(*at, cause, remedy);
                }
            }
        }
        let needed = matches!(entry.action, Action::Quit | Action::Close);
        if keys.is_empty() && (needed || !texts.is_empty()) {
            if needed && texts.is_empty() {
                self.say(at, format!("without a key for {key} nobody finds the way out"), "leave it a key");
            }
            return;
        }
        self.sets.push(Set { line: self.line(at), entry, place, keys });
    }
}

/// What a place is called in the file.
fn place_name(place: Context) -> &'static str {
    match place {
        Context::Builder => "builder",
        Context::Files => "files",
        Context::Profiles => "profiles",
        Context::Detail => "detail",
        Context::Activity => "activity",
        Context::Editor => "editor",
        Context::Help => "help",
        Context::Error => "error",
        Context::Confirm => "confirm",
        Context::Palette => "palette",
        Context::Column => "column",
        Context::Columns => "columns",
        Context::Save => "save",
        Context::Prompt => "prompt",
        Context::Jump => "jump",
        Context::Output => "output",
        Context::Compare => "compare",
        Context::Presets => "presets",
        Context::History => "history",
        Context::Tenants => "tenants",
        Context::Exchange => "exchange",
        Context::Finished => "run",
    }
}

fn meant(typed: &str, known: &[&str]) -> String {
    nearest(typed, known).map_or_else(
        || "assets/keys.toml of the source has all of them".to_owned(),
        |near| format!("did you mean {near}?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Meaning;
    use std::fmt::Write as _;

    fn read(text: &str) -> Loaded {
        parse(text, "/home/me/keys.toml")
    }

    fn press(loaded: &Loaded, context: Context, key: &str) -> Meaning {
        let chords: Vec<_> = key.split(' ').map(|key| key.parse().unwrap()).collect();
        loaded.keys.meaning(context, &chords)
    }

    #[test]
    fn a_file_changes_keys_everywhere_in_one_place_or_takes_them_away() {
        let loaded =
            read("run = \"F10\"\ntoggle-all = []\nopen = [\"Enter\", \"_ o\"]\n[builder]\nhelp = \"F3\"\n");
        assert!(loaded.wrong.is_empty(), "{:?}", loaded.wrong);
        for (context, key, meaning) in [
            (Context::Builder, "F10", Meaning::Does(Action::Run)),
            (Context::Editor, "F10", Meaning::Does(Action::Run)),
            (Context::Builder, "Ctrl-R", Meaning::Nothing),
            (Context::Builder, "a", Meaning::Nothing),
            (Context::Profiles, "_", Meaning::Begins),
            (Context::Profiles, "_ o", Meaning::Does(Action::Open)),
            (Context::Builder, "?", Meaning::Nothing),
            (Context::Profiles, "?", Meaning::Does(Action::Help)),
        ] {
            assert_eq!(press(&loaded, context, key), meaning, "{key} in {context:?}");
        }
        assert_eq!(loaded.keys.first(Action::Run), "F10");
        assert!(loaded.keys.source().contains("keys.toml has them (4 lines)"), "{}", loaded.keys.source());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_rest_counts() {
        let loaded = read(concat!(
            "runn = \"F10\"\n",
            "sort = \"Hyper-Q\"\n",
            "filter = \"Ctrl-H\"\n",
            "quit = []\n",
            "search = 7\n",
            "[profilse]\n",
            "[builder]\nopen = \"o\"\n",
            "[activity]\nhelp = \"F3\"\n",
        ));
        let said: Vec<_> = loaded.wrong.iter().map(ToString::to_string).collect();
        for (line, words) in [
            (1, ["runn", "did you mean run?"]),
            (2, ["Hyper-Q", "Ctrl-R"]),
            (3, ["Ctrl-H", "Backspace"]),
            (4, ["quit", "way out"]),
            (5, ["search", "list of keys"]),
            (6, ["profilse", "did you mean profiles?"]),
            (8, ["open", "profiles"]),
        ] {
            let place = format!("/home/me/keys.toml:{line}");
            let found =
                said.iter().any(|said| said.contains(&place) && words.iter().all(|w| said.contains(w)));
            assert!(found, "{line} {words:?}: {said:#?}");
        }
        assert_eq!(said.len(), 7, "{said:#?}");
        assert_eq!(press(&loaded, Context::Activity, "F3"), Meaning::Does(Action::Help));
        assert_eq!(press(&loaded, Context::Profiles, "s"), Meaning::Does(Action::Sort), "it keeps its key");
        assert_eq!(press(&loaded, Context::Profiles, "q"), Meaning::Does(Action::Quit));
    }

    #[test]
    fn a_broken_line_leaves_the_others() {
        let loaded = read("run = \"F10\"\nsort = = \"o\"\nfilter = \"Ctrl-L\"\n");
        assert!(loaded.wrong.iter().any(|error| error.what.ends_with(":2")), "{:?}", loaded.wrong);
        assert_eq!(press(&loaded, Context::Builder, "F10"), Meaning::Does(Action::Run));
    }

    #[test]
    fn conflicts_are_said_and_the_file_wins_over_the_table() {
        // Two lines may change places without a word.
        let swapped = read("sort = \"f\"\nfilter = \"s\"\n");
        assert!(swapped.wrong.is_empty(), "{:?}", swapped.wrong);
        let loaded = read("open = \"s\"\nfilter = \"F7\"\nsearch = \"F7\"\ncopy-row = \"y\"\n");
        let said: Vec<_> = loaded.wrong.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|s| s.contains(":1") && s.contains("from sort")), "{said:#?}");
        assert!(said.iter().any(|s| s.contains(":3") && s.contains("filter has it already")), "{said:#?}");
        assert!(said.iter().any(|s| s.contains(":4") && s.contains("y y")), "a beginning: {said:#?}");
        assert_eq!(press(&loaded, Context::Profiles, "s"), Meaning::Does(Action::Open));
        assert_eq!(press(&loaded, Context::Profiles, "F7"), Meaning::Does(Action::Filter));
        assert_eq!(press(&loaded, Context::Profiles, "y"), Meaning::Does(Action::CopyRow));
    }

    #[test]
    fn a_file_that_is_not_there_is_named_and_one_that_cannot_be_read_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.toml");
        let loaded = load(&path);
        assert!(loaded.wrong.is_empty() && loaded.keys.source().contains(&path.display().to_string()));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        let loaded = load(&path);
        assert_eq!(loaded.wrong.len(), 1);
        assert_eq!(press(&loaded, Context::Builder, "Ctrl-R"), Meaning::Does(Action::Run));
    }

    /// The file that shows every action with its keys.
    fn sample() -> String {
        let mut out = String::from(
            "# cxlens: every key that can be another, with what it is unless this file says otherwise.\n\
             #\n\
             # Copy what you want to change to keys.toml in the configuration directory (Linux:\n\
             # ~/.config/cxlens/keys.toml). An action takes a key, a list of them, or [] for none; keys that are\n\
             # pressed one after the other stand with a blank between them: \"y r\". Where letters are text, only keys\n\
             # with Ctrl or Alt, function keys, Tab and Esc command. A table [profiles], [builder], [detail] and so on\n\
             # changes the keys of that place alone. What is wrong is said at the start; the rest counts.\n\n",
        );
        for entry in TABLE {
            let keys: Vec<_> = entry.keys.iter().map(|key| format!("\"{key}\"")).collect();
            let keys = if keys.len() == 1 { keys[0].clone() } else { format!("[{}]", keys.join(", ")) };
            let places: Vec<_> = entry.contexts.iter().map(|place| place_name(*place)).collect();
            let everywhere = places.len() == Context::ALL.len();
            let places = if everywhere { "everywhere".to_owned() } else { places.join(", ") };
            writeln!(out, "# {}\n# ({places})\n#{} = {keys}\n", entry.about, entry.name).unwrap();
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    #[test]
    fn the_sample_has_every_action_with_its_keys_and_changes_nothing() {
        let wanted = sample();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write("assets/keys.toml", &wanted).unwrap();
        }
        let there = std::fs::read_to_string("assets/keys.toml").unwrap();
        assert_eq!(there, wanted, "the keys changed: UPDATE=1 cargo test --lib keymap::file");
        let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        let spelled: Vec<_> = there.lines().filter(|line| is_setting(line)).map(|line| &line[1..]).collect();
        let loaded = read(&spelled.join("\n"));
        assert!(loaded.wrong.is_empty(), "{:?}", loaded.wrong);
        let usual = Keymap::default();
        for context in Context::ALL {
            for entry in TABLE {
                assert_eq!(loaded.keys.shown(entry.action, context), usual.shown(entry.action, context));
            }
        }
    }
}
