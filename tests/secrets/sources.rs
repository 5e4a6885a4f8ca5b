//! Where a secret may come from, over the real binary: a program, the keyring, and never before there is a screen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::headless::{CXLENS, Home, Ran, Service};
use crate::pty::Pty;

const CTRL_R: &str = "\x12";

/// A configuration of the tenant that the service plays.
fn configure(home: &Home, service: &Service, source: &str) -> String {
    let (base, client) = (service.get("CXONE_BASE_URL"), service.get("CXONE_CLIENT_ID"));
    let path = home.file(
        "config/cxlens/config.toml",
        format!("[tenants.acme]\nbase_url = {base:?}\nclient_id = {client:?}\n{source}\n"),
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A program that says below the home that it runs, and waits there until it may go on.
fn slow_program(home: &Home, secret: &str) -> String {
    rustix::fs::mkfifoat(rustix::fs::CWD, home.path("go"), rustix::fs::Mode::RWXU).unwrap();
    let script = format!("echo x >> started; read line < go; echo '{secret}'");
    format!("secret_command = [\"sh\", \"-c\", {script:?}]")
}

fn runs(home: &Home) -> usize {
    fs::read_to_string(home.path("started")).unwrap_or_default().lines().count()
}

#[test]
fn the_screen_is_there_before_a_program_is_asked_and_stays_while_it_is() {
    let service = Service::start(&[]);
    let home = Home::new();
    configure(&home, &service, &slow_program(&home, service.get("CXONE_CLIENT_SECRET")));
    let mut command = portable_pty::CommandBuilder::new(CXLENS);
    command.args(["explore", "--segment", "SEG-ALL"]);
    command.cwd(home.path(""));
    let mut pty = Pty::spawn(command, &home.path(""), (120, 40), &[("PATH", "/usr/bin:/bin")]);
    pty.wait_for("plan at least");
    assert_eq!(runs(&home), 0, "whoever only looks around is asked for nothing");
    pty.send(CTRL_R).wait("the program runs", |_| runs(&home) == 1);
    // The keys are the explorer's meanwhile.
    pty.send("?").wait_for("Help");
    pty.send("\x1b").wait("the help closed", |screen| !screen.contains("Help:"));
    fs::write(home.path("go"), "go on\n").unwrap();
    pty.wait_for("PROF-0000004");
    // Once is enough for a session.
    pty.send(CTRL_R).wait_for("run 2");
    assert_eq!(runs(&home), 1);
    pty.signal(rustix::process::Signal::TERM);
    assert_eq!(pty.end().0.exit_code(), 143);
}

#[test]
fn leaving_ends_a_program_that_is_still_asked() {
    let service = Service::start(&[]);
    let home = Home::new();
    let script = "echo $$ > started; exec sleep 600";
    configure(&home, &service, &format!("secret_command = [\"sh\", \"-c\", {script:?}]"));
    let mut command = portable_pty::CommandBuilder::new(CXLENS);
    command.args(["explore", "--segment", "SEG-ALL", "--run"]);
    command.cwd(home.path(""));
    let mut pty = Pty::spawn(command, &home.path(""), (120, 40), &[("PATH", "/usr/bin:/bin")]);
    pty.wait("the program runs", |_| runs(&home) == 1);
    pty.send("\x11").send("\x11");
    assert!(pty.end().0.success());
    let program = fs::read_to_string(home.path("started")).unwrap();
    let comm = format!("/proc/{}/comm", program.trim());
    // It is killed, and then whoever adopted it waits for it.
    while fs::read_to_string(&comm).is_ok_and(|name| name.trim() == "sleep") {
        let stat = fs::read_to_string(format!("/proc/{}/stat", program.trim())).unwrap_or_default();
        if stat.contains(") Z ") {
            break;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_fails_is_told_with_exit_code_2_and_nothing_is_sent() {
    let service = Service::start(&[]);
    let home = Home::new();
    let script = "echo hunter2-hunter2; echo 'gpg: no hunter2-hunter2 key' >&2; exit 2";
    configure(&home, &service, &format!("secret_command = [\"sh\", \"-c\", {script:?}]"));
    let ran = Ran::of(home.cxlens(["query", "--segment", "SEG-ALL"]).env("PATH", "/usr/bin:/bin"));
    ran.is(2, &["secret_command of tenant acme: sh", "exit code 2", "gpg: no [redacted] key", "requests 0"]);
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    for (path, bytes) in home.files() {
        let is_config = path.ends_with("config.toml");
        assert!(is_config || !bytes.windows(7).any(|window| window == b"hunter2"), "{}", path.display());
    }
}

#[test]
fn where_there_is_no_keyring_that_is_said() {
    let service = Service::start(&[]);
    let home = Home::new();
    configure(&home, &service, "keyring = true");
    let none = format!("unix:path={}", home.path("no-bus").display());
    let cxlens = |args: &[&str]| {
        let mut command = home.cxlens(args);
        command.env("DBUS_SESSION_BUS_ADDRESS", &none);
        command
    };
    let words = ["cxlens, acme/sandbox-client", "no keyring can be reached", "secret_command"];
    Ran::of(&mut cxlens(&["query", "--segment", "SEG-ALL"])).is(2, &words);
    let ran = Ran::fed(&mut cxlens(&["config", "login"]), b"hunter2-hunter2\n");
    ran.is(2, &words);
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    Ran::of(&mut cxlens(&["config", "logout", "--tenant", "acme"])).is(2, &words);
}

/// The tools that a keyring of the test's own needs.
const TOOLS: [&str; 2] = ["/usr/bin/dbus-run-session", "/usr/bin/gnome-keyring-daemon"];

#[test]
fn a_secret_goes_into_a_real_keyring_is_used_and_goes_out() {
    if let Some(missing) = TOOLS.iter().find(|tool| !Path::new(tool).exists()) {
        return crate::not_tested(&format!(
            "a real keyring, for {missing} is not installed (Debian: dbus gnome-keyring)"
        ));
    }
    let service = Service::start(&[]);
    let home = Home::new();
    configure(&home, &service, "keyring = true");
    // Sockets are no files to look through.
    let runtime = tempfile::tempdir().unwrap();
    // The daemon answers on the bus once it has printed where it listens. The session's end ends it.
    let script = "printf pass | gnome-keyring-daemon --unlock --components=secrets > daemon 2>&1\n\
                  echo before; \"$0\" query --segment SEG-ALL --limit 1; echo \"code $?\"\n\
                  echo login; printf '%s\\n' \"$SECRET\" | \"$0\" config login; echo \"code $?\"\n\
                  echo used; CXLENS_LOG=trace \"$0\" query --segment SEG-ALL --limit 1; echo \"code $?\"\n\
                  echo logout; \"$0\" config logout; echo \"code $?\"\n\
                  echo after; \"$0\" query --segment SEG-ALL --limit 1; echo \"code $?\"\n";
    let mut session = home.cxlens([""; 0]);
    session = {
        let mut command = Command::new(TOOLS[0]);
        command.args(["--", "sh", "-c", script, CXLENS]).current_dir(home.path("")).env_clear();
        command.envs(session.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    };
    session.env("PATH", "/usr/bin:/bin").env("XDG_RUNTIME_DIR", runtime.path());
    session.env("SECRET", service.get("CXONE_CLIENT_SECRET")).stdin(Stdio::null());
    let output = session.stderr(Stdio::piped()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let part = |name: &str, next: &str| {
        let from = out.find(&format!("{name}\n")).unwrap_or_else(|| panic!("{out}\n{err}"));
        out[from..].split(&format!("\n{next}\n")).next().unwrap_or_default().to_owned()
    };
    assert!(part("before", "login").ends_with("code 2"), "{out}\n{err}");
    assert!(part("login", "used").ends_with("code 0"), "{out}\n{err}");
    let used = part("used", "logout");
    assert!(used.contains("PROF-001") && used.ends_with("code 0"), "{out}\n{err}");
    assert!(part("logout", "after").ends_with("code 0"), "{out}\n{err}");
    assert!(part("after", "end").contains("code 2"), "{out}\n{err}");
    assert!(err.contains("there is none") && err.contains("cxlens config login --tenant acme"), "{err}");
    let secret = service.get("CXONE_CLIENT_SECRET");
    for (path, bytes) in home.files() {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "the secret is in {}", path.display());
    }
}
