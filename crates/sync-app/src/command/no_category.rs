//! The errors for a category that can't be determined from the typed text. The text is not repeated, because it may be
//! a password.

use sync_core::text::one_line;
use sync_service::{FoundCategory, Login};

use super::failure::Failure;

/// Returns the error that no category has the id or the name.
pub(crate) fn unknown(similar: &[FoundCategory], login: &Login) -> Failure {
    let hint = if similar.is_empty() {
        "name its id, or its whole name; see `xtream-sync categories KIND`".to_owned()
    } else {
        format!("name its id, or its whole name, such as {}", shown(similar, login))
    };
    Failure::usage("there is no such category", hint)
}

/// Returns the error that several categories have the name.
pub(crate) fn ambiguous(found: &[FoundCategory], login: &Login) -> Failure {
    Failure::usage("several categories have this name", format!("name the id: {}", shown(found, login)))
}

fn shown(categories: &[FoundCategory], login: &Login) -> String {
    let one = |category: &FoundCategory| {
        let name = category.name.as_deref().unwrap_or_default();
        let (id, name) = (one_line(&login.blank(&category.id.0)), one_line(&login.blank(name)));
        format!("{id} ({}: {name})", category.kind)
    };
    categories.iter().map(one).collect::<Vec<_>>().join("; ")
}
