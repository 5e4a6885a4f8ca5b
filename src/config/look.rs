//! How a tenant's name looks, so that one is not taken for another.

use serde::Deserialize;

/// A colour of the terminal's own, whatever that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Red, which production has unless said otherwise.
    Red,
    /// Green.
    Green,
    /// Yellow.
    Yellow,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
    /// Cyan.
    Cyan,
}

/// What tells that something changed which is watched; the table shows what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// A line at the foot of the screen.
    #[default]
    Notice,
    /// That, and the terminal's bell.
    Bell,
    /// The table alone.
    Nothing,
}

/// How a tenant's name looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Its colour; `None`: one that is made from the name.
    pub colour: Option<Colour>,
    /// Whether it is the one that must not be mistaken.
    pub production: bool,
}
