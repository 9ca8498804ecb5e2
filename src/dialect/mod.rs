//! What a builder says in a line.
//!
//! [`Dialect::read`] is a pure function of one line without its CI prefix; which line belongs to
//! which step is for the assembler. Knows no CI. To add a builder: one new file, its `mod` line and
//! its row in [`DIALECTS`].

mod buildah;
mod buildkit;
mod classic;
mod client;
mod downloads;
mod foreign;
mod kaniko;
mod logrus;
mod rawjson;
mod tilt;
mod tty;

use std::ops::Range;

pub use tty::is_vertex;

/// One statement of a builder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// `#12 …`: something about vertex 12.
    Vertex(u32, Body<'a>),
    /// `#0 building with "ci" instance using docker-container driver`.
    Builder {
        /// Builder instance.
        name: &'a [u8],
        /// Driver.
        driver: &'a [u8],
    },
    /// The classic builder.
    Classic(Classic<'a>),
    /// `BuildKit`'s frames for a terminal.
    Tty(Tty<'a>),
    /// buildah, podman.
    Buildah(Buildah<'a>),
    /// A line of `BuildKit`'s JSON status.
    RawJson(&'a [u8]),
    /// kaniko.
    Kaniko(Kaniko<'a>),
    /// docker-compose v1 begins to build a service.
    Service(&'a [u8]),
    /// The final error of a build.
    Failure(&'a [u8]),
    /// A line that goes on with the error above it, which has no prefix of its own.
    Answer(&'a [u8]),
    /// A warning of the client about the cache.
    Warning(&'a [u8]),
    /// The client says that nothing takes the result of the build: it exports no image.
    NoOutput,
    /// `docker load` put an image into the daemon: its name, or its digest where it has none.
    Loaded(&'a [u8]),
    /// `docker pull` failed: the image, nothing where only the URL tells it.
    Unpulled(&'a [u8]),
    /// A prune deletes steps of the builder's cache.
    Pruned,
    /// `Deleted: sha256:0a1b…`, podman's `Deleted: 0a1b…` and the bare `0a1b…` of its prune and of
    /// buildah: an image was deleted.
    Deleted(&'a [u8]),
    /// `Untagged: shop/web:1`: an image lost its name.
    Untagged(&'a [u8]),
    /// So much is what a prune deleted: `3.42MB`.
    Reclaimed(&'a [u8]),
}

/// What follows `#12 `.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body<'a> {
    /// Output of the command.
    Log,
    /// Completed, in so many seconds.
    Done(Option<f64>),
    /// Answered from a cache.
    Cached,
    /// Stopped.
    Canceled,
    /// Failed.
    Error(&'a [u8]),
    /// `...`: the printer turns to another vertex.
    Away,
    /// Completed, cached or not, in so many seconds (clients of 2019).
    Took(Option<f64>),
    /// Digest, name and times of the vertex (clients of 2019).
    Detail,
    /// A header or a status line.
    Text(&'a [u8]),
}

/// What the classic builder says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Classic<'a> {
    /// `Step 3/7 : RUN npm ci`.
    Step {
        /// `3/7 : RUN npm ci`.
        name: &'a [u8],
        /// Position in the file.
        position: u32,
        /// Number of instructions.
        of: u32,
        /// The instruction.
        text: &'a [u8],
    },
    /// `# Executing 3 build triggers`: so many steps of the base image follow.
    Triggers(u32),
    /// ` ---> Using cache`.
    UsingCache,
    /// ` ---> 0a1b2c3d4e5f`: the step's image.
    Image(&'a [u8]),
    /// ` ---> Running in 0a1b2c3d4e5f`.
    Running,
    /// `Removing intermediate container 0a1b2c3d4e5f`,
    /// ` ---> Removed intermediate container 0a1b2c3d4e5f`.
    Removed,
    /// A line whose arrow was lost on the way: it counts where nothing else can stand for it.
    Bare(Bare<'a>),
    /// `Digest: sha256:…` of a pulled image.
    Digest(&'a [u8]),
    /// `Status: Downloaded newer image for node:20`: it was not there.
    Downloaded(&'a [u8]),
    /// `Status: Image is up to date for node:20`: it was pulled and is there already.
    UpToDate(&'a [u8]),
    /// `Successfully built 0a1b2c3d4e5f`.
    Built,
    /// `Successfully tagged REF`.
    Tagged(&'a [u8]),
    /// `The command '/bin/sh -c npm ci' returned a non-zero code: 1`.
    Failed,
}

/// What the classic builder says behind an arrow, in a log without its arrows (Cloud Build's,
/// copied from a terminal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare<'a> {
    /// ` Using cache`.
    UsingCache,
    /// ` 0a1b2c3d4e5f`.
    Image(&'a [u8]),
    /// ` Running in 0a1b2c3d4e5f`.
    Running,
}

/// What a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tty<'a> {
    /// `[+] Building 12.3s (8/14) FINISHED    docker-container:ci`: a frame begins.
    Frame {
        /// Driver, empty where it is not shown.
        driver: &'a [u8],
        /// Builder instance.
        builder: &'a [u8],
        /// It is the last one.
        finished: bool,
    },
    /// ` => CACHED [2/5] RUN make   0.0s`.
    Vertex {
        /// Verdict, if any, and name.
        text: &'a [u8],
        /// Seconds.
        seconds: f64,
    },
    /// ` => => extracting sha256:…   0.1s`.
    Status(&'a [u8]),
    /// ` => => # output`.
    Output,
    /// Tilt begins a build. Its lines, those below, are nothing outside of one.
    Begun,
    /// A step of Tilt's build ended.
    Ended {
        /// Name.
        text: &'a [u8],
        /// Seconds; none: it came from the cache.
        seconds: Option<f64>,
    },
    /// A step of Tilt's build failed.
    Failed(&'a [u8]),
}

/// What buildah says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Buildah<'a> {
    /// `[1/2] STEP 3/6: RUN make`.
    Step {
        /// Number of the stage, 1 where there is one.
        stage: u32,
        /// Position in the stage.
        position: u32,
        /// Number of positions, 0 where it is not printed.
        of: u32,
        /// The instruction.
        text: &'a [u8],
    },
    /// `--> Using cache HASH`.
    UsingCache,
    /// `--> Cache pulled from remote REPO:KEY`.
    Pulled(&'a [u8]),
    /// `--> Pushing cache REPO:KEY`.
    Pushing(&'a [u8]),
    /// `Error: failed pushing cache to …`: it ends the build.
    NotPushed(&'a [u8]),
    /// `Failed, retrying in 1s ... Error: initializing source docker://REPO:KEY: …`: the cache
    /// cannot be asked.
    NotAsked {
        /// Repository and key.
        reference: &'a [u8],
        /// Why.
        error: &'a [u8],
    },
    /// `--> HASH`: the step's layer.
    Layer(&'a [u8]),
    /// `Trying to pull IMAGE...`.
    Pulling(&'a [u8]),
    /// `Copying config sha256:22ae…`: the id of the image that is pulled.
    Config(&'a [u8]),
    /// `COMMIT NAME`.
    Commit(&'a [u8]),
    /// `Error: building at STEP "RUN x": …`.
    Failed,
}

/// One message of kaniko.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kaniko<'a> {
    /// What it says.
    pub says: KanikoSays<'a>,
    /// Seconds since the start (`0003`) or a time stamp; empty where the line has neither.
    pub clock: &'a [u8],
    /// The texts in it are escaped as in JSON.
    pub escaped: bool,
}

/// What kaniko says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KanikoSays<'a> {
    /// `Resolved base name golang:1.22 to build`.
    Named {
        /// Base image.
        base: &'a [u8],
        /// Name of the stage.
        name: &'a [u8],
    },
    /// `Retrieving image manifest golang:1.22`: the last one before a stage is its base.
    Base(&'a [u8]),
    /// `Downloading base image golang:1.12`: versions before 0.14 begin a stage so, and may say it
    /// twice, where the directory of `--cache-dir` has no such image.
    Downloading(&'a [u8]),
    /// `Built cross stage deps: map[]`: all stages follow.
    Planned {
        /// One stage copies from another, so there are several.
        copies: bool,
    },
    /// `Executing 0 build triggers`, `Base image from previous stage 0 found, …`: a stage begins.
    /// Versions before 1.9 say no more of it.
    Begun,
    /// `Building stage 'golang:1.22' [idx: '0', base-idx: '-1']`.
    Stage {
        /// Base image.
        base: &'a [u8],
        /// Index, 0-based.
        index: u32,
    },
    /// `Eliminating stage 'golang:1.22' [idx: '0'], all consumers are served from cache`: it is not
    /// built.
    Eliminated {
        /// Base image.
        base: &'a [u8],
        /// Index, 0-based.
        index: u32,
    },
    /// `Pushing cache pointer REPO:KEY -> KEY`: a name for a layer that is stored.
    Pointing(&'a [u8]),
    /// `Checking for cached layer REPO:KEY...`.
    Lookup(&'a [u8]),
    /// `Failed to retrieve layer: GET …` (debug).
    LookupFailed(&'a [u8]),
    /// `Cache entry expired: REPO:KEY`.
    Expired,
    /// `Using caching version of cmd: RUN npm ci`.
    Cached(&'a [u8]),
    /// `No cached layer found for cmd RUN npm ci`.
    NotCached(&'a [u8]),
    /// `RUN npm ci`: it begins to be executed, or taken from the cache.
    Step(&'a [u8]),
    /// `Found cached layer, extracting to filesystem`.
    Extracting,
    /// `Pushing layer REPO:KEY to cache now`.
    Storing(&'a [u8]),
    /// `Error uploading layer to cache: …`.
    NotStored(&'a [u8]),
    /// `Pushing image to REF`: an image, or a layer as an image.
    Pushing(&'a [u8]),
    /// `Pushed REPO@sha256:…`.
    Pushed(&'a [u8]),
    /// `Skipping push to container registry due to --no-push flag`.
    PushSkipped,
    /// `error building image: …`.
    Failed,
}

/// One builder's form of log.
pub trait Dialect: Sync {
    /// What the line says, `None` where it is not this builder's.
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>>;
}

/// All forms; `BuildKit` first, most lines are its.
pub static DIALECTS: &[&dyn Dialect] = &[
    &buildkit::Buildkit,
    &classic::Classic,
    &client::Client,
    &rawjson::RawJson,
    &kaniko::Logrus,
    &buildah::Buildah,
    &tty::Tty,
    &tilt::Tilt,
];

/// The number of the vertex whose output the line is: [`read`] says [`Body::Log`] of the same
/// lines.
#[must_use]
#[inline]
pub fn output(text: &[u8]) -> Option<u32> {
    buildkit::output(text)
}

/// Where the seconds of a line of output stand, with the blank behind them: of its beginning, only
/// they are others in the vertex' next line. `None` for another line.
#[must_use]
pub fn seconds(text: &[u8]) -> Option<Range<usize>> {
    output(text)?;
    let mut blanks = memchr::memchr_iter(b' ', text);
    Some(blanks.next()? + 1..blanks.next()? + 1)
}

/// Whether a line of output says that the command fetches packages.
#[must_use]
pub fn downloads(text: &[u8]) -> bool {
    let said = seconds(text).and_then(|seconds| text.get(seconds.end..));
    said.is_some_and(downloads::are_told)
}

/// Whether a text begins as an instruction of a Dockerfile does.
#[must_use]
pub fn instructs(text: &[u8]) -> bool {
    classic::instructs(text)
}

/// The builder whose line it is, where that is one whose logs are not read.
#[must_use]
pub fn foreign(text: &[u8]) -> Option<&'static str> {
    foreign::builder(text)
}

/// Whether [`read`] understands a line.
#[must_use]
pub fn reads(text: &[u8]) -> bool {
    buildkit::is_vertex(text) || read(text).is_some()
}

/// Reads a line in the first dialect that understands it.
#[must_use]
pub fn read(text: &[u8]) -> Option<Event<'_>> {
    DIALECTS.iter().find_map(|d| d.read(text))
}
