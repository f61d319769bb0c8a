//! The newest entries in memory; the one that was asked for longest ago goes first.

use std::collections::VecDeque;

pub struct Cache {
    room: usize,
    entries: VecDeque<(String, String)>,
}

impl Cache {
    pub fn new(room: usize) -> Self {
        Cache {
            room,
            entries: VecDeque::new(),
        }
    }

    /// The value of a key, which is the newest from now on.
    pub fn get(&mut self, key: &str) -> Option<&str> {
        let entry = self.taken(key)?;
        self.entries.push_back(entry);
        self.entries.back().map(|(_, value)| value.as_str())
    }

    pub fn put(&mut self, key: &str, value: &str) {
        self.taken(key);
        self.entries.push_back((key.into(), value.into()));
        if self.entries.len() > self.room {
            self.entries.pop_front();
        }
    }

    fn taken(&mut self, key: &str) -> Option<(String, String)> {
        let at = self.entries.iter().position(|(known, _)| known == key)?;
        self.entries.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    /// What a cache with room for two holds after these steps, as `a=1` or `a?`, of a, b and c.
    fn held(steps: &str) -> String {
        let mut cache = Cache::new(2);
        for step in steps.split_whitespace() {
            match step.split_once('=') {
                Some((key, value)) => cache.put(key, value),
                None => drop(cache.get(step.trim_end_matches('?'))),
            }
        }
        ["a", "b", "c"]
            .iter()
            .filter_map(|key| cache.get(key).map(|value| format!("{key}{value}")))
            .collect()
    }

    macro_rules! cases {
        ($($name:ident: $steps:expr => $expected:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(held($steps), $expected); })*
        };
    }

    cases! {
        nothing: "" => "";
        one: "a=1" => "a1";
        two: "a=1 b=2" => "a1b2";
        third_drives_out_the_first: "a=1 b=2 c=3" => "b2c3";
        asked_for_stays: "a=1 b=2 a? c=3" => "a1c3";
        asked_for_twice: "a=1 b=2 a? b? c=3" => "b2c3";
        written_again: "a=1 a=2" => "a2";
        written_again_stays: "a=1 b=2 a=3 c=4" => "a3c4";
        unknown_key_changes_nothing: "a=1 b=2 c? c=3" => "b2c3";
        same_value_twice: "a=1 b=1" => "a1b1";
    }
}
