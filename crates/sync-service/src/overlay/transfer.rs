//! Export and import of the overlay of a profile.

use std::iter;

use serde_json::Value;
use sync_core::overlay::{EditedItem, Filter, ImportReport, OverlayRules, RuleChange};
use sync_core::{ContentKind, EditQuery, OverlayError, PerKind, ProfileId, StoreError};

use super::file::{OverlayFile, change_texts, header, item_line, rules_line};
use crate::secrets::Login;
use crate::service::Service;

/// The overlay of a profile, ready to be written.
#[derive(Debug, Clone)]
pub struct OverlayExport {
    profile: ProfileId,
    rules: OverlayRules,
    items: Vec<EditedItem>,
}

impl OverlayExport {
    /// Returns the number of edited items.
    pub const fn items(&self) -> usize {
        self.items.len()
    }

    /// Returns the lines of the export, each a JSON object. The login is blanked. An empty login blanks nothing.
    pub fn lines<'a>(&'a self, login: &'a Login) -> impl Iterator<Item = Value> + 'a {
        let kinds = ContentKind::ALL.into_iter().filter(|kind| !self.rules.is_empty(*kind));
        let rules = kinds.map(|kind| rules_line(kind, &self.rules.filters[kind], &self.rules.rewrites[kind]));
        let lines = rules.chain(self.items.iter().map(item_line));
        iter::once(header(&self.profile)).chain(lines.map(|mut line| {
            change_texts(&mut line, &|text| login.blank(text).into_owned());
            line
        }))
    }
}

/// The result of an import for the rules of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesImport {
    /// The file has no rules of the kind, or the same ones.
    Nothing,
    /// The profile has the rules of the file now.
    Replaced,
    /// The profile has its own rules, and they stay.
    Kept,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The result for the items.
    pub report: ImportReport,
    /// The result for the rules of each kind.
    pub rules: PerKind<RulesImport>,
}

impl Service {
    /// Reads the overlay of a profile for an export.
    ///
    /// # Errors
    ///
    /// The cache can't be read.
    pub async fn export_overlay(&self, profile: &ProfileId) -> Result<OverlayExport, StoreError> {
        let items = self.cache().edited(profile, EditQuery::all()).await?;
        Ok(OverlayExport { profile: profile.clone(), rules: self.cache().rules(profile).await?, items })
    }

    /// Imports an overlay. If the profile and the file have an edit of the same field, the later edit stays. The rules
    /// of a kind are written if the profile has no rules of the kind, or if `replace_rules` is true.
    ///
    /// The edits are written in one transaction, and then the rules of each kind in another one. After an error, the
    /// file can safely be imported again.
    ///
    /// # Errors
    ///
    /// [`OverlayError::TooManyEdits`] if the profile would have too many edits; then nothing has changed.
    pub async fn import_overlay(
        &self,
        profile: &ProfileId,
        file: OverlayFile,
        replace_rules: bool,
    ) -> Result<Imported, OverlayError> {
        let report = self.cache().import(profile, file.items, self.now()).await?;
        let mut rules = PerKind::from_fn(|_| RulesImport::Nothing);
        let known = self.cache().rules(profile).await?;
        for (kind, of_file) in ContentKind::ALL.into_iter().zip(file.rules.values()) {
            let Some((filter, rewrites)) = of_file else { continue };
            // The categories that reports have already named are known to this cache, and are not part of a file.
            let told_categories = known.filters[kind].told_categories.clone();
            let filter = Filter { told_categories, ..filter.clone() };
            if (&filter, rewrites) == (&known.filters[kind], &known.rewrites[kind]) {
                continue;
            }
            if !replace_rules && !known.is_empty(kind) {
                rules[kind] = RulesImport::Kept;
                continue;
            }
            let change = RuleChange::Replace(filter, rewrites.clone());
            self.cache().change_rules(profile, kind, vec![change]).await?;
            rules[kind] = RulesImport::Replaced;
        }
        Ok(Imported { report, rules })
    }
}
