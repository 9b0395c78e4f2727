//! The signs around an address in a text: quotes, brackets, markup.

/// The sign that ends an address after an opening sign.
pub(super) struct Closer {
    signs: &'static [char],
    /// Whether the sign ends the address only before the end of a word. Quotes may also be within the address.
    is_quote: bool,
    opener: char,
    /// The number of signs that end the address, as in `**http://…**`.
    count: usize,
}

/// Returns the sign that ends an address after this opening sign, which is the last one of `before`.
pub(super) fn closer(opener: char, before: &str) -> Option<Closer> {
    let (signs, is_quote): (&'static [char], bool) = match opener {
        '"' => (&['"'], true),
        '\'' => (&['\''], true),
        '`' => (&['`'], true),
        '“' | '„' | '”' => (&['”', '“'], true),
        '‘' | '‚' | '’' => (&['’', '‘'], true),
        '«' => (&['»'], true),
        '»' => (&['«', '»'], true),
        '‹' => (&['›'], true),
        '(' => (&[')'], true),
        '{' => (&['}'], true),
        '*' => (&['*'], true),
        '_' => (&['_'], true),
        '~' => (&['~'], true),
        // `<http://…>`, `<http://…|label>`.
        '<' => (&['>', '|'], false),
        // `>http://…</a>`.
        '>' => (&['<'], false),
        // `[http://…](…)`, `[url]http://…[/url]`.
        '[' => (&[']'], false),
        ']' => (&['['], false),
        '|' => (&['|'], false),
        // `[url=http://…]`, `<a href=http://…>`.
        '=' if before.contains('[') => (&[']'], false),
        '=' if before.contains('<') => (&['>'], false),
        _ => return None,
    };
    let count = before.chars().rev().take_while(|c| *c == opener).count().max(1);
    Some(Closer { signs, is_quote, opener, count })
}

impl Closer {
    /// Returns the positions at which the sign ends an address. Of several in a row, the last ones belong to it.
    pub(super) fn ends(&self, piece: &str) -> Vec<usize> {
        let ends_word = |after: Option<char>| after.is_none_or(|c| c.is_whitespace() || ",;.)]}>".contains(c));
        let mut ends = Vec::new();
        let mut row: Vec<usize> = Vec::new();
        for (at, c) in piece.char_indices() {
            if !self.signs.contains(&c) {
                row.clear();
                continue;
            }
            row.push(at);
            let after = piece[at + c.len_utf8()..].chars().next();
            let row_ends = after.is_none_or(|next| !self.signs.contains(&next));
            if row_ends && (!self.is_quote || ends_word(after)) {
                ends.push(row[row.len().saturating_sub(self.count)]);
                // Pages, JSON and tables write none of these into an address.
                let is_sure = after.is_none_or(|next| next.is_whitespace() || ",>".contains(next));
                if self.count == 1 && (c == '<' || self.opener == '=' || (c == '"' && is_sure)) {
                    break;
                }
            }
        }
        ends
    }
}

/// Returns an entry of a playlist without the headers that some players read from it: `…/1.ts|User-Agent=x`.
pub(super) fn without_headers(text: &str) -> &str {
    let headers = text.match_indices('|').find(|(at, _)| {
        let (name, value) = text[at + 1..].split_once('=').unwrap_or_default();
        !value.is_empty() && ["user-agent", "referer", "origin", "cookie"].contains(&&*name.to_ascii_lowercase())
    });
    headers.map_or(text, |(at, _)| &text[..at])
}
