//! Which names a tenant may have and where its secret may be sent.

use url::{Host, Url};

use crate::engine::error::Error;

/// The domain that tenants live under.
const DOMAIN: &str = "my.cxone.com";

/// Checks a tenant's name: a DNS label of `[a-z0-9-]`, 1 to 63 characters, no hyphen at its ends.
///
/// The name becomes part of a host that the secret is sent to; anything else could send it elsewhere.
///
/// # Errors
/// The name and the rule.
pub fn tenant_name(name: &str) -> Result<&str, Error> {
    let is_label = |name: &str| {
        (1..=63).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    };
    if is_label(name) {
        return Ok(name);
    }
    let lower = name.trim().to_lowercase();
    let first = lower.trim_start_matches("https://").split('.').next().unwrap_or_default();
    let remedy = if is_label(first) {
        format!("did you mean {first}? It is the NAME in https://NAME.{DOMAIN}")
    } else {
        format!("use the NAME in https://NAME.{DOMAIN}, such as acme")
    };
    Err(Error::usage(
        format!("tenant {name:?}"),
        "a tenant's name is 1 to 63 of a-z, 0-9 and -, with no - at its ends",
        remedy,
    ))
}

/// The base URL of a tenant that names none of its own.
///
/// # Errors
/// The name is no tenant's name.
pub fn default_base_url(tenant: &str) -> Result<Url, Error> {
    let tenant = tenant_name(tenant)?;
    secure_url("base URL", &format!("https://{tenant}.{DOMAIN}"), false)
}

/// Reads a base URL: an origin with nothing behind it, over https (or http to this machine).
///
/// # Errors
/// The URL and the rule.
pub fn base_url(what: &str, text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    let url = secure_url(what, text, allow_insecure_http)?;
    if !matches!(url.path(), "" | "/") {
        return Err(refuse(what, text, "it has a path", "leave the path out: https://host is enough"));
    }
    Ok(url)
}

/// Reads the URL of a token endpoint: like a base URL, with a path.
///
/// # Errors
/// The URL and the rule.
pub fn secure_url(what: &str, text: &str, allow_insecure_http: bool) -> Result<Url, Error> {
    let remedy = "use https, or set allow_insecure_http = true in the tenant's table of config.toml";
    let url = checked(what, text, allow_insecure_http, "write it like https://acme.my.cxone.com", remedy)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(what, text, "it has a query or a fragment", "leave out what begins with ? or #"));
    }
    Ok(url)
}

/// Reads a URL that webhooks are sent to: it may have a path and a query.
///
/// # Errors
/// The URL and the rule.
pub fn callback_url(what: &str, text: &str) -> Result<Url, Error> {
    let url = checked(what, text, false, "write it like https://example.com/hooks/cxone", "use https")?;
    if url.fragment().is_some() {
        return Err(refuse(what, text, "it has a fragment", "leave out what begins with #"));
    }
    Ok(url)
}

/// What every URL here has in common: https (or http to this machine), a host, and nobody's password.
fn checked(
    what: &str,
    text: &str,
    allow_insecure_http: bool,
    example: &str,
    insecure: &str,
) -> Result<Url, Error> {
    let url = Url::parse(text.trim())
        .map_err(|error| refuse(what, text, &format!("it is not a URL ({error})"), example))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            what,
            // Not the value: a password stands in it.
            "…",
            "it holds a user name or password",
            "remove it; credentials go into CXONE_CLIENT_ID and CXONE_CLIENT_SECRET",
        ));
    }
    let Some(host) = url.host() else {
        return Err(refuse(what, text, "it names no host", example));
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_insecure_http || is_loopback(&host) => {}
        "http" => {
            return Err(refuse(
                what,
                text,
                "it would travel unencrypted: http is for this machine only",
                insecure,
            ));
        }
        other => return Err(refuse(what, text, &format!("{other} is not https"), example)),
    }
    Ok(url)
}

/// A name for a tenant that is known by its base URL only.
pub fn name_of_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let label = host.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix('.')).unwrap_or(host);
    let name: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "unnamed".into() } else { name[..name.len().min(63)].trim_end_matches('-').into() }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn refuse(what: &str, value: &str, cause: &str, remedy: &str) -> Error {
    Error::usage(format!("{what} {value:?}"), cause, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_dns_label_and_nothing_else() {
        for good in ["acme", "a", "acme-2", "0", &"x".repeat(63)] {
            assert_eq!(tenant_name(good).unwrap(), good);
        }
        for bad in [
            "evil.com/#",
            "",
            "-acme",
            "acme-",
            "Acme",
            "acme.my.cxone.com",
            "a b",
            "ac\u{200b}me",
            "аcme",
            "a@b",
            "a:1",
            &"x".repeat(64),
        ] {
            let error = tenant_name(bad).unwrap_err();
            assert_eq!(error.kind.exit_code(), 2);
            assert!(default_base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tenant_that_is_nearly_right_is_put_right() {
        for near in ["ACME", "acme.my.cxone.com", "https://acme.my.cxone.com"] {
            assert!(tenant_name(near).unwrap_err().remedy.contains("did you mean acme?"), "{near}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://localhost:80",
            "https://api.example.com/",
        ] {
            assert!(base_url("base URL", good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://example.com",
        ] {
            let error = base_url("base URL", bad, false).unwrap_err();
            assert!(error.remedy.contains("allow_insecure_http"), "{error}");
            assert!(base_url("base URL", bad, true).is_ok(), "{bad}");
        }
    }

    #[test]
    fn a_base_url_is_an_origin() {
        for (bad, word) in [
            ("https://a.example/path", "path"),
            ("https://a.example/?x=1", "query"),
            ("https://a.example/#x", "query"),
            ("https://a.example?", "query"),
            ("ftp://a.example", "ftp"),
            ("file:///etc/passwd", "no host"),
            ("acme", "not a URL"),
            ("", "not a URL"),
        ] {
            let error = base_url("CXONE_BASE_URL", bad, true).unwrap_err();
            assert!(error.cause.contains(word) && error.what.contains(bad), "{bad}: {error}");
        }
    }

    #[test]
    fn a_callback_may_have_a_path_and_a_query() {
        for good in ["https://a.example/hook?x=1", "http://127.0.0.1:9/h", "https://a.example"] {
            assert!(callback_url("--url", good).is_ok(), "{good}");
        }
        for bad in ["http://a.example/h", "https://a.example/#x", "a.example", "https://u:p@a.example"] {
            assert!(callback_url("--url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        let error = base_url("base URL", "https://me:hunter2@a.example", true).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(base_url("base URL", "https://me@a.example", true).is_err());
    }

    #[test]
    fn a_host_gives_a_name() {
        for (url, name) in [
            ("https://acme.my.cxone.com", "acme"),
            ("http://127.0.0.1:1", "127-0-0-1"),
            ("http://[::1]:1", "1"),
            ("https://api.example.com", "api-example-com"),
        ] {
            assert_eq!(name_of_host(&Url::parse(url).unwrap()), name);
        }
    }
}
