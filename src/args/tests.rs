//! What may be typed, and what the help says of it.

use super::*;
use clap::CommandFactory;
use clap::error::ErrorKind;

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(std::iter::once("cxlens").chain(line.split_whitespace()))
}

#[test]
fn the_declaration_holds_together() {
    Args::command().debug_assert();
}

#[test]
fn without_a_command_the_flags_are_the_explorers() {
    let args = parse("--id A --id B --segment S --run").unwrap();
    assert!(args.command.is_none() && args.explore.run);
    assert_eq!(args.explore.query.id, ["A", "B"]);
    let args = parse("explore --id A").unwrap();
    assert!(matches!(args.command, Some(Command::Explore(e)) if e.query.id == ["A"] && !e.run));
}

#[test]
fn flags_before_a_command_are_refused_rather_than_lost() {
    assert!(parse("--id A query --id B").is_err());
}

#[test]
fn every_query_flag_of_the_contract_is_taken() {
    let args = parse(
        "query --id A --ids-file - --ids-column c --fields id,email --segment S --filter x --limit 3 \
         --tenant acme --concurrency 2 --page-size 10 --rate 5/s --timeout 3s --max-wait 4s --no-cache \
         --retention-days 30 --format csv -o out.csv --force --raw-csv --flatten --dry-run",
    )
    .unwrap();
    let Some(Command::Query(query)) = args.command else { panic!("not a query") };
    assert_eq!(query.format, Some(Format::Csv));
    assert!(query.force && query.raw_csv && query.flatten && query.dry_run && query.query.no_cache);
    assert_eq!(query.query.limit, Some(3));
    assert_eq!(query.query.rate.as_deref(), Some("5/s"));
}

#[test]
fn a_bad_value_is_named_with_what_would_be_right() {
    for (line, words) in [
        ("query --limit 0", ["'0'", "1 or more"]),
        ("query --page-size 1001", ["1001", "from 1 to 1000"]),
        ("query --limit 18446744073709551616", ["18446744073709551616", "1 or more"]),
        ("sandbox --seed -1", ["'-1'", "0 or more"]),
        ("query --concurrency none", ["none", "concurrency"]),
        ("query --format orc", ["orc", "parquet"]),
        ("sandbox --addr nowhere", ["nowhere", "127.0.0.1:8080"]),
        ("query --ids-column c", ["--ids-file", "required"]),
        ("query --sandbox --tenant acme", ["--sandbox", "--tenant"]),
        ("open", ["FILE", "required"]),
        ("replay", ["FILE", "required"]),
        ("replay a --speed 0", ["'0'", "0.1 to 1000"]),
        ("query --id A --record-personal", ["--record", "required"]),
        ("query --id A --force", ["--record", "required"]),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        let said = error.to_string();
        assert!(words.iter().all(|w| said.contains(w)), "{line}: {said}");
    }
}

#[test]
fn no_flag_takes_a_secret() {
    /// What a command's flags and arguments are called that sound like a secret and do not name a file.
    fn telling(command: &clap::Command) -> Vec<String> {
        let secret = |name: &str| {
            ["secret", "token", "passw", "passphrase", "credential", "api-key", "apikey"]
                .iter()
                .any(|word| name.to_ascii_lowercase().replace('_', "-").contains(word))
        };
        let names = |arg: &clap::Arg| -> Vec<String> {
            let long = arg.get_long_and_visible_aliases().unwrap_or_default();
            let hidden = arg.get_all_aliases().unwrap_or_default();
            let values = arg.get_value_names().unwrap_or_default();
            let values = values.iter().map(clap::builder::Str::as_str);
            long.into_iter()
                .chain(hidden)
                .chain(values)
                .chain([arg.get_id().as_str()])
                .map(str::to_owned)
                .collect()
        };
        let of_file = |arg: &clap::Arg| {
            arg.get_long().is_some_and(|name| name.ends_with("-file"))
                && arg.get_value_names().is_some_and(|names| names.iter().all(|name| name == "FILE"))
        };
        let own =
            command.get_arguments().filter(|arg| names(arg).iter().any(|name| secret(name)) && !of_file(arg));
        let own = own.map(|arg| format!("{} {}", command.get_name(), arg.get_id()));
        own.chain(command.get_subcommands().flat_map(telling)).collect()
    }
    let mut all = Args::command();
    all.build();
    assert_eq!(telling(&all), [""; 0], "a process list shows what flags say");
    let file = clap::Arg::new("secret_file").long("secret-file").value_name("FILE");
    let planted = all
        .mut_subcommand("query", |query| query.arg(clap::Arg::new("x").long("access-token").value_name("X")))
        .mut_subcommand("audit", |audit| {
            audit.mut_subcommand("show", |show| show.arg(file).arg(clap::Arg::new("Password")))
        });
    assert_eq!(telling(&planted), ["query x", "show Password"]);
}

#[test]
fn short_and_long_help_both_give_examples() {
    for command in [
        "",
        "explore",
        "open",
        "replay",
        "query",
        "sandbox",
        "audit",
        "audit show",
        "audit verify",
        "config",
        "config login",
        "webhook",
        "webhook register",
    ] {
        let help = |flag: &str| {
            let error = parse(&format!("{command} {flag}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{command} {flag}");
            assert_eq!(error.exit_code(), 0);
            error.to_string()
        };
        let (short, long) = (help("-h"), help("--help"));
        assert!(short.contains("Example") && long.contains("Example"), "{command}");
        assert!(short.lines().count() <= long.lines().count(), "{command}");
    }
}
