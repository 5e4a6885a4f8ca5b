//! One error type: what failed, on what, why, and what to do about it.

use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::time::Duration;

use super::text::{clean, clean_lines};

/// The engine's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in the words of the person who has to mend it.
///
/// Every text in it is safe to print: values from outside are cleaned by the methods that take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

/// The parts of an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The class, which decides the exit code.
    pub kind: Kind,
    /// What failed, on what: "page 12 of the profiles could not be fetched".
    pub what: String,
    /// The likely cause, with the offending value and the rule it broke.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
    /// The request as sent, secrets removed.
    pub request: Option<String>,
    /// The reply as answered: status line and body, cut at 2 KiB and cleaned.
    pub reply: Option<String>,
    /// The place in the filter that is objected to: characters, from 1; one past the end where more was expected.
    pub filter_at: Option<usize>,
    /// When the service wants to be asked again, counted from when this error was made.
    pub ask_again_in: Option<Duration>,
}

/// Classes of failure; see the contract's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The query or a setting is wrong; nothing was sent. Exit 2.
    Usage,
    /// The service refused the credentials. Exit 3.
    Credentials,
    /// A scope or a permission is missing. Exit 4.
    Permission,
    /// The rate limit outlasted our patience. Exit 5.
    RateLimit,
    /// Name resolution, connection, time-out, cut body. Exit 6.
    Network,
    /// The server or its payload. Exit 7.
    Service,
    /// Something on this machine: a file, a lock. Exit 1.
    Local,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Usage,
        Self::Credentials,
        Self::Permission,
        Self::RateLimit,
        Self::Network,
        Self::Service,
        Self::Local,
    ];

    /// The exit code of a headless command that ends with this.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Usage => 2,
            Self::Credentials => 3,
            Self::Permission => 4,
            Self::RateLimit => 5,
            Self::Network => 6,
            Self::Service => 7,
        }
    }

    /// A word for audit entries and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Usage => "usage",
            Self::Credentials => "credentials",
            Self::Permission => "permission",
            Self::RateLimit => "rate limit",
            Self::Network => "network",
            Self::Service => "service",
        }
    }
}

impl Error {
    /// An error of a kind: what failed, why, what to do. The texts are cleaned.
    pub fn new(kind: Kind, what: impl AsRef<str>, cause: impl AsRef<str>, remedy: impl AsRef<str>) -> Self {
        Self(Box::new(Details {
            kind,
            what: clean(what.as_ref()).into_owned(),
            cause: clean(cause.as_ref()).into_owned(),
            remedy: clean(remedy.as_ref()).into_owned(),
            request: None,
            reply: None,
            filter_at: None,
            ask_again_in: None,
        }))
    }

    /// A task that panicked. What it had in hand may be somebody's data, so the panic's words are not repeated.
    pub fn panicked() -> Self {
        Self::new(
            Kind::Local,
            "the run ended abnormally",
            "a defect of this program",
            "the rows that came are kept; the log says where it happened; please report it",
        )
    }

    /// An error whose parts were kept. Whoever kept them may not be believed: they are cleaned again.
    pub(super) fn of(parts: Details) -> Self {
        let Details { kind, what, cause, remedy, request, reply, filter_at, ask_again_in } = parts;
        let Self(mut details) = Self::new(kind, what, cause, remedy);
        (details.request, details.reply) =
            (request.map(|text| clean_lines(&text)), reply.map(|text| clean_lines(&text)));
        (details.filter_at, details.ask_again_in) = (filter_at, ask_again_in);
        Self(details)
    }

    /// A setting, flag or part of a query that is not valid.
    pub fn usage(what: impl AsRef<str>, cause: impl AsRef<str>, remedy: impl AsRef<str>) -> Self {
        Self::new(Kind::Usage, what, cause, remedy)
    }

    /// Adds the request as sent (secrets already removed).
    #[must_use]
    pub fn with_request(mut self, request: impl AsRef<str>) -> Self {
        self.0.request = Some(clean_lines(request.as_ref()));
        self
    }

    /// Adds the reply as answered; kept to 2 KiB.
    #[must_use]
    pub fn with_reply(mut self, reply: impl AsRef<str>) -> Self {
        const MOST: usize = 2048;
        let reply = reply.as_ref();
        let end = reply.floor_char_boundary(MOST);
        let mut shown = clean_lines(&reply[..end]);
        if end < reply.len() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\n… {} bytes more", reply.len() - end);
        }
        self.0.reply = Some(shown);
        self
    }

    /// The same with each of its texts changed: secrets taken out of what the service said.
    #[must_use]
    pub(super) fn with_texts(mut self, change: impl Fn(String) -> String) -> Self {
        let details = &mut *self.0;
        for text in [&mut details.what, &mut details.cause, &mut details.remedy]
            .into_iter()
            .chain(details.request.as_mut())
            .chain(details.reply.as_mut())
        {
            *text = change(std::mem::take(text));
        }
        self
    }

    /// Says at which place in the filter it is: characters, from 1.
    #[must_use]
    pub fn in_filter(mut self, at: Option<usize>) -> Self {
        self.0.filter_at = at;
        self
    }

    /// Says when the service wants to be asked again.
    #[must_use]
    pub fn ask_again_in(mut self, wait: Duration) -> Self {
        self.0.ask_again_in = Some(wait);
        self
    }

    /// Says how often it was tried.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.0.what, ", after {attempts} attempts");
        self
    }

    /// Says on what it failed, in front of what failed.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.0.what = format!("{}: {}", clean(place), self.0.what);
        self
    }
}

impl Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

/// `what: cause; remedy`, one line.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.cause.is_empty() {
            write!(f, ": {}", self.cause)?;
        }
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
