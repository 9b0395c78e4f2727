//! Edits whose items the panel no longer lists.

use std::collections::{HashMap, HashSet};

use sync_core::{ContentId, ContentKind, EditQuery, ProfileId, StoreError};

use crate::service::Service;

/// The edits of an item that has no row. They wait until the item is listed again, or until an item under another id is
/// certainly or perhaps the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingEdits {
    /// The kind.
    pub kind: ContentKind,
    /// The id under which the item was listed.
    pub id: ContentId,
    /// The panel's name in the last listing with the item.
    pub name: String,
    /// The number of its edits.
    pub edits: u64,
    /// The number of items that have this name now. If there are several, it is not known which of them is the same
    /// item.
    pub candidates: u64,
}

impl Service {
    /// Returns the edits whose items have no row, by kind and ascending id.
    ///
    /// # Errors
    ///
    /// The cache can't be read.
    pub async fn waiting_edits(
        &self,
        profile: &ProfileId,
        kind: Option<ContentKind>,
    ) -> Result<Vec<WaitingEdits>, StoreError> {
        let mut query = EditQuery::all();
        query.kind = kind;
        let edited = self.cache().edited(profile, query).await?;
        let mut waiting = Vec::new();
        for kind in ContentKind::ALL {
            let of_kind: Vec<_> = edited.iter().filter(|item| item.kind == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let items = self.cache().named_items(profile, kind).await?;
            let listed: HashSet<_> = items.iter().map(|item| item.id).collect();
            let mut named: HashMap<&str, u64> = HashMap::new();
            for item in &items {
                *named.entry(&item.name).or_default() += 1;
            }
            for item in of_kind.into_iter().filter(|item| !listed.contains(&item.id)) {
                waiting.push(WaitingEdits {
                    kind,
                    id: item.id,
                    name: item.identity.name.clone(),
                    edits: item.edits.len() as u64,
                    candidates: named.get(item.identity.name.as_str()).copied().unwrap_or_default(),
                });
            }
        }
        Ok(waiting)
    }
}
