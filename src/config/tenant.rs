//! Which tenant is asked: its name, host, credentials and manners.

use std::fmt::Write as _;
use std::path::Path;

use secrecy::SecretString;
use url::Url;

use super::file::{File, Tenant};
use super::{Env, Flags, OR_SANDBOX, Privacy, QueryDefaults, Target, Treatment, origin, secret};
use crate::engine::error::Error;
use crate::engine::options::Service;
use crate::engine::query::MAX_PAGE_SIZE;
use crate::engine::secret::ClientSecret;

/// Settles which tenant is asked, and how.
pub(super) fn settle(
    env: &Env,
    flags: &Flags,
    file: &File,
    path: &Path,
    treatment: &mut Treatment,
    query: &mut QueryDefaults,
    privacy: &mut Privacy,
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
    privacy.mask = table.mask.unwrap_or(privacy.mask);
    if let Some(attributes) = &table.mask_attributes {
        privacy.attributes.clone_from(attributes);
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
    // Two sources are a mistake also where the environment beats both.
    let source = secret::source(&table, name.unwrap_or_default(), path)?;
    let client_secret = match (from_env("CXONE_CLIENT_SECRET"), source) {
        (Some(secret), _) => Some(ClientSecret::from(SecretString::from(secret))),
        (None, Some(source)) => {
            let whose = secret::Whose { tenant: name.unwrap_or_default(), client_id: client_id.as_deref() };
            Some(source.open(whose, path, env.keyring())?)
        }
        (None, None) => None,
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
    let lacking = missing(
        name,
        foreign,
        &[
            (base_url.is_none(), "CXONE_TENANT (or CXONE_BASE_URL)"),
            (client_id.is_none(), "CXONE_CLIENT_ID"),
            (client_secret.is_none(), "CXONE_CLIENT_SECRET"),
        ],
    );
    let Some(base_url) = base_url else {
        return Ok(Target::Incomplete { planned: None, error: lacking });
    };
    let complete = client_id.is_some() && client_secret.is_some();
    let service = Service {
        token_url: token_url(&table, &base_url, path, insecure)?,
        scopes: scopes(&table, path)?,
        segment_template,
        needs_reason: table.require_reason.unwrap_or(false),
        timeouts: treatment.timeouts,
        bounds: treatment.bounds,
        cache: treatment.cache,
        past_retention: treatment.past_retention,
        retention_days: query.retention_days,
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
fn missing(name: Option<&str>, foreign: bool, variables: &[(bool, &str)]) -> Error {
    let lacking: Vec<_> =
        variables.iter().filter_map(|(lacks, variable)| lacks.then_some(*variable)).collect();
    let mut cause =
        format!("{} {} not set", lacking.join(" and "), if lacking.len() == 1 { "is" } else { "are" });
    if foreign {
        cause.push_str(" for it (the environment's belong to the tenant in CXONE_TENANT)");
    }
    let table = name.unwrap_or("NAME");
    let mut remedy = "set ".to_owned();
    remedy.push_str(if lacking.len() == 1 { "it" } else { "them" });
    let _ = write!(
        remedy,
        ", or client_id and secret_command, keyring or client_secret_file in [tenants.{table}] of config.toml"
    );
    remedy.push_str(OR_SANDBOX);
    Error::usage(
        name.map_or_else(
            || "settings are incomplete".to_owned(),
            |n| format!("settings of tenant {n} are incomplete"),
        ),
        cause,
        remedy,
    )
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

/// Refuses a number of the file that is out of range.
pub(super) fn in_range(
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
