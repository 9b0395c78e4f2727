//! A simulated panel: a real HTTP server on loopback. It serves a deterministic catalogue of any size, moves it on from
//! version to version, misbehaves on request, and says exactly what a correct cache holds.
//!
//! The crate depends on none of the crates that it tests. [`Catalogue`] is the pure part, and [`Panel`] is the server.

pub mod canary;
mod catalogue;
mod changes;
mod columns;
mod edits;
mod generate;
mod item;
mod json;
mod panel;
mod prng;
mod render;
mod step;
mod truth;
mod vocabulary;

pub use catalogue::{Catalogue, CatalogueConfig, EPOCH, VERSION_SECONDS};
pub use changes::{Changes, Expected};
pub use columns::{Class, Column, IGNORED_COLUMNS, columns};
pub use edits::Place;
pub use item::{Category, Escaping, Item, Kind};
pub use json::JsonForm;
pub use panel::{
    Account, Action, Allowance, Behaviour, BodyEdit, Certificate, Condition, Encoding, Framing, Gate, ListOrder, Panel,
    PanelConfig, Pause, Pour, RequestRecord, TimeZone, TlsFront,
};
pub use render::Shape;
pub use step::Step;
pub use truth::{Row, Truth, disagreements};
