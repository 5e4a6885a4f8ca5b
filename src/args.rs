//! The command line: every command and flag of the contract "The command line", and nothing else of ours.
//!
//! Values whose meaning belongs to another room (durations, rates, fields) are handed on as they were typed;
//! `config` and the engine judge them in the same words wherever they come from.

#![expect(clippy::doc_markdown, reason = "these comments are the help: a back-tick would be printed")]

mod audit;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand, ValueEnum};

use self::audit::AUDIT_EXAMPLES;
pub use self::audit::{
    Audit, AuditExport, AuditExportFormat, AuditFilter, AuditFormat, AuditShow, AuditStatus, AuditVerify,
};

/// Everything that was typed.
#[derive(Debug, Parser)]
#[command(
    name = "cxlens",
    version,
    about = "Explore customer profiles in NICE CXone",
    long_about = "Explore customer profiles in NICE CXone, on the screen or headless.\n\n\
        Without a command the explorer opens; its query builder holds what the flags say. With nothing \
        configured it starts its own sandbox with made-up people.",
    after_help = "Examples:\n  cxlens                                    explore (the sandbox, if nothing is configured)\n  \
        cxlens --segment SEG-PREMIUM-01 --run     explore a segment at once\n  \
        cxlens query --id PROF-001 --sandbox      one profile on stdout\n  \
        cxlens open people.ndjson                 explore an export\n\n\
        More with --help.",
    after_long_help = EXPLORE_EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Commands",
    disable_help_subcommand = true
)]
pub struct Args {
    /// What to do; nothing means explore.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The explorer's flags, when no command is named.
    #[command(flatten)]
    pub explore: Explore,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the explorer (also without a command)
    #[command(after_help = EXPLORE_SHORT, after_long_help = EXPLORE_EXAMPLES)]
    Explore(Box<Explore>),
    /// Explore exported files, without a service
    #[command(after_help = OPEN_SHORT, after_long_help = OPEN_EXAMPLES)]
    Open(Open),
    /// Show a recorded session again, without a service
    #[command(after_help = REPLAY_SHORT, after_long_help = REPLAY_EXAMPLES)]
    Replay(Replay),
    /// Run a query and stream processed profiles to stdout or a file
    #[command(after_help = QUERY_SHORT, after_long_help = QUERY_EXAMPLES)]
    Query(Box<Query>),
    /// Register, list and delete webhooks
    #[command(subcommand, after_help = WEBHOOK_EXAMPLES)]
    Webhook(Webhook),
    /// Run the embedded CXone-compatible server on its own
    #[command(after_help = SANDBOX_SHORT, after_long_help = SANDBOX_EXAMPLES)]
    Sandbox(Sandbox),
    /// Read the audit trail
    #[command(subcommand, after_help = AUDIT_EXAMPLES)]
    Audit(Audit),
    /// Keep a client secret in the system's keyring, or remove it
    #[command(subcommand, after_help = CONFIG_EXAMPLES)]
    Config(Config),
    /// Answer one question of the explorer: a jq expression over a profile, on standard input
    #[command(hide = true)]
    Jq,
}

/// `cxlens explore`
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Explore {
    /// What to ask for.
    #[command(flatten)]
    pub query: QueryFlags,
    /// Start the query at once
    #[arg(long)]
    pub run: bool,
    /// Plain sentences and typed commands in place of the screen
    ///
    /// For screen readers and pipes: no boxes, no colours, nothing that moves. Reads commands line by line from standard
    /// input (help says which) and tells on standard output what comes of them. Lines from a pipe wait for the run before
    /// them; at their end it leaves, with the exit code of the last run.
    #[arg(long, conflicts_with = "print")]
    pub linear: bool,
    /// Choose a cell for a shell line: Enter in the table leaves and prints it
    ///
    /// The screen is drawn on the terminal itself, so that standard output is free for what is chosen. Alt-Enter opens a
    /// profile. Exit code 0 with a choice, 130 without one.
    #[arg(long)]
    pub print: bool,
    /// Whether and where it is recorded.
    #[command(flatten)]
    pub record: RecordFlags,
    /// Replace the recording's FILE if it is there
    #[arg(long, requires = "record", help_heading = "Recording")]
    pub force: bool,
}

/// The flags of a recording.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RecordFlags {
    /// Record the session in FILE, to attach it to a report or replay it
    ///
    /// Requests, replies and what came of them, with their times, as lines of JSON; no secret, no token. Personal values
    /// have stand-ins of the same shape. The file is readable by you alone (mode 0600). cxlens replay FILE shows it again.
    #[arg(long, value_name = "FILE", help_heading = "Recording")]
    pub record: Option<PathBuf>,
    /// Keep personal values in the recording as they are
    #[arg(long, requires = "record", help_heading = "Recording")]
    pub record_personal: bool,
}

/// `cxlens replay`
#[derive(Clone, Debug, clap::Args)]
pub struct Replay {
    /// A recording, as --record and the explorer write them
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How many times as fast as it was: 0.5, 4 [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = speed)]
    pub speed: Option<f64>,
}

/// `cxlens open`
#[derive(Clone, Debug, clap::Args)]
pub struct Open {
    /// NDJSON, JSON, CSV or Parquet, as query and the explorer write them, or from elsewhere
    ///
    /// What a file is, its first bytes tell, or else its name. Columns that are no field of a profile become
    /// attributes. Rows that cannot be read are set aside and named by file and line.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `cxlens query`
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("written").args(["output", "record"]).multiple(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Query {
    /// What to ask for.
    #[command(flatten)]
    pub query: QueryFlags,
    /// Format of the output [default: table on a terminal, ndjson in a pipe, by extension with -o]
    #[arg(long, value_name = "F", help_heading = "Output")]
    pub format: Option<Format>,
    /// Write to FILE instead of stdout
    ///
    /// The rows are written to FILE.partial and renamed when all of them are there; an interrupted run leaves
    /// FILE.partial, which can be read, and says so. The file is readable by you alone (mode 0600).
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Replace FILE, also that of a recording, if it is there
    #[arg(long, requires = "written", help_heading = "Output")]
    pub force: bool,
    /// Whether and where it is recorded.
    #[command(flatten)]
    pub record: RecordFlags,
    /// Leave CSV cells that a spreadsheet would run as formulas as they are
    ///
    /// Without it a cell that begins with = + - @, a tab or a line break gets a ' in front (plain numbers and
    /// phone numbers do not).
    #[arg(long, help_heading = "Output")]
    pub raw_csv: bool,
    /// A column for each attribute in CSV: attributes.plan, attributes.address.city
    ///
    /// Without it attributes are one cell of JSON. Which columns there are is known when the last profile has come:
    /// until then profiles wait on the disk, and nothing is written. Lists stay JSON, as does what lies deeper than
    /// 8 keys; what is beyond 1000 columns stays in a column named attributes.
    #[arg(long, help_heading = "Output")]
    pub flatten: bool,
    /// Go on where a run stopped, asking for nothing that is there
    ///
    /// Takes up the last run that was cancelled or failed, with the query that it had; with -o FILE the one that
    /// writes FILE. What comes is written behind the rows that are there; to stdout without a second header.
    #[arg(long, help_heading = "Output", conflicts_with_all = ["id", "ids_file", "fields", "segment", "filter", "limit",
        "retention_days", "no_cache", "page_size", "format", "force", "raw_csv", "flatten", "dry_run"])]
    pub resume: bool,
    /// Print the plan and send nothing
    ///
    /// Requests as they would be sent (also as curl, with the token as $CXONE_TOKEN), how many, and how long.
    /// Needs no network and no credentials.
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
}

/// What `query` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for a person
    Table,
    /// One JSON object a line
    Ndjson,
    /// One JSON array
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Apache Parquet with typed columns, into a file (-o)
    Parquet,
}

/// The flags that say what is asked for, of whom, and how hard.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct QueryFlags {
    /// A profile's ID (repeatable)
    #[arg(long, value_name = "ID", help_heading = "Query")]
    pub id: Vec<String>,
    /// Read IDs from FILE, one a line; - is stdin
    ///
    /// A byte order mark, carriage returns and outer blanks are stripped, blank lines are skipped. With
    /// --ids-column, FILE is a CSV with a header.
    #[arg(long, value_name = "FILE", help_heading = "Query")]
    pub ids_file: Option<PathBuf>,
    /// FILE is a CSV; take the IDs from this column
    #[arg(long, value_name = "NAME", requires = "ids_file", help_heading = "Query")]
    pub ids_column: Option<String>,
    /// Fields wanted, separated by commas [default: all]
    ///
    /// id firstName lastName email phone tags attributes createdDate modifiedDate, or the names in the output:
    /// first_name and so on. id is always there.
    #[arg(long, value_name = "A,B", help_heading = "Query")]
    pub fields: Option<String>,
    /// A segment's ID (repeatable: any of them)
    #[arg(long, value_name = "ID", help_heading = "Query")]
    pub segment: Vec<String>,
    /// An OData filter, such as "email eq 'ada@example.com'"
    #[arg(long, value_name = "ODATA", help_heading = "Query")]
    pub filter: Option<String>,
    /// Stop after N profiles
    #[arg(long, value_name = "N", help_heading = "Query", allow_negative_numbers = true, value_parser = whole(1_u64, None))]
    pub limit: Option<u64>,
    /// Profiles last modified more than N days ago are marked, or withheld where the settings say so [default: 180]
    #[arg(long, value_name = "N", help_heading = "Query", allow_negative_numbers = true, value_parser = whole(1_u32, None))]
    pub retention_days: Option<u32>,
    /// Do not take answers from the cache
    #[arg(long, help_heading = "Query")]
    pub no_cache: bool,
    /// The tenant: NAME in NAME.my.cxone.com, or a table [tenants.NAME] of the configuration
    #[arg(long, value_name = "NAME", help_heading = "Service")]
    pub tenant: Option<String>,
    /// Use the embedded service with made-up people instead of a tenant
    #[arg(long, conflicts_with = "tenant", help_heading = "Service")]
    pub sandbox: bool,
    /// What it is for, in a line: the number of a ticket; it stands in each audit entry
    ///
    /// A tenant may require it (require_reason = true). Best no person's name: the audit trail has none otherwise.
    #[arg(long, value_name = "TEXT", help_heading = "Service")]
    pub reason: Option<String>,
    /// Requests at once, at most [default: 5]
    #[arg(long, value_name = "N", help_heading = "Service", allow_negative_numbers = true, value_parser = whole(1_u32, Some(64)))]
    pub concurrency: Option<u32>,
    /// Profiles a page, 1 to 1000 [default: 50]
    #[arg(long, value_name = "N", help_heading = "Service", allow_negative_numbers = true, value_parser = whole(1_u32, Some(1000)))]
    pub page_size: Option<u32>,
    /// Requests a second, at most: 10/s, 600/m, off
    #[arg(long, value_name = "N/s", help_heading = "Service", allow_hyphen_values = true)]
    pub rate: Option<String>,
    /// Time for one exchange, a token or a page: 500ms, 30s, 2m [default: 15s a token, 30s a page]
    #[arg(long, value_name = "D", help_heading = "Service", allow_hyphen_values = true)]
    pub timeout: Option<String>,
    /// The longest Retry-After that is waited out [default: 30s]
    #[arg(long, value_name = "D", help_heading = "Service", allow_hyphen_values = true)]
    pub max_wait: Option<String>,
}

/// `cxlens sandbox`
#[derive(Clone, Debug, clap::Args)]
pub struct Sandbox {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "A", default_value = "127.0.0.1:0", value_parser = address)]
    pub addr: SocketAddr,
    /// How many profiles; SEG-ALL holds exactly these
    #[arg(long, value_name = "N", default_value_t = 10_000, allow_negative_numbers = true,
        value_parser = whole(0_usize, Some(MOST_PROFILES)))]
    pub profiles: usize,
    /// How long an answer takes, about: 40ms, 0s
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub latency: Option<String>,
    /// Requests a second before it answers 429: 20/s, 600/m, off
    #[arg(long, value_name = "N/s|off", allow_hyphen_values = true)]
    pub rate_limit: Option<String>,
    /// Requests that may come at once before the limit bites
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1_u32, None))]
    pub burst: Option<u32>,
    /// Play a fault by name (repeatable)
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// The same seed gives the same people
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(0_u64, None))]
    pub seed: Option<u64>,
}

/// `cxlens config`
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Keep the client secret in the system's keyring
    ///
    /// Asks for it on the terminal, which does not show it, or reads the first line of standard input where that is none.
    /// It is kept for one client of one tenant; with keyring = true in the tenant's table it is used.
    #[command(after_help = LOGIN_EXAMPLES)]
    Login(ConfigTenant),
    /// Remove the client secret from the system's keyring
    #[command(after_help = LOGIN_EXAMPLES)]
    Logout(ConfigTenant),
}

/// Whose settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigTenant {
    /// The tenant: NAME in NAME.my.cxone.com, or a table [tenants.NAME] of the configuration
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
}

/// `cxlens webhook`
#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Register a webhook for profile.updated and profile.created
    #[command(after_help = WEBHOOK_EXAMPLES)]
    Register(WebhookRegister),
    /// List the registrations
    List(WebhookTenant),
    /// Delete a registration
    Delete(WebhookDelete),
}

/// `cxlens webhook register`
#[derive(Clone, Debug, clap::Args)]
pub struct WebhookRegister {
    /// Whose webhooks.
    #[command(flatten)]
    pub tenant: WebhookTenant,
    /// Where events are sent to [env: WEBHOOK_CALLBACK_URL]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The registration's name
    #[arg(long, value_name = "NAME", default_value = "CDP Profile Sync Webhook")]
    pub name: String,
    /// Write the signing secret to FILE (mode 0600) instead of stdout
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// `cxlens webhook delete`
#[derive(Clone, Debug, clap::Args)]
pub struct WebhookDelete {
    /// Whose webhooks.
    #[command(flatten)]
    pub tenant: WebhookTenant,
    /// The registration's ID, as `list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Which tenant, and how patiently.
#[derive(Clone, Debug, clap::Args)]
pub struct WebhookTenant {
    /// The tenant: NAME in NAME.my.cxone.com, or a table [tenants.NAME] of the configuration
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Time for one exchange [default: 15s]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub timeout: Option<String>,
}

/// People that the sandbox makes at most; each takes about half a kilobyte.
const MOST_PROFILES: usize = 2_000_000;

/// A whole number within bounds; where it is none, what would be right is said.
fn whole<T>(least: T, most: Option<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Copy,
{
    move |typed| match typed.trim().parse::<T>() {
        Ok(n) if n >= least && most.is_none_or(|most| n <= most) => Ok(n),
        _ => Err(most.map_or_else(
            || format!("write a whole number, {least} or more"),
            |most| format!("write a whole number from {least} to {most}"),
        )),
    }
}

fn speed(typed: &str) -> Result<f64, String> {
    let right = "write a number from 0.1 to 1000, such as 4";
    typed.trim().parse().ok().filter(|speed| (0.1..=1000.0).contains(speed)).ok_or_else(|| right.to_owned())
}

fn address(typed: &str) -> Result<SocketAddr, String> {
    let right = "write an address with a port, such as 127.0.0.1:8080; port 0 takes a free one";
    typed.trim().parse().map_err(|_| right.to_owned())
}

const EXPLORE_SHORT: &str = "Example:\n  cxlens explore --segment SEG-PREMIUM-01 --run\n\nMore with --help.";

const EXPLORE_EXAMPLES: &str = "\
Examples:
  cxlens
      Explore. With nothing configured this is the sandbox: made-up people over real HTTP.
  cxlens --segment SEG-PREMIUM-01 --run
      Explore a segment at once.
  cxlens --ids-file customers.txt --fields id,email,phone
      Fill the query builder from a file.
  cxlens --segment SEG-PREMIUM-01 --run --print | xargs -I ID cxlens query --id ID
      Choose somebody on the screen, for the rest of the shell line.
  cxlens sandbox > sandbox.env &
      A server to try things on; `. ./sandbox.env` points the other commands at it.
  cxlens query --segment SEG-PREMIUM-01 --format ndjson | jq .email
      The same without a screen.
  cxlens open people.ndjson
      Explore what was exported, without a service.

Environment:
  CXONE_TENANT CXONE_CLIENT_ID CXONE_CLIENT_SECRET   the tenant and its OAuth client
  CXONE_BASE_URL          instead of https://TENANT.my.cxone.com
  WEBHOOK_CALLBACK_URL    where webhooks are sent to
  CXLENS_CONFIG           a configuration file instead of config.toml in the configuration directory
  CXLENS_LOG              what the diagnostic log holds, such as debug
  NO_COLOR                no colours
A flag beats the environment, which beats the file.";

const OPEN_SHORT: &str = "\
Examples:
  cxlens open people.ndjson
  cxlens open 2026-02-*.parquet people.csv

More with --help.";

const OPEN_EXAMPLES: &str = "\
Examples:
  cxlens query --segment SEG-PREMIUM-01 -o premium.ndjson && cxlens open premium.ndjson
      Browse an export like a live result: sort, search, look at each profile, copy.
  cxlens open monday.csv friday.csv
      Several one behind the other. Every row is kept, also those with the same ID.
  zcat old.ndjson.gz > old.ndjson && cxlens open old.ndjson
      Compressed files are unpacked first.

No service is asked and no credentials are needed; nothing is written to the audit trail. Ctrl-R reads the files
again.";

const REPLAY_SHORT: &str = "Example:\n  cxlens replay session.cxrec --speed 4\n\nMore with --help.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  cxlens query --segment SEG-PREMIUM-01 --record session.cxrec && cxlens replay session.cxrec
      Look at a run in the explorer as it went.
  cxlens replay session.cxrec --speed 10
      Ten times as fast. F6 stands still and goes on, F7 shows the next event, Alt-Left and Alt-Right go back and on.

Nobody is asked and no credentials are needed; nothing is written to the audit trail.";

const QUERY_SHORT: &str = "\
Examples:
  cxlens query --segment SEG-PREMIUM-01 --sandbox
  cxlens query --ids-file ids.txt -o people.csv

More with --help.";

const QUERY_EXAMPLES: &str = "\
Examples:
  cxlens query --id PROF-001 --id PROF-002 --sandbox
      Two made-up people, as a table on a terminal and as NDJSON in a pipe.
  cxlens query --segment SEG-PREMIUM-01 --fields id,email -o premium.csv
      A segment into a file.
  cxlens query --segment SEG-PREMIUM-01 -o premium.parquet
      For analysts: typed columns, compressed.
  cut -d, -f1 export.csv | cxlens query --ids-file - --format json
      IDs from a pipe.
  cxlens query --ids-file crm.csv --ids-column \"Customer ID\"
      IDs from a column of a CSV.
  cxlens query --filter \"email eq 'ada@example.com'\" --dry-run
      What would be sent.

Exit codes:
  0 all of it   2 usage (nothing was sent)   3 credentials refused   4 scope or permission missing
  5 rate limit outlasted --max-wait   6 network   7 the server or its payload   1 anything else
  130 interrupted   143 terminated";

const SANDBOX_SHORT: &str = "Example:\n  cxlens sandbox --profiles 500 --rate-limit off\n\nMore with --help.";

const SANDBOX_EXAMPLES: &str = "\
Examples:
  cxlens sandbox > sandbox.env &
      In the background; `. ./sandbox.env` points a client at it.
  cxlens sandbox --addr 127.0.0.1:8080 --profiles 100000 --latency 20ms --rate-limit off
      A large one without a limit.

stdout is exactly four lines, `export CXONE_BASE_URL=…` and so on, printed once connections are accepted; all
else goes to stderr. It ends on SIGTERM or Ctrl-C with exit code 0.";

const CONFIG_EXAMPLES: &str = "\
Examples:
  cxlens config login --tenant acme
  cxlens config logout --tenant acme";

const LOGIN_EXAMPLES: &str = "\
Examples:
  cxlens config login --tenant acme
      Asks for the client secret.
  pass show cxone | cxlens config login --tenant acme
      From a pipe. secret_command = [\"pass\", \"show\", \"cxone\"] in config.toml asks each time instead.
  cxlens config logout --tenant acme

A secret is never a flag's value: a process list shows those.";

const WEBHOOK_EXAMPLES: &str = "\
Examples:
  cxlens webhook register --url https://example.com/hooks/cxone --secret-file hook.secret
  cxlens webhook list
  cxlens webhook delete WH-1";

#[cfg(test)]
mod tests;
