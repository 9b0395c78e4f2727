//! The model: kinds, ids, items and their fields, categories, accounts.

pub mod account;
pub mod category;
pub mod field;
pub mod id;
pub mod item;
pub mod kind;
pub mod normalise;
mod per_kind;
mod positions;
mod sets;
mod text;

pub use account::{Account, AccountStatus};
pub use category::Category;
pub use field::{FieldClass, FieldSet, FieldSpec, Shape, Value, ValueRef};
pub use id::{CategoryId, ContentId, InvalidProfileId, ProfileId, Scope};
pub use item::{Channel, Content, Item, Listed, Movie, Series};
pub use kind::{ContentKind, UnknownKind};
pub use per_kind::PerKind;
pub(crate) use positions::FieldPositions;
pub use sets::{CategorySet, Extra};
pub use text::Text;
