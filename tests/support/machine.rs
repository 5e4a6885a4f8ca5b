//! Programs of the system that make trouble: `strace` for what a disk or a kill does to a single call, `unshare` for a
//! disk of a program's own.

use std::fs;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Says something that nobody may miss, also where the tests' output is kept back.
pub(crate) fn loud(words: &str) {
    let line = format!("\n!! {words}\n");
    io::stderr().lock().write_all(line.as_bytes()).unwrap();
}

/// The same command under a program that starts it, with its own arguments first.
pub(crate) fn under(program: &str, first: &[String], command: &Command) -> Command {
    let mut outer = Command::new(program);
    outer.args(first).arg(command.get_program()).args(command.get_args());
    outer.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(dir) = command.get_current_dir() {
        outer.current_dir(dir);
    }
    outer.stdin(Stdio::null());
    outer
}

/// Whether a program runs here, which is started with these arguments to see it.
fn runs(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether calls can be made to fail and processes be killed in the middle of one; says so loudly where not.
pub(crate) fn has_strace(without_it: &str) -> bool {
    let has = runs("strace", &["-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "true"]);
    if !has {
        loud(&format!("strace is not installed, or may not trace here: {without_it}"));
    }
    has
}

/// How to give a program a file system of its own; `None`, said loudly, where nobody may.
pub(crate) fn own_disk(without_it: &str) -> Option<Vec<String>> {
    let ways: [&[&str]; 2] = [&["-m"], &["-r", "-m"]];
    let dir = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=64k none {}", dir.path().display());
    let way = ways.into_iter().find(|way| runs("unshare", &[way, &["sh", "-c", &mount][..]].concat()));
    if way.is_none() {
        loud(&format!(
            "no file system can be mounted here, not even in a namespace of its own: {without_it}"
        ));
    }
    way.map(|way| way.iter().map(ToString::to_string).collect())
}

/// `strace` with these injections, on calls that touch one of these paths; all calls where there are none.
pub(crate) fn strace(inject: &[String], paths: &[String]) -> Vec<String> {
    let mut args: Vec<String> = ["-f", "-qq", "-o", "/dev/null"].map(str::to_owned).into();
    let calls: Vec<_> = inject.iter().filter_map(|inject| inject.split(':').next()).collect();
    args.extend(["-e".to_owned(), format!("trace={}", calls.join(","))]);
    for inject in inject {
        args.extend(["-e".to_owned(), format!("inject={inject}")]);
    }
    for path in paths {
        args.extend(["-P".to_owned(), path.clone()]);
    }
    args
}

/// A number from the environment: how much of a measure is taken.
pub(crate) fn scaled(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// The whole text of a file; empty where there is none.
pub(crate) fn text(path: impl AsRef<std::path::Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
