use serde_json::json;
fn main() {
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(3).map(Into::into).collect();
    let r = cachediag::pipeline::run(&cachediag::pipeline::Options { paths, ..Default::default() });
    let o = |x: cachediag::model::Outcome| match x {
        cachediag::model::Outcome::Hit => "hit",
        cachediag::model::Outcome::Miss => "miss",
        cachediag::model::Outcome::Failed => "failed",
        cachediag::model::Outcome::Canceled => "canceled",
        _ => "unknown",
    };
    let t = |i: &cachediag::model::Transfer| json!({"reference": i.reference, "outcome": if i.error.is_some() {"error"} else {"ok"}});
    let runs: Vec<_> = r.study.runs.iter().map(|run| json!({"source": {"name": run.source}, "ci": run.ci, "label": run.label, "builds": run.builds.iter().map(|b| json!({"driver": b.driver, "engine": format!("{:?}", b.engine), "outcome": format!("{:?}", b.outcome), "target": b.target,"errors": b.errors.iter().map(|e| e.text.to_string()).collect::<Vec<_>>(), "commands": run.commands.iter().map(|c| c.quote.text.to_string()).collect::<Vec<_>>(), "steps": b.steps.iter().map(|s| json!({"name": s.name, "outcome": o(s.outcome)})).collect::<Vec<_>>(), "imports": b.imports.iter().map(t).collect::<Vec<_>>(), "exports": b.exports.iter().map(t).collect::<Vec<_>>(), "inline": b.inline.is_some() })).collect::<Vec<_>>()})).collect();
    let f: Vec<_> = r.findings.iter().map(|f| json!({"rule": f.rule, "severity": format!("{:?}", f.severity).to_lowercase(), "title": f.title, "confidence": format!("{:?}", f.confidence), "rules_out": f.rules_out, "evidence": f.evidence.iter().map(|e| json!({"source": e.source, "line": e.line, "text": e.text})).collect::<Vec<_>>()})).collect();
    let s: Vec<_> = r.study.series.iter().map(|s| json!({"key": s.key, "builds": s.builds.iter().map(|b| format!("{}/{}", r.study.runs[b.run].source, b.build)).collect::<Vec<_>>()})).collect();
    println!(
        "{}",
        json!({"runs": runs, "findings": f, "series": s, "problems": r.problems.iter().map(|p| format!("{}: {}", p.source, p.message)).collect::<Vec<_>>()})
    );
}
