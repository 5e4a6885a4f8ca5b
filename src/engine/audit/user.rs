//! Who runs this program, as the operating system sees it.

/// An operating-system user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that goes with the number; from the environment where the system's own list does not have it.
    pub name: String,
    /// The real user ID, which cannot be set by the user.
    pub uid: u32,
}

impl User {
    /// The user of this process.
    pub fn current() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let listed = std::fs::read_to_string("/etc/passwd").ok().and_then(|list| name_in(&list, uid));
        // Directory services (LDAP and the like) are not in the file; the number still says who it is.
        let name = listed
            .or_else(|| std::env::var("LOGNAME").ok())
            .or_else(|| std::env::var("USER").ok())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("uid {uid}"));
        Self { name, uid }
    }
}

/// The name of a user in `/etc/passwd`.
fn name_in(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_in(list, 1000).as_deref(), Some("ada"));
        assert_eq!(name_in(list, 0).as_deref(), Some("root"));
        assert_eq!(name_in(list, 100), None);
    }

    #[test]
    fn there_is_always_a_name() {
        assert!(!User::current().name.is_empty());
    }
}
