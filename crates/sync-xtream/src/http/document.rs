//! Small answers, which are read as a whole.

use std::time::Instant;

use sync_core::source::AnswerFault;

use super::failure::Failure;
use super::limits::DOCUMENT_MAX;
use super::panel_client::PanelClient;
use super::request::{RequestOptions, RequestPermit};
use crate::api::endpoint::Endpoint;
use crate::wire::Fault;
use crate::wire::charset::Charset;

/// A body that was read as a whole.
pub(crate) struct Document {
    pub(crate) body: Vec<u8>,
    pub(crate) arrived: Instant,
    pub(crate) date: Option<i64>,
    /// The charset that the head declares.
    pub(crate) charset: Charset,
}

impl PanelClient {
    /// Asks for a small answer once, and reads it.
    pub(crate) async fn attempt<T>(
        &self,
        permit: &RequestPermit,
        endpoint: &Endpoint,
        options: &RequestOptions,
        read: impl Fn(&Document) -> Result<T, Fault>,
    ) -> Result<T, Failure> {
        let document = self.fetch(permit, endpoint, options).await?;
        read(&document).map_err(|fault| self.failure_of(fault))
    }

    async fn fetch(
        &self,
        permit: &RequestPermit,
        endpoint: &Endpoint,
        options: &RequestOptions,
    ) -> Result<Document, Failure> {
        let mut response = self.send(permit, endpoint, options).await?;
        let (arrived, date, charset) = (Instant::now(), response.date(), response.charset);
        let mut body = Vec::new();
        while let Some(piece) = response.piece().await? {
            body.extend_from_slice(&piece);
            if response.received() > DOCUMENT_MAX {
                return Err(Failure::unusable(
                    AnswerFault::TooLarge,
                    format!("it is larger than {DOCUMENT_MAX} bytes"),
                ));
            }
        }
        Ok(Document { body, arrived, date, charset })
    }
}
