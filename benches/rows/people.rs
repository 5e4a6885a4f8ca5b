//! Made-up profiles of about 460 bytes, few different values among the attributes.

use std::ops::Range;

use bytes::Bytes;
use cxlens::engine::pipeline;
use cxlens::engine::pipeline::profile::Profile;
use cxlens::engine::query::FieldSet;

/// A number that looks like chance, the same for the same row.
fn dice(row: usize, salt: u64) -> usize {
    let mut x = (row as u64).wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x1234_5678);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as usize >> 1
}

fn pick<'a>(from: &[&'a str], row: usize, salt: u64) -> &'a str {
    from[dice(row, salt) % from.len()]
}

fn date(row: usize, salt: u64) -> String {
    let n = dice(row, salt);
    format!(
        "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        1 + n % 11,
        1 + n / 11 % 28,
        n / 308 % 24,
        n / 7_392 % 60,
        n / 443_520 % 60
    )
}

/// The JSON of a row.
fn json(row: usize) -> String {
    let first = pick(&["Ada", "Grace", "Alan", "Edsger", "Barbara", "Zoë", "Katherine", "Donald"], row, 1);
    let last = format!("{}{}", pick(&["Byron", "Hopper", "Turing", "Liskov"], row, 2), dice(row, 3) % 500);
    let name = if row.is_multiple_of(3) { "ada.byron" } else { "grace.hopper" };
    format!(
        "{{\"id\":\"PROF-{row:07}\",\"firstName\":\"{first}\",\"lastName\":\"{last}\",\
         \"email\":\"{name}{row:07}@example.org\",\"phone\":\"+1 555 {:07}\",\
         \"tags\":[\"{}\",\"{}\"],\"attributes\":{{\"plan\":\"{}\",\"score\":\"{}\",\"active\":\"{}\",\
         \"channel\":\"{}\",\"city\":\"City {}\",\"visits\":{},\"address\":{{\"country\":\"{}\",\"zip\":\"{:05}\"}},\
         \"newsletter\":{},\
         \"note\":\"Called about the invoice of last month; call back\"}},\"createdDate\":\"{}\",\"modifiedDate\":\"{}\"}}",
        dice(row, 4) % 10_000_000,
        pick(&["vip", "beta", "lead", "churn-risk"], row, 5),
        pick(&["eu", "us", "apac"], row, 6),
        pick(&["gold", "silver", "bronze", "free"], row, 7),
        dice(row, 8) % 101,
        pick(&["TRUE", "FALSE"], row, 9),
        pick(&["mail", "phone", "chat", "sms"], row, 10),
        dice(row, 11) % 300,
        dice(row, 12) % 50,
        pick(&["DE", "FR", "US", "JP", "BR"], row, 13),
        dice(row, 14) % 2_000,
        dice(row, 15).is_multiple_of(2),
        date(row, 16),
        date(row, 17),
    )
}

/// Profiles of these rows, as the pipeline makes them.
pub(crate) fn profiles(rows: Range<usize>) -> Vec<Profile> {
    let texts: Vec<String> = rows.map(json).collect();
    let body = Bytes::from(texts.join(","));
    let mut start = 0;
    let slices: Vec<&[u8]> = texts
        .iter()
        .map(|text| {
            let slice = &body[start..start + text.len()];
            start += text.len() + 1;
            slice
        })
        .collect();
    pipeline::process(&body, &slices, FieldSet::ALL, 1).rows
}
