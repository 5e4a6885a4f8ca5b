//! Made-up profiles of about 460 bytes of JSON.

use bytes::Bytes;
use cxlens::engine::pipeline::process;
use cxlens::engine::pipeline::profile::Profile;
use cxlens::engine::query::FieldSet;

use crate::Outcome;

const FIRST: [&str; 8] = ["Ada", "Kofi", "Zoë", "陽翔", "Xiomara", "Jean-Luc", "Élodie", "Sam"];
const LAST: [&str; 7] =
    ["Brightwater", "Anning-Mensah", "Lindqvist", "渡会", "Ibáñez Soto", "O'Brien", "Nevill"];
const CITIES: [&str; 5] = ["Springfield", "Leeds", "Fairview", "Zürich", "札幌"];
const PLANS: [&str; 4] = ["gold", "silver", "bronze", "basic"];

/// One of a list, by a number that looks like chance.
fn pick<'a>(list: &[&'a str], n: u64) -> &'a str {
    list[(n % list.len() as u64) as usize]
}

/// Spreads a number over all bits (the finaliser of `SplitMix64`).
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A profile as the service sends it.
fn json(number: u64) -> String {
    let dice = mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let date = |n: u64| {
        format!(
            "202{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            n % 7,
            n / 7 % 12 + 1,
            n / 84 % 28 + 1,
            n / 2_352 % 24,
            n / 56_448 % 60,
            n / 3_386_880 % 60
        )
    };
    format!(
        "{{\"id\":\"PROF-{number:07}\",\"firstName\":\"{}\",\"lastName\":\"{}\",\"email\":\"Customer{}@Example.com\",\
         \"phone\":\"+1-555-01{:02}-{:04}\",\"tags\":[\"newsletter\",\"{}\"],\"attributes\":{{\"plan\":\"{}\",\
         \"score\":\"{}.{:02}\",\"optIn\":\"TRUE\",\"visits\":{},\"lastOrder\":\"{}\",\"address\":{{\"city\":\"{}\",\
         \"postcode\":\"{:05}\",\"country\":\"CH\"}},\"preferredChannel\":\"{}\",\"interests\":[\"garden\",\"{}\"],\
         \"consent\":{{\"email\":true,\"sms\":false}}}},\"createdDate\":\"{}\",\"modifiedDate\":\"{}\"}}",
        pick(&FIRST, dice),
        pick(&LAST, dice >> 8),
        mix(number) % 10_000_000,
        dice % 100,
        dice >> 12 & 0xfff,
        pick(&["b2b", "vip", "press"], dice >> 16),
        pick(&PLANS, dice >> 24),
        dice % 97,
        dice % 100,
        dice % 389,
        &date(dice >> 5)[..10],
        pick(&CITIES, dice >> 32),
        dice % 100_000,
        pick(&["chat", "email", "phone"], dice >> 40),
        pick(&["sailing", "chess", "opera", "cycling"], dice >> 48),
        date(dice >> 3),
        date(dice >> 11),
    )
}

/// The profiles with these numbers, processed.
pub(crate) fn profiles(numbers: std::ops::Range<u64>) -> Outcome<Vec<Profile>> {
    let rows: Vec<String> = numbers.map(json).collect();
    let slices: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
    let processed = process(&Bytes::new(), &slices, FieldSet::ALL, 1);
    match processed.set_aside.first() {
        Some(row) => Err(format!("row {}: {}", row.row, row.reason).into()),
        None => Ok(processed.rows),
    }
}
