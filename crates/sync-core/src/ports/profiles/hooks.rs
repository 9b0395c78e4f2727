//! The commands and webhooks before and after a sync of a profile.

use std::fmt;

/// The hooks of a profile.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HookSettings {
    /// The command that gets each result on its standard input.
    pub on_change: Option<String>,
    /// The file whose first line is the address to which results are posted. The address is a secret.
    pub webhook_file: Option<String>,
    /// The environment variable whose value is the address to which results are posted.
    pub webhook_env: Option<String>,
    /// The command before a sync. Its exit code says whether the sync may begin.
    pub before: Option<String>,
    /// Whether every result is sent, also one that changed nothing. The default is false.
    pub always: bool,
}

impl HookSettings {
    /// The keys under which a store keeps the texts.
    pub(super) const KEYS: [&str; 4] = ["hook.on-change", "hook.webhook-file", "hook.webhook-env", "hook.before"];

    /// The key under which a store keeps whether every result is sent.
    pub(super) const ALWAYS: &str = "hook.always";

    /// Returns the text with a key; `None` if there is none.
    pub fn get(&self, key: &str) -> Option<&str> {
        match key {
            "hook.on-change" => self.on_change.as_deref(),
            "hook.webhook-file" => self.webhook_file.as_deref(),
            "hook.webhook-env" => self.webhook_env.as_deref(),
            "hook.before" => self.before.as_deref(),
            _ => None,
        }
    }

    /// Sets the text with a key, or removes it. An unknown key changes nothing.
    pub fn set(&mut self, key: &str, text: Option<&str>) {
        let place = match key {
            "hook.on-change" => &mut self.on_change,
            "hook.webhook-file" => &mut self.webhook_file,
            "hook.webhook-env" => &mut self.webhook_env,
            "hook.before" => &mut self.before,
            _ => return,
        };
        *place = text.filter(|text| !text.is_empty()).map(str::to_owned);
    }
}

/// Writes the hooks without their commands, because a command line may contain a secret.
impl fmt::Debug for HookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |command: &Option<String>| command.as_ref().map(|_| "…");
        f.debug_struct("HookSettings")
            .field("on_change", &hidden(&self.on_change))
            .field("webhook_file", &self.webhook_file)
            .field("webhook_env", &self.webhook_env)
            .field("before", &hidden(&self.before))
            .field("always", &self.always)
            .finish()
    }
}
