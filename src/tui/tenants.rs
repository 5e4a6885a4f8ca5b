//! Whom the explorer can ask. It knows configuration and sessions only through this; `main` implements it and hands it
//! in.

use std::fmt::Debug;

use ratatui::style::{Modifier, Style};
use siphasher::sip::SipHasher13;

use super::faults::Stage;
use super::theme::Theme;
use crate::config::{Colour, Look};
use crate::engine::error::Error;
use crate::engine::worker::Handle;
use crate::rows::Mask;

/// The sandbox's segment that everybody is in.
pub const EVERYBODY: &str = "SEG-ALL";
/// Colours that names are given by themselves: red is for production, and yellow is hard to read on white.
const OWN: [Colour; 4] = [Colour::Cyan, Colour::Green, Colour::Magenta, Colour::Blue];

/// Lists whom can be asked, and begins to ask another.
pub trait Tenants: Debug {
    /// The tenants of the configuration and the environment, and the sandbox, as they are set now.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn list(&self) -> Result<Vec<Tenant>, Error>;

    /// Begins a session. It returns at once; the service is heard of by the handle's events.
    ///
    /// # Errors
    /// A setting is missing or wrong, with the remedy.
    fn open(&self, whom: &Whom) -> Result<Opened, Error>;
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The embedded service.
    Sandbox,
    /// A tenant by its name.
    Tenant(String),
    /// The tenant that the environment sets without a name.
    Environment,
}

/// One that can be asked.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// To begin with.
    pub whom: Whom,
    /// Its name.
    pub name: String,
    /// Where requests go, where that is known; empty for the sandbox.
    pub base_url: String,
    /// What it lacks.
    pub lacks: Option<Error>,
    /// How its name looks.
    pub look: Look,
}

/// A session that has begun.
#[derive(Debug)]
pub struct Opened {
    /// Commands in, events out.
    pub handle: Handle,
    /// Whom it asks.
    pub session: Session,
}

/// Whom a session asks, and with what.
#[derive(Debug)]
pub struct Session {
    /// The tenant's name.
    pub tenant: String,
    /// Whether it is the embedded service.
    pub sandbox: bool,
    /// How the name looks.
    pub look: Look,
    /// Where its faults stand once it runs.
    pub faults: Stage,
    /// What hides personal values.
    pub mask: Mask,
    /// Profiles a page.
    pub page_size: u32,
    /// Days that profiles are kept for.
    pub retention_days: u32,
}

/// Where there is nobody else to ask: files are looked at, or a measurement is taken.
#[derive(Debug)]
pub struct Nobody;

impl Tenants for Nobody {
    fn list(&self) -> Result<Vec<Tenant>, Error> {
        Ok(Vec::new())
    }

    fn open(&self, _whom: &Whom) -> Result<Opened, Error> {
        Err(Error::usage("tenants", "there is nobody else to ask here", "start cxlens without a file"))
    }
}

/// The style of a tenant's name: its own colour, and for production one that nobody overlooks. Without colours the
/// word that stands beside it says as much.
pub fn style(look: Look, name: &str, theme: &Theme) -> Style {
    let by_itself = || OWN[(SipHasher13::new().hash(name.as_bytes()) % OWN.len() as u64) as usize];
    let colour = match (look.colour, look.production) {
        (Some(colour), _) => colour,
        (None, true) => Colour::Red,
        (None, false) => by_itself(),
    };
    let style = Style::new().add_modifier(Modifier::BOLD);
    let style = theme.colours.map_or(style, |colours| style.fg(colours[colour as usize]));
    if look.production { style.add_modifier(Modifier::REVERSED) } else { style }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeChoice;
    use ratatui::style::Color;

    #[test]
    fn a_name_keeps_its_colour_and_a_setting_beats_it() {
        let theme = Theme::new(ThemeChoice::Dark, false);
        let of = |name: &str| style(Look::default(), name, &theme).fg;
        assert_eq!(of("acme"), of("acme"));
        let names: Vec<String> = (0..20).map(|n| format!("tenant-{n}")).collect();
        let mut colours: Vec<String> = names.iter().map(|name| format!("{:?}", of(name))).collect();
        colours.sort();
        colours.dedup();
        assert_eq!(colours.len(), OWN.len());
        let look = Look { colour: Some(Colour::Yellow), production: false };
        assert_eq!(style(look, "acme", &theme).fg, Some(Color::Yellow));
    }

    #[test]
    fn production_is_told_without_colours_too() {
        let look = Look { colour: None, production: true };
        let dark = style(look, "acme", &Theme::new(ThemeChoice::Dark, false));
        assert_eq!(dark.fg, Some(Color::LightRed));
        let plain = style(look, "acme", &Theme::new(ThemeChoice::Plain, false));
        assert_eq!(plain.fg, None);
        assert!(plain.add_modifier.contains(Modifier::REVERSED));
    }
}
