//! From what is known of a person to the queries that find them: an e-mail address, a phone number, an ID or a name,
//! as somebody says it on the phone or pastes it from a letter.
//!
//! The service compares letter by letter, capitals and all, and keeps phone numbers as they were typed. What is said
//! is therefore asked for in every way in which it may be written, and where it can mean several things, each is a
//! [`Reading`] of its own, the likeliest first.

mod phone;
mod spelling;

use super::{Draft, Id, MAX_FILTER_BYTES};
use crate::engine::text::is_dangerous;
use spelling::{either, names, spellings_of_email, spellings_of_name};

/// Words of a name of which each place between them is tried as the one between first and last name.
const MOST_SPLITS: usize = 5;
/// The longest text that is read, in bytes; nobody's name is longer.
pub const LONGEST_SAID: usize = 4_096;

/// One thing that a text can mean, and the query for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it is taken for: "e-mail address".
    pub what: &'static str,
    /// What is asked for, in a sentence for people.
    pub asks: String,
    /// IDs to ask for.
    pub ids: Vec<String>,
    /// A filter in the service's language.
    pub filter: String,
}

impl Reading {
    fn filter(what: &'static str, asks: impl Into<String>, filter: String) -> Self {
        Self { what, asks: asks.into(), ids: Vec::new(), filter }
    }

    /// The draft with this in the place of its IDs, segments and filter.
    #[must_use]
    pub fn onto(&self, draft: &Draft) -> Draft {
        let (ids, filter) = (self.ids.clone(), self.filter.clone());
        Draft { ids, filter, segments: Vec::new(), ..draft.clone() }
    }
}

/// What a text can mean, the likeliest first; nothing for a text that says nothing. Each is a query that can run.
pub fn readings(text: &str) -> Vec<Reading> {
    let text = said(text);
    let mut found = Vec::new();
    let phone = phone::Phone::read(&text);
    let listed = tokens(&text);
    // A few digits alone are more often an ID than a phone number.
    let bare = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.len() < 8;
    if let Some(email) = email(&text) {
        found.extend(of_email(email));
    } else if let Some(phone) = &phone {
        let readings = phone.readings(&text);
        if bare {
            found.extend(of_ids(&listed));
            found.extend(readings);
        } else {
            found.extend(readings);
            // A number in groups is no list.
            if listed.len() == 1 {
                found.extend(of_ids(&listed));
            }
        }
    } else if listed.iter().all(|token| token.chars().any(|c| c.is_ascii_digit())) {
        found.extend(of_ids(&listed));
        found.extend(of_name(&text));
    } else {
        // What stands in front of an address's @, as people say it.
        if listed.len() == 1 && text.contains(['.', '_']) {
            found.extend(of_email(&text));
        }
        found.extend(of_name(&text));
        // Whoever writes an ID without a digit does so in one word.
        if listed.len() == 1 {
            found.extend(of_ids(&listed));
        }
    }
    // Longer than a query may be is no query.
    found.retain(|reading| reading.filter.len() <= MAX_FILTER_BYTES);
    let mut once: Vec<Reading> = Vec::with_capacity(found.len());
    for reading in found {
        if !once.iter().any(|other| (&other.filter, &other.ids) == (&reading.filter, &reading.ids)) {
            once.push(reading);
        }
    }
    once
}

/// The text as it was meant: what cannot be seen, and comes along with a copy, is left out; the kinds of blanks,
/// hyphens and apostrophes are one each.
fn said(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(LONGEST_SAID)];
    let plain: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if is_dangerous(c) => None,
            '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
            '\u{2018}' | '\u{2019}' | '\u{02bc}' => Some('\''),
            // Full-width signs and digits, as they come from East Asian forms.
            '\u{ff0b}' => Some('+'),
            '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
            c => Some(c),
        })
        .collect();
    let plain = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let scheme = ["mailto:", "tel:"]
        .into_iter()
        .find(|scheme| plain.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    plain[scheme.map_or(0, str::len)..].trim().to_owned()
}

/// What stands between commas, semicolons and blanks.
fn tokens(text: &str) -> Vec<&str> {
    let split = text.split([',', ';', ' ']).map(|token| token.trim_matches(['"', '\'']));
    split.filter(|token| !token.is_empty()).collect()
}

/// The address in a text: alone, or as mail programs copy it, behind a name.
fn email(text: &str) -> Option<&str> {
    let word = text.split([' ', ',', ';']).find(|word| word.contains('@'))?;
    let word = word.trim_matches(['<', '>', '(', ')', '"', '\'', '.']);
    (word.len() > 1).then_some(word)
}

fn of_email(email: &str) -> Vec<Reading> {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let mut found = Vec::new();
    if !local.is_empty() && !domain.is_empty() {
        let spellings = spellings_of_email(local, domain);
        let asks = format!("{email}, in capitals or not");
        found.push(Reading::filter("e-mail address", asks, either(&spellings, |s| format!("email eq {s}"))));
    }
    if !local.is_empty() {
        let parts = spellings_of_email(local, "");
        let parts: Vec<String> = parts.iter().map(|part| part.trim_end_matches('@').to_owned()).collect();
        let asks = format!("{local}…");
        let filter = either(&parts, |s| format!("startswith(email,{s})"));
        found.push(Reading::filter("e-mail, its beginning", asks, filter));
        // The digits at the end are there to tell namesakes apart.
        let words: Vec<&str> = local
            .split(['.', '_', '-', '+'])
            .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
            .filter(|word| word.chars().count() > 1)
            .collect();
        if let [first, last] = words[..] {
            found.extend(of_name(&format!("{first} {last}")).into_iter().next());
        }
    }
    if !domain.is_empty() {
        let ends = [format!("@{domain}"), format!("@{}", domain.to_lowercase())];
        let asks = format!("everybody at {domain}");
        found.push(Reading::filter(
            "e-mail, its end",
            asks,
            either(&ends, |s| format!("endswith(email,{s})")),
        ));
    }
    found
}

fn of_ids(listed: &[&str]) -> Vec<Reading> {
    if listed.is_empty() || listed.iter().any(|token| Id::new("ID", token).is_err()) {
        return Vec::new();
    }
    let what = if listed.len() == 1 { "ID" } else { "IDs" };
    let reading = |ids: Vec<String>, how: &str| {
        let asks = match &ids[..] {
            [only] => format!("the profile with the ID {only}{how}"),
            several => format!("the {} profiles with these IDs{how}", several.len()),
        };
        Reading { what, asks, ids, filter: String::new() }
    };
    let as_typed: Vec<String> = listed.iter().map(|&token| token.to_owned()).collect();
    let capitals: Vec<String> = as_typed.iter().map(|token| token.to_uppercase()).collect();
    let mut found = Vec::new();
    if capitals != as_typed && capitals.iter().all(|token| Id::new("ID", token).is_ok()) {
        found.push(reading(capitals, ", in capitals"));
    }
    found.insert(0, reading(as_typed, ""));
    found
}

fn of_name(text: &str) -> Vec<Reading> {
    let (words, turned) = match text.split_once(',') {
        // As lists have it: Byron, Ada.
        Some((last, first)) => (names(&format!("{first} {last}")), true),
        None => (names(text), false),
    };
    let is = |field: &str, name: &str| either(&spellings_of_name(name), |s| format!("{field} eq {s}"));
    let begins =
        |field: &str, name: &str| either(&spellings_of_name(name), |s| format!("startswith({field},{s})"));
    let mut found = Vec::new();
    match &words[..] {
        [] => return found,
        [only] => {
            let (first, last) = (is("firstName", only), is("lastName", only));
            let asks = format!("last or first name {only}");
            found.push(Reading::filter("name", asks, format!("{last} or {first}")));
            let (first, last) = (begins("firstName", only), begins("lastName", only));
            let asks = format!("a name that begins with {only}");
            found.push(Reading::filter("beginning of a name", asks, format!("{last} or {first}")));
        }
        several => {
            let mut splits: Vec<(String, String)> =
                (1..several.len()).map(|at| (several[..at].join(" "), several[at..].join(" "))).collect();
            if splits.len() > MOST_SPLITS {
                splits = splits.into_iter().rev().take(MOST_SPLITS).collect();
            }
            let pair = |(first, last): &(String, String)| {
                format!("({} and {})", is("firstName", first), is("lastName", last))
            };
            let straight: Vec<String> = splits.iter().map(pair).collect();
            let both = splits.iter().flat_map(|(first, last)| {
                [pair(&(first.clone(), last.clone())), pair(&(last.clone(), first.clone()))]
            });
            let both: Vec<String> = both.collect();
            let (first, last) = (&splits[0].0, &splits[0].1);
            let name = several.join(" ");
            // Addresses are written without accents, as names are often typed.
            let address = either(&spelling::in_addresses(&words), |s| format!("contains(email,{s})"));
            let asks = format!("{name}, in either order, or in the e-mail address");
            found.push(Reading::filter("name", asks, format!("{} or {address}", both.join(" or "))));
            let asks = format!("everybody called {last}");
            found.push(Reading::filter("last name", asks, is("lastName", last)));
            if !turned {
                let asks = format!("everybody called {first}");
                found.push(Reading::filter("last name", asks, is("lastName", first)));
            }
            let asks = format!("{}… {}…", initial(first), last);
            let begun = (begins("firstName", &initial(first)), begins("lastName", last));
            found.push(Reading::filter(
                "last name and initial",
                asks,
                format!("{} and {}", begun.1, begun.0),
            ));
            let asks = if turned {
                format!("last name {last}, first name {first}")
            } else {
                format!("first name {first}, last name {last}")
            };
            found.push(Reading::filter("first and last name", asks, straight.join(" or ")));
        }
    }
    let address = spelling::in_addresses(&words);
    let asks = format!("…{}…", address[0]);
    found.push(Reading::filter(
        "name in the address",
        asks,
        either(&address, |s| format!("contains(email,{s})")),
    ));
    found
}

/// The first letter.
fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}

#[cfg(test)]
mod tests;
