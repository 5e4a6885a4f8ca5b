//! What the embedded sandbox can be made to do wrong. The explorer knows the sandbox only through this; `main`
//! implements it and hands it in.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

/// Plays faults in the embedded sandbox, one at a time.
pub trait Faults: Debug + Send + Sync {
    /// Every fault that can be played, those of one kind together.
    fn list(&self) -> Vec<Playable>;

    /// Plays this fault from the next request on, instead of whatever was played.
    ///
    /// # Errors
    /// There is no such fault.
    fn play(&self, name: &str) -> Result<(), String>;

    /// The fault that was chosen last, and how far it has come; `None`: the sandbox is well.
    fn playing(&self) -> Option<Playing>;

    /// Makes the sandbox well again.
    fn clear(&self);
}

/// Where the faults stand once the sandbox runs: it starts after the first frame. For a real tenant it stays
/// empty.
pub type Stage = Arc<OnceLock<Box<dyn Faults>>>;

/// A fault that can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playable {
    /// As in `--fault NAME`.
    pub name: String,
    /// What it does, in a line.
    pub about: String,
}

/// A fault being played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playing {
    /// As in `--fault NAME`.
    pub name: String,
    /// Requests that it has struck.
    pub played: u64,
    /// How many it will still strike; `None`: it goes on until it is ended.
    pub left: Option<u64>,
}

impl Playing {
    /// Whether it has done all that it does.
    pub fn is_over(&self) -> bool {
        self.left == Some(0)
    }

    /// How far it has come: `not met yet`, `1 of 2`, `12 times`, `2 of 2, over`.
    pub fn progress(&self) -> String {
        match (self.left, self.played) {
            (Some(0), played) => format!("{played} of {played}, over"),
            (_, 0) => "not met yet".to_owned(),
            (Some(left), played) => format!("{played} of {}", played + left),
            (None, 1) => "once".to_owned(),
            (None, played) => format!("{played} times"),
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! A sandbox that only remembers what it was asked to play.

    use std::sync::Mutex;

    use super::*;

    #[derive(Debug, Default)]
    struct Sandbox(Arc<Mutex<Option<Playing>>>);

    impl Faults for Sandbox {
        fn list(&self) -> Vec<Playable> {
            [
                ("429-forever", "Every page request gets 429 and one second to wait"),
                ("retry-after-seconds", "The second and third page request get 429 and one second to wait"),
                ("token-429", "The token endpoint says 429 once, one second to wait"),
                ("rows-bidi", "A row with marks that turn the reading direction"),
            ]
            .map(|(name, about)| Playable { name: name.into(), about: about.into() })
            .into()
        }

        fn play(&self, name: &str) -> Result<(), String> {
            if name == "rows-bidi" {
                return Err(format!("there is no fault {name:?}"));
            }
            let left = (name != "429-forever").then_some(2);
            *self.0.lock().unwrap() = Some(Playing { name: name.into(), played: 0, left });
            Ok(())
        }

        fn playing(&self) -> Option<Playing> {
            self.0.lock().unwrap().clone()
        }

        fn clear(&self) {
            *self.0.lock().unwrap() = None;
        }
    }

    /// A stage, and what is played on it.
    pub(crate) fn stage() -> (Stage, Arc<Mutex<Option<Playing>>>) {
        let playing = Arc::default();
        let stage = Stage::default();
        stage.set(Box::new(Sandbox(Arc::clone(&playing)))).unwrap();
        (stage, playing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_true() {
        let said = |played, left| Playing { name: "x".into(), played, left }.progress();
        assert_eq!(said(0, Some(2)), "not met yet");
        assert_eq!(said(1, Some(1)), "1 of 2");
        assert_eq!(said(2, Some(0)), "2 of 2, over");
        assert_eq!(said(0, None), "not met yet");
        assert_eq!(said(1, None), "once");
        assert_eq!(said(12, None), "12 times");
    }
}
