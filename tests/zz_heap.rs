//! tmp
#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;
#[test] fn heap() {
  let p = dhat::Profiler::builder().file_name("/tmp/heap.json").trim_backtraces(Some(30)).build();
  let report = cachediag::pipeline::run(&cachediag::pipeline::Options { paths: vec!["/tmp/t500".into()], threads: Some(1), ..Default::default() });
  drop(p);
  println!("{}", report.study.runs.len());
}
