//! The account of the suites, whose password nobody may see.

/// The user.
pub const USERNAME: &str = "viewer+1@example.com";

/// Characters that URLs, forms, JSON and shells treat each in its own way, around a word that all of them leave as it
/// is.
pub const PASSWORD: &str = "p&ä/Kanarie9x7+%25 \"q'=?#";

/// The word within the password: in the output of no run, whatever the encoding.
const CANARY: &str = "Kanarie9x7";

/// Whether a text shows the password: raw, percent-encoded, with `+` for spaces, escaped for JSON or HTML (the word
/// stays as it is in all of these), or as Base64, which has three forms of the word.
pub fn is_shown(text: &str) -> bool {
    const BASE64_OF_THE_WORD: [&str; 3] = ["S2FuYXJpZTl4", "thbmFyaWU5eD", "LYW5hcmllOXg3"];
    text.contains(CANARY) || BASE64_OF_THE_WORD.iter().any(|form| text.contains(form))
}
