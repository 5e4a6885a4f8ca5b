//! Settings: defaults < file < environment < flags.
//!
//! ```text
//! config.toml ─┐
//! Env ─────────┼─► load ─► Settings ─► target: Tenant(Service) │ Incomplete │ Sandbox │ Nothing
//! Flags ───────┘
//! ```
//!
//! Nothing here reads the process: variables and directories are handed in, so that every rule has a test.

mod env;
mod file;
pub mod origin;
pub mod units;

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

pub use self::env::{Env, Paths, VARIABLES};
use self::file::{File, Tenant};
use crate::engine::error::Error;
use crate::engine::options::{Bounds, CacheOptions, Service, Timeouts};
use crate::engine::query::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

/// Days that profiles are kept for, unless said otherwise.
const RETENTION_DAYS: u32 = 180;
/// More requests at once than this help nobody.
const MAX_CONCURRENCY: u32 = 64;
/// A configuration or secret file larger than this is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

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
    /// What a query has unless it says otherwise.
    pub query: QueryDefaults,
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

/// How a service is treated, whichever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Treatment {
    timeouts: Timeouts,
    bounds: Bounds,
    cache: CacheOptions,
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
                "set the three, or use --sandbox for made-up people",
            )),
        }
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
    let (file, path) = read_file(env, paths)?;
    let cache = CacheOptions {
        entries: file.cache.entries.unwrap_or(CacheOptions::default().entries),
        bytes: file.cache.mebibytes.map_or(CacheOptions::default().bytes, |m| m.saturating_mul(1024 * 1024)),
        life: file.cache.life.unwrap_or(CacheOptions::default().life),
    };
    let mut treatment = Treatment { cache, ..Treatment::default() };
    let mut query = QueryDefaults { page_size: DEFAULT_PAGE_SIZE, retention_days: RETENTION_DAYS };
    let target = if flags.sandbox {
        treatment.flags(flags)?;
        Target::Sandbox
    } else {
        tenant(env, flags, &file, &path, &mut treatment, &mut query)?
    };
    query.page_size = flags.page_size.unwrap_or(query.page_size);
    query.retention_days = flags.retention_days.unwrap_or(query.retention_days);
    Ok(Settings {
        target,
        query,
        paths: paths.clone(),
        webhook_url: env.get("WEBHOOK_CALLBACK_URL").map(str::to_owned),
        no_color: env.get("NO_COLOR").is_some(),
        treatment,
    })
}

/// Settles which tenant is asked, and how.
fn tenant(
    env: &Env,
    flags: &Flags,
    file: &File,
    path: &Path,
    treatment: &mut Treatment,
    query: &mut QueryDefaults,
) -> Result<Target, Error> {
    let only = || file.tenants.keys().next().filter(|_| file.tenants.len() == 1).map(String::as_str);
    let named = flags.tenant.as_deref().or(env.get("CXONE_TENANT")).or(file.tenant.as_deref());
    // A base URL of the environment is a tenant of its own; the file's only tenant is not meant by it.
    let name = named.or_else(|| if env.get("CXONE_BASE_URL").is_none() { only() } else { None });
    let name = name.map(origin::tenant_name).transpose()?;
    for configured in file.tenants.keys() {
        origin::tenant_name(configured).map_err(|error| error.at(&path.display().to_string()))?;
    }
    if let (Some(wanted), true) = (file.tenant.as_deref(), name.is_some() && name == file.tenant.as_deref()) {
        let from_file = flags.tenant.is_none() && env.get("CXONE_TENANT").is_none();
        if from_file && !file.tenants.is_empty() && !file.tenants.contains_key(wanted) {
            return Err(Error::usage(
                format!("{}: tenant = {wanted:?}", path.display()),
                format!("there is no table [tenants.{wanted}]"),
                format!("add it, or name one of {}", names(file)),
            ));
        }
    }
    let table = name.and_then(|name| file.tenants.get(name)).cloned().unwrap_or_default();
    // The environment's credentials belong to the environment's tenant. They are not sent to another one that the
    // file knows, which has its own.
    let foreign = name.is_some_and(|name| {
        file.tenants.contains_key(name) && env.get("CXONE_TENANT").is_some_and(|other| other != name)
    });
    let from_env = |variable: &str| env.get(variable).filter(|_| !foreign);
    treatment.table(&table, name.unwrap_or_default(), path)?;
    treatment.flags(flags)?;
    if let Some(size) = table.page_size {
        in_range(path, name, "page_size", size, 1, MAX_PAGE_SIZE)?;
        query.page_size = size;
    }
    query.retention_days = table.retention_days.unwrap_or(query.retention_days);

    let insecure = table.allow_insecure_http.unwrap_or(false);
    let base_url = match (from_env("CXONE_BASE_URL"), table.base_url.as_deref(), name) {
        (Some(url), _, _) => Some(origin::base_url("CXONE_BASE_URL", url, insecure)?),
        (None, Some(url), name) => {
            let what = format!("{}: base_url of tenant {}", path.display(), name.unwrap_or_default());
            Some(origin::base_url(&what, url, insecure)?)
        }
        (None, None, Some(name)) => Some(origin::default_base_url(name)?),
        (None, None, None) => None,
    };
    let client_id = from_env("CXONE_CLIENT_ID").map(str::to_owned).or(table.client_id.clone());
    let client_secret = match from_env("CXONE_CLIENT_SECRET") {
        Some(secret) => Some(SecretString::from(secret.to_owned())),
        None => secret_of(&table, name.unwrap_or_default(), path)?,
    };
    if base_url.is_none() && client_id.is_none() && client_secret.is_none() {
        if file.tenants.is_empty() {
            return Ok(Target::Nothing);
        }
        return Err(Error::usage(
            "no tenant is chosen",
            format!("{} has {}", path.display(), names(file)),
            "name one with --tenant or CXONE_TENANT, or as tenant = \"…\" in the file",
        ));
    }
    let segment_template = table.segment_template.clone().unwrap_or(Service::SEGMENT_TEMPLATE.to_owned());
    if !segment_template.contains("{ids}") && !segment_template.contains("{id}") {
        return Err(Error::usage(
            format!("{}: segment_template {segment_template:?}", path.display()),
            "it has neither {ids} nor {id}, so that no segment would be asked for",
            format!("write it like {:?}", Service::SEGMENT_TEMPLATE),
        ));
    }
    let lacking = missing(name, foreign, base_url.is_none(), client_id.is_none(), client_secret.is_none());
    let Some(base_url) = base_url else {
        return Ok(Target::Incomplete { planned: None, error: lacking });
    };
    let complete = client_id.is_some() && client_secret.is_some();
    let service = Service {
        token_url: token_url(&table, &base_url, path, insecure)?,
        scopes: scopes(&table, path)?,
        segment_template,
        timeouts: treatment.timeouts,
        bounds: treatment.bounds,
        cache: treatment.cache,
        ..Service::new(
            name.map_or_else(|| origin::name_of_host(&base_url), str::to_owned),
            base_url,
            client_id.unwrap_or_default(),
            client_secret.unwrap_or_default(),
        )
    };
    if let Some(dialect) = table.dialect.as_deref().filter(|d| *d != service.dialect.name()) {
        return Err(Error::usage(
            format!("{}: dialect {dialect:?}", path.display()),
            "it is not known",
            format!("write dialect = {:?}, or leave it out", service.dialect.name()),
        ));
    }
    let service = Box::new(service);
    Ok(if complete {
        Target::Tenant(service)
    } else {
        Target::Incomplete { planned: Some(service), error: lacking }
    })
}

fn names(file: &File) -> String {
    file.tenants.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Says which of the three are missing, and which are there.
fn missing(name: Option<&str>, foreign: bool, base_url: bool, id: bool, secret: bool) -> Error {
    let lacking: Vec<_> = [
        (base_url, "CXONE_TENANT (or CXONE_BASE_URL)"),
        (id, "CXONE_CLIENT_ID"),
        (secret, "CXONE_CLIENT_SECRET"),
    ]
    .into_iter()
    .filter_map(|(lacks, variable)| lacks.then_some(variable))
    .collect();
    let mut cause =
        format!("{} {} not set", lacking.join(" and "), if lacking.len() == 1 { "is" } else { "are" });
    if foreign {
        cause.push_str(" for it (the environment's belong to the tenant in CXONE_TENANT)");
    }
    let table = name.unwrap_or("NAME");
    let mut remedy = "set ".to_owned();
    remedy.push_str(if lacking.len() == 1 { "it" } else { "them" });
    let _ = write!(remedy, ", or client_id and client_secret_file in [tenants.{table}] of config.toml; ");
    remedy.push_str("or use --sandbox for made-up people");
    Error::usage(
        name.map_or_else(
            || "settings are incomplete".to_owned(),
            |n| format!("settings of tenant {n} are incomplete"),
        ),
        cause,
        remedy,
    )
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

fn in_range(
    path: &Path,
    tenant: Option<&str>,
    key: &str,
    n: u32,
    least: u32,
    most: u32,
) -> Result<(), Error> {
    if (least..=most).contains(&n) {
        return Ok(());
    }
    Err(Error::usage(
        format!("{}: {key} = {n} of tenant {}", path.display(), tenant.unwrap_or_default()),
        "it is out of range",
        format!("use {least} to {most}"),
    ))
}

fn token_url(table: &Tenant, base_url: &Url, path: &Path, insecure: bool) -> Result<Option<Url>, Error> {
    let place = path.display();
    match (table.token_url.as_deref(), table.token_path.as_deref()) {
        (None, None) => Ok(None),
        (Some(url), None) => origin::secure_url(&format!("{place}: token_url"), url, insecure).map(Some),
        (None, Some(text)) => {
            let url = base_url.join(text).ok().filter(|url| {
                text.starts_with('/')
                    && url.origin() == base_url.origin()
                    && url.query().is_none()
                    && url.fragment().is_none()
            });
            url.map(Some).ok_or_else(|| {
                Error::usage(
                    format!("{place}: token_path {text:?}"),
                    "it is not a path on the tenant's host",
                    "write it like /oauth/token, or a whole URL as token_url",
                )
            })
        }
        (Some(_), Some(_)) => Err(Error::usage(
            format!("{place}: token_url and token_path"),
            "both are set",
            "keep one of them",
        )),
    }
}

fn scopes(table: &Tenant, path: &Path) -> Result<Vec<String>, Error> {
    let scopes = table.scopes.clone().unwrap_or_default();
    // RFC 6749 §3.3: printable ASCII without space, quote and backslash.
    let fine =
        |s: &String| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    match scopes.iter().find(|s| !fine(s)) {
        None => Ok(scopes),
        Some(bad) => Err(Error::usage(
            format!("{}: scope {bad:?}", path.display()),
            "a scope is one word without blanks, quotes and backslashes",
            "write scopes = [\"crm:read\", \"cdp:read\"], or leave it out",
        )),
    }
}

/// The secret that the tenant's table holds or points to.
fn secret_of(table: &Tenant, name: &str, path: &Path) -> Result<Option<SecretString>, Error> {
    match (&table.client_secret, &table.client_secret_file) {
        (Some(_), Some(_)) => Err(Error::usage(
            format!("{}: client_secret and client_secret_file of tenant {name}", path.display()),
            "both are set",
            "keep client_secret_file",
        )),
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, Some(secret_file)) => {
            let secret_file = path.parent().unwrap_or(Path::new("")).join(secret_file);
            let (text, open_to_others) = read(&secret_file)?;
            if open_to_others {
                return Err(readable_by_others(&secret_file));
            }
            let secret = text.trim_end_matches(['\r', '\n']);
            if secret.is_empty() {
                return Err(Error::usage(
                    secret_file.display().to_string(),
                    "it is empty",
                    "write the client secret into it",
                ));
            }
            Ok(Some(secret.to_owned().into()))
        }
        (None, None) => Ok(None),
    }
}

/// The configuration file and where it stands; an empty one where there is none.
fn read_file(env: &Env, paths: &Paths) -> Result<(File, PathBuf), Error> {
    let named = env.get("CXLENS_CONFIG").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| paths.config.join("config.toml"));
    if named.is_none() && !path.exists() {
        return Ok((File::default(), path));
    }
    let (text, open_to_others) = read(&path)?;
    let file = File::parse(&text, &path)?;
    if open_to_others && file.holds_secret() {
        return Err(readable_by_others(&path));
    }
    Ok((file, path))
}

/// A file's text, and whether others than its owner may read it.
fn read(path: &Path) -> Result<(String, bool), Error> {
    let failed = |error: std::io::Error| {
        Error::usage(
            path.display().to_string(),
            format!("it cannot be read: {error}"),
            "check the path and its permissions",
        )
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::usage(path.display().to_string(), "it is larger than 1 MiB", "check the path"));
    }
    Ok((text, mode & 0o077 != 0))
}

fn readable_by_others(path: &Path) -> Error {
    Error::usage(
        path.display().to_string(),
        "it holds a secret and others may read it",
        format!("chmod 600 {}", path.display()),
    )
}

#[cfg(test)]
mod tests;
