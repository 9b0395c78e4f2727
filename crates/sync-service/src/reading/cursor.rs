//! The cursor of a query with an age. It contains the time that the age meant on the first page, so that later pages
//! belong to the same query although the clock goes on.

use sync_core::search::InvalidCursor;

use crate::since::Moment;

/// The separator of the parts. No cursor of the core contains it.
const SEPARATOR: char = '.';

/// The time from which on items are wanted, and the text about it in cursors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Since {
    /// The time, in unix seconds.
    pub(super) moment: Option<i64>,
    /// The text that is appended to each cursor.
    suffix: String,
}

impl Since {
    /// Returns the time of a request, and the part of its cursor that is a cursor of the core.
    pub(super) fn of(
        since: Option<Moment>,
        after: Option<&str>,
        now: i64,
    ) -> Result<(Self, Option<&str>), InvalidCursor> {
        let parts = after.and_then(|after| after.split_once(SEPARATOR));
        let Some(Moment::Ago(age)) = since else {
            let moment = if let Some(Moment::At(moment)) = since { Some(moment) } else { None };
            // A cursor with several parts is of a query with an age.
            let is_other = parts.is_some();
            let since = Self { moment, suffix: String::new() };
            return if is_other { Err(InvalidCursor::OtherQuery) } else { Ok((since, after)) };
        };
        let moment = match (after, parts) {
            (None, _) => now.saturating_sub(age),
            (Some(_), None) => return Err(InvalidCursor::OtherQuery),
            (Some(_), Some((_, told))) => told_moment(told, age)?,
        };
        let suffix = format!("{SEPARATOR}{age}{SEPARATOR}{moment}");
        Ok((Self { moment: Some(moment), suffix }, parts.map(|(cursor, _)| cursor)))
    }

    /// Returns the text of a cursor.
    pub(super) fn text(&self, cursor: &sync_core::Cursor) -> String {
        let mut text = cursor.to_string();
        text.push_str(&self.suffix);
        text
    }
}

/// Returns the time in a cursor. Fails if the cursor is of another age.
fn told_moment(told: &str, age: i64) -> Result<i64, InvalidCursor> {
    let (of, moment) = told.split_once(SEPARATOR).ok_or(InvalidCursor::Malformed)?;
    let number = |text: &str| text.parse::<i64>().map_err(|_| InvalidCursor::Malformed);
    if number(of)? == age { number(moment) } else { Err(InvalidCursor::OtherQuery) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(since: Option<Moment>, after: Option<&str>) -> Result<(Option<i64>, Option<&str>), InvalidCursor> {
        Since::of(since, after, 1000).map(|(since, after)| (since.moment, after))
    }

    #[test]
    fn the_moment_of_an_age_is_that_of_the_first_page() {
        let age = Some(Moment::Ago(60));
        assert_eq!(moment(age, None), Ok((Some(940), None)));
        assert_eq!(moment(age, Some("abc.60.7")), Ok((Some(7), Some("abc"))));
        assert_eq!(moment(Some(Moment::At(5)), Some("abc")), Ok((Some(5), Some("abc"))));
        assert_eq!(moment(None, Some("abc")), Ok((None, Some("abc"))));
        let suffix = Since::of(age, None, 1000).unwrap().0.suffix;
        assert_eq!(suffix, ".60.940");
    }

    #[test]
    fn a_cursor_of_another_age_is_refused() {
        let age = Some(Moment::Ago(60));
        for (since, after, why) in [
            (age, "abc", InvalidCursor::OtherQuery),
            (age, "abc.61.7", InvalidCursor::OtherQuery),
            (age, "abc.60", InvalidCursor::Malformed),
            (age, "abc.x.7", InvalidCursor::Malformed),
            (age, "abc.60.", InvalidCursor::Malformed),
            (None, "abc.60.7", InvalidCursor::OtherQuery),
            (Some(Moment::At(5)), "abc.60.7", InvalidCursor::OtherQuery),
        ] {
            assert_eq!(moment(since, Some(after)), Err(why), "{after}");
        }
    }
}
