//! The people: from a seed, the same for the same seed, and person *k* is the same however many there are.
//!
//! Each person is written as JSON once, member by member, into one arena; a page is then built by copying bytes.
//! A filter that looks at more than segments makes the person again from the seed instead of keeping all of them in
//! memory twice.

use std::{borrow::Cow, sync::atomic::AtomicBool, sync::atomic::Ordering};

use super::{
    awkward,
    dice::Dice,
    json::Value,
    names::{CHANNELS, CULTURES, Culture, DOMAINS, INTERESTS, PLANS, TAGS, TIERS},
    segments,
};

/// The fields of a profile, in the order in which they are sent.
pub(crate) const FIELDS: [&str; 9] =
    ["id", "firstName", "lastName", "email", "phone", "tags", "attributes", "createdDate", "modifiedDate"];

/// Members by their place in [`FIELDS`].
pub(crate) mod field {
    pub(crate) const ID: usize = 0;
    pub(crate) const FIRST_NAME: usize = 1;
    pub(crate) const LAST_NAME: usize = 2;
    pub(crate) const EMAIL: usize = 3;
    pub(crate) const PHONE: usize = 4;
    pub(crate) const TAGS: usize = 5;
    pub(crate) const ATTRIBUTES: usize = 6;
    pub(crate) const CREATED: usize = 7;
}

/// 2026-11-01T00:00:00Z: nobody was created or modified after it, nor more than [`SPAN_DAYS`] before.
const EPOCH_SECONDS: u64 = 1_793_491_200;
const SPAN_DAYS: u64 = 400;

/// One made-up person. `None` is a field that this person's record does not have.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) fields: [Option<Value>; FIELDS.len()],
    pub(crate) segments: u16,
}

impl Person {
    /// Person `index` (from 0) of `seed`.
    pub(crate) fn make(seed: u64, index: u32) -> Self {
        let mut dice = Dice::new(seed, u64::from(index));
        let culture = dice.pick(CULTURES);
        let mut person = ordinary(&mut dice, culture, index);
        person.segments = segments::of(&mut dice, index, culture.in_eu);
        match index {
            0..3 => well_known(&mut person, index),
            // 2.4 % of people are trouble, as life has it.
            _ if dice.per_mille(24) => awkward::disturb(&mut person, &mut dice),
            _ => {}
        }
        person
    }

    /// The attributes, where they are an object.
    pub(crate) fn attributes_mut(&mut self) -> Option<&mut Vec<(Cow<'static, str>, Value)>> {
        match &mut self.fields[field::ATTRIBUTES] {
            Some(Value::Object(members)) => Some(members),
            _ => None,
        }
    }
}

/// The ID of person `index`: the reference document's three, then seven digits.
pub(crate) fn id_of(index: u32) -> String {
    match index {
        0..3 => format!("PROF-{:03}", index + 1),
        _ => format!("PROF-{:07}", index + 1),
    }
}

/// The person with this ID among `count`.
pub(crate) fn index_of(id: &str, count: usize) -> Option<u32> {
    let digits = id.strip_prefix("PROF-")?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    let index = number.checked_sub(1)?;
    ((index as usize) < count && id_of(index) == id).then_some(index)
}

fn ordinary(dice: &mut Dice, culture: &Culture, index: u32) -> Person {
    let (first, first_plain) = *dice.pick(culture.given);
    let (last, last_plain) = *dice.pick(culture.family);
    let domain = dice.pick(DOMAINS);
    let email = format!("{first_plain}.{last_plain}{}@{domain}", index + 1);
    // Some write their address in capitals; the pipeline lowers it.
    let email = if dice.per_mille(60) { email } else { email.to_lowercase() };
    let tags = (0..dice.below(4)).map(|_| Value::text(*dice.pick(TAGS))).collect();
    let (city, postcode) = *dice.pick(culture.cities);

    let mut attributes: Vec<(Cow<'static, str>, Value)> = Vec::with_capacity(12);
    let mut add = |name: &'static str, value: Value| attributes.push((name.into(), value));
    add("plan", Value::text(*dice.pick(PLANS)));
    add("score", Value::text(dice.below(100).to_string()));
    add("loyaltyTier", Value::text(*dice.pick(TIERS)));
    add("optIn", Value::text(*dice.pick(&["TRUE", "true", "FALSE", "false"])));
    add("visits", Value::number(dice.below(400)));
    if dice.per_mille(600) {
        add("lifetimeValue", Value::text(format!("{}.{:02}", dice.below(9000), dice.below(100))));
    }
    add("lastOrder", Value::text(day(EPOCH_SECONDS - dice.below(SPAN_DAYS * 86_400))));
    add(
        "address",
        Value::Object(vec![
            ("city".into(), Value::text(city)),
            ("postcode".into(), Value::text(postcode)),
            ("country".into(), Value::text(culture.country)),
        ]),
    );
    if dice.per_mille(400) {
        add("languages", Value::List(culture.languages.iter().map(|&code| Value::text(code)).collect()));
    }
    if dice.per_mille(400) {
        add(
            "consent",
            Value::Object(vec![
                ("email".into(), Value::Bool(dice.per_mille(700))),
                ("sms".into(), Value::Bool(dice.per_mille(300))),
            ]),
        );
    }
    if dice.per_mille(300) {
        add("preferredChannel", Value::text(*dice.pick(CHANNELS)));
    }
    if dice.per_mille(200) {
        add(
            "interests",
            Value::List(vec![Value::text(*dice.pick(INTERESTS)), Value::text(*dice.pick(INTERESTS))]),
        );
    }
    if dice.per_mille(150) {
        add(
            "birthday",
            Value::text(format!(
                "{}-{:02}-{:02}",
                1940 + dice.below(65),
                1 + dice.below(12),
                1 + dice.below(28)
            )),
        );
    }
    if dice.per_mille(100) {
        add("churnRisk", Value::number(format_args!("0.{:02}", 1 + dice.below(99))));
    }
    if dice.per_mille(80) {
        add("accountManager", Value::Null);
    }

    let age = dice.below(SPAN_DAYS * 86_400);
    let modified_age = dice.below(age + 1);
    Person {
        fields: [
            Some(Value::text(id_of(index))),
            Some(Value::text(first)),
            Some(Value::text(last)),
            Some(Value::text(email)),
            Some(Value::text(phone(dice, culture.phone))),
            Some(Value::List(tags)),
            Some(Value::Object(attributes)),
            Some(Value::text(instant(EPOCH_SECONDS - age))),
            Some(Value::text(instant(EPOCH_SECONDS - modified_age))),
        ],
        segments: 0,
    }
}

/// The three that the reference document asks for: the same whatever the seed, and harmless to its pipeline.
fn well_known(person: &mut Person, index: u32) {
    let (first, last, phone, plan, score, city) = match index {
        0 => ("Ada", "Brightwater", "+1-555-0101", "gold", "21", "Springfield"),
        1 => ("Kofi", "Anning-Mensah", "+44 7700 900102", "silver", "8", "Leeds"),
        _ => ("Zoë", "Lindqvist", "+1-555-0103", "gold", "64.5", "Fairview"),
    };
    let number = index + 1;
    person.fields[field::FIRST_NAME] = Some(Value::text(first));
    person.fields[field::LAST_NAME] = Some(Value::text(last));
    person.fields[field::EMAIL] = Some(Value::text(format!("Customer{number}@Example.com")));
    person.fields[field::PHONE] = Some(Value::text(phone));
    person.fields[field::TAGS] = Some(Value::List(vec![Value::text("newsletter"), Value::text("b2b")]));
    person.fields[field::ATTRIBUTES] = Some(Value::Object(vec![
        ("plan".into(), Value::text(plan)),
        ("score".into(), Value::text(score)),
        ("loyaltyTier".into(), Value::text("gold")),
        ("optIn".into(), Value::text("TRUE")),
        ("visits".into(), Value::number(12 * number)),
        ("lastOrder".into(), Value::text("2026-10-04")),
        ("address".into(), Value::Object(vec![("city".into(), Value::text(city))])),
    ]));
    person.segments |= segments::PREMIUM;
}

fn phone(dice: &mut Dice, pattern: &str) -> String {
    pattern.chars().map(|c| if c == '#' { char::from(b'0' + dice.below(10) as u8) } else { c }).collect()
}

/// Days since 1970 as year, month, day (Howard Hinnant, *chrono-compatible low-level date algorithms*).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn day(seconds: u64) -> String {
    let (y, m, d) = civil(seconds / 86_400);
    format!("{y:04}-{m:02}-{d:02}")
}

fn instant(seconds: u64) -> String {
    let s = seconds % 86_400;
    format!("{}T{:02}:{:02}:{:02}Z", day(seconds), s / 3600, s / 60 % 60, s % 60)
}

/// Which fields a request wants; a bit for each place in [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Selection(u16);

impl Selection {
    pub(crate) const ALL: Self = Self((1 << FIELDS.len()) - 1);

    /// The fields named in `list` (commas between), and always `id`; the first unknown name otherwise.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let mut bits = 1 << field::ID;
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match FIELDS.iter().position(|field| *field == name) {
                Some(place) => bits |= 1 << place,
                None => return Err(name.to_owned()),
            }
        }
        Ok(Self(bits))
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}

struct Row {
    start: u64,
    /// Where each member ends, counted from `start`; a member that is missing is empty.
    ends: [u32; FIELDS.len()],
}

/// All people, as JSON.
pub(crate) struct People {
    seed: u64,
    bytes: Vec<u8>,
    rows: Vec<Row>,
    segments: Vec<u16>,
}

impl People {
    /// Makes `count` people; gives up half-way when `stop` is set.
    pub(crate) fn make(seed: u64, count: usize, stop: &AtomicBool) -> Self {
        let mut people = Self {
            seed,
            bytes: Vec::with_capacity(count.saturating_mul(470)),
            rows: Vec::with_capacity(count),
            segments: Vec::with_capacity(count),
        };
        for index in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            if index % 1024 == 0 && stop.load(Ordering::Relaxed) {
                break;
            }
            people.push(&Person::make(seed, index));
        }
        people
    }

    fn push(&mut self, person: &Person) {
        let start = self.bytes.len();
        let mut ends = [0; FIELDS.len()];
        for (place, (name, value)) in FIELDS.iter().zip(&person.fields).enumerate() {
            if let Some(value) = value {
                self.bytes.push(if place == field::ID { b'{' } else { b',' });
                self.bytes.push(b'"');
                self.bytes.extend_from_slice(name.as_bytes());
                self.bytes.extend_from_slice(b"\":");
                value.write(&mut self.bytes);
            }
            ends[place] = (self.bytes.len() - start) as u32;
        }
        self.bytes.push(b'}');
        self.rows.push(Row { start: start as u64, ends });
        self.segments.push(person.segments);
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn person(&self, index: u32) -> Person {
        Person::make(self.seed, index)
    }

    pub(crate) fn segments(&self, index: u32) -> u16 {
        self.segments.get(index as usize).copied().unwrap_or(0)
    }

    /// Appends person `index` with the selected fields.
    pub(crate) fn write(&self, index: u32, selection: Selection, out: &mut Vec<u8>) {
        let Some(row) = self.rows.get(index as usize) else { return };
        let bytes = &self.bytes[row.start as usize..];
        let end = row.ends[FIELDS.len() - 1] as usize;
        if selection == Selection::ALL {
            out.extend_from_slice(&bytes[..=end]);
            return;
        }
        let mut from = 0;
        for (place, &to) in row.ends.iter().enumerate() {
            let to = to as usize;
            if selection.has(place) {
                out.extend_from_slice(&bytes[from..to]);
            }
            from = to;
        }
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(count: usize) -> People {
        People::make(1, count, &AtomicBool::new(false))
    }

    fn json(people: &People, index: u32, fields: &str) -> serde_json::Value {
        let mut out = Vec::new();
        people.write(index, Selection::parse(fields).unwrap(), &mut out);
        serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out)))
    }

    #[test]
    fn every_person_is_valid_json_and_about_460_bytes() {
        let people = people(20_000);
        let mut out = Vec::new();
        let mut awkward = 0;
        for index in 0..20_000 {
            let from = out.len();
            people.write(index, Selection::ALL, &mut out);
            let _: &serde_json::value::RawValue = serde_json::from_slice(&out[from..]).unwrap();
            let value: serde_json::Value = serde_json::from_slice(&out[from..]).unwrap();
            assert_eq!(value["id"].as_str(), Some(id_of(index).as_str()));
            let usual = FIELDS.iter().all(|f| value.get(*f).is_some_and(|v| !v.is_null()));
            awkward += usize::from(!usual);
        }
        let mean = out.len() / 20_000;
        assert!((430..=490).contains(&mean), "{mean} bytes on average");
        assert!(awkward > 20, "{awkward} people lack something");
    }

    #[test]
    fn a_person_does_not_depend_on_how_many_there_are() {
        let (few, many) = (people(50), people(5000));
        for index in 0..50 {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            few.write(index, Selection::ALL, &mut a);
            many.write(index, Selection::ALL, &mut b);
            assert_eq!(a, b);
        }
        let other = People::make(2, 50, &AtomicBool::new(false));
        assert_ne!(few.bytes, other.bytes);
    }

    #[test]
    fn only_what_was_asked_for_is_there_and_the_id_always() {
        let people = people(10);
        let value = json(&people, 0, "email,createdDate");
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["createdDate", "email", "id"]);
        assert_eq!(Selection::parse("email,shoeSize"), Err("shoeSize".to_owned()));
    }

    /// `int("²")` and `float("1.2.3")` raise, and a list has no `items()`.
    #[test]
    fn no_premium_customer_crashes_the_reference_pipeline() {
        let (mut premium, mut awkward) = (0, 0);
        for index in (0..20_000).filter(|&k| Person::make(1, k).segments & segments::PREMIUM != 0) {
            let person = Person::make(1, index);
            premium += 1;
            awkward += usize::from(person.fields.iter().any(|f| matches!(f, None | Some(Value::Null))));
            match &person.fields[field::ATTRIBUTES] {
                None | Some(Value::Null) => {}
                Some(Value::Object(members)) => {
                    for (name, value) in members {
                        let Value::Text(text) = value else { continue };
                        let digits = text.replace('.', "");
                        let looks = !digits.is_empty() && digits.chars().all(char::is_numeric);
                        assert!(!looks || text.parse::<f64>().is_ok(), "{} {name} {text}", id_of(index));
                    }
                }
                other => panic!("{} {other:?}", id_of(index)),
            }
        }
        assert!(premium > 1000 && awkward > 0, "{premium} {awkward}");
    }

    #[test]
    fn the_three_well_known_people_are_harmless() {
        let people = people(3);
        for (index, id) in ["PROF-001", "PROF-002", "PROF-003"].into_iter().enumerate() {
            let value = json(&people, index as u32, "id,email,phone,tags,attributes,firstName");
            assert_eq!(value["id"], id);
            assert!(people.segments(index as u32) & segments::PREMIUM != 0);
            for (name, attribute) in value["attributes"].as_object().unwrap() {
                let text = attribute.as_str().unwrap_or("").replacen('.', "", 1);
                assert!(text.is_ascii() && !text.contains('.'), "{name} would crash float()");
            }
        }
    }

    #[test]
    fn ids_are_read_back_strictly() {
        for index in [0, 2, 3, 99, 9_999] {
            assert_eq!(index_of(&id_of(index), 10_000), Some(index));
        }
        for id in
            ["PROF-004", "PROF-0000001", "PROF-", "PROF-+01", "prof-001", "PROF-0010001", "PROF-99999999999"]
        {
            assert_eq!(index_of(id, 10_000), None, "{id}");
        }
    }

    #[test]
    fn dates_are_civil() {
        assert_eq!(instant(EPOCH_SECONDS), "2026-11-01T00:00:00Z");
        assert_eq!(instant(1_709_210_096), "2024-02-29T12:34:56Z");
    }
}
