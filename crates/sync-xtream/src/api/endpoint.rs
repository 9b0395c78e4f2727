//! What the source asks a panel for, and the one place where addresses with credentials are made.

use reqwest::Url;
use sync_core::{ContentKind, Scope};

use crate::address::PanelAddress;
use crate::credentials::{Credentials, encode};

/// One of the questions that a panel answers.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    /// Who am I?
    Account,
    /// The categories of a kind.
    Categories(ContentKind),
    /// The items of a scope.
    Listing(Scope),
}

impl Endpoint {
    /// The panel's name for it; empty for the account.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Account => "",
            Self::Categories(ContentKind::Channels) => "get_live_categories",
            Self::Categories(ContentKind::Movies) => "get_vod_categories",
            Self::Categories(ContentKind::Series) => "get_series_categories",
            Self::Listing(scope) => match scope.kind {
                ContentKind::Channels => "get_live_streams",
                ContentKind::Movies => "get_vod_streams",
                ContentKind::Series => "get_series",
            },
        }
    }

    /// Whether it is the first question of a run, before which nobody knows that the login is good.
    pub(crate) fn is_login(&self) -> bool {
        matches!(self, Self::Account)
    }

    /// Whether it asks for all items of a kind.
    pub(crate) fn is_whole_listing(&self) -> bool {
        matches!(self, Self::Listing(Scope { within: None, .. }))
    }

    /// Whether it asks for items.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(self, Self::Listing(_))
    }

    /// The address to ask. It holds the credentials: it goes to the client and nowhere else.
    pub(crate) fn url(&self, address: &PanelAddress, credentials: &Credentials) -> Url {
        let mut text = format!("{}?{}", address.api_url(), credentials.query());
        if !self.action().is_empty() {
            text.push_str("&action=");
            text.push_str(self.action());
        }
        if let Self::Listing(Scope { within: Some(category), .. }) = self {
            text.push_str("&category_id=");
            text.push_str(&encode(&category.0));
        }
        Url::parse(&text).expect("a parsed address and an encoded query make an address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::CategoryId;

    #[test]
    fn the_address_of_an_endpoint_is_exact() {
        let address = PanelAddress::parse("http://[::1]:8080/sub/").unwrap().address;
        let credentials = Credentials::new("a b", "c&d");
        let url = |endpoint: Endpoint| endpoint.url(&address, &credentials).to_string();
        let base = "http://[::1]:8080/sub/player_api.php?username=a%20b&password=c%26d";
        assert_eq!(url(Endpoint::Account), base);
        assert_eq!(url(Endpoint::Categories(ContentKind::Movies)), format!("{base}&action=get_vod_categories"));
        let within = Some(CategoryId("7&x".to_owned()));
        let scope = Scope { kind: ContentKind::Series, within };
        assert_eq!(url(Endpoint::Listing(scope)), format!("{base}&action=get_series&category_id=7%26x"));
    }
}
