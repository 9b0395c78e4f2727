//! A mock of the port, for tests.
//!
//! The mock is written out because it leaves [`ContentSource::observe_waits`] and [`ContentSource::keep_pace`] as the
//! port has them. A mocked source never waits, and a test of something else needs no expectation for these methods.

use async_trait::async_trait;

use super::{ContentSource, Learnt, Listing, ListingRequest, ProbeAnswer, ProbeRequest, SourceError, Usage};
use crate::detect::digest::DigestScheme;
use crate::model::{Account, Category, ContentKind};

mockall::mock! {
    /// A mock of [`ContentSource`].
    pub ContentSource {}

    #[async_trait]
    impl ContentSource for ContentSource {
        fn digest_scheme(&self) -> DigestScheme;
        fn usage(&self) -> Usage;
        fn learnt(&self) -> Learnt;
        async fn account(&self) -> Result<Account, SourceError>;
        async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError>;
        async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError>;
        async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError>;
        fn ask_as_other_client(&self);
    }
}
