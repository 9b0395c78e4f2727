//! The usage example of the document that this project was asked for, as it stands there.
//!
//! `cargo run --example incremental_sync -- DATABASE URL USERNAME PASSWORD` (a demonstration: on a
//! machine with other users, pass no password as an argument).

#![expect(clippy::needless_borrow, reason = "the lines stand as the document has them")]

use sync_app::{ContentCache, Database, SyncHandle, SyncScheduler, SyncStatus};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_else(|| "target/example.db".to_owned());
    let base_url = args.next().unwrap_or_else(|| "http://127.0.0.1:9".to_owned());
    let username = args.next().unwrap_or_else(|| "demo".to_owned());
    let password = args.next().unwrap_or_else(|| "demo-secret".to_owned());
    let profile_id = "example";
    let db = Database::open(path)?;
    let content_cache = ContentCache::new(db.clone());

    // Start incremental sync
    let scheduler = SyncScheduler::new(db);
    let (handle, progress_tx, cancel_token) = SyncHandle::new(profile_id.to_string());

    #[rustfmt::skip]
    let result = scheduler.run_incremental_sync(
        &profile_id,
        &base_url,
        &username,
        &password,
        &content_cache,
        &progress_tx,
        &cancel_token,
    ).await?;

    // Check result
    match result.status {
        SyncStatus::Completed => println!("Sync completed successfully"),
        SyncStatus::Partial => println!("Sync completed with {} errors", result.errors.len()),
        SyncStatus::Failed => println!("Sync failed"),
        _ => {}
    }
    drop(handle);
    Ok(())
}
