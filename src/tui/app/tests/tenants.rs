//! Another tenant is asked, and nothing of the one before is left on the screen.

use super::*;

fn tenant(whom: Whom, name: &str, lacks: Option<Error>) -> Tenant {
    let base_url = format!("https://{name}.my.cxone.com");
    Tenant { whom, name: name.into(), base_url, lacks, look: Look::default() }
}

fn session(tenant: &str, sandbox: bool) -> Session {
    let look = Look { colour: None, production: tenant == "beta" };
    let faults = Stage::default();
    Session {
        tenant: tenant.into(),
        sandbox,
        look,
        faults,
        mask: crate::rows::Mask::default(),
        page_size: 25,
        retention_days: 90,
    }
}

impl Rig {
    fn tenants(&mut self) {
        self.key("Ctrl-T");
        let lacks = Error::usage("settings of gamma", "CXONE_CLIENT_ID is not set", "set it");
        let turn = self.app.tenants(Ok(vec![
            tenant(Whom::Tenant("acme".into()), "acme", None),
            tenant(Whom::Tenant("beta".into()), "beta", None),
            tenant(Whom::Tenant("gamma".into()), "gamma", Some(lacks)),
            tenant(Whom::Sandbox, "sandbox", None),
        ]));
        self.take(turn);
    }

    fn open(&mut self, tenant: &str, sandbox: bool) {
        let turn = self.app.opened(session(tenant, sandbox), self.at);
        self.take(turn);
    }
}

#[test]
fn another_tenant_is_asked_and_stale_events_of_the_one_before_are_dropped() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig.event(Event::Exchange(Arc::new(events::exchange(1, 200, 23))));
    rig.event(Event::Finished(QueryId(1), events::summary(Status::Success, 3)));
    rig.key("Enter");
    rig.tenants();
    assert!(rig.screen().contains("gamma") && rig.screen().contains("incomplete"), "{}", rig.screen());
    rig.key("Down");
    rig.key("Enter");
    assert_eq!(rig.opened, [Whom::Tenant("beta".into())]);
    rig.open("beta", false);
    let screen = rig.screen();
    assert!(screen.contains("beta PRODUCTION") && screen.contains("connecting"), "{screen}");
    for gone in ["PROF-", "p50", "contacts page", "acme "] {
        let mut body = screen.lines().filter(|line| !line.contains("is asked from now on"));
        assert!(body.all(|line| !line.contains(gone)), "{gone} in\n{screen}");
    }
    assert!(!rig.event(events::page(1, 2, 3)), "a page of the run before must change nothing");
    assert!(!rig.event(events::page(2, 2, 3)), "nor one that would be the next");
    assert!(rig.app.profiles.is_empty());
    assert_eq!(rig.segments(), ["SEG-PREMIUM-01"], "the query stays");
    assert_eq!(rig.app.builder.draft().page_size, 25, "with what this tenant has unless said otherwise");
    rig.event(events::ready());
    rig.commands.clear();
    rig.key("Ctrl-R");
    assert_eq!(rig.runs(), [3], "numbers count on");
    rig.event(events::page(3, 1, 2));
    assert_eq!(rig.app.profiles.rows(), 2);
}

#[test]
fn a_run_that_would_be_lost_is_asked_about_and_the_one_that_is_asked_already_is_not_asked_again() {
    let mut rig = Rig::running();
    rig.event(events::page(1, 1, 3));
    rig.tenants();
    rig.key("Enter");
    assert!(rig.opened.is_empty() && rig.screen().contains("asked already"), "{}", rig.screen());
    rig.tenants();
    rig.key("Down");
    rig.key("Enter");
    assert!(rig.opened.is_empty() && rig.screen().contains("again: stops the run"), "{}", rig.screen());
    rig.key("Down");
    rig.key("Up");
    rig.key("Enter");
    assert!(rig.opened.is_empty(), "moving takes it back");
    rig.key("Enter");
    assert_eq!(rig.opened, [Whom::Tenant("beta".into())]);
}

#[test]
fn one_that_cannot_be_asked_is_a_panel_with_the_remedy_and_the_one_before_is_asked_on() {
    let mut rig = Rig::ready();
    rig.tenants();
    let error =
        Error::usage("settings of tenant gamma are incomplete", "CXONE_CLIENT_ID is not set", "set it");
    let turn = rig.app.unopened(error);
    rig.take(turn);
    assert!(rig.screen().contains("CXONE_CLIENT_ID is not set"), "{}", rig.screen());
    rig.key("Esc");
    rig.key("Ctrl-R");
    assert_eq!(rig.runs(), [1]);
}

#[test]
fn faults_follow_the_sandbox_and_its_own_query_stays_there() {
    let mut rig = Rig::with(|start| Start {
        tenant: "sandbox".into(),
        sandbox: true,
        draft: Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() },
        ..start
    });
    rig.open("acme", false);
    assert!(rig.segments().is_empty(), "no tenant has the sandbox's everybody");
    rig.event(events::ready());
    rig.key(":");
    rig.types("429forever");
    assert!(!rig.screen().contains("fault 429-forever"), "{}", rig.screen());
    rig.key("Esc");

    let (stage, _) = faults::fixture::stage();
    let turn = rig.app.opened(Session { faults: stage, ..session("sandbox", true) }, rig.at);
    rig.take(turn);
    assert_eq!(rig.segments(), ["SEG-ALL"]);
    assert!(rig.screen().contains("SANDBOX"), "{}", rig.screen());
    let service =
        crate::engine::event::ServiceInfo { tenant: "sandbox".into(), sandbox: true, ..events::service() };
    rig.event(Event::Ready(Arc::new(service)));
    rig.key(":");
    rig.types("429forever");
    assert!(rig.screen().contains("fault 429-forever"), "{}", rig.screen());
}

#[test]
fn what_ran_at_one_tenant_is_not_found_at_another() {
    let directory = tempfile::tempdir().unwrap();
    let kept = Kept::within(directory.path().into());
    let mut rig = Rig::ready();
    rig.ran(3);
    for keep in &rig.kept {
        kept.keep(keep).unwrap();
    }
    rig.open("beta", false);
    rig.app.recall(&kept);
    rig.key("Ctrl-O");
    assert!(!rig.screen().contains("3 rows"), "{}", rig.screen());
    rig.key("Esc");
    rig.open("acme", false);
    rig.app.recall(&kept);
    rig.key("Ctrl-O");
    assert!(rig.screen().contains("3 rows"), "{}", rig.screen());
}
