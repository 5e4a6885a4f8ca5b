//! `cxlens sandbox`: says how to reach the server, and waits for its end.

use std::io::{self, Write};

use super::signals::Signals;

/// How to reach a running sandbox.
#[derive(Clone, Debug)]
pub struct Door<'a> {
    /// Without a slash at the end.
    pub base_url: &'a str,
    /// The tenant's name.
    pub tenant: &'a str,
    /// The client's ID.
    pub client_id: &'a str,
    /// The client's secret; it protects made-up people.
    pub client_secret: &'a str,
}

/// Prints the four `export` lines, and returns when a signal wants the server's end.
///
/// # Errors
/// stdout cannot be written to, other than because nobody reads it any more.
pub async fn serve(door: &Door<'_>, mut out: impl Write, signals: &mut Signals) -> io::Result<()> {
    match out.write_all(exports(door).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
        _ => {}
    }
    signals.next().await;
    Ok(())
}

fn exports(door: &Door<'_>) -> String {
    [
        ("CXONE_BASE_URL", door.base_url),
        ("CXONE_TENANT", door.tenant),
        ("CXONE_CLIENT_ID", door.client_id),
        ("CXONE_CLIENT_SECRET", door.client_secret),
    ]
    .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
    .concat()
}

/// The value as a POSIX shell reads it back.
fn quoted(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::signals::Signal;

    #[test]
    fn a_shell_reads_the_values_back() {
        assert_eq!(quoted("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("$(rm -rf)"), "'$(rm -rf)'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[tokio::test]
    async fn four_lines_and_then_it_waits_for_a_signal() {
        let (tx, rx) = tokio::sync::mpsc::channel(1);
        let mut signals = Signals::from_test(rx);
        let door =
            Door { base_url: "http://127.0.0.1:1", tenant: "sandbox", client_id: "me", client_secret: "s" };
        let mut out = Vec::new();
        tx.send(Signal::Terminate).await.unwrap();
        serve(&door, &mut out, &mut signals).await.unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "export CXONE_BASE_URL=http://127.0.0.1:1\nexport CXONE_TENANT=sandbox\nexport CXONE_CLIENT_ID=me\n\
             export CXONE_CLIENT_SECRET=s\n"
        );
    }
}
