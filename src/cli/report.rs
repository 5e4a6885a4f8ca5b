//! Errors on stderr: what failed, why, what to do, the request and the reply.

use std::fmt::Write as _;

use crate::engine::error::Error;

/// The error as a block of lines, each clean. The first begins with `error:`.
pub fn error(error: &Error) -> String {
    let mut out = format!("error: {}", error.what);
    if !error.cause.is_empty() {
        let _ = write!(out, ": {}", error.cause);
    }
    out.push('\n');
    if !error.remedy.is_empty() {
        let _ = writeln!(out, "  remedy: {}", error.remedy);
    }
    if let Some(wait) = error.ask_again_in {
        let _ = writeln!(out, "  the service wants to be asked again in {}", super::summary::seconds(wait));
    }
    for (name, block) in [("request", &error.request), ("reply", &error.reply)] {
        if let Some(block) = block {
            let _ = writeln!(out, "  {name}:");
            for line in block.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    out
}

/// Several errors; past `most` they are counted.
pub fn errors(list: &[Error], most: usize) -> String {
    let mut out: String = list.iter().take(most).map(error).collect();
    if list.len() > most {
        let _ = writeln!(out, "error: and {} more like these", list.len() - most);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::Kind;
    use std::time::Duration;

    #[test]
    fn an_error_says_all_it_knows_and_sends_nothing_to_the_terminal() {
        let full = Error::new(Kind::Service, "page 2", "the server said \x1b[31m500", "try again later")
            .with_request("GET https://acme.example/x")
            .with_reply("HTTP 500\n\x1b]52;c;aGk=\x07")
            .ask_again_in(Duration::from_secs(90));
        let said = error(&full);
        assert_eq!(
            said,
            "error: page 2: the server said ␛[31m500\n  remedy: try again later\n  \
             the service wants to be asked again in 90 s\n  request:\n    GET https://acme.example/x\n  reply:\n    \
             HTTP 500\n    ␛]52;c;aGk=␇\n"
        );
    }

    #[test]
    fn many_errors_are_counted() {
        let list = vec![Error::usage("a", "b", "c"); 5];
        let said = errors(&list, 2);
        assert_eq!(said.matches("error: a: b").count(), 2);
        assert!(said.ends_with("error: and 3 more like these\n"));
    }
}
