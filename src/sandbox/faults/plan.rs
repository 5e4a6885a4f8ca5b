//! A fault as a plan: a TOML file of primitive effects, each with what triggers it.
//!
//! Text that is sent (`body`, header values, rows, next pages) may hold *marks* in braces, filled in when it is sent:
//!
//! | mark | stands for |
//! | --- | --- |
//! | `{origin}` `{authority}` `{host}` | the server, as the client called it; the host has no port |
//! | `{path}` `{query}` `{rest}` | of this request, as sent; the rest is the query without page and cursor |
//! | `{body}` `{authorization}` | of this request, for servers that repeat what they should not |
//! | `{page}` `{next}` | the page's number, and the next one's |
//! | `{next_target}` `{cursor}` | path and query of the real next page, and its cursor |
//! | `{date+5}` `{rfc850+5}` `{asctime+5}` | the time of day and so many seconds, in HTTP's three forms |
//! | `{iso+5}` `{epoch+5}` `{epoch_ms+5}` | the same as ISO text, seconds and milliseconds since 1970 |
//! | `{count}` | how often this effect was played |
//!
//! Where bytes are sent, `%XX` stands for the byte: that is how what is not UTF-8 gets into a TOML file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One fault.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// One line that a newcomer understands.
    pub(crate) says: String,
    /// The table of the contract that it stands in.
    pub(crate) group: String,
    /// The row there.
    pub(crate) row: String,
    #[serde(default, rename = "effect")]
    pub(crate) effects: Vec<Effect>,
}

/// What happens to the requests that `when` names.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Effect {
    pub(crate) when: When,
    /// Sent instead of what the route would have said.
    pub(crate) reply: Option<CannedReply>,
    /// Set on the reply, whatever it is; the same name twice sends it twice.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) remove_headers: Vec<String>,
    /// The server's clock goes wrong by so much: `Date` and every mark of time with it.
    pub(crate) clock_skew_seconds: i64,
    /// Every token issued so far is worthless from here on.
    pub(crate) revoke_tokens: bool,
    /// Members of the token's answer, as raw JSON.
    pub(crate) token: BTreeMap<String, String>,
    pub(crate) remove_token: Vec<String>,
    /// What a token is really good for, in seconds.
    pub(crate) token_life_seconds: Option<u64>,
    pub(crate) page: PageEffect,
    pub(crate) body: BodyEffect,
    pub(crate) send: Option<Send>,
    /// The reply takes so much longer.
    pub(crate) delay_ms: u64,
}

/// Which requests are meant: all conditions must hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct When {
    pub(crate) on: Endpoint,
    /// The first request to the endpoint that is meant, from 1 and since the fault began.
    pub(crate) from: u64,
    /// How often it is played; for ever when missing.
    pub(crate) times: Option<u64>,
    /// Only every n-th from there.
    pub(crate) every: u64,
    /// Only with this probability, by the seed.
    pub(crate) chance: Option<f64>,
    /// Only these pages.
    pub(crate) pages: Vec<u64>,
    /// Only from this page on.
    pub(crate) from_page: u64,
}

impl Default for When {
    fn default() -> Self {
        Self {
            on: Endpoint::Contacts,
            from: 1,
            times: None,
            every: 1,
            chance: None,
            pages: Vec::new(),
            from_page: 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Endpoint {
    Token,
    Contacts,
    Webhooks,
    /// What the server does not know.
    Other,
    /// Contacts and webhooks.
    Api,
    Any,
}

impl Endpoint {
    /// Whether a plan's endpoint means the endpoint of a request.
    pub(crate) fn means(self, asked: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Api => matches!(asked, Self::Contacts | Self::Webhooks),
            own => own == asked,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CannedReply {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// Bytes, with marks; none is an empty body.
    #[serde(default)]
    pub(crate) body: String,
}

/// What happens to a page of contacts before it is written.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PageEffect {
    /// `nextPageUrl`, with marks; empty sends `""`.
    pub(crate) next: Option<String>,
    /// The same, also where there is no next page.
    pub(crate) next_always: bool,
    /// `nextPageUrl` as raw JSON instead.
    pub(crate) next_json: Option<String>,
    /// No rows.
    pub(crate) empty: bool,
    /// The rows of this page instead.
    pub(crate) rows_of_page: Option<u64>,
    /// The rows are those of so many pages before: empty pages came between.
    pub(crate) late_pages: u64,
    /// The rows begin so much earlier for each page after the first: people were added in front while paging.
    pub(crate) shift_per_page: i64,
    /// The total grows by so much with each page; also sends it where it is not announced.
    pub(crate) total_per_page: Option<i64>,
    /// The total as raw JSON instead.
    pub(crate) total_json: Option<String>,
    /// Another name for `total`.
    pub(crate) total_name: Option<String>,
    /// Another name for `items`.
    pub(crate) items_name: Option<String>,
    pub(crate) insert: Vec<Insert>,
}

/// A row of somebody else's making.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Insert {
    /// Before which of the page's own rows, from 0; past the last means at the end.
    #[serde(default)]
    pub(crate) at: usize,
    /// Bytes, with marks.
    pub(crate) row: String,
    /// Text that is repeated where `{fill}` stands in the row.
    pub(crate) fill: Option<Fill>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fill {
    pub(crate) text: String,
    pub(crate) times: usize,
}

/// What happens to a body before it is sent.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BodyEffect {
    /// Bytes put before it.
    pub(crate) prefix: String,
    /// Only so much of it, in percent; the reply is whole as HTTP.
    pub(crate) keep_percent: Option<u8>,
}

/// How a reply goes out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Send {
    /// The length is announced, the connection closed after this much of the body.
    Cut { percent: u8 },
    /// The same without an announced length: chunked, no last chunk.
    CutChunked { percent: u8 },
    /// The same with a reset of the connection.
    Reset { percent: u8 },
    /// The connection is reset before a byte of the reply.
    ResetAtOnce {},
    /// The connection is closed before a byte of the reply.
    CloseAtOnce {},
    /// No reply, ever.
    Hang {},
    /// So many bytes at a time, with a pause between.
    Drip { bytes: usize, every_ms: u64 },
    /// The head at once, then nothing.
    Stall {},
    /// `head`, `repeat` so often (for ever when missing), `tail`; base64.
    Stream {
        head: String,
        repeat: String,
        times: Option<u64>,
        #[serde(default)]
        tail: String,
    },
    /// The connection is announced to end with this reply, and does.
    LastOnConnection {},
}
