//! A probe: the first elements of an answer. The rest is not read.

use std::sync::Arc;

use sync_core::SourceError;
use sync_core::source::{Completeness, ProbeAnswer, ProbeRequest};

use super::endpoint::Endpoint;
use crate::http::failure::Failure;
use crate::http::panel_client::PanelClient;
use crate::wire::Decoder;

/// The number of bytes that are decoded between two looks at the number of elements.
const STEP: usize = 16 << 10;

/// Asks a probe once. A request that fails is not repeated: the whole listing, which is asked for then, is.
pub(crate) async fn ask(panel: &PanelClient, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
    let slice = request.offset.map(|offset| (offset, request.most));
    let endpoint = Endpoint::Part { scope: request.scope.clone(), slice };
    read(panel, &endpoint, &request).await.map_err(|failure| failure.into_error(1))
}

async fn read(panel: &PanelClient, endpoint: &Endpoint, request: &ProbeRequest) -> Result<ProbeAnswer, Failure> {
    let permit = panel.permit().await;
    let options = panel.options(1, false);
    let mut response = panel.send(&permit, endpoint, &options).await?;
    let (kind, known) = (request.scope.kind, request.known.as_ref().map(Arc::clone));
    let decoder = Decoder::leaving_out(kind, known, &request.left_out, panel.config().limits);
    let mut decoder = decoder.with_charset(response.charset);
    let mut entries = Vec::new();
    while let Some(piece) = response.piece().await? {
        for step in piece.chunks(STEP) {
            decoder.feed(step, &mut entries).map_err(|fault| panel.failure_of(fault))?;
            if entries.len() > request.most {
                // The response is dropped, which closes the connection.
                return Ok(ProbeAnswer { entries, end: None });
            }
        }
    }
    let end = decoder.finish(response.is_proved(), &mut entries).map_err(|fault| panel.failure_of(fault))?;
    let end = Completeness { started_at: panel.clock.at(response.sent()).or(response.sent_by_date()), ..end };
    let end = (entries.len() <= request.most).then_some(end);
    Ok(ProbeAnswer { entries, end })
}
