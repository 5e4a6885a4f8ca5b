//! What life does to a profile: the few among the people whose record is empty, wrong, hostile or merely wide. All of it
//! is valid JSON; what is not is a fault's business.

use super::{
    dice::Dice,
    json::Value,
    people::{Person, field},
    segments,
};

/// Does one awkward thing to a person; never to the ID. Premium customers are spared what would crash the reference
/// document's pipeline: attributes that are no object, and texts that only look like numbers.
pub(crate) fn disturb(person: &mut Person, dice: &mut Dice) {
    let kind = dice.below(6);
    let is_premium = person.segments & segments::PREMIUM != 0;
    match kind {
        1 | 4.. if is_premium => rename(person, dice),
        0 => lack(person, dice),
        1 => mistype(person, dice),
        2 | 3 => rename(person, dice),
        _ => odd_attribute(person, dice),
    }
}

/// Fields that are empty, null or not there.
fn lack(person: &mut Person, dice: &mut Dice) {
    let place = 1 + dice.below(8) as usize;
    match dice.below(4) {
        0 => person.fields[place] = Some(Value::Null),
        1 => person.fields[place] = None,
        2 => {
            person.fields[field::EMAIL] = Some(Value::text(""));
            person.fields[field::FIRST_NAME] = Some(Value::text("  "));
        }
        _ => {
            for place in 1..person.fields.len() {
                person.fields[place] = if dice.per_mille(500) { None } else { Some(Value::Null) };
            }
        }
    }
}

/// Values of another type than the field's.
fn mistype(person: &mut Person, dice: &mut Dice) {
    let (place, value) = match dice.below(7) {
        0 => (field::PHONE, Value::number(15_550_100 + dice.below(100))),
        1 => (field::TAGS, Value::text("vip,press")),
        2 => (field::TAGS, Value::List(vec![Value::number(7), Value::Null, Value::Bool(true)])),
        3 => (field::ATTRIBUTES, Value::List(vec![Value::text("plan"), Value::text("gold")])),
        4 => (field::FIRST_NAME, Value::Object(vec![("en".into(), Value::text("Robin"))])),
        5 => (field::CREATED, Value::number(1_790_000_000 + dice.below(1_000_000))),
        _ => (field::EMAIL, Value::Bool(false)),
    };
    person.fields[place] = Some(value);
}

const NAMES: &[(usize, &str)] = &[
    // Wide, combining, joined.
    (field::FIRST_NAME, "👩‍👩‍👧‍👦 Robin 🏳️‍🌈"),
    (field::FIRST_NAME, "🦊🇧🇷👍🏽"),
    (field::LAST_NAME, "齉龘靐齾爩鱻麤龗灪吁龖厵滟爨癵籱饢驫鲡鹂鸾麣纞虋讟钃骊郁鸜麷鞻"),
    (field::LAST_NAME, "Z̸̢̛͓̺̗̓͆a̶̰͎̿̏͝l̵̨̼̬̾̈́g̸̜̲̈́̊͠o̷͖͙̐̈́"),
    (field::FIRST_NAME, "e\u{301}\u{302}\u{303}lodie"),
    (field::FIRST_NAME, "각하 ㄱㅏㄱ"),
    (field::LAST_NAME, "ｆｕｌｌｗｉｄｔｈ"),
    (field::FIRST_NAME, "กำกึ่งน้ำ"),
    // Right to left, and what plays with direction.
    (field::FIRST_NAME, "שרה־לאה בת־שבע"),
    (field::LAST_NAME, "عبد الرّحمن (Rahman) ٤٢"),
    (field::LAST_NAME, "\u{202e}gnp.exe\u{202c} Nevill"),
    (field::FIRST_NAME, "\u{2066}Avi\u{2069} \u{2067}אבי\u{2069}"),
    (field::LAST_NAME, "Mar\u{200b}ti\u{200d}n\u{feff}\u{2060}ez"),
    (field::FIRST_NAME, "Ta\u{e0067}\u{e0062}\u{e007f}g"),
    // What a terminal obeys.
    (field::FIRST_NAME, "\u{1b}[2J\u{1b}[1;31mMallory\u{1b}[0m"),
    (field::LAST_NAME, "\u{1b}]52;c;bWFsbG9yeQ==\u{7}Oskar"),
    (field::LAST_NAME, "\u{1b}]0;owned\u{1b}\\Title"),
    (field::LAST_NAME, "\u{9b}31mC1\u{9d}52;c;eA==\u{9c}"),
    (field::FIRST_NAME, "Bell\u{7}\u{7}\u{7}"),
    (field::FIRST_NAME, "two\r\nlines\tand\0more\u{8}\u{7f}"),
    (field::FIRST_NAME, "\u{1b}P+q544e\u{1b}\\DCS\u{1b}_G\u{1b}\\"),
    (field::LAST_NAME, "\u{2028}line\u{2029}paragraph\u{85}next"),
    // What a spreadsheet computes, and other languages' business.
    (field::FIRST_NAME, "=1+1"),
    (field::LAST_NAME, "=HYPERLINK(\"http://evil.example\",\"click\")"),
    (field::LAST_NAME, "@SUM(A1:A9)"),
    (field::FIRST_NAME, "+cmd|' /C calc'!A0"),
    (field::FIRST_NAME, "-2+3"),
    (field::FIRST_NAME, "＝1＋1"),
    (field::FIRST_NAME, "\tTab First"),
    (field::LAST_NAME, "O'Brien; DROP TABLE \"people\" --"),
    (field::LAST_NAME, "<script>alert(1)</script>"),
    (field::LAST_NAME, "Null"),
    (field::FIRST_NAME, "\\u001b[31m \\\\ \"quoted\""),
    (field::LAST_NAME, "A"),
];

/// Names that are hard on screens, terminals and spreadsheets.
fn rename(person: &mut Person, dice: &mut Dice) {
    let (place, name) = *dice.pick(NAMES);
    person.fields[place] = Some(Value::text(name));
}

const NUMBERS: &[&str] = &[
    "0012",
    "1.2.3",
    "9007199254740993",
    "-5",
    "+1",
    "1e5",
    "NaN",
    "1.10",
    " 42 ",
    "²",
    "٣",
    "-0",
    ".5",
    "5.",
    "123456789012345678901234567890123456789012345678901234567890",
    "1_000",
    "0x1F",
    "Infinity",
    "1,5",
];

/// Attributes that a careless coercion changes, or that are simply a lot.
fn odd_attribute(person: &mut Person, dice: &mut Dice) {
    let choice = dice.below(10);
    let number = *dice.pick(NUMBERS);
    let Some(attributes) = person.attributes_mut() else { return };
    let mut add = |name: &'static str, value: Value| attributes.push((name.into(), value));
    match choice {
        0..4 => add("legacyNumber", Value::text(number)),
        4 => add("counter", Value::Number("9007199254740993".into())),
        5 => add(
            "bigCounter",
            Value::Number("123456789012345678901234567890123456789012345678901234567890".into()),
        ),
        6 => add("biography", Value::text("Lorem ipsum dolor sit amet, consectetur. ".repeat(60))),
        7 => {
            let deep =
                (0..30).fold(Value::text("bottom"), |inner, _| Value::Object(vec![("in".into(), inner)]));
            add("nested", deep);
        }
        8 => {
            add("", Value::text("no name"));
            add("with.dot", Value::text("and \"quotes\""));
            add("ключ 🔑", Value::List(vec![Value::Null, Value::List(vec![]), Value::Object(vec![])]));
        }
        _ => attributes.clear(),
    }
}
