//! The requests of the source to a panel. Addresses with credentials are made only here.

use reqwest::Url;
use sync_core::{ContentKind, Scope};

use crate::address::PanelAddress;
use crate::credentials::{Credentials, encode};

/// An endpoint of a panel.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    /// The account.
    Account,
    /// The categories of a kind.
    Categories(ContentKind),
    /// The items of a scope.
    Listing(Scope),
    /// A part of the items of a scope.
    Part {
        /// The scope.
        scope: Scope,
        /// The number of items that the panel is asked to leave out at the beginning, and the number of those behind.
        slice: Option<(u64, usize)>,
    },
}

impl Endpoint {
    /// Returns the panel's name for it, or an empty text for the account.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Account => "",
            Self::Categories(ContentKind::Channels) => "get_live_categories",
            Self::Categories(ContentKind::Movies) => "get_vod_categories",
            Self::Categories(ContentKind::Series) => "get_series_categories",
            Self::Listing(scope) | Self::Part { scope, .. } => match scope.kind {
                ContentKind::Channels => "get_live_streams",
                ContentKind::Movies => "get_vod_streams",
                ContentKind::Series => "get_series",
            },
        }
    }

    /// Returns whether this is the first request of a run, before which it is unknown whether the login is valid.
    pub(crate) fn is_login(&self) -> bool {
        matches!(self, Self::Account)
    }

    /// Returns whether it asks for all items of a kind.
    pub(crate) fn is_whole_listing(&self) -> bool {
        matches!(self, Self::Listing(Scope { within: None, .. }))
    }

    /// Returns whether it asks for the items of one category.
    pub(crate) fn is_of_a_category(&self) -> bool {
        matches!(self, Self::Listing(Scope { within: Some(_), .. }))
    }

    /// Returns whether it asks for categories.
    pub(crate) fn is_categories(&self) -> bool {
        matches!(self, Self::Categories(_))
    }

    /// Returns whether it asks for items.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(self, Self::Listing(_) | Self::Part { .. })
    }

    /// Returns the address for the request. It contains the credentials, so it is given to the HTTP client and to
    /// nothing else.
    pub(crate) fn url(&self, address: &PanelAddress, credentials: &Credentials) -> Url {
        let mut text = format!("{}?{}", address.api_url(), credentials.query());
        if !self.action().is_empty() {
            text.push_str("&action=");
            text.push_str(self.action());
        }
        if let Self::Listing(scope) | Self::Part { scope, .. } = self
            && let Some(category) = &scope.within
        {
            text.push_str("&category_id=");
            text.push_str(&encode(&category.0));
        }
        if let Self::Part { slice: Some((offset, most)), .. } = self {
            // `params[offset]` and `params[items_per_page]`.
            for (name, value) in [("offset", *offset), ("items_per_page", *most as u64)] {
                text.push_str("&params%5B");
                text.push_str(name);
                text.push_str("%5D=");
                text.push_str(&value.to_string());
            }
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
        assert_eq!(url(Endpoint::Listing(scope.clone())), format!("{base}&action=get_series&category_id=7%26x"));
        let part = Endpoint::Part { scope, slice: None };
        assert_eq!(url(part), format!("{base}&action=get_series&category_id=7%26x"));
        let part = Endpoint::Part { scope: Scope::whole(ContentKind::Movies), slice: Some((99, 50)) };
        let slice = "params%5Boffset%5D=99&params%5Bitems_per_page%5D=50";
        assert_eq!(url(part), format!("{base}&action=get_vod_streams&{slice}"));
    }
}
