//! What a builder says in a line.
//!
//! [`Dialect::read`] is a pure function of one line without its CI prefix; which line belongs to
//! which step is for the assembler. Knows no CI. To add a builder: one new file, its `mod` line and
//! its row in [`DIALECTS`].

mod buildkit;
mod classic;
mod client;

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
    /// docker-compose v1 begins to build a service.
    Service(&'a [u8]),
    /// The final error of a build.
    Failure(&'a [u8]),
    /// A warning of the client about the cache.
    Warning(&'a [u8]),
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
    /// A header or a status line.
    Text(&'a [u8]),
}

/// What the classic builder says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Classic<'a> {
    /// `Step 3/7 : RUN npm ci`.
    Step {
        /// Position in the file.
        position: u32,
        /// Number of instructions.
        of: u32,
        /// The instruction.
        text: &'a [u8],
    },
    /// ` ---> Using cache`.
    UsingCache,
    /// ` ---> 0a1b2c3d4e5f`: the step's image.
    Image,
    /// ` ---> Running in 0a1b2c3d4e5f`.
    Running,
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
}

/// One builder's form of log.
pub trait Dialect: Sync {
    /// What the line says, `None` where it is not this builder's.
    fn read<'a>(&self, text: &'a [u8]) -> Option<Event<'a>>;
}

/// All forms; `BuildKit` first, most lines are its.
pub static DIALECTS: &[&dyn Dialect] = &[&buildkit::Buildkit, &client::Client, &classic::Classic];

/// Reads a line in the first dialect that understands it.
#[must_use]
pub fn read(text: &[u8]) -> Option<Event<'_>> {
    DIALECTS.iter().find_map(|d| d.read(text))
}
