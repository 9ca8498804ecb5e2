fn main() {
    let t = std::time::Instant::now();
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    let r = cachediag::pipeline::run(&cachediag::pipeline::Options { paths, ..Default::default() });
    eprintln!(
        "{:?} builds {} series {} findings {}",
        t.elapsed(),
        r.study.runs.iter().map(|r| r.builds.len()).sum::<usize>(),
        r.study.series.len(),
        r.findings.len()
    );
    std::process::exit(0);
}
