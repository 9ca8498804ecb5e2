//! Installations, and the halves of a RUN that also builds.

use super::*;

#[test]
fn a_run_that_installs_and_builds_has_two_halves() {
    let halves = |first: &str, rest: &str| Some((first.to_owned(), rest.to_owned()));
    assert_eq!(split("RUN npm ci && npm run build"), halves("RUN npm ci", "RUN npm run build"));
    assert_eq!(
        split("RUN --mount=type=cache,target=/root/.npm npm ci && NODE_ENV=production npm run x"),
        halves(
            "RUN --mount=type=cache,target=/root/.npm npm ci",
            "RUN --mount=type=cache,target=/root/.npm NODE_ENV=production npm run x"
        )
    );
    assert_eq!(
        split("RUN cd web && npm ci && npm run build"),
        halves("RUN cd web && npm ci", "RUN cd web && npm run build")
    );
    assert_eq!(
        split("RUN npm config set unsafe-perm true && npm install && npm run build"),
        halves("RUN npm config set unsafe-perm true && npm install", "RUN npm run build")
    );
    assert_eq!(
        split("RUN pip install -r requirements.txt && pip install ."),
        halves("RUN pip install -r requirements.txt", "RUN pip install .")
    );
    assert_eq!(split("RUN npm install; npm test"), halves("RUN npm install", "RUN npm test"));
    for run in [
        "RUN pip install .",
        "RUN if [ -f a ]; then npm ci; fi; npm run build",
        "RUN npm ci",
        "RUN npm ci && npm cache clean --force",
        "RUN npm run generate && npm ci && npm run build",
        "RUN npm ci && cd web && npm run build",
        "RUN apt-get update && apt-get install -y curl && curl -LO https://example.com/x",
        "RUN npm ci && npm run build -- \"a && b\"",
        "RUN npm run build",
    ] {
        assert_eq!(split(run), None, "{run}");
    }
}

#[test]
fn knows_what_installations_read() {
    for (run, files) in [
        ("RUN npm ci --omit=dev && npm cache clean --force", "package.json package-lock.json"),
        ("RUN --mount=type=cache,target=/root/.npm npm ci", "package.json package-lock.json"),
        ("RUN pip install --no-cache-dir -r requirements.txt", "requirements.txt"),
        ("RUN python -m pip install -r /app/requirements.txt gunicorn", "/app/requirements.txt"),
        ("RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*", ""),
        ("RUN apk add --no-cache git; go mod download", "go.mod go.sum"),
        ("RUN UV_LINK_MODE=copy uv sync --locked --no-install-project", "pyproject.toml uv.lock"),
    ] {
        assert_eq!(reads(run).map(|files| files.join(" ")).as_deref(), Some(files), "{run}");
    }
}

#[test]
fn a_run_that_installs_and_nothing_else() {
    for run in [
        "RUN yarn install",
        "RUN cd web && npm install",
        "RUN --mount=type=bind,source=a.txt,target=a.txt pip install -r a.txt",
        "RUN bundle config set path v; bundle install",
        "RUN corepack enable && pnpm install",
        "RUN echo \"** start **\" && apk add git && rm -rf /tmp/*",
        "RUN if [ -f /etc/alpine ]; then apk add bash; fi",
    ] {
        assert_eq!(is_all(run), !run.contains("config"), "{run}");
    }
    for run in ["RUN npm install && npm run build", "RUN make", "RUN pip install .", "RUN ls"] {
        assert!(!is_all(run), "{run}");
    }
    assert!(is_plain("RUN ls && mkdir /a") && !is_plain("RUN ls && ./configure"));
}

#[test]
fn says_nothing_where_more_may_be_read() {
    for run in [
        "RUN npm ci && npm run build",
        "RUN npm install",
        "RUN npm ci --prefix web",
        "RUN cd web && npm ci",
        "RUN pip install .",
        "RUN pip install -e . -r requirements.txt",
        "RUN poetry install",
        "RUN uv sync --frozen",
        "RUN --mount=type=bind,target=. npm ci",
        "RUN apt-get install -y ./tool.deb",
        "RUN npm ci $ARGS",
        "RUN make",
        "RUN yarn install",
        "RUN [\"npm\", \"ci\"]",
        "COPY . .",
    ] {
        assert_eq!(reads(run), None, "{run}");
    }
}
#[test]
fn a_run_may_build_what_it_installs_for() {
    for run in [
        "RUN poetry install --no-root && poetry build && pip install dist/*.whl",
        "RUN npm ci; npm run build",
        "RUN apk add gcc && make all",
    ] {
        assert!(builds_too(run), "{run}");
    }
    for run in [
        "RUN npm ci",
        "RUN python3 -m venv /v && pip install -r requirements.txt",
        "RUN apk add gcc && curl -L example.com/x | tar x && make install",
        "RUN make all",
    ] {
        assert!(!builds_too(run), "{run}");
    }
}
