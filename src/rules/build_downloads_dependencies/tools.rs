//! Tools that fetch packages and build with them in one command.
//!
//! Knows texts of RUN only. To add a tool: one row.

use crate::rules::instruction::{cache_mount, commands, fetches, mounts_files, script};

/// A tool, and how its packages are fetched alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PackageTool {
    pub(super) program: &'static str,
    /// Words that make it build the sources, and fetch what they need before that.
    builds: &'static [&'static str],
    /// Phases and tasks that stand anywhere on the line, and several of them; else the verb decides.
    anywhere: bool,
    /// Words with which it fetches nothing.
    offline: &'static [&'static str],
    /// What it fetches.
    pub(super) packages: &'static str,
    /// A folder of the sources that holds what it would fetch.
    pub(super) vendored: Option<&'static str>,
    /// The files that name the packages.
    pub(super) files: &'static [&'static str],
    /// These files are all that is read for it, so that a patch is certain to build.
    pub(super) certain: bool,
    /// Instructions that fetch the packages and nothing else, to stand above the COPY.
    pub(super) alone: &'static str,
    /// What else has to be known of them.
    pub(super) note: &'static str,
}

const GRADLE: &[&str] =
    &["assemble", "bootJar", "build", "check", "installDist", "jar", "shadowJar", "test", "war"];
const MAVEN: &[&str] = &["compile", "deploy", "install", "package", "test", "verify"];
const MAVEN_NOTE: &str =
    "A project of several modules needs the `pom.xml` of each of them there, in its folder.";
const GRADLE_NOTE: &str = "Copy what the build files read along with them: those of \
    subprojects, `gradle.properties`, `*.gradle.kts` instead of `*.gradle`, version catalogues.";

/// All of them.
const TOOLS: [PackageTool; 9] = [
    PackageTool {
        program: "go",
        builds: &["build", "generate", "get", "install", "run", "test", "vet"],
        anywhere: false,
        offline: &["-mod=vendor", "GOFLAGS=-mod=vendor"],
        packages: "modules",
        vendored: Some("vendor"),
        files: &["go.mod", "go.sum"],
        certain: true,
        alone: "COPY go.mod go.sum ./\nRUN go mod download",
        note: "A `replace` that leads to a folder of the repository, or a `go.work`, needs that \
            there too.",
    },
    PackageTool {
        program: "cargo",
        builds: &["bench", "build", "check", "clippy", "install", "run", "rustc", "test"],
        anywhere: false,
        offline: &["--offline", "--frozen"],
        packages: "crates",
        vendored: Some("vendor"),
        files: &["Cargo.toml", "Cargo.lock"],
        certain: false,
        alone: "FROM rust:1 AS chef\nRUN cargo install cargo-chef --locked\nWORKDIR /app\n\n\
            FROM chef AS planner\nCOPY . .\nRUN cargo chef prepare --recipe-path recipe.json\n\n\
            FROM chef AS build\nCOPY --from=planner /app/recipe.json .\n\
            RUN cargo chef cook --release --recipe-path recipe.json",
        note: "`cargo chef cook` compiles the dependencies too, which is most of the work.",
    },
    PackageTool {
        program: "mvn",
        builds: MAVEN,
        anywhere: true,
        offline: &["-o", "--offline"],
        packages: "artifacts",
        vendored: None,
        files: &["pom.xml"],
        certain: false,
        alone: "COPY pom.xml ./\nRUN mvn -B dependency:go-offline",
        note: MAVEN_NOTE,
    },
    PackageTool {
        program: "mvnw",
        builds: MAVEN,
        anywhere: true,
        offline: &["-o", "--offline"],
        packages: "artifacts",
        vendored: None,
        files: &["pom.xml"],
        certain: false,
        alone: "COPY mvnw pom.xml ./\nCOPY .mvn .mvn\nRUN ./mvnw -B dependency:go-offline",
        note: MAVEN_NOTE,
    },
    PackageTool {
        program: "gradle",
        builds: GRADLE,
        anywhere: true,
        offline: &["--offline"],
        packages: "dependencies",
        vendored: None,
        files: &["settings.gradle", "build.gradle"],
        certain: false,
        alone: "COPY settings.gradle build.gradle ./\nRUN gradle --no-daemon dependencies",
        note: GRADLE_NOTE,
    },
    PackageTool {
        program: "gradlew",
        builds: GRADLE,
        anywhere: true,
        offline: &["--offline"],
        packages: "dependencies",
        vendored: None,
        files: &["settings.gradle", "build.gradle"],
        certain: false,
        alone: "COPY gradlew settings.gradle build.gradle ./\nCOPY gradle gradle\n\
            RUN ./gradlew --no-daemon dependencies",
        note: GRADLE_NOTE,
    },
    PackageTool {
        program: "dotnet",
        builds: &["build", "pack", "publish", "test"],
        anywhere: false,
        offline: &["--no-restore", "--no-build"],
        packages: "packages",
        vendored: None,
        files: &["*.csproj"],
        certain: false,
        alone: "COPY *.sln *.csproj ./\nRUN dotnet restore",
        note: "Projects in folders of their own have to be copied to these; the build may then \
            have `--no-restore`.",
    },
    PackageTool {
        program: "pip",
        builds: &["install"],
        anywhere: false,
        offline: &["--no-deps", "--no-index", "-r", "--requirement"],
        packages: "packages",
        vendored: None,
        files: &["requirements.txt"],
        certain: false,
        alone: "COPY requirements.txt ./\nRUN pip install -r requirements.txt",
        note: "Write what the project depends on into `requirements.txt` (`uv export`, \
            `pip-compile`), and install the project itself with `--no-deps` below the COPY.",
    },
    PackageTool {
        program: "swift",
        builds: &["build", "test"],
        anywhere: false,
        offline: &["--skip-update"],
        packages: "packages",
        vendored: None,
        files: &["Package.swift", "Package.resolved"],
        certain: false,
        alone: "COPY Package.swift Package.resolved ./\nRUN swift package resolve",
        note: "",
    },
];

/// The tool whose packages a RUN fetches before it builds the sources; none where these come from a
/// mount, which keeps them or brings them.
pub(super) fn of(run: &str) -> Option<&'static PackageTool> {
    if cache_mount(run).is_some() || mounts_files(run) {
        return None;
    }
    commands(script(run)).map(words).find_map(|words| {
        let tool = named(&words)?;
        let offline = words.iter().any(|word| tool.offline.contains(word));
        (!offline && tool.is_asked_to_build(&words)).then_some(tool)
    })
}

impl PackageTool {
    /// A RUN has the packages fetched, alone or because it builds something: what a stage does so
    /// above its COPY is there already.
    pub(super) fn has_run(&self, run: &str) -> bool {
        let prepares = |words: Vec<&str>| {
            named(&words).is_some_and(|tool| self.shares_packages_with(tool))
                && (self.is_asked_to_build(&words)
                    || fetches(&words.join(" ")) && !installs_a_tool(&words))
        };
        commands(script(run)).map(words).any(prepares)
    }

    /// A wrapper keeps its packages where the tool itself does: `mvn` and `./mvnw`.
    fn shares_packages_with(&self, other: &PackageTool) -> bool {
        self.program.trim_end_matches('w') == other.program.trim_end_matches('w')
    }

    fn is_asked_to_build(&self, words: &[&str]) -> bool {
        let mut rest = words.iter().skip_while(|word| name(word) != self.program).skip(1);
        let asks = |word: &&str| self.builds.contains(&task(word));
        let verb = if self.anywhere {
            rest.any(asks)
        } else {
            rest.find(|word| !word.starts_with(['-', '+'])).is_some_and(asks)
        };
        verb && !installs_a_tool(words)
    }
}

/// `go install example.com/tool@v1`, `cargo install cargo-chef`, `pip install --upgrade pip`: it
/// installs what others have written and the sources do not name.
fn installs_a_tool(words: &[&str]) -> bool {
    let Some(at) = words.iter().position(|word| matches!(*word, "install" | "get")) else {
        return false;
    };
    let rest = words.get(at + 1..).unwrap_or_default();
    let local = |word: &&str| word.starts_with(['.', '/']) || word.starts_with("--path");
    let has = |options: &[&str]| rest.iter().any(|word| options.contains(word));
    match words.iter().copied().map(name).find(|word| TOOLS.iter().any(|t| t.program == *word)) {
        Some("go") => rest.iter().any(|word| word.contains('@')),
        Some("cargo") => !rest.iter().any(local),
        Some("pip") => !rest.iter().any(local) && !has(&["-r", "--requirement", "-e"]),
        _ => false,
    }
}

/// The tool that a command calls, behind the variables that it is given.
fn named(words: &[&str]) -> Option<&'static PackageTool> {
    let is_given = |word: &&&str| word.contains('=') && !word.starts_with('-');
    let program = words.iter().find(|word| !is_given(word) && **word != "exec")?;
    TOOLS.iter().find(|tool| tool.program == name(program))
}

/// `bootJar` of `:app:bootJar`.
fn task(word: &str) -> &str {
    word.rsplit(':').next().unwrap_or(word)
}

/// `./gradlew`, `/usr/local/go/bin/go`; `pip3` is `pip`.
fn name(word: &str) -> &str {
    match word.rsplit('/').next().unwrap_or(word) {
        "pip3" => "pip",
        name => name,
    }
}

/// The words of a command, without the quotes and brackets of the exec form.
fn words(command: &str) -> Vec<&str> {
    let all = command.split(|c: char| c.is_ascii_whitespace() || "\"'[],()".contains(c));
    let all: Vec<&str> = all.filter(|word| !word.is_empty()).collect();
    match all.as_slice() {
        [python, "-m", rest @ ..] if python.starts_with("python") => rest.to_vec(),
        _ => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(run: &str) -> Option<&'static str> {
        of(run).map(|tool| tool.program)
    }

    #[test]
    fn commands_that_fetch_and_build() {
        for (run, wanted) in [
            ("RUN go build -o /out/app ./cmd/app", "go"),
            ("RUN CGO_ENABLED=0 GOOS=linux go build -ldflags=\"-s -w\" .", "go"),
            ("RUN --network=default go install ./...", "go"),
            ("RUN cd api && cargo +nightly build --release", "cargo"),
            ("RUN mvn -B -DskipTests clean package", "mvn"),
            ("RUN chmod +x gradlew && ./gradlew :app:bootJar --no-daemon", "gradlew"),
            ("RUN dotnet publish -c Release -o /out", "dotnet"),
            ("RUN [\"go\", \"build\", \"./...\"]", "go"),
            ("RUN go get -d -v ./... && go install -v ./...", "go"),
            ("RUN pip install --no-cache-dir .", "pip"),
            ("RUN python3 -m pip install -e .[test]", "pip"),
        ] {
            assert_eq!(program(run), Some(wanted), "{run}");
        }
    }

    #[test]
    fn commands_that_fetch_nothing_or_elsewhere() {
        for run in [
            "RUN go build -mod=vendor ./...",
            "RUN GOFLAGS=-mod=vendor go build ./...",
            "RUN --mount=type=cache,target=/go/pkg/mod go build ./...",
            "RUN --mount=type=bind,target=. go build ./...",
            "RUN go install example.com/tool@v1.2.3",
            "RUN go env -w GOPROXY=https://goproxy.example.com",
            "RUN go mod download",
            "RUN cargo install cargo-chef",
            "RUN cargo chef cook --release",
            "RUN cargo build --offline",
            "RUN mvn -o package",
            "RUN mvn dependency:go-offline",
            "RUN dotnet publish --no-restore",
            "RUN pip install -r requirements.txt .",
            "RUN pip3 install --upgrade pip setuptools",
            "RUN pip install --no-deps .",
            "RUN go get example.com/tool@v1.2.3",
            "RUN make build",
            "RUN echo go build",
            "COPY . .",
        ] {
            assert_eq!(program(run), None, "{run}");
        }
    }

    #[test]
    fn what_has_the_packages_fetched() {
        let go = of("RUN go build .").unwrap();
        assert!(go.has_run("RUN go mod download"));
        assert!(go.has_run("RUN apk add git && go build ./cmd/first"));
        assert!(!go.has_run("RUN go env -w GOPROXY=https://goproxy.example.com"));
        assert!(!go.has_run("RUN go install example.com/tool@latest"));
        let cargo = of("RUN cargo build").unwrap();
        assert!(cargo.has_run("RUN cargo chef cook --release"));
        assert!(cargo.has_run("RUN mkdir src && echo 'fn main() {}' > src/main.rs && cargo build"));
        assert!(!cargo.has_run("RUN cargo install cargo-chef"));
        let wrapper = of("RUN ./mvnw package").unwrap();
        assert!(wrapper.has_run("RUN mvn -B dependency:go-offline"));
        let pip = of("RUN pip install .").unwrap();
        assert!(pip.has_run("RUN python -m pip install -r requirements.txt"));
        assert!(!pip.has_run("RUN pip install --upgrade pip"));
    }
}
