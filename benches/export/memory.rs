//! What a writer takes of memory by itself: in a process of its own, in which rows are made, written and dropped.

use std::path::Path;
use std::process::Command;

use cxlens::engine::query::{Draft, FieldSet};
use cxlens::export::{CsvOptions, End, Format, Origin, Spec, Writer};
use jiff::Timestamp;

use crate::people::profiles;
use crate::{Outcome, lines};

/// What this program is called as then.
pub(crate) const ROLE: &str = "@memory";

/// A page.
const PAGE: u64 = 50;

/// The most memory, in MiB, that writing so many rows took.
pub(crate) fn peak(format: &str, rows: u64, to: &Path) -> Outcome<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    let told = command.args([ROLE, format, &rows.to_string()]).arg(to).output()?;
    let said = String::from_utf8(told.stdout)?;
    let kib: f64 = said.trim().parse().map_err(|_| String::from_utf8_lossy(&told.stderr).into_owned())?;
    Ok(kib / 1024.0)
}

/// `@memory FORMAT ROWS FILE`
pub(crate) fn play(words: &[String]) -> Outcome<()> {
    let [format, rows, file] = words else { return Err("@memory FORMAT ROWS FILE".into()) };
    let rows: u64 = rows.parse()?;
    let spec = spec(format)?;
    let mut writer = Writer::new(std::fs::File::create(file)?, &spec)?;
    for page in 0..rows / PAGE {
        for row in &profiles(page * PAGE..(page + 1) * PAGE)? {
            writer.row(row)?;
        }
        writer.flush()?;
    }
    writer.finish(End::Whole, &mut lines::go_on)?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    println!("{}", peak.trim().trim_end_matches("kB").trim());
    Ok(())
}

/// How a format of this name is written: a format's own name, or `flat`.
pub(crate) fn spec(name: &str) -> Outcome<Spec> {
    let flatten = name == "flat";
    let format =
        Format::ALL.into_iter().find(|format| format.name() == name || flatten && *format == Format::Csv);
    let query = Draft { segments: vec!["SEG-ALL".into()], ..Draft::default() }.check();
    let query = query.map_err(|wrong| format!("{wrong:?}"))?;
    Ok(Spec {
        csv: CsvOptions { flatten, ..CsvOptions::default() },
        waiting_room: Some(env!("CARGO_TARGET_TMPDIR").into()),
        origin: Some(Origin::new(&query, Timestamp::UNIX_EPOCH)),
        ..Spec::new(format.ok_or_else(|| format!("there is no format {name}"))?, FieldSet::ALL)
    })
}
