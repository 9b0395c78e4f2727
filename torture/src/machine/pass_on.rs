//! A macro that passes calls of a port on, for stores that wrap another one and change few of its methods.

/// Implements a port by calls to `self.inner`. The methods in braces are the type's own: of `Catalogue` these are
/// `feed`, `feed_page` and `select`, of `Overlay` it is `edited`. Without braces they are passed on as well.
macro_rules! pass_on {
    (Maintenance for $Type:ty) => {
        const _: () = {
            use sync_core::maintenance::Inspection;
            use sync_core::{ContentKind, Maintenance, ProfileId, StoreError};

            #[async_trait]
            impl Maintenance for $Type {
                async fn inspect(&self, profile: Option<ProfileId>) -> Result<Inspection, StoreError> {
                    self.inner.inspect(profile).await
                }

                async fn mark(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError> {
                    self.inner.mark(inspection).await
                }
            }
        };
    };
    (Paces for $Type:ty) => {
        const _: () = {
            use sync_core::{AccountKey, AccountPace, Entry, Paces, StoreError};

            #[async_trait]
            impl Paces for $Type {
                async fn enter(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError> {
                    self.inner.enter(account).await
                }

                async fn pace(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError> {
                    self.inner.pace(account).await
                }

                async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError> {
                    self.inner.save_pace(account, pace).await
                }
            }
        };
    };
    (Catalogue for $Type:ty) => {
        pass_on! { Catalogue for $Type {
            async fn feed(&self, profile: &ProfileId) -> Result<Feed, StoreError> {
                self.inner.feed(profile).await
            }

            async fn feed_page(&self, profile: &ProfileId, after: i64, limit: u32) -> Result<FeedPage, StoreError> {
                self.inner.feed_page(profile, after, limit).await
            }

            async fn select(&self, profile: &ProfileId, selection: Selection) -> Result<Selected, StoreError> {
                self.inner.select(profile, selection).await
            }
        } }
    };
    (Catalogue for $Type:ty { $($own:tt)* }) => {
        const _: () = {
            use sync_core::catalogue::{
                ContentStatus, FeedPage, KnownItem, Page, PageRequest, Selected, Selection, SizedCategory,
            };
            use sync_core::{Catalogue, ContentId, ContentKind, Feed, HeldRemoval, ProfileId, RunRecord, StoreError};

            #[async_trait]
            impl Catalogue for $Type {
                $($own)*

                async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
                    self.inner.content_status(profile).await
                }

                async fn runs(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
                    self.inner.runs(profile, limit).await
                }

                async fn held_removals(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                ) -> Result<Vec<HeldRemoval>, StoreError> {
                    self.inner.held_removals(profile, kind).await
                }

                async fn sized_categories(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                ) -> Result<Vec<SizedCategory>, StoreError> {
                    self.inner.sized_categories(profile, kind).await
                }

                async fn page(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                    page: PageRequest,
                ) -> Result<Page, StoreError> {
                    self.inner.page(profile, kind, page).await
                }

                async fn item(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                    id: ContentId,
                    changes: u32,
                ) -> Result<Option<KnownItem>, StoreError> {
                    self.inner.item(profile, kind, id, changes).await
                }
            }
        };
    };
    (Overlay for $Type:ty) => {
        pass_on! { Overlay for $Type {
            async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Result<Vec<EditedItem>, StoreError> {
                self.inner.edited(profile, query).await
            }
        } }
    };
    (Overlay for $Type:ty { $($own:tt)* }) => {
        const _: () = {
            use sync_core::overlay::{EditedItem, ImportReport, OverlayRules, RuleChange};
            use sync_core::{
                ChangedItem, ContentKind, EditCounts, EditQuery, EditRequest, NamedItem, Overlay, OverlayError,
                ProfileId, ResolveRequest, StoreError,
            };

            #[async_trait]
            impl Overlay for $Type {
                $($own)*

                async fn edit_counts(&self, profile: &ProfileId) -> Result<EditCounts, StoreError> {
                    self.inner.edit_counts(profile).await
                }

                async fn edit(
                    &self,
                    profile: &ProfileId,
                    request: EditRequest,
                ) -> Result<Vec<ChangedItem>, OverlayError> {
                    self.inner.edit(profile, request).await
                }

                async fn resolve(
                    &self,
                    profile: &ProfileId,
                    request: ResolveRequest,
                ) -> Result<Vec<ChangedItem>, OverlayError> {
                    self.inner.resolve(profile, request).await
                }

                async fn rules(&self, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
                    self.inner.rules(profile).await
                }

                async fn change_rules(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                    changes: Vec<RuleChange>,
                ) -> Result<OverlayRules, OverlayError> {
                    self.inner.change_rules(profile, kind, changes).await
                }

                async fn named_items(
                    &self,
                    profile: &ProfileId,
                    kind: ContentKind,
                ) -> Result<Vec<NamedItem>, StoreError> {
                    self.inner.named_items(profile, kind).await
                }

                async fn import(
                    &self,
                    profile: &ProfileId,
                    items: Vec<EditedItem>,
                    at: i64,
                ) -> Result<ImportReport, OverlayError> {
                    self.inner.import(profile, items, at).await
                }
            }
        };
    };
}

pub(crate) use pass_on;
