//! Edits items that are named by id or chosen by conditions.

use std::collections::{HashMap, HashSet};

use sync_core::catalogue::{Sort, View};
use sync_core::overlay::{EditField, EditOp, EditValue};
use sync_core::{
    ChangedItem, ContentId, ContentKind, EditQuery, EditRequest, OverlayError, ProfileId, ResolveRequest, StoreError,
};

use crate::reading::{FoundCategory, ItemFilter, ListRequest, ReadError, find_category};
use crate::service::Service;

/// The number of items that one call reads.
const PAGE: u32 = 5_000;

/// An edit of some items.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EditItems {
    /// The kind.
    pub kind: ContentKind,
    /// The items.
    pub which: WhichItems,
    /// The changes to make to each item, in this order.
    pub changes: Vec<ItemChange>,
}

impl EditItems {
    /// Returns an edit that makes these changes to the items.
    pub const fn new(kind: ContentKind, which: WhichItems, changes: Vec<ItemChange>) -> Self {
        Self { kind, which, changes }
    }
}

/// The items to edit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WhichItems {
    /// The items with these ids. An id that is named twice counts once.
    Ids(Vec<ContentId>),
    /// The items that a list with these conditions shows.
    Selected(ItemFilter, View),
}

/// A change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemChange {
    /// The field gets the value that a person typed. An empty text ends the edit. Categories are named by id or by
    /// name.
    Typed(EditField, String),
    /// The field gets the present time.
    Now(EditField),
    /// A change whose value needs no parsing.
    Op(EditOp),
}

/// The reason why items were not edited. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The edit can't be made.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// The named category can't be identified.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for EditError {
    fn from(error: StoreError) -> Self {
        Self::Overlay(error.into())
    }
}

/// The reason why conflicts were not answered. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The answer can't be given.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// Items of several kinds have this id and a conflict, and no kind was named.
    #[error("item {id} has a conflict among the {first} and among the {second}")]
    SeveralKinds {
        /// The id.
        id: ContentId,
        /// The first kind that has it.
        first: ContentKind,
        /// Another one.
        second: ContentKind,
    },
}

impl From<StoreError> for AnswerError {
    fn from(error: StoreError) -> Self {
        Self::Overlay(error.into())
    }
}

impl Service {
    /// Edits items in one transaction: all of them, or none. Returns each item once, in the order of the request, with
    /// the fields that have changed.
    ///
    /// # Errors
    ///
    /// [`OverlayError::UnknownItems`] for ids without a row and without edits, [`OverlayError::Invalid`] and
    /// [`OverlayError::TooManyEdits`] for an edit that exceeds a limit, and [`ReadError`] for a category that can't be
    /// identified.
    pub async fn edit_items(&self, profile: &ProfileId, edit: &EditItems) -> Result<Vec<ChangedItem>, EditError> {
        let EditItems { kind, which, changes } = edit;
        let mut ops = Vec::with_capacity(changes.len());
        for change in changes {
            ops.push(match change {
                ItemChange::Op(op) => op.clone(),
                ItemChange::Now(field) => EditOp::Set(*field, EditValue::Number(self.now())),
                ItemChange::Typed(EditField::Category, text) => self.category_op(profile, *kind, text).await?,
                ItemChange::Typed(field, text) => match EditValue::read(*field, text).map_err(OverlayError::from)? {
                    Some(value) => EditOp::Set(*field, value),
                    None => EditOp::Clear(*field),
                },
            });
        }
        let (mut ids, is_selection) = match which {
            WhichItems::Ids(ids) => (ids.clone(), false),
            WhichItems::Selected(filter, view) => {
                // An edit that ends hiding has to find the hidden items.
                let unhides = ops.iter().any(|op| matches!(op, EditOp::Clear(EditField::Hidden) | EditOp::ClearAll));
                let view = View { hidden: view.hidden || unhides, ..*view };
                (self.selected(profile, *kind, filter, view).await?, true)
            }
        };
        let mut met = HashSet::new();
        ids.retain(|id| met.insert(*id));
        loop {
            let request = EditRequest { kind: *kind, ids: ids.clone(), ops: ops.clone(), at: self.now() };
            match self.cache().edit(profile, request).await {
                // Items that were found and are gone since are no error. Each attempt has fewer ids, so the loop ends.
                Err(OverlayError::UnknownItems(gone)) if is_selection && !gone.is_empty() => {
                    ids.retain(|id| !gone.contains(id));
                }
                changed => return Ok(every_one(*kind, &ids, changed?)),
            }
        }
    }

    /// Answers the conflicts of these items, or of all, in one transaction; see
    /// [`Overlay::resolve`](sync_core::Overlay::resolve). Returns the items whose conflict has ended.
    ///
    /// # Errors
    ///
    /// [`OverlayError::UnknownItems`] for ids without a conflict, and [`AnswerError::SeveralKinds`] for an id that has
    /// conflicts in several kinds if no kind is named.
    pub async fn answer_conflicts(
        &self,
        profile: &ProfileId,
        kind: Option<ContentKind>,
        ids: Option<Vec<ContentId>>,
        take_panel: bool,
    ) -> Result<Vec<ChangedItem>, AnswerError> {
        if let (None, Some(ids)) = (kind, &ids) {
            let mut query = EditQuery::conflicts();
            query.ids = Some(ids.clone());
            let mut met = HashMap::new();
            for item in self.cache().edited(profile, query).await? {
                if let Some(first) = met.insert(item.id, item.kind) {
                    return Err(AnswerError::SeveralKinds { id: item.id, first, second: item.kind });
                }
            }
        }
        Ok(self.cache().resolve(profile, ResolveRequest { kind, ids, take_panel, at: self.now() }).await?)
    }

    /// Returns the ids of the items that a list shows.
    async fn selected(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        filter: &ItemFilter,
        view: View,
    ) -> Result<Vec<ContentId>, ReadError> {
        let request = ListRequest::new(kind).filtered(filter.clone()).seen(view).sorted(Sort::Panel);
        let (mut request, mut ids) = (request.limited(PAGE), Vec::new());
        loop {
            let page = self.list(profile, &request).await?;
            ids.extend(page.items.iter().map(|item| item.row.id));
            if page.next.is_none() {
                return Ok(ids);
            }
            request.after = page.next;
        }
    }

    /// Reads the categories that a person named: one, or several with commas between them.
    async fn category_op(&self, profile: &ProfileId, kind: ContentKind, text: &str) -> Result<EditOp, EditError> {
        if text.trim().is_empty() {
            return Ok(EditOp::Clear(EditField::Category));
        }
        let known = self.cache().categories(profile, kind).await?;
        let known: Vec<_> = known.iter().map(|category| FoundCategory::listed(kind, category)).collect();
        let find = |wanted: &str| find_category(wanted, &known);
        // A name may contain a comma.
        let found = match find(text.trim()) {
            Err(ReadError::UnknownCategory { .. }) if text.contains(',') => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                names.map(find).collect::<Result<Vec<_>, _>>()?.concat()
            }
            found => found?,
        };
        let value = EditValue::list(found.iter().map(|(_, id)| id.0.as_str()));
        Ok(value.map_or(EditOp::Clear(EditField::Category), |value| EditOp::Set(EditField::Category, value)))
    }
}

/// Returns every requested item, in the order of the request. A store may leave out items that stay as they were.
fn every_one(kind: ContentKind, ids: &[ContentId], changed: Vec<ChangedItem>) -> Vec<ChangedItem> {
    let mut fields: HashMap<_, _> = changed.into_iter().map(|item| (item.id, item.changed)).collect();
    ids.iter().map(|id| ChangedItem { kind, id: *id, changed: fields.remove(id).unwrap_or_default() }).collect()
}
