//! A report that an agent can take in one piece.

use serde_json::Value;

/// Bytes of an answer: what clients give a tool before they cut it themselves.
const MOST: usize = 64 << 10;

/// Lists that say less than the findings, those that say least first.
const LISTS: [&str; 6] = ["runs", "builds", "series", "hidden", "problems", "gates"];

/// The report within [`MOST`], and what was left out of it: whole lists, then the findings that
/// cost least.
pub(super) fn bounded(json: String) -> (String, Option<String>) {
    if json.len() <= MOST {
        return (json, None);
    }
    let Ok(Value::Object(mut report)) = serde_json::from_str(&json) else { return (json, None) };
    let mut left: Vec<String> = Vec::new();
    let mut size = json.len();
    for name in LISTS.iter().chain(&["findings"]) {
        let Some(Value::Array(list)) = report.get_mut(*name) else { continue };
        let all = list.len();
        while size > MOST && !list.is_empty() {
            // Of lists that are not ranked a part would mislead.
            let from = if *name == "findings" { list.len() - 1 } else { 0 };
            size -= list.drain(from..).map(|item| item.to_string().len()).sum::<usize>().min(size);
        }
        if list.len() < all {
            left.push(format!("{} of {all} {name}", all - list.len()));
        }
    }
    let said = format!(
        "Left out to keep this short: {}. All of it: cachediag --format json",
        left.join(", ")
    );
    (Value::Object(report).to_string(), Some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_stays_as_it_is() {
        assert_eq!(bounded("{\"runs\":[1]}".to_owned()), ("{\"runs\":[1]}".to_owned(), None));
    }

    #[test]
    fn runs_go_before_findings_and_the_costliest_findings_stay() {
        let long = "x".repeat(MOST / 3);
        let report = serde_json::json!({ "findings": [1, &long, &long, &long, &long], "runs": [1, 2], "verdict": "trouble" });
        let (json, left) = bounded(report.to_string());
        assert!(json.len() <= MOST, "{}", json.len());
        let said: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(said["runs"], serde_json::json!([]));
        assert_eq!(said["findings"].as_array().unwrap().len(), 3);
        assert_eq!(said["verdict"], "trouble");
        assert!(left.unwrap().contains("2 of 2 runs, 2 of 5 findings"));
    }
}
