//! The second try of a login: once, as another client.
//!
//! A login that the panel itself has answered is never sent again. Any other answer, be it a status, a page or nothing
//! at all, may come from a filter that doesn't know the client.

use sync_core::SourceError;

use super::document::Document;
use super::failure::Failure;
use super::panel_client::PanelClient;
use super::request::{RequestOptions, RequestPermit};
use crate::api::endpoint::Endpoint;
use crate::wire::Fault;

impl PanelClient {
    /// Tries a login once more after its last attempt has failed, if a filter may be the cause and there is another
    /// client. If that fails too, the first failure counts.
    pub(crate) async fn try_login_again<T>(
        &self,
        permit: &RequestPermit,
        endpoint: &Endpoint,
        options: RequestOptions,
        read: impl Fn(&Document) -> Result<T, Fault>,
        failed: Failure,
    ) -> Result<T, SourceError> {
        if failed.is_refusal() {
            self.user_agents.refused(options.client.clone());
        }
        let Some(client) = failed.like_a_filter().and_then(|_| self.user_agents.take_spare()) else {
            return Err(failed.into_error(options.attempt));
        };
        tracing::warn!(reason = &*failed.message(), "a filter may keep the login out; it is tried as another client");
        let other = RequestOptions { client: client.clone(), ..options.clone() };
        match self.attempt(permit, endpoint, &other, &read).await {
            Ok(read_as_other) => {
                // If the panel was out of order before, it may work again. If the usual client is accepted now, nothing
                // is learnt.
                if failed.may_be_an_outage()
                    && let Ok(read) = self.attempt(permit, endpoint, &options, &read).await
                {
                    return Ok(read);
                }
                self.user_agents.keep(client);
                Ok(read_as_other)
            }
            Err(refusal) if refusal.is_refusal() || (refusal.is_about_the_login() && !failed.is_about_the_login()) => {
                // A panel that refuses the credentials has read them, so it has accepted the client. But a status of
                // refusal may come from the filter.
                if refusal.is_refusal() {
                    self.user_agents.keep(client.clone());
                }
                self.user_agents.refused(client);
                Err(refusal.into_error(options.attempt))
            }
            Err(_) => Err(failed.into_error(options.attempt)),
        }
    }
}
