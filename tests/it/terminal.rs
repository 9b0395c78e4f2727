//! The pseudo-terminal of the tests itself, with a shell on it.

use std::process::Command;

use crate::pseudo_terminal::PseudoTerminal;

fn shell(script: &str) -> PseudoTerminal {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    PseudoTerminal::start(command, 40, 10)
}

#[test]
fn typed_text_is_read_and_shown_unless_the_program_forbids_it() {
    let terminal = shell("printf 'Name: '; read a; stty -echo; printf 'Word: '; read b; stty echo; echo; echo $a-$b");
    terminal.wait_for("Name: ");
    terminal.send("ann\r");
    terminal.wait_for("Word: ");
    terminal.wait_for_echo(false);
    terminal.send("unseen\r");
    let ended = terminal.end().exits(0).leaves_a_sane_terminal().fits();
    assert_eq!(ended.text.trim_end(), "Name: ann\nWord: \nann-unseen");
    assert_eq!(ended.bytes.matches("unseen").count(), 1, "{:?}", ended.bytes);
}

#[test]
fn a_terminal_has_a_size_that_can_change() {
    let terminal = shell("trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.01; done");
    terminal.wait_for("10 40");
    terminal.resize(100, 20);
    let ended = terminal.end().exits(0);
    assert!(ended.text.contains("20 100"), "{}", ended.text);
}

#[test]
fn ctrl_c_ends_the_foreground_program_and_a_long_line_is_an_error() {
    let long = "0123456789012345678901234567890123456789";
    let terminal = shell(&format!("printf '\\033[?25l'; stty -echo; echo {long}x; read x"));
    terminal.wait_for("9x");
    terminal.send_ctrl_c();
    let ended = terminal.end();
    assert_eq!(ended.code, None, "a signal has ended it");
    assert!(ended.hides_cursor && !ended.echoes);
    assert_eq!(ended.wrapped, [long]);
}
