//! The time zone of the machine, for schedules and printed times.

use sync_core::TimeZone;

/// The environment variable that names a zone for a program.
const VARIABLE: &str = "TZ";

/// Returns the zone of the machine: that of the environment, else that of the system, else UTC. The zone is read at
/// each call, so a zone that changes while the program runs is found at the next call.
pub fn of_machine() -> TimeZone {
    let environment = std::env::var(VARIABLE).ok();
    let system = || iana_time_zone::get_timezone().ok();
    choose(environment.as_deref(), system)
}

/// Returns the zone of the environment if it names one, else that of the system, else UTC. An empty variable means UTC,
/// as it does for the C library. A rule such as `CET-1CEST` names no zone.
fn choose(environment: Option<&str>, system: impl FnOnce() -> Option<String>) -> TimeZone {
    if environment == Some("") {
        return TimeZone::UTC;
    }
    let named = environment.and_then(zone);
    named.or_else(|| zone(&system()?)).unwrap_or(TimeZone::UTC)
}

/// Reads a zone from its name, from a name after a colon, or from the path of its file.
fn zone(text: &str) -> Option<TimeZone> {
    let text = text.trim();
    let text = text.strip_prefix(':').unwrap_or(text);
    let name = text.rsplit_once("zoneinfo/").map_or(text, |(_, name)| name);
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_the_system() {
        for (environment, system, chosen) in [
            (None, None, "UTC"),
            (None, Some("Europe/Berlin"), "Europe/Berlin"),
            (None, Some("Nowhere/City"), "UTC"),
            (Some("Asia/Kathmandu"), Some("Europe/Berlin"), "Asia/Kathmandu"),
            (Some(":Asia/Kathmandu"), None, "Asia/Kathmandu"),
            (Some("/usr/share/zoneinfo/Europe/Paris"), None, "Europe/Paris"),
            (Some(":/usr/share/zoneinfo/Europe/Paris"), None, "Europe/Paris"),
            (Some("CET-1CEST,M3.5.0,M10.5.0/3"), Some("Europe/Berlin"), "Europe/Berlin"),
            (Some(""), Some("Europe/Berlin"), "UTC"),
        ] {
            let found = choose(environment, || system.map(str::to_owned));
            assert_eq!(found.to_string(), chosen, "{environment:?} {system:?}");
        }
    }

    #[test]
    fn a_machine_has_a_zone() {
        // Any zone will do, as long as schedules can be read in it.
        assert!(of_machine().to_string().parse::<TimeZone>().is_ok());
    }
}
