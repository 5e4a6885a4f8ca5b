//! `cxlens audit`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::whole;

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

pub(super) const AUDIT_EXAMPLES: &str = "\
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
