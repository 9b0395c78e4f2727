//! The errors that a store fails with.

use sync_core::StoreError;

/// Returns the error for the number of a fault.
pub(crate) fn fault(number: u8) -> StoreError {
    match number % 6 {
        0 => StoreError::Full,
        1 => StoreError::Locked,
        2 => StoreError::ReadOnly("as the schedule wants it".to_owned()),
        3 => StoreError::Corrupt("as the schedule wants it".to_owned()),
        4 => StoreError::Fenced,
        _ => StoreError::backend("as the schedule wants it"),
    }
}
