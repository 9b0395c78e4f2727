//! Hooks that are commands: `on_change` is told of results, and `before` is asked before a sync.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sync_core::{ContentKind, Profile};
use sync_service::watch::{Gate, HookSender, NotSent, Told};

use super::json;
use super::secret_variables::SecretVariables;
use super::shell::{self, Given};

/// The time limit of a hook.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The variable that gives a command the id of the profile. The user has chosen the id, so it is safe to pass.
const PROFILE: &str = "XTREAM_SYNC_PROFILE";

/// Runs a command with each result on its standard input.
#[derive(Debug)]
pub(crate) struct CommandHook {
    /// The command of the command line, which takes the place of the profiles' commands.
    for_all: Option<String>,
    /// The variables that the command doesn't get.
    secrets: Arc<SecretVariables>,
}

impl CommandHook {
    pub(crate) fn new(for_all: Option<String>, secrets: Arc<SecretVariables>) -> Self {
        Self { for_all, secrets }
    }

    fn command<'a>(&'a self, profile: &'a Profile) -> Option<&'a str> {
        self.for_all.as_deref().or(profile.hooks.on_change.as_deref())
    }
}

#[async_trait]
impl HookSender for CommandHook {
    fn name(&self) -> &'static str {
        "on_change"
    }

    fn is_set(&self, profile: &Profile) -> bool {
        self.command(profile).is_some()
    }

    async fn send(&self, told: &Told) -> Result<(), NotSent> {
        let Some(command) = self.command(&told.profile) else { return Ok(()) };
        let (told, without) = (json::told(told), self.secrets.names(&told.profile).await);
        let given = Given { input: Some(&told), without: &without, ..Given::default() };
        let done = shell::run(command, given, LIMIT).await;
        // The result was passed to the command, whatever the command made of it. To pass it twice would be worse than
        // once.
        done.map_err(|error| NotSent { why: format!("the command {error}"), may_pass: false })
    }
}

/// Runs a command before each sync. A command that fails postpones the sync.
#[derive(Debug)]
pub(crate) struct BeforeCommand {
    /// The command of the command line, which takes the place of the profiles' commands.
    for_all: Option<String>,
    /// The variables that the command doesn't get.
    secrets: Arc<SecretVariables>,
}

impl BeforeCommand {
    pub(crate) fn new(for_all: Option<String>, secrets: Arc<SecretVariables>) -> Self {
        Self { for_all, secrets }
    }
}

#[async_trait]
impl Gate for BeforeCommand {
    async fn refusal(&self, profile: &Profile, _: &[ContentKind]) -> Option<String> {
        let command = self.for_all.as_deref().or(profile.hooks.before.as_deref())?;
        let (variables, without) = ([(PROFILE, profile.id.as_str())], self.secrets.names(profile).await);
        let given = Given { input: None, variables: &variables, without: &without };
        let done = shell::run(command, given, LIMIT).await;
        done.err().map(|error| format!("the command before a sync {error}"))
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    use sync_core::{ProfileId, SyncReport, Trigger};
    use sync_service::Service;

    use crate::command::wiring;

    /// Returns the secret variables without a cache: only the profile of the test names any.
    fn secrets() -> Arc<SecretVariables> {
        let nowhere = wiring::Caches::new("no/such/cache.db".as_ref());
        Arc::new(SecretVariables::new(Arc::new(nowhere), []))
    }

    fn profile() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    fn told(profile: Profile) -> Told {
        let report = SyncReport::new(profile.id.clone());
        let changes = Service::counted_changes(&report);
        Told::new(profile, report, Trigger::Schedule, changes)
    }

    #[tokio::test]
    async fn a_command_reads_one_json_object() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told");
        let mut home = profile();
        home.hooks.on_change = Some(format!("cat > '{}'", path.display()));
        let hook = CommandHook::new(None, secrets());
        assert!(hook.is_set(&home) && !hook.is_set(&profile()));
        hook.send(&told(home.clone())).await.unwrap();
        let object: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&object["profile"], &object["trigger"]), (&"home".into(), &"schedule".into()));
        assert_eq!(object["text"], "home: nothing has changed");
        // The option takes precedence over the setting.
        let hook = CommandHook::new(Some("exit 7".to_owned()), secrets());
        assert!(hook.is_set(&profile()));
        let failed = hook.send(&told(home)).await.unwrap_err();
        assert_eq!(failed, NotSent { why: "the command ended with 7".to_owned(), may_pass: false });
    }

    #[tokio::test]
    async fn a_command_before_a_sync_decides() {
        let refusal = async |command: &str| {
            let mut home = profile();
            home.hooks.before = Some(command.to_owned());
            BeforeCommand::new(None, secrets()).refusal(&home, &ContentKind::ALL).await
        };
        assert_eq!(refusal("true").await, None);
        assert_eq!(refusal("test \"$XTREAM_SYNC_PROFILE\" = home").await, None);
        assert_eq!(refusal("exit 3").await.as_deref(), Some("the command before a sync ended with 3"));
        let nothing = BeforeCommand::new(None, secrets()).refusal(&profile(), &ContentKind::ALL).await;
        assert_eq!(nothing, None, "without a command every sync may begin");
        let for_all = BeforeCommand::new(Some("exit 4".to_owned()), secrets());
        let refused = for_all.refusal(&profile(), &ContentKind::ALL).await;
        assert_eq!(refused.as_deref(), Some("the command before a sync ended with 4"));
    }
}
