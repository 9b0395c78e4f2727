//! The examples at the end of every `--help`.
//!
//! A line is a command, then at least two spaces, then its purpose. A test parses every command.

pub(super) const ROOT: &str = "\
Examples:
  xtream-sync profile add home  Ask for address, user name and password
  xtream-sync sync home         Fetch the lists of the panel, and write what has changed
  xtream-sync search matrix     Find items in the cache
  xtream-sync status home       Show the last run, the counts and the held removals";

pub(super) const PROFILE: &str = "\
Examples:
  xtream-sync profile add home     Ask for address, user name and password
  xtream-sync profile test home    Log in, and count the categories
  xtream-sync profile list
  xtream-sync profile set home guard.share=50
  xtream-sync profile remove home";

pub(super) const PROFILE_ADD: &str = "\
Examples:
  xtream-sync profile add home    Ask for address, user name and password
  xtream-sync profile add home --url http://panel.example:8080 --username ann
  xtream-sync profile add home --password-command 'pass show panel'
  xtream-sync profile add home --removal-share 50 --release-days 3";

pub(super) const PROFILE_TEST: &str = "\
Examples:
  xtream-sync profile test home
  xtream-sync profile test home --json --attempts 1   Print the answer for a script, without a second attempt";

pub(super) const PROFILE_EDIT: &str = "\
Examples:
  xtream-sync profile edit home --url http://a.example:8080 --url http://b.example:8080
  xtream-sync profile edit home --username ann --password-prompt";

pub(super) const PROFILE_SET: &str = "\
Examples:
  xtream-sync profile set home guard.share=50 retention.days=3
  xtream-sync profile set home kinds.off=series timeout.first-byte=300
  xtream-sync profile set home attempts=          Restore the default";

pub(super) const PROFILE_SHOW: &str = "\
Examples:
  xtream-sync profile show home          Show addresses and settings
  xtream-sync profile show home --json   Print the settings for a script";

pub(super) const PROFILE_LIST: &str = "\
Examples:
  xtream-sync profile list          Show names and addresses
  xtream-sync profile list --json   Print all settings";

pub(super) const PROFILE_REMOVE: &str = "\
Example:
  xtream-sync profile remove home";

pub(super) const SYNC: &str = "\
Examples:
  xtream-sync sync                                        Sync all profiles
  xtream-sync sync --jobs 4 --quiet                       Sync four profiles at once, and print errors only
  xtream-sync sync home --only movies,series              Sync two kinds of one profile
  xtream-sync sync home --dry-run                         Show what a sync would do
  xtream-sync sync home --accept-removals --only movies   Remove the movies that are held";

pub(super) const LIST: &str = "\
Examples:
  xtream-sync list movies                                       Show the first 50 movies of the panel
  xtream-sync list movies --category Action --sort rating       Show the best ones of a category
  xtream-sync list series --added-since 7d --json               Print what the panel has added in seven days
  xtream-sync list channels --csv                               Print all channels for a spreadsheet";

pub(super) const SEARCH: &str = "\
Examples:
  xtream-sync search spider man                   Find both words, in any order
  xtream-sync search '\"spider man\"' --kind movies
  xtream-sync search --year 1990-1999 -- matrix -reloaded

Case and accents don't matter. Hyphens and apostrophes may be there, be missing or be spaces. Any text is a search; one \
without a letter or a digit finds nothing.";

pub(super) const SHOW: &str = "\
Examples:
  xtream-sync show movies 4711
  xtream-sync show movies 4711 --json   Print it for a script

An item that was removed is shown as long as it is remembered (see `profile add --tombstone-days`).";

pub(super) const CATEGORIES: &str = "\
Examples:
  xtream-sync categories movies
  xtream-sync categories movies --json   Print them for a script";

pub(super) const EXPORT: &str = "\
Examples:
  xtream-sync export json -o catalogue.jsonl            Write all items into a new file
  xtream-sync export csv --kind movies -o movies.csv    Write the movies as a table

A cell of CSV is what the panel sent, also where it begins with =, +, - or @. A spreadsheet may take it for a formula.";

pub(super) const CHANGES: &str = "\
Examples:
  xtream-sync changes --since 7d                       Show the changes of the last seven days
  xtream-sync changes --since 5557210331:1234 --json   Show the changes after a position
  xtream-sync changes --follow                         Wait for changes, and show them

A position is an epoch and a sequence; both are in each line of --json. The exit code is 12 if the changes after a
position can't all be shown: its epoch has ended, it is ahead of the newest change, or changes were pruned. Read the
catalogue again then, and go on from the newest position.";

pub(super) const CHANGES_EXPORT: &str = "\
Examples:
  xtream-sync changes export -o home.changes                          Write everything
  xtream-sync changes export --since 5557210331:1234 -o day.changes   Write what came after a position
  xtream-sync changes export --since 1d | ssh tv xtream-sync changes apply -

The set is of one state of the cache, also while a sync runs. The login of the profile is replaced by placeholders. A \
position within a run is replaced by the end of the run before it. Exit codes: 0 written; 3 a kind was left out, because \
its content is in doubt or was not known at the position; 12 the changes after the position can't all be exported, or no \
kind can.";

pub(super) const CHANGES_APPLY: &str = "\
Examples:
  xtream-sync changes apply home.changes --profile home   Fill a profile, and add it if necessary
  xtream-sync changes apply day.changes                   Bring it up to date
  ssh server xtream-sync changes export --since 1d | xtream-sync changes apply -

A change set is applied wholly to exactly the state that it was made from, or not at all; to apply it again changes \
nothing. Kinds that are switched off in the profile are left alone. Exit codes: 0 applied, or there already; 12 refused: the \
file is damaged or of another panel, or doesn't begin where the profile is; 11 another run holds the profile. After 8 or \
130 the same set finishes what is left.";

pub(super) const NEW: &str = "\
Examples:
  xtream-sync new                            Show what came within seven days
  xtream-sync new --days 1 --kind movies     Show the movies of the last day";

pub(super) const HISTORY: &str = "\
Examples:
  xtream-sync history              Show the last 20 runs
  xtream-sync history --limit 1    Show the last run";

pub(super) const UNDO: &str = "\
Examples:
  xtream-sync undo --profile home --dry-run     Show what an undo would do
  xtream-sync undo --profile home               Undo the newest run that changed something
  xtream-sync undo --run 12 --kind movies       Undo one kind of one run

Items that the run removed come back, items that it updated are as before, and items that it added are removed. The next
sync takes what the panel still lists as ordinary changes, and holds what it no longer lists. An undo can be undone.

The exit code is 12 if there is nothing to undo, or the run can't be restored exactly. Nothing is changed then.";

pub(super) const WATCH: &str = "\
Examples:
  xtream-sync watch                          Watch all profiles; the setting `schedule` says when they are synced
  xtream-sync watch home --schedule 'every 6h'
  xtream-sync watch --once-due               Sync what is due now, and end; for cron and systemd timers
  xtream-sync watch --metrics 9290 --log-format json
  xtream-sync watch --on-change 'jq -r .text | mail -s xtream-sync ann'

`xtream-sync status` says when each kind is synced next, and why. SIGTERM and SIGINT end the service with 0; what is
committed stays. SIGHUP makes it read the settings again and try at once what it has postponed. Changed settings are
taken up within a minute in any case.

Exit codes: 0 stopped, 2 no profile, 8 the cache can't be read or written for a day, 9 the cache was made by a newer
version, 11 another watch runs on this cache. With --once-due those of a sync, and 0 if nothing is due.";

pub(super) const CLEAR: &str = "\
Example:
  xtream-sync clear home";

pub(super) const CHECK: &str = "\
Examples:
  xtream-sync check               Check the tables of all profiles
  xtream-sync check home --panel  Compare every item of one profile with its panel as well";

pub(super) const BACKUP: &str = "\
Examples:
  xtream-sync backup cache-copy.db           Write a new file
  xtream-sync backup cache-copy.db --force   Replace an older copy";

pub(super) const RESTORE: &str = "\
Example:
  xtream-sync restore cache-copy.db";

pub(super) const COMPLETIONS: &str = "\
Examples:
  xtream-sync completions bash
  xtream-sync completions zsh

Where the scripts belong:
  bash         ~/.local/share/bash-completion/completions/xtream-sync
  zsh          a file _xtream-sync in a folder of $fpath
  fish         ~/.config/fish/completions/xtream-sync.fish
  powershell   the profile: xtream-sync completions powershell | Out-String | Invoke-Expression";

pub(super) const MAN: &str = "\
Example:
  xtream-sync man ~/.local/share/man/man1";

pub(super) const STATUS: &str = "\
Examples:
  xtream-sync status              Show all profiles
  xtream-sync status home --json  Print one profile for a script
  xtream-sync status --check      Say what is wrong, also by the exit code";

pub(super) const EDIT: &str = "\
Examples:
  xtream-sync edit movies 4711 name='Heat' tags=crime,night     Change the name, and set two tags
  xtream-sync edit movies 4711 name=                            Go back to the panel's name
  xtream-sync edit channels --category 12 category=News         Move the channels of a category to another one

All items are changed, or none. It is no error if nothing changes.";

pub(super) const FAVOURITE: &str = "\
Examples:
  xtream-sync favourite movies 4711 4712
  xtream-sync favourite channels --category News --off";

pub(super) const HIDE: &str = "\
Examples:
  xtream-sync hide movies 4711
  xtream-sync hide series --year 1950-1969
  xtream-sync hide movies 4711 --off

`show` still shows them, and so do lists with --hidden. Filters hide by rule, also what comes later.";

pub(super) const TAG: &str = "\
Examples:
  xtream-sync tag movies crime,night 4711 4712
  xtream-sync tag movies crime --tag night --off   Take a tag away from all that have another one";

pub(super) const WATCHED: &str = "\
Examples:
  xtream-sync watched movies 4711
  xtream-sync watched movies 4711 --position 1800   Remember where to go on
  xtream-sync watched movies 4711 --off";

pub(super) const CONFLICTS: &str = "\
Examples:
  xtream-sync conflicts
  xtream-sync conflicts --kind movies --json
  xtream-sync conflicts resolve 4711 --keep-local

The settings `conflict.name`, `conflict.category` and `conflict.icon` say what a sync does with a conflict.";

pub(super) const CONFLICTS_RESOLVE: &str = "\
Examples:
  xtream-sync conflicts resolve 4711 --keep-local
  xtream-sync conflicts resolve --all --kind movies --take-panel";

pub(super) const FILTER: &str = "\
Examples:
  xtream-sync filter test movies exclude --category-glob 'FR*'   Show what a rule would do
  xtream-sync filter add movies exclude --category-glob 'FR*'    Leave out the movies of these categories
  xtream-sync filter list

Rules look at what the panel lists: its names and its categories. A sync keeps and removes items as without rules, and
`changes` and the counts are of all items. Lists with --all lift the filter.";

pub(super) const FILTER_LIST: &str = "\
Examples:
  xtream-sync filter list
  xtream-sync filter list movies --json";

pub(super) const FILTER_ADD: &str = "\
Examples:
  xtream-sync filter add movies exclude --category-glob 'FR*'
  xtream-sync filter add movies include --name-regex '(?i)4k' --at 1   Show these, whatever the other rules say";

pub(super) const FILTER_REMOVE: &str = "\
Example:
  xtream-sync filter remove movies 2";

pub(super) const FILTER_TEST: &str = "\
Examples:
  xtream-sync filter test movies exclude --category-glob 'FR*'
  xtream-sync filter test channels exclude --name-regex '^#+' --json";

pub(super) const FILTER_DEFAULT: &str = "\
Example:
  xtream-sync filter default channels exclude   Show only what a rule includes";

pub(super) const FILTER_NEW: &str = "\
Example:
  xtream-sync filter new movies tell";

pub(super) const REWRITE: &str = "\
Examples:
  xtream-sync rewrite test movies '^[A-Z]{2}: ' ''   Show what a rule would do
  xtream-sync rewrite add movies '^[A-Z]{2}: ' ''    Show names without a country in front
  xtream-sync rewrite list

A name that you have edited is shown as you wrote it.";

pub(super) const REWRITE_LIST: &str = "\
Examples:
  xtream-sync rewrite list
  xtream-sync rewrite list movies --json";

pub(super) const REWRITE_ADD: &str = "\
Examples:
  xtream-sync rewrite add movies '^[A-Z]{2}: ' ''
  xtream-sync rewrite add movies '^(.*), The$' 'The $1' --at 1";

pub(super) const REWRITE_REMOVE: &str = "\
Example:
  xtream-sync rewrite remove movies 1";

pub(super) const REWRITE_TEST: &str = "\
Examples:
  xtream-sync rewrite test movies                     Show what the saved rules do
  xtream-sync rewrite test movies '^[A-Z]{2}: ' ''    Show what one more rule would do";

pub(super) const OVERLAY: &str = "\
Examples:
  xtream-sync overlay export -o overlay.jsonl
  xtream-sync overlay import overlay.jsonl";

pub(super) const OVERLAY_EXPORT: &str = "\
Examples:
  xtream-sync overlay export -o overlay.jsonl
  xtream-sync overlay export --database cache-kept.db -o overlay.jsonl   Read a cache that a restore has kept

The cache is only read.";

pub(super) const OVERLAY_IMPORT: &str = "\
Examples:
  xtream-sync overlay import overlay.jsonl
  xtream-sync overlay import - --rules

An item is found by its id, or else by its name. The edits of items that are not found are kept under their ids, and the \
exit code is 3 then.";
