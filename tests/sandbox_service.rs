//! The embedded service over real HTTP, with literal expectations from the contract.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use cxlens::sandbox::{Client, Options, Rate, Sandbox};
use serde_json::Value;

fn http() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

async fn sandbox(change: impl FnOnce(&mut Options)) -> Sandbox {
    let mut options = Options { profiles: 500, ..Options::default() };
    change(&mut options);
    Sandbox::start(options).await.unwrap()
}

async fn token_of(sandbox: &Sandbox, client: &Client) -> String {
    let reply = ask_token(
        sandbox,
        &[("grant_type", "client_credentials"), ("client_id", &client.id), ("client_secret", &client.secret)],
    )
    .await;
    body(reply).await["access_token"].as_str().unwrap().to_owned()
}

async fn ask_token(sandbox: &Sandbox, form: &[(&str, &str)]) -> reqwest::Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    http()
        .post(format!("{}/api/v2/oauth/token", sandbox.base_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap()
}

async fn get(sandbox: &Sandbox, query: &str) -> reqwest::Response {
    let token = token_of(sandbox, &Client::full()).await;
    contacts(sandbox, &token, query).await
}

async fn contacts(sandbox: &Sandbox, token: &str, query: &str) -> reqwest::Response {
    http()
        .get(format!("{}/api/v2/crm/contacts?{query}", sandbox.base_url()))
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
}

async fn body(reply: reqwest::Response) -> Value {
    let text = reply.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|wrong| panic!("{wrong}: {text}"))
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_lead_to_every_person_exactly_once() {
    let sandbox = sandbox(|options| options.announce_total = true).await;
    let token = token_of(&sandbox, &Client::full()).await;
    let query = "filter=segmentIds+contains%20%27SEG-ALL%27&fields=id,email&pageSize=60&page=1";
    let mut url = format!("{}/api/v2/crm/contacts?{query}", sandbox.base_url());
    let mut all = Vec::new();
    let mut pages = 0;
    loop {
        let page = body(http().get(&url).bearer_auth(&token).send().await.unwrap()).await;
        pages += 1;
        assert_eq!(page["total"], 500);
        all.extend(ids(&page));
        let Some(next) = page["nextPageUrl"].as_str() else {
            assert!(page["nextPageUrl"].is_null());
            break;
        };
        assert_eq!(next, url.replace(&format!("&page={pages}"), &format!("&page={}", pages + 1)));
        next.clone_into(&mut url);
    }
    assert_eq!(pages, 9);
    assert_eq!((all.len(), all[0].as_str(), all[499].as_str()), (500, "PROF-001", "PROF-0000500"));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 500);
    sandbox.stop().await;
}

#[tokio::test]
async fn ids_are_answered_as_asked_and_unknown_ones_left_out() {
    let sandbox = sandbox(|_| ()).await;
    let page = body(get(&sandbox, "ids=PROF-003,PROF-001,PROF-003,NOBODY&fields=id").await).await;
    assert_eq!(ids(&page), ["PROF-003", "PROF-001"]);
    assert!(page.get("total").is_none());
    let page = body(get(&sandbox, "ids=PROF-002,PROF-003&filter=plan%20eq%20'gold'").await).await;
    assert_eq!(ids(&page), ["PROF-003"]);
    let many: Vec<String> = (0..101).map(|n| format!("X{n}")).collect();
    assert_eq!(get(&sandbox, &format!("ids={}", many.join(","))).await.status(), 400);
    sandbox.stop().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_as_the_service_does() {
    let sandbox = sandbox(|_| ()).await;
    for (query, status, code) in [
        ("fields=id,shoeSize", 500, "SchemaValidation"),
        ("filter=plan%20eq", 500, "FilterSyntax"),
        ("pageSize=0", 400, "InvalidParameter"),
        ("pageSize=1001", 400, "InvalidParameter"),
        ("page=0", 400, "InvalidParameter"),
        ("page=x", 400, "InvalidParameter"),
    ] {
        let reply = get(&sandbox, query).await;
        assert_eq!(reply.status(), status, "{query}");
        assert!(reply.headers().contains_key("date"));
        let body = body(reply).await;
        assert_eq!(body["error"]["code"], code, "{query}: {body}");
    }
    let said = body(get(&sandbox, "fields=id,shoeSize").await).await.to_string();
    assert!(said.contains("shoeSize"), "{said}");
    let beyond = body(get(&sandbox, "page=99999999999999999").await).await;
    assert!(ids(&beyond).is_empty() && beyond["nextPageUrl"].is_null());
    let nowhere = http().get(format!("{}/api/v3/nope", sandbox.base_url())).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
    sandbox.stop().await;
}

#[tokio::test]
async fn tokens_are_given_to_whom_they_belong() {
    let sandbox = sandbox(|_| ()).await;
    let (id, secret) = (sandbox.client_id().to_owned(), sandbox.client_secret().to_owned());
    let ask = async |grant: &str, secret: &str, scope: &str| {
        let form = [("grant_type", grant), ("client_id", &id), ("client_secret", secret), ("scope", scope)];
        let reply = ask_token(&sandbox, &form).await;
        (reply.status().as_u16(), body(reply).await)
    };
    let (status, granted) = ask("client_credentials", &secret, "").await;
    assert_eq!(
        (status, &granted["token_type"], &granted["expires_in"]),
        (200, &"Bearer".into(), &3600.into())
    );
    assert_eq!(granted["scope"], "crm:read cdp:read webhook:write");
    let (_, granted) = ask("client_credentials", &secret, "crm:read").await;
    assert_eq!(granted["scope"], "crm:read");
    let (status, refused) = ask("client_credentials", "wrong", "").await;
    assert_eq!((status, &refused["error"]), (401, &"invalid_client".into()));
    let (status, refused) = ask("client_credentials", &secret, "crm:write").await;
    assert_eq!((status, &refused["error"]), (400, &"invalid_scope".into()));
    let (status, refused) = ask("password", &secret, "").await;
    assert_eq!((status, &refused["error"]), (400, &"unsupported_grant_type".into()));

    let url = format!("{}/api/v2/oauth/token", sandbox.base_url());
    assert_eq!(http().get(&url).send().await.unwrap().status(), 405);
    let basic = http()
        .post(&url)
        .basic_auth(&id, Some(&secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    assert_eq!(basic.send().await.unwrap().status(), 200);
    sandbox.stop().await;
}

#[tokio::test]
async fn without_a_live_token_or_its_scope_nothing_is_told() {
    let sandbox = sandbox(|_| ()).await;
    let url = format!("{}/api/v2/crm/contacts", sandbox.base_url());
    let bare = http().get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(bare.headers()["www-authenticate"], "Bearer realm=\"cxone\"");
    let forged = contacts(&sandbox, "sbx.forged", "").await;
    assert_eq!(forged.status(), 401);
    assert!(forged.headers()["www-authenticate"].to_str().unwrap().contains("error=\"invalid_token\""));

    let modest = token_of(&sandbox, &Client::readonly()).await;
    assert_eq!(contacts(&sandbox, &modest, "filter=plan%20eq%20'gold'").await.status(), 200);
    let refused = contacts(&sandbox, &modest, "filter=segmentIds%20contains%20'SEG-ALL'").await;
    assert_eq!(refused.status(), 403);
    let asks = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(asks.contains("error=\"insufficient_scope\", scope=\"cdp:read\""), "{asks}");

    let token = token_of(&sandbox, &Client::full()).await;
    assert_eq!(contacts(&sandbox, &token, "").await.status(), 200);
    sandbox.control().revoke_tokens();
    assert_eq!(contacts(&sandbox, &token, "").await.status(), 401);
    sandbox.stop().await;

    let sandbox = self::sandbox(|options| options.token_life = std::time::Duration::ZERO).await;
    assert_eq!(get(&sandbox, "").await.status(), 401);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_limit_says_how_long_to_wait_and_counts_who_does_not() {
    let sandbox = sandbox(|options| {
        options.rate = Some(Rate { per_second: 0.001, burst: 2 });
        options.announce_limits = true;
    })
    .await;
    let token = token_of(&sandbox, &Client::full()).await;
    let first = contacts(&sandbox, &token, "").await;
    assert_eq!(first.headers()["ratelimit"], "\"default\";r=1;t=1000");
    assert_eq!(first.headers()["ratelimit-policy"], "\"default\";q=2;w=2000");
    assert_eq!(contacts(&sandbox, &token, "").await.status(), 200);
    let third = contacts(&sandbox, &token, "").await;
    assert_eq!((third.status().as_u16(), &third.headers()["retry-after"]), (429, &"1000".parse().unwrap()));
    let said = body(third).await;
    assert!(
        said["error"].is_string() && said["message"].is_string() && said["traceId"].is_string(),
        "{said}"
    );
    assert_eq!(sandbox.control().counters().throttled, 1);
    sandbox.control().set_rate(None);
    assert_eq!(contacts(&sandbox, &token, "").await.status(), 200);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_gate_holds_replies_until_it_is_released() {
    let sandbox = sandbox(|_| ()).await;
    let control = sandbox.control();
    let token = token_of(&sandbox, &Client::full()).await;
    let gate = control.hold();
    let asked: Vec<_> = (1..=3)
        .map(|page| {
            let (url, token) =
                (format!("{}/api/v2/crm/contacts?page={page}", sandbox.base_url()), token.clone());
            tokio::spawn(async move { http().get(url).bearer_auth(token).send().await.unwrap().status() })
        })
        .collect();
    control.wait_until(|counters| counters.held == 3).await;
    assert_eq!(control.counters().answered, 1);
    gate.let_through(1);
    control.wait_until(|counters| counters.answered == 2 && counters.held == 2).await;
    gate.release();
    for reply in asked {
        assert_eq!(reply.await.unwrap(), 200);
    }
    assert_eq!(control.counters().max_in_flight, 3);
    let requests = control.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/api/v2/oauth/token"));
    assert!(requests[1].headers.contains(&"authorization".to_owned()));
    sandbox.stop().await;
}

#[tokio::test]
async fn stopping_ends_what_is_held_and_frees_the_address() {
    let sandbox = sandbox(|_| ()).await;
    let control = sandbox.control();
    let addr = sandbox.addr();
    let gate = control.hold();
    let asked = tokio::spawn(http().get(sandbox.base_url()).send());
    let idle = tokio::net::TcpStream::connect(addr).await.unwrap();
    control.wait_until(|counters| counters.held == 1).await;
    sandbox.stop().await;
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    drop((gate, idle));
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap();
    let error = Sandbox::start(Options { addr, ..Options::default() }).await.unwrap_err().to_string();
    assert!(error.contains(&addr.to_string()) && error.contains("in use"), "{error}");
}

#[tokio::test]
async fn webhooks_are_registered_listed_and_removed() {
    let sandbox = sandbox(|_| ()).await;
    let url = format!("{}/api/v2/crm/webhooks", sandbox.base_url());
    let token = token_of(&sandbox, &Client::full()).await;
    let wish = r#"{"name":"Sync","url":"https://example.com/in","events":["profile.updated"],"secret":"s3cret-canary"}"#;
    let register = async |body: &str, key: &str| {
        let asked =
            http().post(&url).bearer_auth(&token).header("idempotency-key", key).body(body.to_owned());
        let reply = asked.send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    let (status, made) = register(wish, "k1").await;
    assert_eq!(status, 201);
    assert!(!made.contains("s3cret-canary"));
    assert_eq!(register(wish, "k1").await.1, made);
    assert_eq!(register(&wish.replace("Sync", "Other"), "k1").await.0, 422);
    assert_eq!(register(&wish.replace("profile.updated", "profile.eaten"), "k2").await.0, 400);
    let listed = body(http().get(&url).bearer_auth(&token).send().await.unwrap()).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let one = format!("{url}/{}", listed["items"][0]["id"].as_str().unwrap());
    assert_eq!(http().delete(&one).bearer_auth(&token).send().await.unwrap().status(), 204);
    assert_eq!(http().delete(&one).bearer_auth(&token).send().await.unwrap().status(), 404);
    let modest = token_of(&sandbox, &Client::readonly()).await;
    assert_eq!(http().get(&url).bearer_auth(&modest).send().await.unwrap().status(), 403);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_request_inside_the_window_is_counted_and_one_on_its_way_is_not() {
    let sandbox =
        sandbox(|options| options.faults = vec!["retry-after-http-date-skewed".parse().unwrap()]).await;
    let control = sandbox.control();
    let token = token_of(&sandbox, &Client::full()).await;
    assert_eq!(contacts(&sandbox, &token, "").await.status(), 200);
    let gate = control.hold();
    let ask = || {
        let (url, token) = (format!("{}/api/v2/crm/contacts", sandbox.base_url()), token.clone());
        tokio::spawn(async move { http().get(url).bearer_auth(token).send().await.unwrap().status() })
    };
    let both = [ask(), ask()];
    control.wait_until(|counters| counters.held == 2).await;
    gate.release();
    for reply in both {
        assert_eq!(reply.await.unwrap(), 429);
    }
    assert_eq!(control.counters().inside_window, 0);
    // The window opens to blame 5 ms after the reply has left.
    while control.counters().inside_window == 0 {
        assert_eq!(contacts(&sandbox, &token, "").await.status(), 200);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn the_limit_and_the_latency_can_be_read_and_changed() {
    let sandbox = Sandbox::start(Options::demo()).await.unwrap();
    let control = sandbox.control();
    assert_eq!(control.rate(), Some(Rate { per_second: 10.0, burst: 10 }));
    assert_eq!(control.latency(), (std::time::Duration::from_millis(80), 0.3));
    control.set_latency(std::time::Duration::ZERO, 0.0);
    control.set_rate(Some(Rate { per_second: 5.0, burst: 1 }));
    assert_eq!(control.rate().unwrap().burst, 1);
    let page = get(&sandbox, "").await;
    assert_eq!(page.headers()["ratelimit-policy"], "\"default\";q=5;w=1");
    assert_eq!(body(page).await["total"], 10_000);
    sandbox.stop().await;
}
