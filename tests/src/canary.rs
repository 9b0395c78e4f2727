//! The account of the suites. Its password must appear in no output.

/// The user name.
pub const USERNAME: &str = "viewer+1@example.com";

/// The password. URLs, forms, JSON and shells treat its characters each in their own way. All of them leave the word in
/// the middle unchanged.
pub const PASSWORD: &str = "p&ä/Kanarie9x7+%25 \"q'=?#";

/// The word within the password. It is in the output of no run, whatever the encoding.
const CANARY: &str = "Kanarie9x7";

/// Returns whether a text shows the password: raw, percent-encoded, with `+` for spaces, escaped for JSON or HTML, or
/// as Base64. The word is unchanged in all of these but Base64, which has three forms of it.
pub fn is_shown(text: &str) -> bool {
    const BASE64_OF_THE_WORD: [&str; 3] = ["S2FuYXJpZTl4", "thbmFyaWU5eD", "LYW5hcmllOXg3"];
    text.contains(CANARY) || BASE64_OF_THE_WORD.iter().any(|form| text.contains(form))
}
