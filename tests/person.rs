//! What is asked for a person finds the person: over real HTTP, in the embedded service, however it is said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use cxlens::engine::query::person::{Reading, readings};
use cxlens::engine::query::{Draft, Filter, Id};
use cxlens::sandbox::{Client, Options, Sandbox};
use cxlens::wire::crm_v2::{CONTACTS_PATH, TOKEN_PATH, contacts_query};
use serde_json::Value;

/// People of the sandbox, and a way to ask it.
struct Service {
    sandbox: Sandbox,
    http: reqwest::Client,
    token: String,
    people: Vec<Value>,
}

impl Service {
    async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let options = Options { profiles: 600, ..Options::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = Client::full();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &client.id)
            .append_pair("client_secret", &client.secret)
            .finish();
        let reply = http
            .post(format!("{}{TOKEN_PATH}", sandbox.base_url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        let token: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        let token = token["access_token"].as_str().unwrap().to_owned();
        let mut service = Self { sandbox, http, token, people: Vec::new() };
        service.people = service.page(&contacts_query("", 1_000, 1, &[], None)).await;
        assert_eq!(service.people.len(), 600);
        service
    }

    async fn page(&self, query: &str) -> Vec<Value> {
        let url = format!("{}{CONTACTS_PATH}?{query}", self.sandbox.base_url());
        let reply = self.http.get(&url).bearer_auth(&self.token).send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        match serde_json::from_str::<Value>(&text).unwrap()["items"].take() {
            Value::Array(items) => items,
            other => panic!("{other}"),
        }
    }

    /// The IDs of everybody whom a reading finds.
    async fn found(&self, reading: &Reading) -> BTreeSet<String> {
        let query = reading.onto(&Draft::default()).check().unwrap();
        let ids: Vec<&str> = query.ids().iter().map(Id::as_str).collect();
        let filter = query.filter().map(Filter::as_str);
        let rows = self.page(&contacts_query("id", 1_000, 1, &ids, filter)).await;
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// That the first reading of what is said finds this person, among few.
    async fn finds(&self, said: &str, person: &Value, most: usize) {
        let all = readings(said);
        let first = all.first().unwrap_or_else(|| panic!("nothing for {said:?}"));
        let found = self.found(first).await;
        assert!(
            found.contains(person["id"].as_str().unwrap()),
            "{said:?} as {first:?} of {person}: {found:?}"
        );
        assert!(found.len() <= most, "{said:?} as {first:?} finds {}: {found:?}", found.len());
    }
}

fn text<'a>(person: &'a Value, field: &str) -> Option<&'a str> {
    person[field].as_str().filter(|text| !text.trim().is_empty())
}

#[tokio::test]
async fn a_phone_number_in_any_notation_finds_whoever_has_it() {
    let service = Service::start().await;
    let mut notations = BTreeSet::new();
    let mut asked = 0;
    for person in service.people.iter().filter(|person| text(person, "phone").is_some()) {
        let phone = text(person, "phone").unwrap();
        // A few of each way in which numbers are kept.
        let shape: String = phone.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        let country: String = phone.chars().take(4).collect();
        let seen = notations
            .iter()
            .filter(|other: &&String| other.starts_with(&format!("{country} {shape}")))
            .count();
        if seen >= 3 || !notations.insert(format!("{country} {shape} {seen}")) {
            continue;
        }
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let dashes = phone.replace(' ', "-");
        let code = phone[1..].split([' ', '-']).next().unwrap();
        let national = &digits[code.len()..];
        // Everybody of that country whose number ends in the same seven digits, and whom nobody could tell apart.
        let twins = service
            .people
            .iter()
            .filter_map(|other| text(other, "phone"))
            .filter(|other| {
                let other: String = other.chars().filter(char::is_ascii_digit).collect();
                other.ends_with(&national[national.len() - 4..])
            })
            .count();
        for said in [
            phone.to_owned(),
            dashes,
            format!("+{digits}"),
            format!("00{digits}"),
            format!("+{code} (0){national}"),
            format!("+{code} ({}) {}", &national[..2], &national[2..]),
            format!("0{national}"),
            national.to_owned(),
            format!("tel:+{digits}"),
            format!("  {phone} ext. 12\n"),
        ] {
            // Where digits alone could be an ID, that they are a number is offered second.
            if readings(&said)[0].what == "ID" {
                assert!(readings(&said).iter().any(|reading| reading.what == "phone number"), "{said}");
                continue;
            }
            service.finds(&said, person, twins).await;
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
}

#[tokio::test]
async fn an_address_finds_whoever_has_it_whatever_the_capitals() {
    let service = Service::start().await;
    for person in service.people.iter().step_by(4) {
        let Some(email) = text(person, "email") else { continue };
        service.finds(email, person, 1).await;
        service.finds(&email.to_lowercase(), person, 1).await;
        service.finds(&format!("Somebody <{}>", email.to_uppercase()), person, 1).await;
    }
}

#[tokio::test]
async fn a_name_finds_whoever_has_it_either_way_round() {
    let service = Service::start().await;
    let (mut accents, mut asked) = (0, BTreeSet::new());
    for person in &service.people {
        let (Some(first), Some(last)) = (text(person, "firstName"), text(person, "lastName")) else {
            continue;
        };
        // Names that no person says are found by pasting the ID.
        let sayable = |name: &str| name.chars().all(|c| c.is_alphabetic() || " '-".contains(c));
        if !sayable(first) || !sayable(last) || !asked.insert((first, last)) {
            continue;
        }
        for said in [
            format!("{first} {last}"),
            format!("{last} {first}"),
            format!("{last}, {first}"),
            format!("{} {}", first.to_lowercase(), last.to_lowercase()),
        ] {
            service.finds(&said, person, 20).await;
        }
        // Without the accents, the address still tells.
        if first.contains('ç') || last.contains('è') {
            let plain = format!("{first} {last}").replace('ç', "c").replace(['è', 'é'], "e");
            let all = readings(&plain);
            let by_address = all.iter().find(|reading| reading.what == "name in the address").unwrap();
            if text(person, "email").is_some_and(|email| email == email.to_lowercase()) {
                let found = service.found(by_address).await;
                assert!(found.contains(person["id"].as_str().unwrap()), "{plain}: {by_address:?} {person}");
                accents += 1;
            }
        }
    }
    assert!(accents > 0);
}

#[tokio::test]
async fn ids_find_whoever_has_them() {
    let service = Service::start().await;
    let found = service.found(&readings("PROF-001; PROF-0000021\nPROF-999")[0]).await;
    assert_eq!(found.len(), 2, "{found:?}");
    let all = readings("prof-0000021");
    assert_eq!((all[0].what, service.found(&all[0]).await.len()), ("ID", 0));
    assert_eq!((all[1].what, service.found(&all[1]).await.len()), ("ID", 1));
}
