//! The process that answers one question: what it reads, what it says, and the bounds that it sets itself.

use std::io::{self, Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::End;
use super::language::{self, Said};
use crate::engine::pipeline::json::{escape_char, must_escape};

/// Bytes of values at most.
pub(super) const MOST_BYTES: usize = 256 * 1024;
/// Lines of values at most.
const MOST_LINES: usize = 5_000;
/// Bytes of address space, the program's own included.
const MEMORY: u64 = 512 * 1024 * 1024;
/// Seconds of processor time, should nobody be left to stop it.
const SECONDS: u64 = 2;
/// Bytes of its stack: expressions that recurse a little are ordinary.
const STACK: usize = 64 * 1024 * 1024;

/// One thing that the process says. Frames end with a zero byte, which JSON never has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Value(String),
    End(End),
}

impl Frame {
    /// `None` where it is none, or not whole.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let rest = text.get(1..)?;
        Some(match text.as_bytes()[0] {
            b'v' => Self::Value(rest.to_owned()),
            b'd' => Self::End(End::Done),
            b'c' => Self::End(End::Cut),
            b'e' => {
                let (at, why) = rest.split_once(':')?;
                Self::End(End::Refused { at: at.parse().ok(), why: why.to_owned() })
            }
            _ => return None,
        })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let text = match self {
            Self::Value(text) => format!("v{text}\0"),
            Self::End(End::Refused { at, why }) => {
                let at = at.map_or_else(String::new, |at| at.to_string());
                format!("e{at}:{}\0", why.replace('\0', " "))
            }
            Self::End(End::Cut) => "c\0".to_owned(),
            Self::End(_) => "d\0".to_owned(),
        };
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

/// What the process is given to read.
pub(super) fn question(expression: &str, json: &str) -> Vec<u8> {
    format!("{}\n{expression}{json}", expression.len()).into_bytes()
}

/// Answers the question on standard input, and says nothing else. For the process of [`super::COMMAND`] alone: its
/// memory and its time are bounded from here on. Gives its exit code.
pub fn serve() -> u8 {
    let bound = |most| Rlimit { current: Some(most), maximum: Some(most) };
    // A system without one of these bounds still has the deadline of whoever asked.
    let _ = setrlimit(Resource::Core, bound(0));
    let _ = setrlimit(Resource::Cpu, bound(SECONDS));
    let _ = setrlimit(Resource::As, bound(MEMORY));
    let answering = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let mut question = String::new();
        io::stdin().lock().read_to_string(&mut question).ok()?;
        let (length, rest) = question.split_once('\n')?;
        let (expression, json) = rest.split_at_checked(length.parse().ok()?)?;
        let mut out = io::stdout().lock();
        out.write_all(b"r").and_then(|()| out.flush()).ok()?;
        answer(expression, json, &mut out);
        Some(())
    });
    let answered = answering.ok().and_then(|answering| answering.join().ok()).flatten();
    u8::from(answered.is_none())
}

/// Says value after value, and how it ended. Nobody who listens: nobody to tell.
pub(super) fn answer(expression: &str, json: &str, out: &mut impl Write) {
    let (mut bytes, mut lines) = (0, 0);
    let mut end = End::Done;
    language::evaluate(expression, json, MOST_BYTES, &mut |said| match said {
        Said::Value(text) => {
            let text = escaped(&text);
            bytes += text.len();
            lines += text.lines().count();
            if bytes > MOST_BYTES || lines > MOST_LINES {
                end = End::Cut;
                return false;
            }
            Frame::Value(text).write(out).is_ok()
        }
        Said::TooLong => {
            end = End::Cut;
            false
        }
        Said::Refused { at, why } => {
            end = End::Refused { at, why };
            false
        }
    });
    let _ = Frame::End(end).write(out);
}

/// Invisible and reordering characters as escapes, which mean the same. They stand in texts alone.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && must_escape(c) {
            escape_char(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        for frame in [
            Frame::Value("{\n  \"a\": 1\n}".into()),
            Frame::End(End::Done),
            Frame::End(End::Cut),
            Frame::End(End::Refused { at: Some(3), why: "a: term".into() }),
            Frame::End(End::Refused { at: None, why: "x".into() }),
        ] {
            let mut bytes = Vec::new();
            frame.write(&mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0));
            assert_eq!(Frame::read(&bytes), Some(frame));
        }
        assert_eq!(Frame::read(b""), None);
        assert_eq!(Frame::read(b"v\xff"), None);
    }

    #[test]
    fn what_misleads_an_eye_is_an_escape() {
        assert_eq!(escaped("\"a\u{202e}b\"\n1"), "\"a\\u202eb\"\n1");
    }
}
