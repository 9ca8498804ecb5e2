//! A page in a real, headless Chromium, and what happened in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cachediag::render::{RENDERERS, Report, Screen};
use headless_chrome::browser::tab::Tab;
use headless_chrome::protocol::cdp::types::{Event, Method};
use headless_chrome::{Browser, LaunchOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where Chromium may be; `CHROMIUM` names another place.
const PLACES: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/snap/bin/chromium",
];

/// One page. Closing it asserts that nothing went wrong in it and that it asked nobody for
/// anything.
pub(crate) struct Page {
    tab: Arc<Tab>,
    log: Arc<Mutex<Log>>,
    _browser: Browser,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Log {
    trouble: Vec<String>,
    requests: Vec<String>,
}

/// The path of a tool, or a word about its absence on the terminal. Where
/// `CACHEDIAG_BROWSER=required` (as in `.ci/run`), its absence is a failure.
pub(crate) fn present(what: &str, path: Option<PathBuf>) -> Option<PathBuf> {
    if path.is_none() {
        assert!(
            std::env::var_os("CACHEDIAG_BROWSER").is_none(),
            "{what} is required and not there"
        );
        let words = format!(
            "SKIPPED: {what} is not there, so the page is not tested in a browser (.ci/browser \
                gets it)\n"
        );
        // Not eprintln: the test harness would keep it to itself.
        std::io::stderr().write_all(words.as_bytes()).unwrap();
    }
    path
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|path| path.exists())
}

/// The report as a page.
pub(crate) fn html(report: &Report) -> String {
    let renderer = RENDERERS.iter().find(|r| r.name() == "html").unwrap();
    renderer.render(report, Screen { width: 100, color: false, ascii: false })
}

impl Page {
    /// Opens a page from disk; `None` where there is no Chromium.
    pub(crate) fn open(html: &str) -> Option<Self> {
        Self::open_with(html, |path| format!("file://{}", path.display()))
    }

    /// Opens a page at the address that `serve` makes of its path.
    pub(crate) fn open_with(html: &str, serve: impl FnOnce(&Path) -> String) -> Option<Self> {
        let path = present("Chromium", chromium())?;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.html");
        fs::write(&file, html).unwrap();
        let arguments =
            ["--disable-quic", "--disable-component-update"].map(AsRef::as_ref).to_vec();
        // Root, as in CI containers, cannot have the sandbox.
        let options = LaunchOptions::default_builder()
            .path(Some(path))
            .sandbox(false)
            .window_size(Some((1360, 1000)))
            .args(arguments)
            .idle_browser_timeout(Duration::from_mins(3))
            .build()
            .unwrap();
        let browser = Browser::new(options).unwrap();
        let tab = browser.new_tab().unwrap();
        let log = watch(&tab);
        let page = Self { tab, log, _browser: browser, _folder: folder };
        page.tab.navigate_to(&serve(&file)).unwrap().wait_until_navigated().unwrap();
        Some(page)
    }

    /// The value of an expression, a promise awaited.
    pub(crate) fn js<T: DeserializeOwned>(&self, expression: &str) -> T {
        let text =
            format!("(async () => JSON.stringify(await (async () => ({expression}))() ?? null))()");
        let value = self.tab.evaluate(&text, true).unwrap().value;
        let text = value
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no value: {expression}"));
        serde_json::from_str(text).unwrap()
    }

    /// Whether an expression becomes true within a few seconds: the page draws once a frame.
    pub(crate) fn soon(&self, expression: &str) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if self.js(&format!("!!({expression})")) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Clicks with the mouse, in the middle of the element.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.tab.wait_for_element(selector).unwrap();
        element.scroll_into_view().unwrap();
        element.click().unwrap();
    }

    pub(crate) fn press(&self, key: &str) {
        self.tab.press_key(key).unwrap();
    }

    pub(crate) fn type_text(&self, text: &str) {
        self.tab.type_str(text).unwrap();
    }

    pub(crate) fn size(&self, width: u32, height: u32) {
        self.tab
            .call_method(SetSize { width, height, device_scale_factor: 1, mobile: false })
            .unwrap();
    }

    /// `light` or `dark`.
    pub(crate) fn theme(&self, value: &'static str) {
        self.tab
            .call_method(SetMedia {
                features: vec![Feature { name: "prefers-color-scheme", value }],
            })
            .unwrap();
    }

    /// Seconds of processor time that the page has taken so far, for script, layout and all.
    pub(crate) fn busy(&self) -> f64 {
        let answer = self.tab.call_method(GetMetrics {}).unwrap();
        let metrics = answer.get("metrics").and_then(Value::as_array).unwrap();
        let found = metrics
            .iter()
            .find(|m| m.get("name").is_some_and(|name| name == "TaskDuration"))
            .unwrap();
        found.get("value").and_then(Value::as_f64).unwrap()
    }

    /// Lets the test read what the page copied.
    pub(crate) fn allow_clipboard(&self) {
        self.tab
            .call_method(Grant {
                permissions: vec!["clipboardReadWrite", "clipboardSanitizedWrite"],
            })
            .unwrap();
    }

    /// Runs a script that has no value.
    pub(crate) fn run(&self, script: &str) {
        self.tab.evaluate(script, false).unwrap();
    }

    /// What can be read on the page, also where it may not run scripts of its own.
    pub(crate) fn text(&self) -> String {
        self.js("document.body.innerText")
    }

    /// Messages in the console and errors, so far.
    pub(crate) fn trouble(&self) -> Vec<String> {
        self.log.lock().unwrap().trouble.clone()
    }

    /// Nothing went wrong, and nothing but the page itself was asked for.
    pub(crate) fn close(self) {
        let log = self.log.lock().unwrap();
        assert_eq!(log.trouble, Vec::<String>::new());
        assert_eq!(log.requests.len(), 1, "{:?}", log.requests);
    }
}

/// Collects what the page says and asks for.
fn watch(tab: &Tab) -> Arc<Mutex<Log>> {
    let log = Arc::new(Mutex::new(Log::default()));
    let own = Arc::clone(&log);
    tab.add_event_listener(Arc::new(move |event: &Event| {
        let mut log = own.lock().unwrap();
        match event {
            Event::LogEntryAdded(e) => log.trouble.push(e.params.entry.text.clone()),
            Event::RuntimeConsoleAPICalled(e) => {
                log.trouble.push(format!("console: {:?}", e.params.args));
            }
            Event::RuntimeExceptionThrown(e) => {
                log.trouble.push(format!("{:?}", e.params.exception_details));
            }
            Event::NetworkRequestWillBeSent(e) => log.requests.push(e.params.request.url.clone()),
            _ => {}
        }
    }))
    .unwrap();
    tab.enable_log().unwrap().enable_runtime().unwrap();
    tab.call_method(EnableNetwork {}).unwrap();
    tab.call_method(EnableMetrics { time_domain: "threadTicks" }).unwrap();
    log
}

/// A command of the `DevTools` protocol that is asked for without its many options.
macro_rules! command {
    ($name:literal, $command:ident { $($field:ident: $kind:ty),* }) => {
        #[derive(Debug, Serialize)]
        #[serde(rename_all = "camelCase")]
        struct $command { $($field: $kind),* }

        impl Method for $command {
            const NAME: &'static str = $name;
            type ReturnObject = serde_json::Value;
        }
    };
}

command!(
    "Emulation.setDeviceMetricsOverride",
    SetSize { width: u32, height: u32, device_scale_factor: u32, mobile: bool }
);
command!("Emulation.setEmulatedMedia", SetMedia { features: Vec<Feature> });
command!("Browser.grantPermissions", Grant { permissions: Vec<&'static str> });
command!("Network.enable", EnableNetwork {});
command!("Performance.enable", EnableMetrics { time_domain: &'static str });
command!("Performance.getMetrics", GetMetrics {});

#[derive(Debug, Serialize)]
struct Feature {
    name: &'static str,
    value: &'static str,
}
