//! Cases of the validators of listings.

use tokio_util::sync::CancellationToken;

use super::ReadableStore;
use super::session::{SCHEME, Session, added, index_of, load};
use crate::model::{ContentId, ContentKind, PerKind, ProfileId};
use crate::ports::source::Validator;
use crate::ports::store::{KeptValidator, ScopeCommit, ValidatorChange};
use crate::run::options::PolicyChoice;
use crate::testing::builders::{profile, series};

/// Returns a validator of a listing with this number of items.
pub(super) fn validator(text: &str, rows: u64) -> KeptValidator {
    KeptValidator {
        validator: Validator(text.to_owned()),
        scheme: SCHEME,
        policy: PolicyChoice::Timestamp,
        listed_at: 77,
        rows,
    }
}

async fn validators(store: &dyn ReadableStore, profile: &ProfileId) -> PerKind<Option<KeptValidator>> {
    let mut kept = PerKind::default();
    for kind in ContentKind::ALL {
        kept[kind] = store.validator(profile, kind).await.unwrap();
    }
    kept
}

/// "The validator of a kind's listing is written with the listing."
pub async fn a_validator_is_kept_with_its_listing(store: &dyn ReadableStore) {
    let home = profile("home");
    let kept = async |profile: &ProfileId| validators(store, profile).await;
    let first = validator("W/\"a'b\" ┃", 2);
    let second = KeptValidator { policy: PolicyChoice::Fingerprint, listed_at: 78, ..validator("v2", 2) };
    let changes = [
        (ValidatorChange::Set(first.clone()), Some(&first)),
        (ValidatorChange::Keep, Some(&first)),
        (ValidatorChange::Set(second.clone()), Some(&second)),
        (ValidatorChange::Forget, None),
        (ValidatorChange::Keep, None),
    ];
    let session = load(store, "home", &[1, 2]).await;
    session.end().await;
    for (change, expected) in changes {
        let session = Session::start(store, "home").await;
        let commit = ScopeCommit { validator: change, ..session.commit(ContentKind::Movies) };
        session.apply(Vec::new(), commit.clone()).await.unwrap();
        assert_eq!(kept(&home).await, [None, expected.cloned(), None]);
        session.end().await;
    }
    let session = Session::start(store, "home").await;
    let token = CancellationToken::new();
    token.cancel();
    let commit = ScopeCommit { validator: ValidatorChange::Set(first), ..session.commit(ContentKind::Movies) };
    assert!(session.staging(ContentKind::Movies).await.apply(commit, token).await.is_err());
    assert_eq!(kept(&home).await, [None, None, None], "nothing was applied");
    store.ensure_profile(&profile("other")).await.unwrap();
    assert_eq!(kept(&profile("other")).await, [None, None, None]);
}

/// "It is deleted with every other change of the kind", and with nothing else. The store returns `None` "if the number
/// of rows is no longer the one after that listing".
pub async fn a_validator_is_deleted_with_any_change_of_the_kind(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let home = session.profile.clone();
    let kept = async || validators(store, &home).await.map(|kept| kept.is_some());
    let validator = |text, rows| ValidatorChange::Set(validator(text, rows));
    let commit = ScopeCommit { index: index_of(&[1]), first_load: true, ..session.commit(ContentKind::Series) };
    session.apply(vec![added(series(1))], ScopeCommit { validator: validator("s", 1), ..commit }).await.unwrap();
    let movies = ScopeCommit { validator: validator("m", 2), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), movies).await.unwrap();
    assert_eq!(kept().await, [false, true, true]);
    session.end().await;
    store.delete_content_by_ids(&home, ContentKind::Movies, vec![ContentId(2)]).await.unwrap();
    assert_eq!(kept().await, [false, false, true]);

    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { validator: validator("m", 2), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(kept().await, [false, false, true], "there is one row");
    session.end().await;
    let session = Session::start(store, "home").await;
    let commit = ScopeCommit { validator: validator("m", 1), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(kept().await, [false, true, true]);
    session.end().await;
    store.clear(&home).await.unwrap();
    assert_eq!(kept().await, [false, false, false]);
}
