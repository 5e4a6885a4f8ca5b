//! `cxlens config login` and `logout`: the client secret goes into the system's keyring, and out of it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::signals::{Signal, Signals};
use crate::config::Login;
use crate::config::keyring::Keyring;
use crate::engine::error::{Error, Kind};
use crate::engine::text::clean;

/// A line that is longer is no secret.
const LONGEST: usize = 64 * 1024;
/// A key that is none: it leaves nothing to type.
const NO_KEY: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// What came of asking for a secret.
#[derive(Debug)]
pub enum Asked {
    /// It was typed.
    Typed(SecretString),
    /// A signal came first.
    Ended(Signal),
}

/// The terminal that this session has.
///
/// # Errors
/// It has none.
pub fn terminal() -> Result<File, Error> {
    File::options().read(true).write(true).open("/dev/tty").map_err(|error| unusable(&error))
}

fn unusable(error: &io::Error) -> Error {
    let remedy = "run it in a terminal, or give the secret on standard input";
    Error::new(Kind::Local, "the terminal", error.to_string(), remedy)
}

/// Asks for a secret on a terminal, which does not show what is typed. However this ends, the terminal is as before.
///
/// # Errors
/// The terminal is none, or gone.
pub async fn ask(mut tty: File, prompt: &str, signals: &mut Signals) -> Result<Asked, Error> {
    let failed = |error: io::Error| unusable(&error);
    let input = tty.try_clone().map_err(failed)?;
    let quiet = Quiet::begin(tty.try_clone().map_err(failed)?).map_err(failed)?;
    tty.write_all(prompt.as_bytes()).map_err(failed)?;
    let (line, typed) = oneshot::channel();
    // A thread of its own: whoever is not waited for any more stays in its read, and must not keep the program.
    std::thread::spawn(move || line.send(first_line(input)));
    let asked = tokio::select! {
        typed = typed => typed.map_err(|_| io::Error::other("nobody reads from it")).flatten().map(Asked::Typed),
        signal = signals.next() => Ok(Asked::Ended(signal)),
    };
    drop(quiet);
    asked.map_err(failed)
}

/// A terminal that does not show what is typed, and has no key that would stop this program before it shows again.
struct Quiet {
    tty: File,
    before: Termios,
}

impl Quiet {
    fn begin(tty: File) -> io::Result<Self> {
        let before = tcgetattr(&tty)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        for key in [SpecialCodeIndex::VSUSP, SpecialCodeIndex::VQUIT] {
            quiet.special_codes[key] = NO_KEY;
        }
        tcsetattr(&tty, OptionalActions::Flush, &quiet)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What was typed and not read is not for whoever reads next.
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, &self.before);
    }
}

/// The first line of a stream without its line break. Wiped, and never grown.
///
/// # Errors
/// The stream cannot be read, or its first line is not UTF-8 or too long.
pub fn first_line(mut from: impl Read) -> io::Result<SecretString> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0_u8; 1]);
    loop {
        match from.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == LONGEST => {
                return Err(io::Error::other("the line is too long for a secret"));
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let line = line.strip_suffix(b"\r").unwrap_or(&line);
    std::str::from_utf8(line).map(SecretString::from).map_err(|_| io::Error::other("the line is not UTF-8"))
}

/// Looks whether there is an entry already: whoever cannot keep a secret must not ask for one.
///
/// # Errors
/// The keyring cannot be reached.
pub fn reach(keyring: &dyn Keyring, login: &Login, mut say: impl FnMut(&str)) -> Result<(), Error> {
    if keyring.get(&login.entry)?.is_some() {
        say(&format!(
            "the keyring has a secret for {} already; it will be replaced\n",
            clean(&login.entry.user())
        ));
    }
    Ok(())
}

/// Keeps the secret, and says how it comes to be used.
///
/// # Errors
/// It is empty, or the keyring does not take it.
pub fn login(
    keyring: &dyn Keyring,
    login: &Login,
    secret: &SecretString,
    mut say: impl FnMut(&str),
) -> Result<(), Error> {
    let text = secret.expose_secret();
    if text.trim().is_empty() {
        return Err(Error::usage("the client secret", "it is empty", "run it again and type the secret"));
    }
    keyring.set(&login.entry, secret)?;
    say(&format!("the client secret is in the keyring as cxlens, {}\n", clean(&login.entry.user())));
    say(&how_to_use(login));
    Ok(())
}

/// Removes the secret.
///
/// # Errors
/// The keyring cannot be reached.
pub fn logout(keyring: &dyn Keyring, login: &Login, mut say: impl FnMut(&str)) -> Result<(), Error> {
    let user = login.entry.user();
    let user = clean(&user);
    if keyring.remove(&login.entry)? {
        say(&format!("the client secret is out of the keyring (cxlens, {user})\n"));
    } else {
        say(&format!("the keyring has no secret for {user}\n"));
    }
    Ok(())
}

fn how_to_use(login: &Login) -> String {
    let (tenant, path) = (&login.entry.tenant, clean(&login.file.display().to_string()).into_owned());
    let mut said = String::new();
    // Writing to a String cannot fail.
    let _ = match (login.table, login.source) {
        (true, Some("keyring")) => Ok(()),
        (true, Some(other)) => {
            writeln!(
                said,
                "to have it used, write keyring = true in place of {other} in [tenants.{tenant}] of {path}"
            )
        }
        (true, None) => {
            writeln!(said, "to have it used, write keyring = true into [tenants.{tenant}] of {path}")
        }
        (false, _) => {
            let client = clean(&login.entry.client_id).into_owned();
            let lines = format!("[tenants.{tenant}]\nclient_id = {client:?}\nkeyring = true");
            writeln!(said, "to have it used, write into {path}:\n\n{lines}\n")
        }
    };
    if login.overridden {
        said.push_str("note: CXONE_CLIENT_SECRET is set, and beats it\n");
    }
    said
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::*;
    use crate::config::keyring::Entry;

    /// A keyring of one entry, or none that could be reached.
    struct Memory(Option<Mutex<Option<(Entry, String)>>>);

    impl Memory {
        fn slot(&self) -> Result<std::sync::MutexGuard<'_, Option<(Entry, String)>>, Error> {
            let slot =
                self.0.as_ref().ok_or_else(|| Error::usage("keyring", "none can be reached", "start one"))?;
            Ok(slot.lock().unwrap())
        }
    }

    impl Keyring for Memory {
        fn get(&self, entry: &Entry) -> Result<Option<SecretString>, Error> {
            let slot = self.slot()?;
            Ok(slot
                .as_ref()
                .filter(|(own, _)| own == entry)
                .map(|(_, secret)| SecretString::from(secret.as_str())))
        }

        fn set(&self, entry: &Entry, secret: &SecretString) -> Result<(), Error> {
            *self.slot()? = Some((entry.clone(), secret.expose_secret().to_owned()));
            Ok(())
        }

        fn remove(&self, entry: &Entry) -> Result<bool, Error> {
            Ok(self.slot()?.take_if(|(own, _)| own == entry).is_some())
        }
    }

    fn about(table: bool, source: Option<&'static str>) -> Login {
        let file = PathBuf::from("/etc/cxlens/config.toml");
        Login { entry: Entry::new("acme", "me"), file, table, source, overridden: false }
    }

    #[test]
    fn a_secret_goes_in_is_found_and_goes_out() {
        let keyring = Memory(Some(Mutex::default()));
        let mut said = String::new();
        let mut say = |text: &str| said.push_str(text);
        let to = about(true, None);
        reach(&keyring, &to, &mut say).unwrap();
        login(&keyring, &to, &SecretString::from("hush"), &mut say).unwrap();
        assert_eq!(keyring.get(&to.entry).unwrap().unwrap().expose_secret(), "hush");
        reach(&keyring, &to, &mut say).unwrap();
        logout(&keyring, &to, &mut say).unwrap();
        logout(&keyring, &to, &mut say).unwrap();
        assert!(keyring.get(&to.entry).unwrap().is_none());
        assert_eq!(
            said,
            "the client secret is in the keyring as cxlens, acme/me\n\
             to have it used, write keyring = true into [tenants.acme] of /etc/cxlens/config.toml\n\
             the keyring has a secret for acme/me already; it will be replaced\n\
             the client secret is out of the keyring (cxlens, acme/me)\n\
             the keyring has no secret for acme/me\n"
        );
    }

    #[test]
    fn an_empty_secret_is_not_kept_and_without_a_keyring_nothing_is_asked() {
        let keyring = Memory(Some(Mutex::default()));
        for empty in ["", "  "] {
            let error = login(&keyring, &about(true, None), &SecretString::from(empty), |_| {}).unwrap_err();
            assert!(error.cause.contains("empty") && error.kind.exit_code() == 2, "{error}");
        }
        assert!(keyring.get(&Entry::new("acme", "me")).unwrap().is_none());
        assert!(reach(&Memory(None), &about(true, None), |_| {}).is_err());
    }

    #[test]
    fn it_says_what_to_write_where() {
        assert_eq!(how_to_use(&about(true, Some("keyring"))), "");
        assert!(
            how_to_use(&about(true, Some("client_secret_file"))).contains("in place of client_secret_file")
        );
        let whole = how_to_use(&Login { overridden: true, ..about(false, None) });
        assert!(whole.contains("\n[tenants.acme]\nclient_id = \"me\"\nkeyring = true\n"), "{whole}");
        assert!(whole.contains("CXONE_CLIENT_SECRET is set"), "{whole}");
    }

    /// A terminal: the end that a person types at and reads from, and the end that is ours.
    fn pty() -> (Box<dyn portable_pty::MasterPty + Send>, File) {
        let pair = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
        let ours = File::options().read(true).write(true).open(pair.master.tty_name().unwrap()).unwrap();
        (pair.master, ours)
    }

    /// Waits for the prompt, which comes when nothing is shown any more.
    fn read_prompt(person: &mut dyn Read) {
        let mut seen = [0; 8];
        person.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"Secret: ");
    }

    fn modes(tty: &File) -> String {
        let settings = tcgetattr(tty).unwrap();
        format!("{:?} {:?}", settings.local_modes, settings.special_codes)
    }

    #[tokio::test]
    async fn what_is_typed_is_not_shown_and_the_terminal_is_as_before() {
        let (master, ours) = pty();
        let look = ours.try_clone().unwrap();
        let before = modes(&look);
        let (_signal, rx) = tokio::sync::mpsc::channel(1);
        let mut signals = Signals::from_test(rx);
        let (mut reader, mut writer) = (master.try_clone_reader().unwrap(), master.take_writer().unwrap());
        let person = std::thread::spawn(move || {
            read_prompt(&mut *reader);
            let quiet = tcgetattr(&look).unwrap().local_modes;
            assert!(!quiet.contains(LocalModes::ECHO) && quiet.contains(LocalModes::ICANON));
            // Ctrl-Z and Ctrl-\ would leave the terminal as it is now.
            writer.write_all(b"hu\x1a\x1csh\r").unwrap();
            let mut shown = [0; 2];
            reader.read_exact(&mut shown).unwrap();
            assert_eq!(&shown, b"\r\n");
            look
        });
        let Asked::Typed(secret) = ask(ours, "Secret: ", &mut signals).await.unwrap() else {
            panic!("a signal")
        };
        assert_eq!(secret.expose_secret(), "hu\x1a\x1csh");
        assert_eq!(modes(&person.join().unwrap()), before);
    }

    #[tokio::test]
    async fn a_signal_ends_the_question_and_the_terminal_is_as_before() {
        for signal in [Signal::Interrupt, Signal::Terminate, Signal::HangUp] {
            let (master, ours) = pty();
            let look = ours.try_clone().unwrap();
            let before = modes(&look);
            let (tx, rx) = tokio::sync::mpsc::channel(1);
            let mut signals = Signals::from_test(rx);
            let mut reader = master.try_clone_reader().unwrap();
            std::thread::spawn(move || {
                read_prompt(&mut *reader);
                tx.blocking_send(signal).unwrap();
            });
            let Asked::Ended(ended) = ask(ours, "Secret: ", &mut signals).await.unwrap() else {
                panic!("typed")
            };
            assert_eq!(ended, signal);
            assert_eq!(modes(&look), before);
        }
    }

    #[tokio::test]
    async fn what_is_no_terminal_is_not_asked_on() {
        let (_signal, rx) = tokio::sync::mpsc::channel(1);
        let mut signals = Signals::from_test(rx);
        let error = ask(tempfile::tempfile().unwrap(), "Secret: ", &mut signals).await.unwrap_err();
        assert!(error.remedy.contains("standard input"), "{error}");
    }

    #[test]
    fn of_a_stream_the_first_line_is_taken() {
        let line = |text: &[u8]| first_line(text).map(|secret| secret.expose_secret().to_owned());
        assert_eq!(line(b"hush\r\nmore\n").unwrap(), "hush");
        assert_eq!(line(b" h ush ").unwrap(), " h ush ");
        assert_eq!(line(b"").unwrap(), "");
        assert!(line(b"\xff\n").unwrap_err().to_string().contains("UTF-8"));
        assert!(line(&vec![b'x'; LONGEST + 1]).unwrap_err().to_string().contains("too long"));
    }
}
