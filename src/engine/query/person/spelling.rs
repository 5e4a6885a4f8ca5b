//! How a name or an address may be written: the service takes every letter for what it is.

/// Words of a name that many write without a capital.
const PARTICLES: &[&str] = &[
    "al", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "e", "el", "ibn",
    "la", "le", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
];

/// A value in quotes; one inside of it is doubled.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Any of these values; in parentheses where there are several.
pub(super) fn either(values: &[String], test: impl Fn(&str) -> String) -> String {
    let mut tests: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        let test = test(&quote(value));
        if !tests.contains(&test) {
            tests.push(test);
        }
    }
    if tests.len() == 1 { tests.concat() } else { format!("({})", tests.join(" or ")) }
}

/// The words of a name.
pub(super) fn names(text: &str) -> Vec<String> {
    let words = text.split([' ', ',', ';']).map(|word| word.trim_matches(['"', '(', ')', '<', '>']));
    words.filter(|word| word.chars().any(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// As typed, and with the capitals that such a name has: `o'brien` is also O'Brien, `macaskill` also `MacAskill`.
pub(super) fn spellings_of_name(name: &str) -> Vec<String> {
    let small = name.to_lowercase();
    let title = title(&small);
    let mut all = vec![name.to_owned(), title.clone(), capital(&small)];
    // van der Berg, da Silva
    let words = title.split(' ').map(|word| {
        let small = word.to_lowercase();
        if PARTICLES.contains(&small.as_str()) { small } else { word.to_owned() }
    });
    all.push(words.collect::<Vec<_>>().join(" "));
    // d'Aubigny, l'Estrange
    if let Some((particle, rest)) = title.split_once('\'')
        && particle.chars().count() == 1
    {
        all.push(format!("{}'{rest}", particle.to_lowercase()));
    }
    for name in all.clone() {
        if name.contains('\'') {
            all.push(name.replace('\'', "\u{2019}"));
        }
    }
    once(all)
}

/// An address as typed, in small letters, and with a capital wherever a word of it begins.
pub(super) fn spellings_of_email(local: &str, domain: &str) -> Vec<String> {
    /// Words of which each is tried with a capital and without.
    const MOST_WORDS: usize = 3;
    let (small, below) = (local.to_lowercase(), domain.to_lowercase());
    let mut all = vec![format!("{local}@{domain}"), format!("{small}@{below}")];
    let words: Vec<&str> = small.split_inclusive(['.', '_', '+']).collect();
    let ways = if words.len() > MOST_WORDS { 1 } else { 1 << words.len() };
    for way in (0..ways).rev() {
        let word = |(at, word): (usize, &&str)| {
            if ways == 1 || way & (1 << at) != 0 { capital(word) } else { (*word).to_owned() }
        };
        let local: String = words.iter().enumerate().map(word).collect();
        all.push(format!("{local}@{below}"));
    }
    let mut letters = below.chars();
    let begins: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    all.push(format!("{}@{begins}{}", title(&small), letters.as_str()));
    all.push(format!("{}@{}", small.to_uppercase(), below.to_uppercase()));
    once(all)
}

/// How a name stands in an address: `ada.byron`, without accents.
pub(super) fn in_addresses(words: &[String]) -> Vec<String> {
    let plain: Vec<String> = words.iter().map(|word| plain(word)).collect();
    let capitals: Vec<String> = plain.iter().map(|word| title(word)).collect();
    let join = |words: &[String]| words.join(".");
    let mut all = vec![join(&plain), join(&capitals)];
    if plain.len() > 2 {
        all.push(format!("{}.{}", plain[0], plain[1..].concat()));
    }
    if plain.len() > 1 {
        let turned: Vec<String> = plain.iter().rev().cloned().collect();
        all.push(join(&turned));
    }
    once(all)
}

/// Without accents and apostrophes, in small letters, as mail addresses are made from names.
fn plain(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' | 'œ' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' => out.push('a'),
            'ç' | 'ć' | 'č' => out.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' => out.push('i'),
            'ł' => out.push('l'),
            'ñ' | 'ń' => out.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' => out.push('o'),
            'ś' | 'š' => out.push('s'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ý' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            '\'' => {}
            c => out.push(c),
        }
    }
    out
}

/// The likeliest capitals of a name in small letters.
fn capital(small: &str) -> String {
    let inside = ["mac", "mc"].into_iter().find_map(|start| {
        let rest = small.strip_prefix(start).filter(|rest| rest.len() > 2)?;
        Some(format!("{}{}", title(start), title(rest)))
    });
    inside.unwrap_or_else(|| title(small))
}

/// A capital at the beginning of each word, and small letters otherwise.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begins = !c.is_alphanumeric();
    }
    out
}

fn once(all: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::with_capacity(all.len());
    for one in all {
        if !one.is_empty() && !once.contains(&one) {
            once.push(one);
        }
    }
    once
}
