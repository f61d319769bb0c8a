//! Entries as lines of a log: key, tab, value; tabs, line ends and backslashes are escaped.

/// The line of an entry.
pub fn line(key: &str, value: &str) -> String {
    format!("{}\t{}", escaped(key), escaped(value))
}

/// The entry of a line; `None` where it is torn.
pub fn entry(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once('\t')?;
    Some((plain(key)?, plain(value)?))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
}

fn plain(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let mut found = String::new();
    while let Some(letter) = letters.next() {
        found.push(match letter {
            '\\' => match letters.next()? {
                'n' => '\n',
                't' => '\t',
                '\\' => '\\',
                _ => return None,
            },
            '\t' => return None,
            other => other,
        });
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{entry, line};

    macro_rules! kept {
        ($($name:ident: $key:expr, $value:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(entry(&line($key, $value)), Some(($key.into(), $value.into()))); })*
        };
    }

    macro_rules! torn {
        ($($name:ident: $line:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(entry($line), None); })*
        };
    }

    kept! {
        plain_text: "a", "b";
        empty_value: "a", "";
        empty_key: "", "b";
        tab: "a\tb", "c\td";
        line_end: "a\nb", "c\nd";
        backslash: "a\\b", "c\\d";
        backslash_before_n: "a\\n", "b\\n";
        backslash_at_the_end: "a\\", "b\\";
        only_escapes: "\t\n\\", "\\\n\t";
        other_letters: "é", "日本";
    }

    torn! {
        nothing: "";
        no_tab: "ab";
        two_tabs: "a\tb\tc";
        half_an_escape: "a\tb\\";
        unknown_escape: "a\tb\\x";
    }
}
