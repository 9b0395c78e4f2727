//! Asks small requests until they are answered, or until no further attempt makes sense.

use sync_core::SourceError;

use super::document::Document;
use super::panel_client::PanelClient;
use crate::api::endpoint::Endpoint;
use crate::wire::Fault;

impl PanelClient {
    /// Asks for a small answer, as often as the rules allow, and reads it.
    pub(crate) async fn document<T>(
        &self,
        endpoint: &Endpoint,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, SourceError> {
        let permit = self.permit().await;
        let mut attempts = self.attempts(endpoint);
        let mut plain = false;
        loop {
            let options = self.options(attempts.number(), plain);
            let failure = match self.attempt(&permit, endpoint, &options, &read).await {
                Ok(read) => return Ok(read),
                Err(failure) => failure,
            };
            plain |= failure.is_damaged();
            let Err(failure) = attempts.pause(failure).await else { continue };
            return if endpoint.is_login() {
                self.try_login_again(&permit, endpoint, options, &read, failure).await
            } else {
                Err(failure.into_error(attempts.number()))
            };
        }
    }
}
