//! Settings: defaults < file < environment < flags.
//!
//! ```text
//! config.toml ─┐
//! Env ─────────┼─► load ─► Settings ─► target: Tenant(Service) │ Incomplete │ Sandbox │ Nothing
//! Flags ───────┘
//! ```
//!
//! Nothing here reads the process: variables and directories are handed in, so that every rule has a test.

mod disk;
mod env;
mod file;
mod keep;
pub mod keyring;
mod look;
pub mod origin;
mod screen;
mod secret;
mod tenant;
pub mod units;

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

pub use self::env::{Env, Paths, VARIABLES};
pub use self::file::{Clipboard, nearest};
use self::file::{File, Tenant};
pub use self::keep::Keep;
pub use self::look::{Colour, Look, OnChange};
use self::screen::Wanted;
pub use self::screen::{Colours, LookSettings, OwnTheme};
use self::tenant::in_range;
use crate::engine::error::Error;
use crate::engine::options::{Bounds, CacheOptions, Service, Timeouts};
use crate::engine::query::DEFAULT_PAGE_SIZE;
use crate::engine::retention::{PastRetention, RETENTION_DAYS};

/// Bytes that rows may take in memory: two million and more.
pub const ROWS_BUDGET: usize = 1024 * 1024 * 1024;
/// Rows after which a run in the explorer pauses.
const PAUSE_ROWS: u64 = 10_000;
/// More requests at once than this help nobody.
const MAX_CONCURRENCY: u32 = 64;
/// Attributes that are personal unless said otherwise.
const MASK_ATTRIBUTES: [&str; 4] = ["address.*", "*birth*", "iban", "ssn"];

/// The way out that a command with `--sandbox` has where settings are missing.
const OR_SANDBOX: &str = ", or use --sandbox for made-up people";

/// What flags say; `None` where they say nothing.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--tenant`
    pub tenant: Option<String>,
    /// `--sandbox`
    pub sandbox: bool,
    /// `--concurrency`
    pub concurrency: Option<u32>,
    /// `--page-size`
    pub page_size: Option<u32>,
    /// `--rate`, as typed.
    pub rate: Option<String>,
    /// `--timeout`, as typed.
    pub timeout: Option<String>,
    /// `--max-wait`, as typed.
    pub max_wait: Option<String>,
    /// `--retention-days`
    pub retention_days: Option<u32>,
}

/// Everything settled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which service is asked.
    pub target: Target,
    /// How the tenant's name looks.
    pub look: Look,
    /// What a query has unless it says otherwise.
    pub query: QueryDefaults,
    /// How the explorer starts.
    pub explorer: Explorer,
    /// How personal values are shown.
    pub privacy: Privacy,
    /// How long files of ours are kept.
    pub keep: Keep,
    /// Where files live.
    pub paths: Paths,
    /// Where webhooks are sent to, where that is set.
    pub webhook_url: Option<String>,
    /// Whether colours are unwelcome (`NO_COLOR`).
    pub no_color: bool,
    /// How the sandbox is treated.
    treatment: Treatment,
}

/// Which service is asked.
#[derive(Clone, Debug)]
pub enum Target {
    /// A tenant with all that is needed.
    Tenant(Box<Service>),
    /// A tenant that lacks something.
    Incomplete {
        /// The tenant without credentials, for a plan; `None`: not even its host is known.
        planned: Option<Box<Service>>,
        /// What is missing.
        error: Error,
    },
    /// The embedded service, because a flag says so.
    Sandbox,
    /// Nothing is configured.
    Nothing,
}

/// What a query has unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryDefaults {
    /// Profiles a page.
    pub page_size: u32,
    /// Days that profiles are kept for.
    pub retention_days: u32,
}

/// How the explorer starts.
#[derive(Clone, Debug)]
pub struct Explorer {
    /// Runs pause after so many rows; `None`: never.
    pub pause: Option<u64>,
    /// Whether rows are asked for only as the reader nears the end.
    pub pull: bool,
    /// Bytes that rows may take in memory before what was received goes to a temporary file.
    pub budget: usize,
    /// How the screen is to look.
    pub look: LookSettings,
    /// Which way copies go.
    pub clipboard: Clipboard,
    /// Whether a newcomer is shown around.
    pub tour: bool,
    /// What tells that something changed which is watched.
    pub on_change: OnChange,
}

/// How personal values are shown at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// Whether they are masked.
    pub mask: bool,
    /// Paths of the attributes that are personal too, in which `*` stands for anything: `address.*`.
    pub attributes: Vec<String>,
}

impl Privacy {
    /// What holds where the settings cannot be read: nobody knows that they do not want it masked.
    pub fn unknown() -> Self {
        Self { mask: true, attributes: MASK_ATTRIBUTES.map(str::to_owned).to_vec() }
    }
}

/// How a service is treated, whichever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Treatment {
    timeouts: Timeouts,
    bounds: Bounds,
    cache: CacheOptions,
    past_retention: PastRetention,
}

impl Settings {
    /// The service to ask, for a command that must not take the sandbox for a tenant.
    ///
    /// # Errors
    /// Names the variables that are missing and `--sandbox`.
    pub fn service(&self) -> Result<Service, Error> {
        match &self.target {
            Target::Tenant(service) => Ok((**service).clone()),
            Target::Incomplete { error, .. } => Err(error.clone()),
            Target::Sandbox | Target::Nothing => Err(Error::usage(
                "no tenant is configured",
                "CXONE_TENANT, CXONE_CLIENT_ID and CXONE_CLIENT_SECRET are not set, and config.toml names no tenant",
                format!("set the three{OR_SANDBOX}"),
            )),
        }
    }

    /// The tenant to ask, for a command that has no sandbox of its own.
    ///
    /// # Errors
    /// Names the variables that are missing and `cxlens sandbox`.
    pub fn tenant(&self) -> Result<Service, Error> {
        self.service().map_err(|error| {
            let remedy = error.remedy.strip_suffix(OR_SANDBOX).unwrap_or(&error.remedy);
            let remedy = format!("{remedy}, or start cxlens sandbox and set what it prints");
            Error::new(error.kind, &error.what, &error.cause, remedy)
        })
    }

    /// The same without a response cache: a command that asks one question and ends has no use for answers
    /// kept in memory.
    #[must_use]
    pub fn without_cache(mut self) -> Self {
        self.treatment.cache.entries = 0;
        if let Target::Tenant(service) = &mut self.target {
            service.cache.entries = 0;
        }
        self
    }

    /// Whether a flag asks for the sandbox.
    pub fn wants_sandbox(&self) -> bool {
        matches!(self.target, Target::Sandbox)
    }

    /// The embedded service at this address.
    pub fn sandbox_service(
        &self,
        base_url: Url,
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretString,
    ) -> Service {
        Service {
            sandbox: true,
            timeouts: self.treatment.timeouts,
            bounds: self.treatment.bounds,
            cache: self.treatment.cache,
            past_retention: self.treatment.past_retention,
            ..Service::new(tenant, base_url, client_id, client_secret)
        }
    }

    /// A service to plan with: never asked, so that it may lack credentials. Says what of it is not real.
    ///
    /// # Errors
    /// Never in practice: the stand-in's own URL would have to be wrong.
    pub fn planned(&self) -> Result<(Service, Option<&'static str>), Error> {
        let stand_in = |url: &str| {
            let url = origin::base_url("base URL", url, false)?;
            Ok(self.sandbox_service(url, "sandbox", "", SecretString::default()))
        };
        match &self.target {
            Target::Tenant(service) | Target::Incomplete { planned: Some(service), .. } => {
                Ok(((**service).clone(), None))
            }
            Target::Sandbox => stand_in("http://127.0.0.1")
                .map(|s| (s, Some("the sandbox takes a free port when it starts"))),
            Target::Incomplete { planned: None, .. } | Target::Nothing => {
                stand_in("https://tenant.my.cxone.com")
                    .map(|s| (s, Some("no tenant is configured; tenant.my.cxone.com stands in for it")))
            }
        }
    }
}

/// Settles everything.
///
/// # Errors
/// A file that cannot be read or holds an unknown key, a value that is not valid: exit 2, with the place and what
/// would be right. Missing credentials are no error here; [`Settings::service`] tells.
pub fn load(env: &Env, paths: &Paths, flags: &Flags) -> Result<Settings, Error> {
    let (mut file, path) = read_file(env, paths)?;
    let cache = CacheOptions {
        entries: file.cache.entries.unwrap_or(CacheOptions::default().entries),
        bytes: file.cache.mebibytes.map_or(CacheOptions::default().bytes, |m| m.saturating_mul(1024 * 1024)),
        life: file.cache.life.unwrap_or(CacheOptions::default().life),
    };
    let past_retention = file.past_retention.unwrap_or_default();
    let mut treatment = Treatment { cache, past_retention, ..Treatment::default() };
    let mut query = QueryDefaults { page_size: DEFAULT_PAGE_SIZE, retention_days: RETENTION_DAYS };
    let mut privacy = Privacy { mask: file.explorer.mask.unwrap_or(false), ..Privacy::unknown() };
    if let Some(attributes) = &file.explorer.mask_attributes {
        privacy.attributes.clone_from(attributes);
    }
    let target = if flags.sandbox {
        treatment.flags(flags)?;
        Target::Sandbox
    } else {
        tenant::settle(env, flags, &file, &path, &mut treatment, &mut query, &mut privacy)?
    };
    let look = target.named().map_or_else(Look::default, |service| file.look(&service.tenant));
    query.page_size = flags.page_size.unwrap_or(query.page_size);
    if let Some(days) = flags.retention_days {
        let kept = query.retention_days;
        if days > kept && treatment.past_retention == PastRetention::Withhold {
            return Err(Error::usage(
                format!("--retention-days {days}"),
                format!("profiles are kept for {kept} days, and what is older is withheld"),
                format!("use {kept} or less; the configuration sets retention_days and past_retention"),
            ));
        }
        query.retention_days = days;
    }
    let wanted = Wanted {
        theme: file.explorer.theme.take(),
        colours: file.explorer.colours,
        ascii: file.explorer.ascii,
        mouse: file.explorer.mouse,
    };
    Ok(Settings {
        target,
        look,
        query,
        privacy,
        keep: Keep::settle(file.keep, &path)?,
        paths: paths.clone(),
        explorer: Explorer {
            pause: Some(file.explorer.pause_rows.unwrap_or(PAUSE_ROWS)).filter(|rows| *rows > 0),
            pull: file.explorer.pull.unwrap_or(false),
            on_change: file.explorer.on_change.unwrap_or_default(),
            budget: file.explorer.mebibytes.map_or(ROWS_BUDGET, |m| {
                usize::try_from(m.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX)
            }),
            look: LookSettings::settle(wanted, paths),
            clipboard: file.explorer.clipboard.unwrap_or_default(),
            tour: file.explorer.tour.unwrap_or(true),
        },
        webhook_url: env.get("WEBHOOK_CALLBACK_URL").map(str::to_owned),
        no_color: env.get("NO_COLOR").is_some(),
        treatment,
    })
}

/// A tenant that could be asked.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Whether it has none of its own: the environment sets its address alone.
    pub unnamed: bool,
    /// Where requests go; empty where not even that is known.
    pub base_url: String,
    /// What it lacks.
    pub lacks: Option<Error>,
    /// How its name looks.
    pub look: Look,
}

/// Every tenant that could be asked as things are set now: those of the file by name, and the one of flags and
/// environment.
///
/// # Errors
/// The file cannot be read, or holds an unknown key.
pub fn tenants(env: &Env, paths: &Paths, flags: &Flags) -> Result<Vec<Listed>, Error> {
    let (file, path) = read_file(env, paths)?;
    let set = [flags.tenant.as_deref(), env.get("CXONE_TENANT")].into_iter().flatten();
    let mut names: Vec<Option<&str>> = set.chain(file.tenants.keys().map(String::as_str)).map(Some).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() && env.get("CXONE_BASE_URL").is_some() {
        names.push(None);
    }
    let listed = |name: Option<&str>| {
        let flags = Flags { tenant: name.map(str::to_owned), sandbox: false, ..flags.clone() };
        let mut query = QueryDefaults { page_size: DEFAULT_PAGE_SIZE, retention_days: RETENTION_DAYS };
        let settled = tenant::settle(
            env,
            &flags,
            &file,
            &path,
            &mut Treatment::default(),
            &mut query,
            &mut Privacy::unknown(),
        );
        let (service, lacks) = match settled {
            Ok(Target::Incomplete { planned, error }) => (planned, Some(error)),
            Ok(Target::Tenant(service)) => (Some(service), None),
            Ok(Target::Sandbox | Target::Nothing) => (None, None),
            Err(error) => (None, Some(error)),
        };
        let of_service = |service: &Service| service.tenant.clone();
        let name = name.map(str::to_owned).or(service.as_deref().map(of_service)).unwrap_or_default();
        Listed {
            look: file.look(&name),
            name,
            unnamed: flags.tenant.is_none(),
            base_url: service.map_or_else(String::new, |service| {
                service.base_url.as_str().trim_end_matches('/').to_owned()
            }),
            lacks,
        }
    };
    Ok(names.into_iter().map(listed).collect())
}

/// What `config login` keeps a secret for.
#[derive(Clone, Debug)]
pub struct Login {
    /// Where in the keyring.
    pub entry: keyring::Entry,
    /// The configuration file.
    pub file: PathBuf,
    /// Whether it has a table for the tenant.
    pub table: bool,
    /// Which key of that says where the secret is.
    pub source: Option<&'static str>,
    /// Whether the environment has a secret, which beats all.
    pub overridden: bool,
}

/// Whose secret a login is about.
///
/// # Errors
/// As [`load`]; the tenant or its client is not known.
pub fn login(env: &Env, paths: &Paths, flags: &Flags) -> Result<Login, Error> {
    let (file, path) = read_file(env, paths)?;
    let mut query = QueryDefaults { page_size: DEFAULT_PAGE_SIZE, retention_days: RETENTION_DAYS };
    let privacy = &mut Privacy::unknown();
    let target = tenant::settle(env, flags, &file, &path, &mut Treatment::default(), &mut query, privacy)?;
    let Some(service) = target.named() else {
        return Err(Error::usage(
            "no tenant is named",
            "a secret is kept for one client of one tenant",
            "name it with --tenant or CXONE_TENANT",
        ));
    };
    let tenant = service.tenant.as_str();
    if service.client_id.is_empty() {
        return Err(Error::usage(
            format!("the client of tenant {tenant}"),
            "it is not known, and a secret is kept for one client of one tenant",
            format!("set client_id in [tenants.{tenant}] of {}, or CXONE_CLIENT_ID", path.display()),
        ));
    }
    let table = file.tenants.get(tenant);
    let source = table.map(|table| secret::source(table, tenant, &path)).transpose()?.flatten();
    Ok(Login {
        entry: keyring::Entry::new(tenant, &service.client_id),
        table: table.is_some(),
        source: source.map(|source| source.name()),
        overridden: env.get("CXONE_CLIENT_SECRET").is_some(),
        file: path,
    })
}

impl Target {
    /// The tenant, as far as it is known.
    fn named(&self) -> Option<&Service> {
        match self {
            Self::Tenant(service) | Self::Incomplete { planned: Some(service), .. } => Some(service),
            _ => None,
        }
    }
}

impl File {
    fn look(&self, tenant: &str) -> Look {
        self.tenants.get(tenant).map_or_else(Look::default, |table| Look {
            colour: table.colour,
            production: table.production.unwrap_or(false),
        })
    }
}

impl Treatment {
    fn table(&mut self, table: &Tenant, name: &str, path: &Path) -> Result<(), Error> {
        if let Some(n) = table.concurrency {
            in_range(path, Some(name), "concurrency", n, 1, MAX_CONCURRENCY)?;
            self.bounds.concurrency = n;
        }
        if let Some(rate) = table.rate {
            self.bounds.rate = rate.0;
        }
        self.bounds.max_wait = table.max_wait.unwrap_or(self.bounds.max_wait);
        self.past_retention = table.past_retention.unwrap_or(self.past_retention);
        self.timeouts = Timeouts {
            token: table.timeouts.token.unwrap_or(self.timeouts.token),
            page: table.timeouts.page.unwrap_or(self.timeouts.page),
            webhook: table.timeouts.webhook.unwrap_or(self.timeouts.webhook),
            connect: table.timeouts.connect.unwrap_or(self.timeouts.connect),
        };
        Ok(())
    }

    fn flags(&mut self, flags: &Flags) -> Result<(), Error> {
        if let Some(n) = flags.concurrency {
            self.bounds.concurrency = n;
        }
        if let Some(text) = &flags.rate {
            self.bounds.rate = units::rate(text).map_err(|e| flag("--rate", &e))?;
        }
        if let Some(text) = &flags.max_wait {
            self.bounds.max_wait = units::duration(text).map_err(|e| flag("--max-wait", &e))?;
        }
        if let Some(text) = &flags.timeout {
            let limit = units::timeout(text).map_err(|e| flag("--timeout", &e))?;
            self.timeouts = Timeouts {
                token: limit,
                page: limit,
                webhook: limit,
                connect: self.timeouts.connect.min(limit),
            };
        }
        Ok(())
    }
}

/// An error about a flag, from what [`units`] says of its value.
pub fn flag(name: &str, said: &str) -> Error {
    let (cause, remedy) = said.split_once("; ").unwrap_or((said, ""));
    Error::usage(name, cause, remedy)
}

/// The configuration file and where it stands; an empty one where there is none.
fn read_file(env: &Env, paths: &Paths) -> Result<(File, PathBuf), Error> {
    let named = env.get("CXLENS_CONFIG").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| paths.config.join("config.toml"));
    if named.is_none() && !path.exists() {
        return Ok((File::default(), path));
    }
    let found = disk::read(&path)?;
    let file = File::parse(&found.text, &path)?;
    if file.holds_secret() {
        found.holds_a_secret()?;
    }
    if file.names_commands() {
        found.names_programs()?;
    }
    Ok((file, path))
}

#[cfg(test)]
mod tests;
