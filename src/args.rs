//! The command line: every command and flag of the contract "The command line", and nothing else of ours.
//!
//! Values whose meaning belongs to another room (durations, rates, fields) are handed on as they were typed;
//! `config` and the engine judge them in the same words wherever they come from.

#![expect(clippy::doc_markdown, reason = "these comments are the help: a back-tick would be printed")]

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand, ValueEnum};

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

/// `cxlens audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Print the entries, oldest first
    #[command(after_help = AUDIT_EXAMPLES)]
    Show(AuditShow),
    /// Walk the hash chain and name the first line that does not hold
    #[command(after_help = AUDIT_VERIFY_EXAMPLES)]
    Verify(AuditVerify),
    /// Write entries for a reviewer: a table, or the lines of the chain as they are
    #[command(after_help = AUDIT_EXPORT_EXAMPLES)]
    Export(AuditExport),
}

/// Which entries are meant.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AuditFilter {
    /// Only entries since then: 24h, 7d, 2026-03-04, 2026-03-04T12:00Z
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, help_heading = "Which")]
    pub since: Option<String>,
    /// Only entries before then
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, help_heading = "Which")]
    pub until: Option<String>,
    /// Only entries that ended like this
    #[arg(long, value_name = "STATUS", help_heading = "Which")]
    pub status: Option<AuditStatus>,
    /// Only entries about this: query again reveal copy export call removed torn-line (repeatable)
    #[arg(long, value_name = "EVENT", help_heading = "Which")]
    pub event: Vec<String>,
    /// Only entries of this tenant (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Which")]
    pub tenant: Vec<String>,
    /// Only entries of this user, by name or number (repeatable)
    #[arg(long, value_name = "USER", help_heading = "Which")]
    pub user: Vec<String>,
    /// Only entries that name this profile: who looked at this customer? (repeatable)
    ///
    /// Found by its keyed hash: where it was asked for by its ID, revealed, copied or exported alone. Runs over segments
    /// and filters say how many profiles came, and not which.
    #[arg(long, value_name = "ID", help_heading = "Which")]
    pub id: Vec<String>,
    /// Only entries whose reason has this in it
    #[arg(long, value_name = "TEXT", help_heading = "Which")]
    pub reason: Option<String>,
    /// Only the last N entries
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(1_u64, None), help_heading = "Which")]
    pub last: Option<u64>,
}

/// `cxlens audit export`
#[derive(Clone, Debug, clap::Args)]
pub struct AuditExport {
    /// Which entries.
    #[command(flatten)]
    pub filter: AuditFilter,
    /// csv: a row for each access; ndjson: the lines as they are, which audit verify FILE can walk where none is left out
    /// [default: by extension with -o, csv otherwise]
    #[arg(long, value_name = "F")]
    pub format: Option<AuditExportFormat>,
    /// Write to FILE instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace FILE if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// What `audit export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditExportFormat {
    /// A row for each access
    Csv,
    /// The lines as they are
    Ndjson,
}

/// `cxlens audit show`
#[derive(Clone, Debug, clap::Args)]
pub struct AuditShow {
    /// Which entries.
    #[command(flatten)]
    pub filter: AuditFilter,
    /// text for a person, ndjson for the entries as they are kept
    #[arg(long, value_name = "F", default_value = "text")]
    pub format: AuditFormat,
}

/// `cxlens audit verify`
#[derive(Clone, Debug, clap::Args)]
pub struct AuditVerify {
    /// A file that audit export wrote, in place of this user's trail
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A head that was kept elsewhere: the trail must have that entry, as it was then
    #[arg(long, value_name = "N:HASH")]
    pub head: Option<String>,
}

/// How a run ended, as audit entries have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditStatus {
    /// All of it
    Success,
    /// Some of it
    Partial,
    /// Nothing
    Failed,
    /// Cancelled by the user
    Cancelled,
    /// Begun, and nothing says how it ended: it is under way, or its process was killed
    Unfinished,
}

/// What `audit show` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For a person
    Text,
    /// As kept
    Ndjson,
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

const AUDIT_EXAMPLES: &str = "\
Examples:
  cxlens audit show --last 5
  cxlens audit show --since 7d --status failed
  cxlens audit show --id PROF-001 --tenant acme
  cxlens audit show --format ndjson | jq .rows";

const AUDIT_EXPORT_EXAMPLES: &str = "\
Examples:
  cxlens audit export -o october.csv --since 2026-10-01 --until 2026-11-01
  cxlens audit export -o trail.ndjson && cxlens audit verify trail.ndjson
      The lines of the chain as they are, and the proof that none was changed.
  cxlens audit export --id PROF-001
      Who looked at this customer?";

const AUDIT_VERIFY_EXAMPLES: &str = "\
Examples:
  cxlens audit verify
      Exit code 0 and the head of the chain, or 1 and FILE:LINE of the first line that does not hold.
  cxlens audit verify --head 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      Also against a head that was kept: without one, an end that was cut off together with the head file is not seen.";

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
mod tests {
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
            let own = command
                .get_arguments()
                .filter(|arg| names(arg).iter().any(|name| secret(name)) && !of_file(arg));
            let own = own.map(|arg| format!("{} {}", command.get_name(), arg.get_id()));
            own.chain(command.get_subcommands().flat_map(telling)).collect()
        }
        let mut all = Args::command();
        all.build();
        assert_eq!(telling(&all), [""; 0], "a process list shows what flags say");
        let file = clap::Arg::new("secret_file").long("secret-file").value_name("FILE");
        let planted = all
            .mut_subcommand("query", |query| {
                query.arg(clap::Arg::new("x").long("access-token").value_name("X"))
            })
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
}
