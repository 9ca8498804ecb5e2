//! Numbers as people read them: durations, counted things, shares.

/// `1.2 s`, `41 s`, `5 min 12 s`, `2 h 05 min`.
pub(crate) fn duration(seconds: f64) -> String {
    // An empty sum of floats is -0.0.
    let tenths = (seconds.max(0.0) * 10.0).round().abs() / 10.0;
    if tenths < 10.0 {
        return format!("{tenths:.1} s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates; not negative here"
    )]
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `1 run`, `3 runs`, `5,000 runs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// `5,000`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `9 of 28 (32 %)`; rounded down, so that 100 % means all.
pub(crate) fn share(part: usize, whole: usize) -> String {
    match (part * 100).checked_div(whole) {
        Some(percent) => format!("{} of {} ({percent} %)", grouped(part), grouped(whole)),
        None => "nothing to count".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_over() {
        for (seconds, want) in [
            (0.04, "0.0 s"),
            (1.24, "1.2 s"),
            (9.96, "10 s"),
            (41.4, "41 s"),
            (59.6, "1 min 0 s"),
            (312.0, "5 min 12 s"),
            (7500.0, "2 h 05 min"),
            (-1.0, "0.0 s"),
            (-0.0, "0.0 s"),
            (f64::NAN, "0.0 s"),
        ] {
            assert_eq!(duration(seconds), want);
        }
    }

    #[test]
    fn counts_and_shares() {
        assert_eq!(
            (count(1, "run"), count(1_234_567, "run")),
            ("1 run".into(), "1,234,567 runs".into())
        );
        assert_eq!(share(9, 28), "9 of 28 (32 %)");
        assert_eq!(share(999, 1000), "999 of 1,000 (99 %)");
        assert_eq!(share(0, 0), "nothing to count");
    }
}
