use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;

/// A configuration directory with this `config.toml`, mode 0600.
struct Home {
    dir: tempfile::TempDir,
    env: Vec<(&'static str, String)>,
    flags: Flags,
}

impl Home {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Self { dir, env: Vec::new(), flags: Flags::default() };
        fs::create_dir(home.paths().config).unwrap();
        home.file("config.toml", config, 0o600);
        home
    }

    fn bare() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: Vec::new(), flags: Flags::default() }
    }

    fn paths(&self) -> Paths {
        Paths::under(self.dir.path())
    }

    fn file(&self, name: &str, text: &str, mode: u32) {
        let path = self.paths().config.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn env(mut self, pairs: &[(&'static str, &str)]) -> Self {
        self.env.extend(pairs.iter().map(|(k, v)| (*k, (*v).to_owned())));
        self
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    fn load(&self) -> Result<Settings, Error> {
        load(&Env::new(self.env.clone()), &self.paths(), &self.flags)
    }

    fn service(&self) -> Service {
        self.load().unwrap().service().unwrap()
    }
}

fn secret_of(service: &Service) -> String {
    service.client_secret.known().unwrap().expose_secret().to_owned()
}

const CREDENTIALS: [(&str, &str); 3] =
    [("CXONE_TENANT", "acme"), ("CXONE_CLIENT_ID", "me"), ("CXONE_CLIENT_SECRET", "hush")];

#[test]
fn three_variables_are_enough() {
    let service = Home::bare().env(&CREDENTIALS).service();
    assert_eq!(service.base_url.as_str(), "https://acme.my.cxone.com/");
    assert_eq!((service.tenant.as_str(), service.client_id.as_str()), ("acme", "me"));
    assert_eq!(secret_of(&service), "hush");
    assert!(!service.sandbox);
}

#[test]
fn with_nothing_configured_there_is_nothing_and_query_is_told_what_to_set() {
    for home in [
        Home::bare(),
        Home::new(""),
        Home::bare().env(&[
            ("CXONE_TENANT", ""),
            ("CXONE_CLIENT_ID", ""),
            ("WEBHOOK_CALLBACK_URL", "https://x.example"),
        ]),
    ] {
        let settings = home.load().unwrap();
        assert!(matches!(settings.target, Target::Nothing), "{:?}", settings.target);
        let error = settings.service().unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        for word in ["CXONE_TENANT", "CXONE_CLIENT_ID", "CXONE_CLIENT_SECRET", "--sandbox"] {
            assert!(error.to_string().contains(word), "{word}: {error}");
        }
    }
}

#[test]
fn whatever_is_missing_is_named_and_nothing_else() {
    for lacking in 0..3 {
        let mut pairs = CREDENTIALS.to_vec();
        let (missing, _) = pairs.remove(lacking);
        let settings = Home::bare().env(&pairs).load().unwrap();
        let error = settings.service().unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        assert!(error.cause.contains(missing), "{missing}: {error}");
        for (present, _) in pairs {
            assert!(!error.cause.contains(present), "{present}: {error}");
        }
        assert!(matches!(settings.target, Target::Incomplete { .. }));
    }
}

#[test]
fn a_plan_needs_no_credentials() {
    let at =
        |home: Home| home.load().unwrap().planned().map(|(s, note)| (s.base_url.to_string(), note)).unwrap();
    assert_eq!(at(Home::bare().env(&CREDENTIALS)), ("https://acme.my.cxone.com/".into(), None));
    assert_eq!(at(Home::bare().env(&CREDENTIALS[..1])), ("https://acme.my.cxone.com/".into(), None));
    for home in [Home::bare(), Home::bare().env(&CREDENTIALS[1..])] {
        let (url, note) = at(home);
        assert_eq!(url, "https://tenant.my.cxone.com/");
        assert!(note.unwrap().contains("no tenant is configured"));
    }
    let (url, note) = at(Home::bare().flags(Flags { sandbox: true, ..Flags::default() }));
    assert!(url.starts_with("http://127.0.0.1") && note.is_some());
}

#[test]
fn a_base_url_stands_in_for_a_tenant() {
    let service = Home::bare()
        .env(&[
            ("CXONE_BASE_URL", "http://127.0.0.1:9"),
            ("CXONE_CLIENT_ID", "me"),
            ("CXONE_CLIENT_SECRET", "hush"),
        ])
        .service();
    assert_eq!(service.base_url.as_str(), "http://127.0.0.1:9/");
    assert_eq!(service.tenant, "127-0-0-1");
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let file = "tenant = \"filed\"\n[tenants.filed]\nclient_id = \"file\"\nrate = \"1/s\"\nconcurrency = 2\npage_size = 7\n\
                [tenants.acme]\nclient_id = \"acme-file\"\nrate = \"3/s\"\nmax_wait = \"9s\"\n";
    let home = Home::new(file).env(&[("CXONE_CLIENT_SECRET", "hush")]);
    let service = home.service();
    assert_eq!((service.tenant.as_str(), service.client_id.as_str()), ("filed", "file"));
    assert_eq!((service.bounds.rate, service.bounds.concurrency), (Some(1.0), 2));
    assert_eq!(home.load().unwrap().query.page_size, 7);

    let home = home.env(&[("CXONE_TENANT", "acme"), ("CXONE_CLIENT_ID", "env")]);
    let service = home.service();
    assert_eq!((service.tenant.as_str(), service.client_id.as_str()), ("acme", "env"));
    assert_eq!((service.bounds.rate, service.bounds.max_wait), (Some(3.0), Duration::from_secs(9)));

    let home = home.flags(Flags {
        rate: Some("off".into()),
        max_wait: Some("1m".into()),
        timeout: Some("2s".into()),
        concurrency: Some(9),
        page_size: Some(11),
        retention_days: Some(3),
        ..Flags::default()
    });
    let service = home.service();
    assert_eq!((service.bounds.rate, service.bounds.concurrency), (None, 9));
    assert_eq!(service.bounds.max_wait, Duration::from_mins(1));
    let two = Duration::from_secs(2);
    let all = Timeouts { token: two, page: two, webhook: two, connect: two };
    assert_eq!(service.timeouts, all);
    let query = home.load().unwrap().query;
    assert_eq!((query.page_size, query.retention_days), (11, 3));

    let named = Flags { tenant: Some("other".into()), ..Flags::default() };
    assert_eq!(home.flags(named).service().base_url.as_str(), "https://other.my.cxone.com/");
}

#[test]
fn one_tenants_secret_is_not_sent_to_another() {
    let file = "[tenants.two]\nclient_id = \"two-id\"\n";
    let flags = Flags { tenant: Some("two".into()), ..Flags::default() };
    let home =
        Home::new(file).env(&CREDENTIALS).env(&[("CXONE_BASE_URL", "https://acme.example")]).flags(flags);
    let settings = home.load().unwrap();
    let error = settings.service().unwrap_err();
    assert!(
        error.cause.contains("CXONE_CLIENT_SECRET") && !error.cause.contains("CXONE_CLIENT_ID"),
        "{error}"
    );
    assert!(matches!(settings.target, Target::Incomplete { .. }));
    assert_eq!(settings.planned().unwrap().0.base_url.as_str(), "https://two.my.cxone.com/");
}

#[test]
fn the_only_tenant_of_the_file_is_meant_and_of_several_one_must_be_named() {
    let home = Home::new("[tenants.acme]\nclient_id = \"x\"\n").env(&[("CXONE_CLIENT_SECRET", "hush")]);
    assert_eq!(home.service().tenant, "acme");
    let error = Home::new("[tenants.a]\n[tenants.b]\n").load().unwrap_err();
    assert!(error.cause.contains("a, b") && error.remedy.contains("--tenant"), "{error}");
    let error = Home::new("tenant = \"c\"\n[tenants.a]\n").load().unwrap_err();
    assert!(error.cause.contains("[tenants.c]"), "{error}");
}

#[test]
fn a_wrong_tenant_name_is_refused_wherever_it_stands() {
    let flags = Flags { tenant: Some("evil.com/#".into()), ..Flags::default() };
    for home in [
        Home::bare().env(&[("CXONE_TENANT", "evil.com/#")]),
        Home::bare().env(&CREDENTIALS).flags(flags),
        Home::new("tenant = \"evil.com/#\"\n"),
        Home::new("[tenants.\"evil.com/#\"]\n"),
    ] {
        let error = home.load().unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        assert!(error.to_string().contains("evil.com/#"), "{error}");
    }
}

#[test]
fn the_sandbox_asks_no_tenant_and_keeps_the_flags() {
    let flags = Flags { sandbox: true, rate: Some("7".into()), ..Flags::default() };
    let home = Home::bare().env(&CREDENTIALS).flags(flags);
    let settings = home.load().unwrap();
    assert!(matches!(settings.target, Target::Sandbox));
    let service = settings.sandbox_service(
        Url::parse("http://127.0.0.1:1").unwrap(),
        "sandbox",
        "id",
        "s".to_owned().into(),
    );
    assert!(service.sandbox);
    assert_eq!(service.bounds.rate, Some(7.0));
}

#[test]
fn a_file_with_a_secret_must_be_its_owners_alone() {
    let text = "[tenants.acme]\nclient_id = \"x\"\nclient_secret = \"hush\"\n";
    let home = Home::new(text);
    assert_eq!(secret_of(&home.service()), "hush");
    for mode in [0o640, 0o604, 0o644, 0o660] {
        home.file("config.toml", text, mode);
        let error = home.load().unwrap_err();
        assert!(error.remedy.contains("chmod 600") && !error.to_string().contains("hush"), "{error}");
    }
    home.file("config.toml", "[tenants.acme]\nclient_id = \"x\"\n", 0o644);
    assert!(home.load().is_ok());
}

#[test]
fn a_secret_file_is_read_beside_the_configuration() {
    let home = Home::new("[tenants.acme]\nclient_id = \"x\"\nclient_secret_file = \"acme.secret\"\n");
    let error = home.load().unwrap_err();
    assert!(error.what.contains("acme.secret") && error.cause.contains("cannot be read"), "{error}");
    home.file("acme.secret", "hush\n", 0o600);
    assert_eq!(secret_of(&home.service()), "hush");
    home.file("acme.secret", "hush\n", 0o640);
    assert!(home.load().unwrap_err().remedy.contains("chmod 600"));
    home.file("acme.secret", "\n", 0o600);
    assert!(home.load().unwrap_err().cause.contains("empty"));
}

#[test]
fn what_is_no_secret_file_of_ones_own_is_refused() {
    let home = Home::new("[tenants.acme]\nclient_id = \"x\"\nclient_secret_file = \"acme.secret\"\n");
    let path = home.paths().config.join("acme.secret");
    fs::create_dir(&path).unwrap();
    assert!(home.load().unwrap_err().cause.contains("directory"));
    fs::remove_dir(&path).unwrap();
    // Nobody will ever write into it: to open it for reading would wait for ever.
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    let error = home.load().unwrap_err();
    assert!(error.cause.contains("pipe") && error.remedy.contains("secret_command"), "{error}");
    fs::remove_file(&path).unwrap();
    // Of a link, what it leads to counts.
    home.file("elsewhere", "hush\n", 0o644);
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    assert!(home.load().unwrap_err().remedy.contains("chmod 600"));
    home.file("elsewhere", "hush\n", 0o600);
    assert_eq!(secret_of(&home.service()), "hush");
    if rustix::process::geteuid().is_root() {
        let nobody = rustix::fs::Uid::from_raw(65_534);
        rustix::fs::chown(home.paths().config.join("elsewhere"), Some(nobody), None).unwrap();
        assert!(home.load().unwrap_err().cause.contains("belongs to another user"));
    } else {
        eprintln!("NOT TESTED: a secret file of another user, for only root can make one");
    }
}

#[test]
fn one_source_of_a_secret_is_enough() {
    let all = [
        ("client_secret", "\"hush\""),
        ("client_secret_file", "\"acme.secret\""),
        ("secret_command", "[\"echo\", \"hush\"]"),
        ("keyring", "true"),
    ];
    for (one, a) in all {
        for (other, b) in all.iter().filter(|(other, _)| *other != one) {
            let text = format!("[tenants.acme]\nclient_id = \"x\"\n{one} = {a}\n{other} = {b}\n");
            // Also where the environment beats both.
            for home in [Home::new(&text), Home::new(&text).env(&CREDENTIALS)] {
                let error = home.load().unwrap_err();
                assert!(error.what.contains(one) && error.what.contains(other), "{error}");
                assert!(!error.to_string().contains("hush"), "{error}");
            }
        }
        let home = Home::new(&format!("[tenants.acme]\nclient_id = \"x\"\n{one} = {a}\nkeyring = false\n"));
        home.file("acme.secret", "hush\n", 0o600);
        assert_eq!(home.load().is_ok(), one != "keyring", "the key stands there twice");
    }
}

/// A keyring that is asked by one who counts.
#[derive(Default)]
struct Counting(std::sync::Mutex<Vec<keyring::Entry>>, Option<&'static str>);

impl keyring::Keyring for Counting {
    fn get(&self, entry: &keyring::Entry) -> Result<Option<SecretString>, Error> {
        self.0.lock().unwrap().push(entry.clone());
        Ok(self.1.map(SecretString::from))
    }

    fn set(&self, _: &keyring::Entry, _: &SecretString) -> Result<(), Error> {
        unreachable!("nobody logs in")
    }

    fn remove(&self, _: &keyring::Entry) -> Result<bool, Error> {
        unreachable!("nobody logs out")
    }
}

#[tokio::test]
async fn a_keyring_is_asked_when_the_secret_is_needed_and_not_before() {
    let home = Home::new("[tenants.acme]\nclient_id = \"me\"\nkeyring = true\n");
    for (kept, there) in [(Some("hush"), true), (None, false)] {
        let keyring = std::sync::Arc::new(Counting(std::sync::Mutex::default(), kept));
        let env = Env::new(home.env.clone()).with_keyring(keyring.clone());
        let service = load(&env, &home.paths(), &home.flags).unwrap().service().unwrap();
        assert!(tenants(&env, &home.paths(), &home.flags).unwrap()[0].lacks.is_none());
        assert!(keyring.0.lock().unwrap().is_empty());
        match service.client_secret.get().await {
            Ok(secret) => assert!(there && secret.expose_secret() == "hush"),
            Err(error) => {
                assert!(!there && error.remedy.contains("cxlens config login --tenant acme"), "{error}");
            }
        }
        assert_eq!(*keyring.0.lock().unwrap(), [keyring::Entry::new("acme", "me")]);
    }
    assert_eq!(keyring::Entry::new("acme", "me").user(), "acme/me");
}

#[tokio::test]
async fn a_command_runs_when_the_secret_is_needed_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let ran = dir.path().join("ran");
    let text = format!(
        "[tenants.acme]\nclient_id = \"me\"\nsecret_command = [\"sh\", \"-c\", \"echo x >> '{}'; echo hush\"]\n",
        ran.display()
    );
    let home = Home::new(&text);
    let service = home.service();
    assert!(tenants(&Env::default(), &home.paths(), &home.flags).unwrap()[0].lacks.is_none());
    assert!(!ran.exists() && service.client_secret.known().is_none());
    for _ in 0..2 {
        assert_eq!(service.client_secret.get().await.unwrap().expose_secret(), "hush");
    }
    assert_eq!(fs::read_to_string(&ran).unwrap(), "x\n");
    // The environment's beats it, and it does not run.
    let home = home.env(&CREDENTIALS[2..]);
    assert_eq!(home.service().client_secret.get().await.unwrap().expose_secret(), "hush");
    assert_eq!(fs::read_to_string(&ran).unwrap(), "x\n");
}

#[test]
fn a_file_that_names_a_program_must_not_be_for_others_to_change() {
    let text = "[tenants.acme]\nclient_id = \"me\"\nsecret_command = [\"echo\", \"hush\"]\n";
    let home = Home::new(text);
    home.file("config.toml", text, 0o644);
    assert!(home.load().is_ok(), "it holds no secret: others may read it");
    for mode in [0o664, 0o646] {
        home.file("config.toml", text, mode);
        let error = home.load().unwrap_err();
        assert!(error.remedy.contains("chmod go-w") && error.cause.contains("secret_command"), "{error}");
    }
    home.file("config.toml", text, 0o600);
    let dir = |mode| fs::set_permissions(home.paths().config, fs::Permissions::from_mode(mode)).unwrap();
    dir(0o757);
    let error = home.load().unwrap_err();
    assert!(
        error.remedy.contains("chmod o-w") && error.cause.contains("another file in its place"),
        "{error}"
    );
    for mode in [0o1777, 0o775] {
        dir(mode);
        assert!(home.load().is_ok(), "{mode:o}");
    }
}

#[test]
fn a_login_is_for_one_client_of_one_tenant() {
    let login = |home: &Home| login(&Env::new(home.env.clone()), &home.paths(), &home.flags);
    let home = Home::new("[tenants.acme]\nclient_id = \"me\"\nkeyring = true\n");
    let about = login(&home).unwrap();
    assert_eq!(about.entry, keyring::Entry::new("acme", "me"));
    assert_eq!((about.table, about.source, about.overridden), (true, Some("keyring"), false));
    let about = login(&Home::bare().env(&CREDENTIALS)).unwrap();
    assert_eq!((about.entry.user().as_str(), about.table, about.overridden), ("acme/me", false, true));
    let error = login(&Home::bare()).unwrap_err();
    assert!(error.remedy.contains("--tenant"), "{error}");
    let error = login(&Home::bare().env(&CREDENTIALS[..1])).unwrap_err();
    assert!(error.what.contains("acme") && error.remedy.contains("CXONE_CLIENT_ID"), "{error}");
}

#[test]
fn a_configuration_that_was_named_must_be_there() {
    let home = Home::bare().env(&[("CXLENS_CONFIG", "/nonexistent/c.toml")]);
    let error = home.load().unwrap_err();
    assert_eq!(error.kind.exit_code(), 2);
    assert!(error.what.contains("/nonexistent/c.toml"), "{error}");
}

#[test]
fn a_value_out_of_range_is_named() {
    for (line, word) in [
        ("concurrency = 0", "concurrency = 0"),
        ("page_size = 1001", "1 to 1000"),
        ("segment_template = \"x\"", "{id}"),
        ("base_url = \"http://10.0.0.1\"", "10.0.0.1"),
        ("dialect = \"dfo-9\"", "crm-v2"),
        ("scopes = [\"crm:read cdp:read\"]", "crm:read cdp:read"),
        ("token_path = \"//evil.example/token\"", "//evil.example"),
        ("token_url = \"http://evil.example/token\"", "unencrypted"),
        ("token_path = \"/a\"\ntoken_url = \"https://a.example/t\"", "both are set"),
    ] {
        let text = format!("[tenants.acme]\nclient_id = \"x\"\nclient_secret = \"hush\"\n{line}\n");
        let error = Home::new(&text).load().unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        assert!(error.to_string().contains(word), "{line}: {error}");
    }
}

#[test]
fn a_flag_that_cannot_be_read_is_named_with_what_would_be_right() {
    for (flags, words) in [
        (Flags { rate: Some("fast".into()), ..Flags::default() }, ["--rate", "fast", "10/s"]),
        (Flags { timeout: Some("0s".into()), ..Flags::default() }, ["--timeout", "0s", "1s"]),
        (
            Flags { max_wait: Some("-1s".into()), sandbox: true, ..Flags::default() },
            ["--max-wait", "-1s", "30s"],
        ),
    ] {
        let error = Home::bare().flags(flags).load().unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        assert!(words.iter().all(|w| error.to_string().contains(w)), "{error}");
    }
}

#[test]
fn the_sample_parses_and_equals_the_defaults() {
    let sample = include_str!("../../assets/config.toml");
    let file = File::parse(sample, Path::new("sample")).unwrap();
    assert!(file.tenant.is_none() && file.tenants.is_empty() && file.cache.entries.is_none());

    let uncommented: String = sample
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let home = Home::new(&uncommented);
    home.file("acme.secret", "hush", 0o600);
    let mut service = home.service();
    // The one setting whose default stands in the dialect and not in the options.
    assert_eq!(service.token_url.take().unwrap().as_str(), "https://acme.my.cxone.com/api/v2/oauth/token");
    let base_url = Url::parse("https://acme.my.cxone.com").unwrap();
    let defaults = Service::new("acme", base_url, "…", SecretString::from("hush"));
    assert_eq!(format!("{service:?}"), format!("{defaults:?}"));
    let query = home.load().unwrap().query;
    assert_eq!(query, Home::bare().load().unwrap().query);
    assert_eq!(query, QueryDefaults { page_size: 50, retention_days: 180 });
    assert_eq!(home.load().unwrap().privacy, Home::bare().load().unwrap().privacy);
    assert_eq!(home.load().unwrap().keep, Keep::default());
}

#[test]
fn what_is_past_retention_is_withheld_where_the_tenant_or_else_the_file_says_so() {
    let of = |top: &str, tenant: &str| {
        let text = format!("{top}\n[tenants.acme]\nclient_id = \"x\"\nclient_secret = \"hush\"\n{tenant}\n");
        Home::new(&text).service().withholds()
    };
    let (mark, withhold) = ("past_retention = \"mark\"", "past_retention = \"withhold\"");
    assert!(!of("", "") && of("", withhold) && of(withhold, "") && !of(withhold, mark) && of(mark, withhold));
    // A flag may ask for less than is kept, and not for more where that is withheld.
    let with = |top: &str, days| {
        let text = format!(
            "{top}\n[tenants.acme]\nclient_id = \"x\"\nclient_secret = \"hush\"\nretention_days = 90\n"
        );
        let flags = Flags { retention_days: Some(days), ..Flags::default() };
        Home::new(&text).flags(flags).load().map(|settings| settings.query.retention_days)
    };
    assert_eq!(
        (with(mark, 91).unwrap(), with(withhold, 90).unwrap(), with(withhold, 7).unwrap()),
        (91, 90, 7)
    );
    let error = with(withhold, 91).unwrap_err();
    assert!(error.what.contains("--retention-days 91") && error.remedy.contains("90 or less"), "{error}");
    // The sandbox is nobody's table.
    let sandbox = Flags { sandbox: true, ..Flags::default() };
    let settings = Home::new(withhold).flags(sandbox).load().unwrap();
    let url = Url::parse("http://127.0.0.1:1").unwrap();
    assert!(settings.sandbox_service(url, "sandbox", "me", String::new().into()).withholds());
}

#[test]
fn files_are_kept_for_as_long_as_is_set() {
    let keep = |text: &str| Home::new(&format!("[keep]\n{text}\n")).load().map(|settings| settings.keep);
    assert_eq!(keep("").unwrap(), Keep::default());
    let set = keep("recordings = 7\nhistory = \"forever\"\nlog = 0\naudit = 365").unwrap();
    assert_eq!((set.recordings, set.history, set.log, set.audit), (Some(7), None, None, Some(365)));
    assert_eq!(set.stopped_runs, Keep::default().stopped_runs);
    assert_eq!(keep("audit = \"forever\"").unwrap().audit, None);
    let error = keep("audit = 364").unwrap_err().to_string();
    assert!(error.contains("364") && error.contains("a year"), "{error}");
}

#[test]
fn a_tenant_says_whether_it_is_masked_or_the_explorer_does() {
    let tenant = |explorer: &str, tenant: &str| {
        let text = format!("[explorer]\n{explorer}\n[tenants.acme]\nclient_id = \"x\"\n{tenant}\n");
        Home::new(&text).load().unwrap().privacy
    };
    assert!(!tenant("", "").mask);
    assert!(tenant("", "mask = true").mask);
    assert!(tenant("mask = true", "").mask);
    assert!(!tenant("mask = true", "mask = false").mask);
    assert_eq!(tenant("mask_attributes = [\"a\"]", "").attributes, ["a"]);
    assert_eq!(tenant("mask_attributes = [\"a\"]", "mask_attributes = [\"b.*\"]").attributes, ["b.*"]);
    assert!(Privacy::unknown().mask, "settings that cannot be read may have wanted it");
}

#[test]
fn the_screen_looks_as_it_was_set_to() {
    let look =
        |text: &str| Home::new(&format!("[explorer]\n{text}")).load().map(|settings| settings.explorer.look);
    let usual = look("").unwrap();
    assert_eq!(
        (usual.theme.as_str(), usual.colours, usual.ascii, usual.mouse),
        ("auto", Colours::Auto, None, true)
    );
    assert!(usual.own.is_none());
    for (written, colours) in [
        ("\"auto\"", Colours::Auto),
        ("\"none\"", Colours::None),
        ("16", Colours::Sixteen),
        ("\"256\"", Colours::Indexed),
        ("\"true\"", Colours::True),
        ("true", Colours::True),
    ] {
        assert_eq!(look(&format!("colours = {written}\n")).unwrap().colours, colours, "{written}");
    }
    for (written, ascii) in [("true", Some(true)), ("false", Some(false)), ("\"auto\"", None)] {
        assert_eq!(look(&format!("ascii = {written}\n")).unwrap().ascii, ascii, "{written}");
    }
    assert!(!look("mouse = false\n").unwrap().mouse);
    for (wrong, words) in [("colours = 17\n", "256"), ("ascii = \"no\"\n", "auto"), ("mouse = 1\n", "bool")] {
        let error = look(wrong).unwrap_err();
        assert!(error.what.ends_with("config.toml:2") && error.cause.contains(words), "{error}");
    }
}

#[test]
fn a_theme_of_ones_own_is_a_file_beside_the_configuration_and_nowhere_else() {
    let home = Home::new("[explorer]\ntheme = \"mine\"\n");
    let own = home.load().unwrap().explorer.look.own.unwrap();
    let error = own.text.unwrap_err();
    assert!(error.what.ends_with("config/themes/mine.toml"), "{error}");
    fs::create_dir(home.paths().config.join("themes")).unwrap();
    home.file("themes/mine.toml", "base = \"light\"\n", 0o644);
    assert_eq!(home.load().unwrap().explorer.look.own.unwrap().text.unwrap(), "base = \"light\"\n");
    for name in ["../config", "/etc/passwd", ".hidden", ""] {
        let own =
            Home::new(&format!("[explorer]\ntheme = {name:?}\n")).load().unwrap().explorer.look.own.unwrap();
        assert!(own.text.unwrap_err().cause.contains("no name of a theme"), "{name}");
    }
}

#[test]
fn every_tenant_is_listed_with_what_it_lacks_and_how_it_looks() {
    let home = Home::new(
        "tenant = \"acme\"\n\
         [tenants.acme]\nclient_id = \"me\"\nclient_secret = \"hush\"\nproduction = true\ncolour = \"blue\"\n\
         [tenants.beta]\nclient_id = \"me\"\ncolor = \"green\"\n\
         [tenants.wrong]\nbase_url = \"http://example.com\"\n",
    )
    .env(&[("CXONE_TENANT", "gamma")]);
    let listed = tenants(&Env::new(home.env.clone()), &home.paths(), &home.flags).unwrap();
    let names: Vec<&str> = listed.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names, ["acme", "beta", "gamma", "wrong"]);
    assert!(listed[0].lacks.is_none() && listed[0].base_url == "https://acme.my.cxone.com");
    assert_eq!(listed[0].look, Look { colour: Some(Colour::Blue), production: true });
    assert!(listed[1].lacks.as_ref().unwrap().cause.contains("CXONE_CLIENT_SECRET is not set"));
    assert_eq!(listed[1].look.colour, Some(Colour::Green));
    assert!(listed[2].lacks.is_some() && listed[2].base_url == "https://gamma.my.cxone.com");
    assert!(listed[3].lacks.as_ref().unwrap().remedy.contains("https"), "{:?}", listed[3].lacks);
    assert!(!format!("{listed:?}").contains("hush"));

    let flags = Flags { tenant: Some("acme".into()), ..Flags::default() };
    assert!(home.flags(flags).load().unwrap().look.production);
}

#[test]
fn without_a_file_the_tenant_of_the_environment_is_listed_and_without_any_there_is_none() {
    let home = Home::bare();
    assert!(tenants(&Env::new(home.env.clone()), &home.paths(), &home.flags).unwrap().is_empty());
    let home = home.env(&[("CXONE_BASE_URL", "http://127.0.0.1:8080")]);
    let listed = tenants(&Env::new(home.env.clone()), &home.paths(), &home.flags).unwrap();
    assert!(matches!(&listed[..], [one] if one.unnamed && one.name == "127-0-0-1" && one.lacks.is_some()));
}

#[test]
fn a_colour_that_is_none_is_refused_with_those_that_are() {
    let home = Home::new("[tenants.acme]\ncolour = \"purple\"\n");
    let error = home.load().unwrap_err().to_string();
    assert!(error.contains("purple") && error.contains("magenta"), "{error}");
}
