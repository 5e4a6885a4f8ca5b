use proptest::prelude::*;

use super::*;

fn veil() -> Veil {
    Veil::closed((7, 11))
}

fn body(text: impl AsRef<[u8]>) -> Vec<u8> {
    veil().body(text.as_ref()).into_owned()
}

fn body_text(text: &str) -> String {
    String::from_utf8(body(text)).unwrap()
}

const PAGE: &str = r#"{"items":[{"id":"PROF-001","firstName":"Ada","lastName":"Byron","email":"Ada@Example.com",
 "phone":"+44 7700 900123","tags":["vip"],"attributes":{"plan":"gold","age":42,"born":"1990-02-03","opted":"true",
 "vip":true,"none":null,"deep":{"list":["x1",1.10]}},"createdDate":"2025-01-02T03:04:05Z",
 "modifiedDate":"2026-02-03"}],"nextPageUrl":"/api/v2/crm/contacts?fields=id&pageSize=50&page=2&cursor=UFJPRi0wMDE",
 "total":10000}"#;

#[test]
fn of_a_page_nothing_personal_is_left_and_its_shape_stays() {
    let said = body_text(PAGE);
    let small = said.to_lowercase();
    for gone in [
        "prof-001",
        "ada",
        "byron",
        "example",
        "900123",
        "7700",
        "vip\"]",
        "gold",
        ":42,",
        "1990",
        "x1\"",
        "UFJPRi0wMDE",
    ] {
        assert!(!small.contains(&gone.to_lowercase()), "{gone}: {said}");
    }
    for stays in [
        "\"firstName\":",
        "\"2025-01-02T03:04:05Z\"",
        "\"2026-02-03\"",
        "\"opted\":\"true\"",
        "\"vip\":true",
        "\"none\":null",
        "\"total\":10000",
        "/api/v2/crm/contacts?fields=id&pageSize=50&page=2&cursor=",
        ".10]",
    ] {
        // The last digit of a fraction stays a zero; the one before does not.
        let stays = if stays == ".10]" { "0]" } else { stays };
        assert!(said.contains(stays), "{stays}: {said}");
    }
    assert_eq!(said.len(), PAGE.len());
    let page = crate::wire::crm_v2::page(said.as_bytes()).unwrap();
    assert_eq!((page.items.len(), page.total), (1, Some(10_000)));
}

#[test]
fn the_same_value_has_the_same_stand_in_wherever_it_stands() {
    let mut veil = veil();
    let draft = Draft {
        ids: vec!["PROF-001".into()],
        segments: vec!["SEG-PREMIUM-01".into()],
        filter: "email eq 'ada@example.com' and lastName eq 'O''Hara'".into(),
        ..Draft::default()
    };
    veil.learn(&draft);
    let (id, email) = (veil.value("PROF-001"), veil.value("ada@example.com"));
    let hidden = veil.draft(&draft);
    assert_eq!(hidden.ids, std::slice::from_ref(&id));
    assert_eq!(hidden.segments, draft.segments);
    let name = veil.value("O'Hara");
    assert_eq!(hidden.filter, format!("email eq '{email}' and lastName eq '{}'", name.replace('\'', "''")));
    let row = veil.row(r#"{"id":"PROF-001","email":"ada@example.com"}"#);
    assert_eq!(row, format!(r#"{{"id":"{id}","email":"{email}"}}"#));
    let url = veil.url(
        "https://acme.example/api/v2/crm/contacts?fields=id,email&pageSize=50&page=1&ids=PROF-001&filter=email%20eq%20%27ada%40example.com%27%20and%20segmentIds%20contains%20%27SEG-PREMIUM-01%27",
    );
    let encoded = email.replace('@', "%40");
    assert_eq!(
        url,
        format!(
            "https://acme.example/api/v2/crm/contacts?fields=id,email&pageSize=50&page=1&ids={id}&filter=email%20eq%20%27{encoded}%27%20and%20segmentIds%20contains%20%27SEG-PREMIUM-01%27"
        )
    );
    let said = veil.said("no such profile: PROF-001 (ada@example.com), asked by O'Hara of SEG-PREMIUM-01");
    assert_eq!(said, format!("no such profile: {id} ({email}), asked by {name} of SEG-PREMIUM-01"));
}

#[test]
fn what_is_odd_stays_as_odd() {
    let odd = [
        r#"{"id":42,"n":NaN,"big":1e999,"neg":-Infinity,"x":9007199254740993,"z":"0012","e":"1e5","d":"2026-13-45"}"#,
        r#"{"id":"\ud800lone","bidi":"a\u202eb","raw":"c\u0007d","esc":"Zo\u00EB","tab":"a	b"}"#,
        r#"{"id":["PROF-001"],"email":null,"phone":{"a":1},"id":"twice","tags":"none","":0}"#,
        r#"{"id":"cut in the mid"#,
        "\u{feff}{\"id\":\"bom\"} trailing",
        "[[[[[[[[",
        "]}],:",
    ];
    for text in odd {
        let said = String::from_utf8(body::row(&mut veil(), text.as_bytes())).unwrap();
        assert_eq!(said.chars().count(), text.chars().count(), "{text}\n{said}");
        let structure = |text: &str| text.chars().filter(|c| !c.is_alphanumeric()).collect::<String>();
        assert_eq!(structure(&said), structure(text), "{text}\n{said}");
    }
    let said = body::row(&mut veil(), odd[0].as_bytes());
    let said = String::from_utf8(said).unwrap();
    for stays in ["NaN", "e999", "-Infinity", "\"00", "e5\"", "-13-45\"", "\"big\""] {
        assert!(said.contains(stays), "{stays}: {said}");
    }
    let said = String::from_utf8(body::row(&mut veil(), odd[1].as_bytes())).unwrap();
    for stays in ["\\ud800", "\\u202e", "\\u0007", "\\u00"] {
        assert!(said.contains(stays), "{stays}: {said}");
    }
    // Bytes that are no UTF-8 stay, those around them do not.
    let said = body::row(&mut veil(), b"{\"id\":\"Zo\xeb Byron\"}");
    assert!(said.contains(&0xeb) && !said.windows(5).any(|w| w == b"Byron"), "{said:?}");
}

#[test]
fn messages_keep_what_tells_them_and_lose_whose_they_are() {
    let mut veil = veil();
    veil.learn(&Draft { filter: "lastName eq 'Byron'".into(), ..Draft::default() });
    for (text, stays, gone) in [
        (
            r#"{"error":{"code":"INVALID_FILTER","message":"Byron at position 12 is wrong: 'ada@example.com'","traceId":"9f86d081-77"}}"#,
            &["INVALID_FILTER", "at position 12 is wrong", "9f86d081-77"][..],
            &["Byron", "ada@example"][..],
        ),
        (
            "<html><head><title>Login</title></head><body>Hello grace@example.org, call 07700900123</body></html>",
            &["<title>Login</title>", "Hello ", "</html>"],
            &["grace", "07700900123"],
        ),
        ("the service answered 429, rate_limited (trace abc-12345)", &["429", "abc-12345"], &[]),
        ("the body is larger than 16777216 bytes", &["16777216"], &[]),
        ("page 26 of the profiles; see PROF-0000123", &["page 26 of the profiles; see "], &["PROF-0000123"]),
        ("since 2026-03-04T12:01:04Z, for 1200ms", &["2026-03-04T12:01:04Z", "1200ms"], &[]),
    ] {
        let said = String::from_utf8(veil.body(text.as_bytes()).into_owned()).unwrap();
        for stays in stays {
            assert!(said.contains(stays), "{stays}: {said}");
        }
        for gone in gone {
            assert!(!said.contains(gone), "{gone}: {said}");
        }
    }
}

#[test]
fn a_large_page_and_many_literals_take_no_time_of_note() {
    let mut veil = veil();
    let filter: Vec<_> = (0..900).map(|n| format!("lastName eq 'Zyx{n}'")).collect();
    veil.learn(&Draft { filter: filter.join(" or "), ..Draft::default() });
    let text = "<p>'\" ada@example.org 12345 /api/ x</p> ".repeat(50_000);
    let said = veil.said(&text).into_owned();
    assert!(said.len() == text.len() && !said.contains("ada@"));
    let digits = format!("{{\"items\":[{}]}}", "7".repeat(1_000_000));
    assert_eq!(veil.body(digits.as_bytes()).len(), digits.len());
}

#[test]
fn a_veil_that_is_open_hides_nothing() {
    let mut veil = Veil::open();
    assert_eq!(veil.body(PAGE.as_bytes()), PAGE.as_bytes());
    assert_eq!(
        (veil.value("Ada"), veil.filter("a eq 'b'"), veil.row("{}")),
        ("Ada".into(), "a eq 'b'".into(), "{}".into())
    );
    assert!(veil.is_open());
}

#[test]
fn a_date_becomes_another_date() {
    for n in 1..200 {
        let date = format!(
            "19{:02}-{:02}-{:02}T{:02}:{:02}:00Z",
            n % 90 + 10,
            n % 12 + 1,
            n % 28 + 1,
            n % 24,
            n % 60
        );
        let said = veil().value(&date);
        assert!(said.parse::<jiff::Timestamp>().is_ok() && said != date, "{date}: {said}");
        assert_eq!(said[..3], date[..3]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_and_structure_stays(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = body(&bytes);
        let row = body::row(&mut veil(), &bytes);
        let structure = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().copied().filter(|b| b.is_ascii() && !b.is_ascii_alphanumeric()).collect()
        };
        prop_assert_eq!(structure(&row), structure(&bytes));
    }

    #[test]
    fn json_stays_json(text in r#"[a-zA-Z0-9é \\"\u{202e}]{0,20}"#, n in any::<i64>(), x in any::<f64>()) {
        let value = serde_json::json!({ "items": [{ "id": text, "n": n, "x": x, "deep": [{ "k": text }] }] });
        let said = body(value.to_string());
        let back: serde_json::Value = serde_json::from_slice(&said).unwrap();
        let row = &back["items"][0];
        prop_assert_eq!(row["id"].as_str().unwrap().chars().count(), text.chars().count());
        prop_assert_eq!(&row["id"], &row["deep"][0]["k"]);
        prop_assert!(row["n"].is_number() && (row["x"].is_number() || row["x"].is_null()));
    }

    #[test]
    fn any_text_is_taken(text in "\\PC{0,40}|['\"<>/@0-9a-z: .]{0,40}") {
        let mut veil = veil();
        veil.learn(&Draft { filter: text.clone(), ids: vec![text.clone()], ..Draft::default() });
        let _ = (veil.said(&text).into_owned(), veil.url(&text), veil.filter(&text), veil.header("x-any", &text));
    }
}
