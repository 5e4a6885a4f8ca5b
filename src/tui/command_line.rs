//! A query as the command line that runs it: what is on the screen, for a script or a colleague.

use std::fmt::Write as _;

use crate::engine::query::{Draft, FieldSet, Query};

/// `cxlens query …`, such that a shell which reads it runs this very query. `tenant`: whose profiles; `None`: the
/// sandbox's.
pub fn of(query: &Query, tenant: Option<&str>) -> String {
    let (draft, usual) = (query.to_draft(), Draft::default());
    let mut line = String::from("cxlens query");
    // Writing to a string does not fail.
    let mut flag = |name: &str, value: &str| {
        let _ = write!(line, " {}", word(name, value));
    };
    for id in &draft.ids {
        flag("--id", id);
    }
    for segment in &draft.segments {
        flag("--segment", segment);
    }
    if !draft.filter.is_empty() {
        flag("--filter", &draft.filter);
    }
    if draft.fields != FieldSet::ALL {
        flag("--fields", &draft.fields.to_string());
    }
    if let Some(limit) = draft.limit {
        flag("--limit", &limit.to_string());
    }
    if draft.page_size != usual.page_size {
        flag("--page-size", &draft.page_size.to_string());
    }
    if draft.retention_days != usual.retention_days {
        flag("--retention-days", &draft.retention_days.to_string());
    }
    if let Some(tenant) = tenant {
        flag("--tenant", tenant);
    }
    if !draft.use_cache {
        line.push_str(" --no-cache");
    }
    if tenant.is_none() {
        line.push_str(" --sandbox");
    }
    line
}

/// A flag and its value, quoted for a shell where they need it.
fn word(name: &str, value: &str) -> String {
    // A value that begins like a flag is taken for one unless it is tied to its own.
    if value.starts_with('-') {
        quoted(&format!("{name}={value}"))
    } else {
        format!("{name} {}", quoted(value))
    }
}

/// A word as a shell reads it back.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_usual_is_written() {
        let draft = Draft { segments: vec!["SEG-A".into()], ..Draft::default() };
        assert_eq!(of(&draft.check().unwrap(), None), "cxlens query --segment SEG-A --sandbox");
        let draft = Draft {
            ids: vec!["-7".into()],
            filter: "lastName eq 'O''Brien'".into(),
            fields: "email".parse().unwrap(),
            limit: Some(3),
            use_cache: false,
            ..draft
        };
        assert_eq!(
            of(&draft.check().unwrap(), Some("acme")),
            "cxlens query --id=-7 --segment SEG-A --filter 'lastName eq '\\''O'\\'''\\''Brien'\\''' \
             --fields id,email --limit 3 --tenant acme --no-cache"
        );
    }
}
