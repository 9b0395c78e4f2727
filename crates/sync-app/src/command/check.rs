//! `check`.

use std::path::Path;
use std::sync::Arc;

use sync_core::maintenance::{Finding, Inconsistency, Inspection};
use sync_core::text::{one_line, printable};
use sync_core::{Cache, ContentKind, PerKind, ProfileId, StoreError, SyncReport};
use sync_service::Added;

use super::args::CheckArgs;
use super::bars::Bars;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::panel::Panels;
use super::terminal::{grouped, print_err, print_out, quoted};
use super::{follower, json, report, wiring};
use crate::SyncError;
use crate::json::{Checked, Damaged, Finding as FoundLine, Report};

/// Checks one profile or all, and marks the kinds that the next sync has to compare in full.
pub(crate) async fn run(database: &Path, args: &CheckArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let cache = match wiring::open_read_only(database) {
        Err(StoreError::Missing(_)) => return Err(nothing(args)),
        Err(StoreError::Corrupt(text)) => return Ok(damaged(args, &[text])),
        opened => opened?,
    };
    let only = args.id.as_deref().map(ProfileId::new).transpose().map_err(SyncError::from)?;
    let inspected = interrupt.token.run_until_cancelled(cache.inspect(only)).await;
    let inspection = inspected.ok_or_else(|| Failure::abandoned("nothing was marked; the cache is unchanged"))??;
    if !inspection.damage.is_empty() {
        return Ok(damaged(args, &inspection.damage));
    }
    if inspection.profiles.is_empty() && inspection.findings.is_empty() {
        return Err(nothing(args));
    }
    let mut exit = of_the_cache(args, &inspection);
    for id in &inspection.profiles {
        let findings: Vec<_> =
            inspection.findings.iter().filter(|it| it.profile.as_ref() == Some(id)).cloned().collect();
        let has_login = cache.profile(id).await?.is_none_or(|profile| profile.has_login());
        let mut seen =
            Seen { id, has_login, findings, marked: Vec::new(), put_right: false, report: None, differs: false };
        seen.mark(database).await;
        if args.with_panel && !has_login && args.id.is_none() {
            let id = printable(id.as_str());
            print_err(&format!("note: {id}: not compared with a panel: it has no login, change sets fill it"));
        } else if args.with_panel {
            let found = seen.findings.len();
            let compared = seen.compare(&cache, args, interrupt).await;
            exit = exit.or(compared.unwrap_or_else(|failure| {
                let failure = failure.of_profile(id.as_str());
                failure.print();
                failure.exit()
            }));
            if seen.findings.len() > found {
                seen.mark(database).await;
            }
        }
        if !seen.findings.is_empty() {
            exit = exit.or(Exit::Partial);
        }
        seen.tell(&cache, args.json).await?;
    }
    Ok(exit)
}

/// Returns the error that there is nothing to check.
fn nothing(args: &CheckArgs) -> Failure {
    args.id.as_ref().map_or_else(Failure::no_profile, |id| Failure::unknown_profile(id))
}

/// Reports that the file itself is damaged, how to get a new one, and how to keep the old one.
fn damaged(args: &CheckArgs, damage: &[String]) -> Exit {
    if args.json {
        let damage = damage.iter().map(Into::into).collect();
        json::print_out(&Damaged { damage, profile: None, status: "damaged".into() });
    } else {
        for line in damage {
            print_out(&format!("damaged: {}", one_line(line)));
        }
    }
    print_err("error: the cache is damaged; it was not changed");
    print_err("  hint: `xtream-sync restore FILE` puts a backup in its place and keeps this file beside it. Without a");
    print_err("        backup, rename the file and its `-wal`, then add the profiles again and sync");
    Exit::Store
}

/// Reports the findings that belong to no profile.
fn of_the_cache(args: &CheckArgs, inspection: &Inspection) -> Exit {
    let findings: Vec<_> = inspection.findings.iter().filter(|it| it.profile.is_none()).collect();
    if findings.is_empty() {
        return Exit::Done;
    }
    if args.json {
        let findings = findings.iter().map(|finding| as_object(finding, &[])).collect();
        json::print_out(&Checked::<json::Items<'_>> {
            profile: None,
            status: "inconsistent".into(),
            findings,
            panel: None,
        });
    } else {
        for finding in findings {
            print_out(&format!("the cache: {}", one_line(&finding.to_string())));
        }
        print_out(
            "  no sync touches them; if you add a profile with their id, it takes over the rows without a profile",
        );
    }
    Exit::Partial
}

/// The result of the check of one profile.
struct Seen<'a> {
    id: &'a ProfileId,
    /// Whether the profile can be synced. Without a login, only change sets fill it.
    has_login: bool,
    findings: Vec<Finding>,
    /// The kinds that the next sync compares in full.
    marked: Vec<ContentKind>,
    /// Whether the check has repaired how items are shown.
    put_right: bool,
    report: Option<SyncReport>,
    /// Whether the panel's lists differ from the cache.
    differs: bool,
}

impl Seen<'_> {
    /// Compares every item with the panel's lists, without writing.
    async fn compare(
        &mut self,
        cache: &Arc<dyn Cache>,
        args: &CheckArgs,
        interrupt: &Interrupt,
    ) -> Result<Exit, Failure> {
        let service = wiring::service(cache);
        let profile = service.profiles(std::slice::from_ref(self.id)).await?.remove(0);
        let (panels, bars) = (Panels::new(&args.panel, interrupt), Arc::new(Bars::new(args.json, false)));
        let compared = service.compare(&profile, &panels, Arc::clone(&bars) as _, &interrupt.token).await?;
        bars.clear();
        let exit = Exit::of_report(&compared.report);
        self.findings.extend(compared.findings);
        self.differs = compared.differs;
        self.report = Some(compared.report);
        Ok(if compared.differs { exit.or(Exit::Partial) } else { exit })
    }

    /// Marks the kinds with findings. If the cache can't be written, prints a hint with the command that does the same.
    async fn mark(&mut self, database: &Path) {
        let is_mended =
            |inconsistency: Inconsistency| inconsistency.is_mended_by_a_sync() || inconsistency.is_mended_at_once();
        if !self.findings.iter().any(|finding| is_mended(finding.inconsistency)) {
            return;
        }
        let inspection = Inspection { findings: self.findings.clone(), ..Inspection::default() };
        let marked = match wiring::open(database) {
            Ok(cache) => cache.mark(&inspection).await,
            Err(error) => Err(error),
        };
        match marked {
            Ok(marked) => {
                self.marked = marked.into_iter().map(|(_, kind)| kind).collect();
                self.put_right = self.findings.iter().any(|finding| finding.inconsistency.is_mended_at_once());
            }
            Err(error) => {
                let id = printable(self.id.as_str());
                print_err(&format!("warning: {id}: the findings can't be marked: {}", error.with_causes()));
                if self.has_login {
                    let id = quoted(self.id.as_str());
                    print_err(&format!("  hint: `xtream-sync sync {id} --full` compares every item"));
                } else {
                    print_err(&format!("  hint: {} put it in order", follower::renew(self.id)));
                }
            }
        }
    }

    async fn tell(&self, cache: &Arc<dyn Cache>, as_json: bool) -> Result<(), Failure> {
        let rows = cache.sync_state(self.id).await.map(|state| state.rows.values().sum::<u64>());
        let status = if self.findings.is_empty() { "sound" } else { "inconsistent" };
        if as_json {
            let findings: Vec<_> = self.findings.iter().map(|finding| as_object(finding, &self.marked)).collect();
            let panel = self.report.as_ref().map(Report::from);
            let profile = Some(self.id.as_str().into());
            json::print_out(&Checked { profile, status: status.into(), findings, panel });
        } else {
            self.print(status, rows.unwrap_or_default());
        }
        if let Some(report) = &self.report {
            report::notes(report);
        }
        Ok(())
    }

    fn print(&self, status: &str, rows: u64) {
        let id = printable(self.id.as_str());
        let (compares, repairs) = if self.has_login {
            let sync = format!("`xtream-sync sync {}`", quoted(self.id.as_str()));
            (format!("{sync} compares every item of them, and repairs it"), format!("{sync} repairs"))
        } else {
            let renew = follower::renew(self.id);
            (format!("{renew} repair it"), format!("{renew} repair"))
        };
        print_out(&format!("{id}: {status}, {} items", grouped(rows)));
        for finding in &self.findings {
            let kind = finding.kind.map(|kind| format!("{kind}: ")).unwrap_or_default();
            print_out(&format!("  {kind}{}", one_line(&finding.to_string())));
        }
        if self.put_right {
            print_out("  how items are shown was put right");
        }
        if self
            .findings
            .iter()
            .any(|it| matches!(it.inconsistency, Inconsistency::EditUnreadable | Inconsistency::RuleUnreadable))
        {
            print_out(
                "  edits and rules that can't be read are kept and not used; make them anew, no sync repairs them",
            );
        }
        if !self.marked.is_empty() {
            let kinds: Vec<_> = self.marked.iter().map(|kind| kind.as_str()).collect();
            print_out(&format!("  marked: {}; {compares}", kinds.join(", ")));
        }
        let by_any_sync = |finding: &&Finding| {
            finding.inconsistency.is_mended_by_a_sync() && !finding.inconsistency.is_mended_by_comparing()
        };
        if self.findings.iter().any(|finding| by_any_sync(&finding)) {
            let what = if self.marked.is_empty() { "it" } else { "the rest" };
            print_out(&format!("  {repairs} {what}"));
        }
        if let Some(report) = &self.report {
            report::print(report, &PerKind::from_fn(|_| Added::default()));
        }
        if self.differs {
            let id = quoted(self.id.as_str());
            print_out(&format!("  the cache differs from the panel: `xtream-sync sync {id}` brings it in step"));
        }
    }
}

fn as_object<'a>(finding: &'a Finding, marked: &[ContentKind]) -> FoundLine<'a> {
    let inconsistency = &finding.inconsistency;
    FoundLine {
        code: inconsistency.code().into(),
        count: finding.count,
        examples: finding.examples.iter().map(Into::into).collect(),
        kind: finding.kind.map(|kind| kind.as_str().into()),
        marked: inconsistency.is_mended_by_comparing() && finding.kind.is_some_and(|kind| marked.contains(&kind)),
        mended_by_check: inconsistency.is_mended_at_once(),
        mended_by_sync: inconsistency.is_mended_by_a_sync(),
        message: finding.to_string().into(),
    }
}
