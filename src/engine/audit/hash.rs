//! Keyed hashes: the same value gives the same hash on this machine, and without the key nobody can try
//! values until one fits, as they could with a plain hash of an ID or a phone number.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::OFlags;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::engine::error::{Error, Kind, Result};

/// The key's length, in bytes.
const KEY_BYTES: usize = 32;
/// SHA-256's block, in bytes.
const BLOCK_BYTES: usize = 64;
/// Bytes of a hash that are kept; 128 bits tell any number of profiles apart.
const KEPT_BYTES: usize = 16;
/// The key's file, beside the entries.
const KEY_FILE: &str = "key";

/// HMAC-SHA256 under the audit trail's own key.
#[derive(Clone)]
pub struct Hasher(Hmac<Sha256>);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher([redacted])")
    }
}

impl Hasher {
    /// A hasher with this key.
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        // HMAC fills a short key up with zeros to the hash's block (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block[..KEY_BYTES].copy_from_slice(key);
        Self(Hmac::new((&*block).into()))
    }

    /// The hash of a value: 32 hexadecimal digits.
    pub fn hash(&self, value: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut out = String::with_capacity(2 * KEPT_BYTES);
        for byte in &digest[..KEPT_BYTES] {
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        out
    }

    /// The hasher of an audit directory that has a key.
    ///
    /// # Errors
    /// A key that is not there or cannot be read, is not 32 bytes, or can be read by others.
    pub fn kept(dir: &Path) -> Result<Self> {
        let path = dir.join(KEY_FILE);
        read(open(&path).map_err(|e| unreadable(&path, &e))?, &path)
    }

    /// The hasher of an audit directory; its key is made where there is none.
    ///
    /// # Errors
    /// A key that cannot be read or made, is not 32 bytes, or can be read by others.
    pub(super) fn of(dir: &Path) -> Result<Self> {
        let path = dir.join(KEY_FILE);
        match open(&path) {
            Ok(file) => read(file, &path),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(dir, &path)?;
                read(open(&path).map_err(|e| unreadable(&path, &e))?, &path)
            }
            Err(error) => Err(unreadable(&path, &error)),
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
}

fn read(file: File, path: &Path) -> Result<Hasher> {
    let metadata = file.metadata().map_err(|e| unreadable(path, &e))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::new(
            Kind::Local,
            format!("audit key {}", path.display()),
            format!("others can read or write it (mode {mode:04o})"),
            format!("chmod 600 {}", path.display()),
        ));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    let key: Zeroizing<[u8; KEY_BYTES]> = match bytes.as_slice().try_into() {
        Ok(key) => Zeroizing::new(key),
        Err(_) => {
            return Err(Error::new(
                Kind::Local,
                format!("audit key {}", path.display()),
                format!("it is damaged: a key has {KEY_BYTES} bytes"),
                "put the key back from a backup, or move it away: hashes made from then on differ from the old ones",
            ));
        }
    };
    Ok(Hasher::new(&key))
}

/// Makes the key whole under another name first: a half key is never seen, and of two processes that make
/// one at once, the first wins and both use it.
fn make(dir: &Path, path: &Path) -> Result<()> {
    let key = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&*key)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
            _ => File::open(dir)?.sync_all(),
        }
    };
    write().map_err(|e| {
        Error::new(
            Kind::Local,
            format!("audit key {} could not be made", path.display()),
            e.to_string(),
            "check the directory's permissions and free space; no request is sent without an audit entry",
        )
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(
        Kind::Local,
        format!("audit key {} could not be read", path.display()),
        error.to_string(),
        "it must be a file of yours, not a link, with mode 0600",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn hashes_are_hmac_sha256() {
        // Of 32 zero bytes and "PROF-001", as Python's hmac has it; the first half.
        let zero = Hasher::new(&[0; 32]);
        let one = Hasher::new(&[1; 32]);
        assert_eq!(zero.hash("PROF-001"), "80e1acd2861901c2a0af2d9446b33b25");
        assert_ne!(zero.hash("PROF-001"), zero.hash("PROF-002"));
        assert_ne!(zero.hash("PROF-001"), one.hash("PROF-001"));
        assert_eq!(format!("{zero:?}"), "Hasher([redacted])");
    }

    #[test]
    fn a_key_is_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = Hasher::of(dir.path()).unwrap();
        let again = Hasher::of(dir.path()).unwrap();
        assert_eq!(first.hash("x"), again.hash("x"));
        let path = dir.path().join("key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap().len(), 32);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(Hasher::of(other.path()).unwrap().hash("x"), first.hash("x"));
    }

    #[test]
    fn a_key_that_cannot_be_trusted_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, [7; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Hasher::of(dir.path()).unwrap_err().to_string().contains("mode 0640"));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in [31, 33, 0] {
            fs::write(&path, vec![7; wrong]).unwrap();
            assert!(Hasher::of(dir.path()).unwrap_err().to_string().contains("damaged"), "{wrong}");
        }

        fs::write(&path, [7; 32]).unwrap();
        assert!(Hasher::of(dir.path()).is_ok());
        fs::rename(&path, dir.path().join("real")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), &path).unwrap();
        assert_eq!(Hasher::of(dir.path()).unwrap_err().kind, Kind::Local);
    }
}
