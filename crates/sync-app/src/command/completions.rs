//! `completions`: scripts that complete the command line in a shell.
//!
//! The scripts are made from the declarations of the arguments. Where the id of a profile is expected, they call the
//! program itself with [`WORD`] and the words before the cursor, because only the cache knows the ids.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory};
use clap_complete::aot;

use super::args::{Args, Shell};
use super::exit::Exit;
use super::terminal::{print_out, write};
use super::wiring;

/// The first argument of the call that prints the ids of the profiles. It is not a declared command, so no help shows
/// it.
pub(crate) const WORD: &str = "__profiles";

/// Prints the script of a shell.
pub(crate) fn print(shell: Shell) -> Exit {
    write(script(shell).as_bytes());
    Exit::Done
}

fn script(shell: Shell) -> String {
    let of = |generator: &dyn Fn(&mut Command, &mut Vec<u8>)| {
        let mut text = Vec::new();
        generator(&mut Args::command(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    };
    let name = "xtream-sync";
    match shell {
        Shell::Bash => bash(&of(&|command, text| aot::generate(aot::Bash, command, name, text))),
        Shell::Zsh => zsh(&of(&|command, text| aot::generate(aot::Zsh, command, name, text))),
        Shell::Fish => fish(&of(&|command, text| aot::generate(aot::Fish, command, name, text))),
        Shell::Powershell => powershell(&of(&|command, text| aot::generate(aot::PowerShell, command, name, text))),
    }
}

fn bash(generated: &str) -> String {
    // The generator (clap_complete 4.6.12) spells a name with a hyphen in two ways, so its script finds no subcommand.
    let generated = &generated.replace("xtream__subcmd__sync", "xtream__sync");
    let inner = generated.split("complete -F ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let outer = r#"
# Adds the ids of the profiles, and takes the placeholders of arguments out.
_xtream_sync_with_profiles() {
    local id cur="$2" ids=() words=()
    while IFS= read -r id; do
        [[ $id == "$cur"* ]] && ids+=("$(printf '%q' "$id")")
    done < <("${COMP_WORDS[0]}" @IDS@ "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
    if (( ${#ids[@]} )) && [[ $cur != -* ]]; then
        COMPREPLY=("${ids[@]}")
        return 0
    fi
    @INNER@ "$@"
    for id in "${COMPREPLY[@]}"; do
        [[ $id == [\<\[]* ]] || words+=("$id")
    done
    COMPREPLY=("${words[@]}")
}
"#;
    let outer = outer.replace("@IDS@", WORD).replace("@INNER@", inner);
    let registered = generated.replace(&format!("complete -F {inner} "), "complete -F _xtream_sync_with_profiles ");
    format!("{registered}{outer}")
}

fn zsh(generated: &str) -> String {
    let outer = r#"
# Completes the ids of the profiles where one is expected.
_xtream_sync_with_profiles() {
    local -a ids
    ids=("${(@f)$("${words[1]}" @IDS@ "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
    if [[ -n "$ids[1]" && "$PREFIX" != -* ]] && compadd -a ids; then
        return 0
    fi
    _xtream-sync "$@"
}

if [ "$funcstack[1]""#;
    let registered = generated
        .replace("\n    _xtream-sync \"$@\"\nelse", "\n    _xtream_sync_with_profiles \"$@\"\nelse")
        .replace("compdef _xtream-sync xtream-sync", "compdef _xtream_sync_with_profiles xtream-sync");
    registered.replacen("\nif [ \"$funcstack[1]\"", &outer.replace("@IDS@", WORD), 1)
}

fn fish(generated: &str) -> String {
    let outer = r"
# Completes the ids of the profiles where one is expected.
function __xtream_sync_profiles
    set -l words (commandline -opc)
    command $words[1] @IDS@ $words[2..-1] 2>/dev/null
end
complete -c xtream-sync -n 'count (__xtream_sync_profiles) >/dev/null' -f -a '(__xtream_sync_profiles)'
complete -c xtream-sync -l profile -x -a '(__xtream_sync_profiles)'
";
    format!("{generated}{}", outer.replace("@IDS@", WORD))
}

fn powershell(generated: &str) -> String {
    let inner = r"
    # Completes the ids of the profiles where one is expected.
    $words = @($commandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    $completions += @(& $commandElements[0].Extent.Text @IDS@ @words 2>$null | ForEach-Object {
        [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_) })

    $completions.Where{";
    generated.replacen("\n    $completions.Where{", &inner.replace("@IDS@", WORD), 1)
}

/// Prints the ids of the profiles, one per line, if an id is expected after these words. Otherwise prints nothing,
/// which is a valid answer.
pub(crate) async fn profiles(words: &[OsString]) {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if !expects_profile(&words) {
        return;
    }
    let Some(database) = database(&words).or_else(|| Args::usual_database().ok()) else { return };
    let Ok(Some(cache)) = wiring::existing(&database) else { return };
    for profile in cache.profiles().await.unwrap_or_default() {
        // A line break would split an id in two, and a script doesn't expect control characters.
        if !profile.id.as_str().chars().any(char::is_control) {
            print_out(profile.id.as_str());
        }
    }
}

/// Returns the cache that the words name. A shell may have split them at `=`.
fn database(words: &[String]) -> Option<PathBuf> {
    let mut words = words.iter().filter(|word| *word != "=");
    while let Some(word) = words.next() {
        if word == "--database" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = word.strip_prefix("--database=") {
            return Some(PathBuf::from(path));
        }
    }
    None
}

/// Returns whether the id of a profile is expected after these words.
fn expects_profile(words: &[String]) -> bool {
    let mut root = Args::command();
    root.build();
    let (mut command, mut positions, mut option) = (&root, 0, None);
    for word in words.iter().filter(|word| *word != "=") {
        if option.take().is_some() {
            continue;
        }
        if let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) {
            option = command.get_arguments().find(|arg| arg.get_long() == Some(name)).filter(|arg| takes_value(arg));
        } else if let Some(name) = word.strip_prefix('-').filter(|name| name.chars().count() == 1) {
            let named = |arg: &&Arg| arg.get_short() == name.chars().next();
            option = command.get_arguments().find(named).filter(|arg| takes_value(arg));
        } else if let Some(below) = command.find_subcommand(word).filter(|_| positions == 0) {
            command = below;
        } else {
            positions += 1;
        }
    }
    let several = |arg: &&Arg| arg.get_num_args().is_some_and(|number| number.max_values() > 1);
    let next = option.or_else(|| {
        command.get_positionals().nth(positions).or_else(|| command.get_positionals().last().filter(several))
    });
    next.is_some_and(|arg| is_profile(command, arg))
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// Returns whether the value of an argument is the id of a profile. Next to a kind, an id is that of an item.
fn is_profile(command: &Command, arg: &Arg) -> bool {
    match arg.get_id().as_str() {
        "profile" => true,
        "id" | "ids" => command.get_positionals().all(|other| other.get_id() != "kind"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected_after(line: &str) -> bool {
        expects_profile(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_id_of_a_profile_is_expected_where_one_belongs() {
        for line in [
            "sync",
            "sync home",
            "sync --full home --only movies",
            "-v --database x.db sync",
            "--database = x.db sync",
            "status --json",
            "clear",
            "check",
            "profile add",
            "profile remove",
            "profile test",
            "profile show",
            "profile set",
            "list movies --profile",
            "list --profile",
            "export json -o file --profile",
            "undo --profile",
        ] {
            assert!(expected_after(line), "{line}");
        }
        for line in [
            "",
            "profile",
            "clear home",
            "profile add home",
            "profile add home --url",
            "sync --only",
            "sync --attempts",
            "list",
            "list movies",
            "show movies",
            "show movies 7",
            "list movies --profile home",
            "edit movies 4711",
            "conflicts resolve",
            "export",
            "backup",
            "completions",
            "unheard-of",
        ] {
            assert!(!expected_after(line), "{line}");
        }
    }

    /// This test fails for a new command with a profile that is not listed here.
    #[test]
    fn every_argument_that_may_be_a_profile_is_known() {
        fn collect(path: &str, command: &Command, found: &mut Vec<String>) {
            for arg in command.get_arguments().filter(|arg| is_profile(command, arg)) {
                found.push(format!("{path} {}", arg.get_id()));
            }
            for below in command.get_subcommands() {
                collect(&format!("{path} {}", below.get_name()), below, found);
            }
        }
        let mut found = Vec::new();
        collect("", &Args::command(), &mut found);
        let mut named: Vec<_> = found.iter().map(|path| path.trim()).collect();
        named.sort_unstable();
        let expected = [
            "categories profile",
            "changes apply profile",
            "changes export profile",
            "changes profile",
            "check id",
            "clear id",
            "conflicts profile",
            "conflicts resolve profile",
            "edit profile",
            "export profile",
            "favourite profile",
            "filter add profile",
            "filter default profile",
            "filter list profile",
            "filter new profile",
            "filter remove profile",
            "filter test profile",
            "hide profile",
            "history profile",
            "list profile",
            "new profile",
            "overlay export profile",
            "overlay import profile",
            "profile add id",
            "profile edit id",
            "profile remove id",
            "profile set id",
            "profile show id",
            "profile test id",
            "rewrite add profile",
            "rewrite list profile",
            "rewrite remove profile",
            "rewrite test profile",
            "search profile",
            "show profile",
            "status id",
            "sync ids",
            "tag profile",
            "undo profile",
            "watch ids",
            "watched profile",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn the_cache_is_that_of_the_typed_arguments() {
        let named = |line: &str| database(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(named("--database x.db sync"), Some("x.db".into()));
        assert_eq!(named("sync --database = x.db"), Some("x.db".into()));
        assert_eq!(named("sync --database=x.db"), Some("x.db".into()));
        assert_eq!(named("sync --database"), None);
        assert_eq!(named("sync home"), None);
    }

    #[test]
    fn every_script_asks_for_the_ids() {
        for (shell, registered) in [
            (Shell::Bash, "complete -F _xtream_sync_with_profiles "),
            (Shell::Bash, "\"${COMP_WORDS[0]}\" __profiles \"${COMP_WORDS[@]:1:COMP_CWORD-1}\""),
            (Shell::Zsh, "    compdef _xtream_sync_with_profiles xtream-sync"),
            (Shell::Zsh, "    _xtream_sync_with_profiles \"$@\"\nelse"),
            (Shell::Zsh, "\n_xtream_sync_with_profiles() {"),
            (Shell::Fish, "-f -a '(__xtream_sync_profiles)'"),
            (Shell::Powershell, "$completions += @("),
        ] {
            let script = script(shell);
            assert!(script.contains(registered) && script.contains(WORD), "{shell:?}: {script}");
            // These names are placeholders in the script, and have to be replaced.
            assert!(!script.contains("@IDS@") && !script.contains("@INNER@"), "{shell:?}");
        }
    }
}
