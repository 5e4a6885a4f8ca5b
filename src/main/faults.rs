//! The sandbox's faults, as the explorer wants to have them.

use cxlens::sandbox::{Control, Fault, faults};
use cxlens::tui::faults::{Faults, Playable, Playing};

/// What the catalogue calls a server that is well; the explorer has its own way to that.
const NONE: &str = "none";

/// Plays faults in a running sandbox, one at a time.
#[derive(Debug)]
pub(crate) struct Player(pub(crate) Control);

impl Player {
    fn set(&self, fault: Option<Fault>) {
        let strikes_tokens = |faults: &[Fault]| faults.iter().any(Fault::strikes_tokens);
        // Who has a token asks for none: only one that is worthless lets the fault be met, or what it left behind
        // be forgotten.
        let revoke = strikes_tokens(&self.0.faults()) || strikes_tokens(fault.as_slice());
        self.0.set_faults(fault);
        if revoke {
            self.0.revoke_tokens();
        }
    }
}

impl Faults for Player {
    fn list(&self) -> Vec<Playable> {
        let told = |fault: cxlens::sandbox::FaultInfo| Playable {
            name: fault.name.to_owned(),
            about: fault.says.to_owned(),
        };
        faults().into_iter().filter(|fault| fault.name != NONE).map(told).collect()
    }

    fn play(&self, name: &str) -> Result<(), String> {
        let fault: Fault = name.parse().map_err(|error: cxlens::sandbox::UnknownFault| error.to_string())?;
        self.set(Some(fault));
        Ok(())
    }

    fn playing(&self) -> Option<Playing> {
        let progress = self.0.progress().pop()?;
        Some(Playing { name: progress.name, played: progress.played, left: progress.left })
    }

    fn clear(&self) {
        self.set(None);
    }
}

#[cfg(test)]
mod tests {
    use cxlens::sandbox::{Options, Sandbox};

    use super::*;

    #[tokio::test]
    async fn one_fault_is_played_at_a_time() {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let player = Player(sandbox.control());
        assert!(player.list().len() > 100 && player.list().iter().all(|fault| fault.name != NONE));
        assert_eq!(player.playing(), None);
        player.play("429-forever").unwrap();
        player.play("retry-after-seconds").unwrap();
        let playing = Playing { name: "retry-after-seconds".into(), played: 0, left: Some(2) };
        assert_eq!(player.playing(), Some(playing.clone()));
        assert!(player.play("429-foreve").unwrap_err().contains("429-forever"));
        assert_eq!(player.playing(), Some(playing), "what cannot be played ends nothing");
        player.clear();
        assert_eq!(player.playing(), None);
    }
}
