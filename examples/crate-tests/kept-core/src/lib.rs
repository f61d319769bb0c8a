//! How long an entry is kept, as people write it.

/// The seconds of a text like `1h30m`: numbers with d, h, m or s, each unit once and the larger one first.
pub fn seconds(text: &str) -> Option<u64> {
    let (mut sum, mut number, mut last) = (0u64, None, u64::MAX);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = Some(
                number
                    .unwrap_or(0u64)
                    .checked_mul(10)?
                    .checked_add(digit.into())?,
            );
            continue;
        }
        let unit = match letter {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        sum = sum.checked_add(number.take()?.checked_mul(unit)?)?;
        last = unit;
    }
    (number.is_none() && !text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    macro_rules! cases {
        ($($name:ident: $text:expr => $expected:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(super::seconds($text), $expected); })*
        };
    }

    cases! {
        second: "1s" => Some(1);
        seconds: "45s" => Some(45);
        minute: "1m" => Some(60);
        hour: "1h" => Some(3_600);
        day: "1d" => Some(86_400);
        hour_and_minutes: "1h30m" => Some(5_400);
        minute_and_seconds: "1m1s" => Some(61);
        all_units: "1d1h1m1s" => Some(90_061);
        units_left_out: "1d1s" => Some(86_401);
        zero: "0s" => Some(0);
        zero_among_others: "1h0m5s" => Some(3_605);
        leading_zeros: "007s" => Some(7);
        more_than_the_next_unit: "90m" => Some(5_400);
        largest: "18446744073709551615s" => Some(u64::MAX);
        empty: "" => None;
        number_alone: "15" => None;
        unit_alone: "m" => None;
        number_behind: "1m5" => None;
        smaller_unit_first: "1s1m" => None;
        unit_twice: "1m1m" => None;
        unknown_unit: "1w" => None;
        capital_unit: "1M" => None;
        space: "1 m" => None;
        negative: "-1s" => None;
        too_large: "18446744073709551616s" => None;
    }
}
