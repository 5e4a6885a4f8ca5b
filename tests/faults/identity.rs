//! Table "Identity".

use std::time::Duration;

use cxlens::engine::error::Kind;
use cxlens::engine::event::{Auth, Endpoint};

use crate::support::{Case, PAGE, Ran};

const SECOND: Duration = Duration::from_secs(1);

faults! {
    refreshed = "401 mid-paging; 50 at once" {
        http_401_mid_paging; |ran| ran.whole().tokens(2);
        http_401_often with |case| case.service.bounds.concurrency = 1; |ran| ran.whole().tokens(2).pages(11);
        http_401_once; |ran| ran.whole().tokens(2).pages(11);
    }
    never_accepted = "401 for a token that was never accepted; the third 401 in a row for one request" {
        http_401_forever; |ran|
            ran.stops(Kind::Credentials, 0, "page 1").tokens(1).pages(1).says("a fresh token was refused");
        // Page 3 is asked with three tokens; those of pages 1 and 2 were fine.
        http_401_page_3_forever with |case| case.service.bounds.concurrency = 1; |ran|
            ran.stops(Kind::Credentials, 2 * PAGE as usize, "page 3").tokens(2).pages(4);
    }
    refused = "`invalid_client`, `invalid_scope`, `unauthorized_client`" {
        token_invalid_client; |ran| ran.no_token(Kind::Credentials).says("CXONE_CLIENT_SECRET").says("invalid_client");
        token_invalid_scope with |case| case.service.scopes = vec!["crm:read".into(), "cdp:write".into()]; |ran|
            ran.no_token(Kind::Permission).says("invalid_scope").says("cdp:write");
        token_unauthorized_client; |ran|
            ran.no_token(Kind::Credentials).says("unauthorized_client").says("client-credentials grant");
        token_echoes_secret; |ran| ran.no_token(Kind::Credentials).says("[redacted]");
        api_echoes_token; |ran| ran.stops(Kind::Service, 0, "page 1").says("[redacted]").tokens(1);
    }
    insufficient_scope = "403 `insufficient_scope`" {
        http_403_insufficient_scope; |ran| ran
            .stops(Kind::Permission, 0, "page 1").tokens(1).pages(1)
            .says("it wants scope cdp:read").says("the token has crm:read cdp:read webhook:write");
        http_403_plain; |ran|
            ran.stops(Kind::Permission, 0, "page 1").tokens(1).pages(1).says("the token has crm:read");
    }
    odd_tokens = "`expires_in` missing, text, float, negative, under 60 s; no `token_type`; empty `access_token`; HTML" {
        token_expires_missing; |ran| ran.whole().tokens(1).lives(300);
        token_expires_text; |ran| ran.whole().tokens(1).lives(3_600);
        token_expires_float; |ran| ran.whole().tokens(1).lives(3_600);
        token_expires_negative; |ran| ran.whole().tokens(1).lives(10);
        token_expires_short; |ran| ran.whole().tokens(1).lives(30);
        token_expires_null; |ran| ran.whole().tokens(1).lives(300);
        token_expires_huge; |ran| ran.whole().tokens(1).lives(365 * 24 * 3_600);
        token_type_missing; |ran| ran.whole().tokens(1);
        token_type_lower_case; |ran| ran.whole().tokens(1);
        token_empty; |ran| ran.no_token(Kind::Service).says("empty access_token");
        token_missing; |ran| ran.no_token(Kind::Service).says("no access_token");
        token_number; |ran| ran.no_token(Kind::Service).says("no access_token");
        token_line_break; |ran| ran.no_token(Kind::Service).says("no header can carry");
        token_html; |ran| ran.no_token(Kind::Service).says("text/html");
        // Cut JSON may come whole the next time.
        token_not_json; |ran| ran.stops(Kind::Service, 0, "no token").tokens(4).pages(0).says("not JSON");
        token_scope_missing; |ran| ran.whole().tokens(1);
        token_scope_lacking; |ran| ran
            .stops(Kind::Permission, 0, "scope").tokens(1).pages(0)
            .says("needs crm:read cdp:read").says("the token has webhook:write");
    }
    endpoint = "token endpoint 429, 5xx, slow" {
        token_429; |ran| ran.whole().tokens(2).told_to_wait(SECOND..=SECOND);
        // How long it is patient otherwise: see `patience`.
        token_429_forever with |case| case.service.bounds.max_wait = SECOND / 2; |ran|
            ran.stops(Kind::RateLimit, 0, "no token").tokens(1).pages(0).says("ask_again_in: Some(1s)");
        token_503; |ran| ran.whole().tokens(3);
        token_503_forever; |ran| ran.stops(Kind::Service, 0, "no token").tokens(4).pages(0).says("503");
        token_slow with |case| case.service.timeouts.token = 5 * SECOND; |ran| ran.whole().tokens(1);
        token_reset; |ran| ran.whole().tokens(2);
        token_hang; |ran| ran.whole().tokens(2);
        token_redirect; |ran| ran.no_token(Kind::Service).says("redirects are not followed");
    }
    clocks = "clock steps, suspend and resume" {
        // The service's limit makes the run outlive a token that says it lives for an hour.
        token_dies_early with |case| case.service.bounds.rate = Some(8.0); |ran| ran.whole().tokens(2);
        clock_steps; |ran| ran.whole().tokens(1).nothing_again();
    }
}

impl Ran {
    /// There was one token request and that was that.
    fn no_token(&self, kind: Kind) -> &Self {
        self.stops(kind, 0, "no token").tokens(1).pages(0);
        let refused = matches!(kind, Kind::Credentials | Kind::Permission);
        assert_eq!(self.auth.last(), Some(if refused { &Auth::Refused } else { &Auth::Failed }));
        self
    }

    /// The token is taken to live for so many seconds.
    fn lives(&self, seconds: u64) -> &Self {
        let Some(Auth::Granted { expires, .. }) = self.auth.last() else { panic!("{:?}", self.auth) };
        // It was granted before the run ended.
        let now = cxlens::engine::clock::Clock::system().now();
        let left = expires.saturating_duration_since(now).as_secs_f64();
        let life = seconds as f64;
        assert!(left <= life && left > life - 5.0, "{left} s, not {seconds} s");
        self
    }
}

#[tokio::test]
async fn fifty_401s_at_once_ask_for_one_token() {
    let mut case = Case::plan("[[effect]]\nwhen = { from = 2, times = 1 }\nrevoke_tokens = true");
    case.sandbox.profiles = 1_000;
    case.draft.page_size = 10;
    case.service.bounds.concurrency = 50;
    case.service.timeouts.page = 10 * SECOND;
    let mut session = case.start().await;
    let control = session.control();
    let gate = control.hold();
    session.ask().await;
    gate.let_through(2);
    control.wait_until(|counters| counters.held == 50).await;
    gate.release();
    let ran = session.finish().await;
    ran.whole().tokens(2);
    let refused = ran.of(Endpoint::Contacts).filter(|x| x.outcome.status() == Some(401)).count();
    assert_eq!(refused, 50);
}

#[tokio::test]
async fn a_cancelled_run_does_not_cancel_the_token_that_another_waits_for() {
    let mut session = Case::of("none").start().await;
    let control = session.control();
    let gate = control.hold();
    session.ask().await;
    control.wait_until(|counters| counters.held == 1).await;
    session.handle.commands.send(session.cancel()).await.unwrap();
    let cancelled = session.finish().await;
    assert_eq!(cancelled.summary.status, cxlens::engine::event::Status::Cancelled);
    session.ask().await;
    gate.release();
    session.finish().await.whole().tokens(1);
}

#[tokio::test]
async fn an_error_called_success_that_repeats_the_token_and_drives_the_terminal_is_cleaned() {
    let toml = "[[effect]]\n[effect.reply]\nstatus = 200\n\
                body = '{\"error\":{\"code\":\"Debug\",\"message\":\"{authorization} \\u001b[2J\"}}'";
    Case::plan(toml).run().await.stops(Kind::Service, 0, "page 1").says("Debug").says("[redacted]");
}

#[tokio::test]
async fn a_refusal_that_repeats_the_token_in_its_challenge_is_cleaned() {
    let toml = "[[effect]]\n[effect.reply]\nstatus = 403\nheaders = [[\"WWW-Authenticate\", \
                'Bearer error=\"insufficient_scope\", scope=\"{authorization}\"']]";
    Case::plan(toml).run().await.stops(Kind::Permission, 0, "page 1").says("[redacted]");
}

#[tokio::test]
async fn a_next_page_that_repeats_the_token_is_cleaned() {
    let toml = "[[effect]]\n[effect.page]\nnext = 'https://evil.example/?t={authorization}'";
    Case::plan(toml).run().await.stops(Kind::Service, PAGE as usize, "page 1").says("[redacted]");
}

#[tokio::test]
async fn a_token_reply_that_is_no_good_is_not_shown() {
    for body in
        [r#"{"access_token":"sbx.cut"#, r#"{"access_token":"sbx.a\r\nb"}"#, r#"{"token":"sbx.wrong"}"#]
    {
        let toml =
            format!("[[effect]]\nwhen = {{ on = 'token' }}\n[effect.reply]\nstatus = 200\nbody = '{body}'");
        Case::plan(&toml).run().await.stops(Kind::Service, 0, "no token").says("not shown");
    }
}
