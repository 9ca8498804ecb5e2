//! What CI systems say of themselves, in one vocabulary.

/// One statement of a CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark<'a> {
    /// A command line, echoed.
    Command(&'a [u8]),
    /// A line that is a command only inside a script block.
    Script(&'a [u8]),
    /// A line that goes on with the options of a command, where the line before ended in `\`.
    More(&'a [u8]),
    /// A section or step begins.
    Section(&'a [u8]),
    /// The block that showed a step's script or inputs ends.
    SectionEnd,
    /// `key: value` of a step's inputs; without a key, a further line of the value before it.
    Input(&'a [u8], &'a [u8]),
    /// A cache operation begins: the next cache lines without a name are about this key.
    CacheKey(&'a [u8], CacheOperation),
    /// The next key is none that is asked for: one to fall back to, or a path.
    CacheAside,
    /// Nothing is under this key; the next line may say that another one was tried.
    CacheTried(&'a [u8]),
    /// A cache was found under this key.
    CacheFound(&'a [u8]),
    /// The cache operation under way fails, whichever it is.
    CacheTrouble,
    /// What packs or unpacks the archive complains: why the cache operation under way fails, if it
    /// does.
    CacheClue,
    /// An operation of the CI's cache.
    Cache {
        /// Name or key, empty where an earlier [`Mark::CacheKey`] named it.
        name: &'a [u8],
        /// Direction.
        operation: CacheOperation,
        /// End.
        outcome: CacheOutcome,
    },
    /// Commit that is built.
    Commit(&'a [u8]),
    /// The same, and its branch, in one line.
    CommitOf(&'a [u8], &'a [u8]),
    /// The next line is the commit that is built, and nothing else.
    HashFollows,
    /// A line that is a hash of git's, and nothing else.
    Hash(&'a [u8]),
    /// What was checked out so far are tools of the job, not what it builds.
    CheckedOutBefore,
    /// Branch that is built.
    Branch(&'a [u8]),
    /// Job that the log is of, with its leg of a matrix.
    Job(&'a [u8]),
    /// Something a plugin says.
    Note(NoteKind, &'a [u8]),
}

/// Direction of a CI cache operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOperation {
    /// Before the job.
    Restore,
    /// At the job's teardown.
    Save,
}

/// How a CI cache operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOutcome {
    /// Restored.
    Hit,
    /// Restored from another key than the first asked for.
    Partial,
    /// Nothing to restore.
    Miss,
    /// Saved.
    Saved,
    /// Not saved: the key is there already and never overwritten.
    Exists,
    /// Not saved on purpose (failed step, policy).
    Skipped,
    /// Tried and failed.
    Failed,
}

/// Statements of CI plugins that rules may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Version of Buildkite's docker-compose plugin: `5.10.0`.
    ComposePluginVersion,
    /// The docker-compose plugin pulls an image to use it as cache (plugin v4): the service.
    ComposePluginPullsCache,
    /// Such a pull failed: the image.
    ComposePluginPullFailed,
    /// The docker-compose plugin builds a service: the service.
    ComposePluginBuilds,
    /// Builder that the docker-compose plugin v5 uses: the driver.
    ComposePluginDriver,
    /// `cache_from:` entry of the plugin's override file: the reference.
    ComposeCacheFrom,
    /// `cache_to:` entry of the plugin's override file: the specification.
    ComposeCacheTo,
    /// Image name the plugin gives to the service: the reference.
    ComposeImage,
    /// Version of Docker Compose: `v2.37.1`.
    ComposeVersion,
    /// The machine is made for the job and thrown away after it: what says so.
    NewMachine,
    /// The machine that the job runs on: the name that the CI has for it.
    Machine,
}
