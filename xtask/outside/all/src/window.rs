//! A program with a window: a run in the background, its progress as lines of JSON, a cancellation, the pages of a
//! category, and a search. `docs/embedding.md` shows it.

use std::sync::Arc;

use sync_app::sync_core::catalogue::{PageRequest, Sort};
use sync_app::sync_core::{Cache, CategoryId};
use sync_app::sync_service::Service;
use sync_app::{
    CancellationToken, ContentKind, ItemFilter, ListRequest, Observer, Profile, ProfileId, Progress, ReadError,
    SearchRequest, StoreError, SyncError, SyncReport, Syncer, options_of,
};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

/// Sends progress to the window, a line of JSON each.
struct ToWindow(UnboundedSender<String>);

impl Observer for ToWindow {
    fn progress(&self, progress: Progress) {
        let line = serde_json::to_string(&progress).expect("progress is plain data");
        // A window that is closed no longer reads.
        let _ = self.0.send(line);
    }
}

/// A run in the background.
pub struct Running {
    pub progress: UnboundedReceiver<String>,
    pub cancel: CancellationToken,
    pub end: JoinHandle<Result<SyncReport, SyncError>>,
}

/// Starts a run with the login that is stored with the profile.
pub fn start(syncer: Syncer, profile: &Profile) -> Running {
    let (to_window, progress) = mpsc::unbounded_channel();
    let cancel = CancellationToken::new();
    let (id, options, token) = (profile.id.clone(), options_of(profile), cancel.clone());
    let end = tokio::spawn(async move { syncer.sync(&id, &options, Arc::new(ToWindow(to_window)), &token).await });
    Running { progress, cancel, end }
}

/// The names of all movies of a category, read page by page.
pub async fn names(cache: &dyn Cache, home: &ProfileId, category: &CategoryId) -> Result<Vec<String>, StoreError> {
    let first = PageRequest::first(2).within(category.clone());
    let mut page = cache.page(home, ContentKind::Movies, first.clone()).await?;
    let mut names = Vec::new();
    loop {
        names.extend(page.items.iter().map(|item| item.name().to_owned()));
        let Some(last) = page.next else { return Ok(names) };
        page = cache.page(home, ContentKind::Movies, first.clone().after(last)).await?;
    }
}

/// The names of all movies of a category in their order, read page by page. A person names the category by its id or
/// its name.
pub async fn sorted(service: &Service, home: &ProfileId, category: &str) -> Result<Vec<String>, ReadError> {
    let filter = ItemFilter::none().in_category(category);
    let mut request = ListRequest::new(ContentKind::Movies).filtered(filter).sorted(Sort::Name).limited(2);
    let mut names = Vec::new();
    loop {
        let page = service.list(home, &request).await?;
        names.extend(page.items.into_iter().map(|item| item.row.name));
        let Some(next) = page.next else { return Ok(names) };
        request = request.after(next);
    }
}

/// The names of what a person finds who types these words, the best first.
pub async fn found(service: &Service, home: &ProfileId, typed: &str) -> Result<Vec<String>, ReadError> {
    let page = service.search(home, &SearchRequest::new(typed).limited(20)).await?;
    Ok(page.items.into_iter().map(|item| item.row.name).collect())
}
