//! The filters: logs to records, records to findings.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::value::whole;
use crate::cli::settings::Scope;

/// `cachediag records`.
#[derive(Debug, Args)]
#[command(
    after_help = "Standard input holds frames. A frame is one line of JSON, and then as many bytes \
        of a log as it says:\n  \
        {\"name\":\"s3://logs/4711.log.gz\",\"identity\":{\"repository\":\"team/app\",\"pipeline\":\"ci\",\"job\":\"image\",\"run\":\"4711\"},\"recorded\":\"2026-04-01T00:00:00Z\",\"bytes\":158217}\n  \
        {\"name\":\"build.log\",\"path\":\"/mnt/logs/build.log\"}\n  \
        {\"name\":\"gone.log\",\"problem\":\"no such object\"}\nAn empty line asks for what is \
        ready. Each frame is answered by its rows and one line \
        {\"end\":NAME,\"records\":N,\"problems\":[]}.\nAll lines are described by \
        schema/fleet-v1.schema.json."
)]
pub(in crate::cli) struct RecordsArgs {
    /// Number of threads that read one log
    #[arg(long, value_name = "N", value_parser = whole, default_value = "1")]
    pub(in crate::cli) threads: NonZeroUsize,
    /// Leave the record out of each row: only facts, for SQL
    #[arg(long)]
    pub(in crate::cli) no_record: bool,
    /// How much one compressed log or archive may expand to [default: 4 GiB]
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) max_expanded: Option<u64>,
}

/// `cachediag judge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Standard input holds groups: a line {\"key\":\"…\",\"records\":N}, then N \
        records, a line each, as they stand in the field\n\"record\" of what `cachediag records` \
        prints. An empty line asks for what is ready. Each group is answered by its\nfindings, a \
        line each, and one line \
        {\"end\":KEY,\"runs\":N,\"findings\":K,\"verdict\":…,\"unread\":[]}.\nAll lines are \
        described by schema/fleet-v1.schema.json."
)]
pub(in crate::cli) struct GroupsArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,
    /// How many of each job's newest runs are looked at [default: all]
    #[arg(long, value_name = "N", value_parser = whole)]
    pub(in crate::cli) last: Option<NonZeroUsize>,
    /// File of known findings: each finding says whether it is in it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Number of threads
    #[arg(long, value_name = "N", value_parser = whole, default_value = "1")]
    pub(in crate::cli) threads: NonZeroUsize,
}
