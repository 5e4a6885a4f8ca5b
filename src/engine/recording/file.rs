//! The file that a recording is written to: its owner's alone, and never one that is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::engine::error::{Error, Kind};

/// Bytes that are written at once.
const BUFFER: usize = 64 * 1024;

/// Makes the file. One that is there is replaced only with `force`; what is no ordinary file never is.
///
/// # Errors
/// It is there, is no ordinary file, or cannot be made.
pub(super) fn create(path: &Path, force: bool) -> Result<BufWriter<File>, Error> {
    let name = path.display().to_string();
    let refuse = |cause: String, remedy: &str| Error::usage(format!("recording {name}"), cause, remedy);
    if path.file_name().is_none() {
        return Err(refuse("it names no file".into(), "name a file, such as session.cxrec"));
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refuse(format!("it cannot be looked at: {error}"), "check the path")),
        Ok(there) if !there.is_file() => {
            let what = if there.is_symlink() { "a symbolic link" } else { "no ordinary file" };
            return Err(refuse(
                format!("it is {what}, which is never written through"),
                "name a file of its own",
            ));
        }
        Ok(_) if !force => {
            return Err(refuse(
                "it is there already".into(),
                "choose another name, or replace it with --force",
            ));
        }
        Ok(_) => fs::remove_file(path).map_err(|error| {
            refuse(format!("it cannot be replaced: {error}"), "check who may write there")
        })?,
    }
    // Whoever put something there in between is found out here.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(|file| BufWriter::with_capacity(BUFFER, file)).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            refuse("it is there already".into(), "choose another name, or replace it with --force")
        }
        _ => refuse(format!("it cannot be made: {error}"), "check the directory and its permissions"),
    })
}

/// Makes a directory that is its owner's alone, where there is none.
///
/// # Errors
/// It cannot be made.
pub(super) fn directory(path: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        let what = format!("the directory of recordings, {}", path.display());
        Error::new(Kind::Local, what, error.to_string(), "check who may write there")
    })
}

/// All is written, and on the disk.
///
/// # Errors
/// The rest cannot be written.
pub(super) fn close(mut file: BufWriter<File>) -> io::Result<u64> {
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(file.get_ref().metadata()?.len())
}
