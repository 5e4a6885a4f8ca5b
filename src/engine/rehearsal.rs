//! Defects that a test asks for, so that it can be seen what comes of real ones: in a build for tests alone.

/// Panics, if a test wants that to happen here: `CXLENS_REHEARSE=ui:words`, where the words are what the panic says.
/// What is built for users does not look.
///
/// # Panics
/// In a build for tests, where a test wants that.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "it is what this is for")]
pub fn panics_at(here: &str) {
    if let Some(words) = wanted(here) {
        panic!("rehearsed: {words}");
    }
}

/// Fails, if a test wants that to happen here.
///
/// # Errors
/// `CXLENS_REHEARSE=error:words`, in a build for tests.
#[cfg(debug_assertions)]
pub fn fails_at(here: &str) -> std::io::Result<()> {
    wanted(here).map_or(Ok(()), |words| Err(std::io::Error::other(words)))
}

#[cfg(debug_assertions)]
fn wanted(here: &str) -> Option<String> {
    // Not handed in: nothing of the program knows of it.
    let asked = std::env::var("CXLENS_REHEARSE").ok()?;
    let (place, words) = asked.split_once(':')?;
    (place == here).then(|| words.to_owned())
}

/// Does nothing: this is no build for tests.
#[cfg(not(debug_assertions))]
pub fn panics_at(_here: &str) {}

/// Does nothing: this is no build for tests.
///
/// # Errors
/// None.
#[cfg(not(debug_assertions))]
pub fn fails_at(_here: &str) -> std::io::Result<()> {
    Ok(())
}
