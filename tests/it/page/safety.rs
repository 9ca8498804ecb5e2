//! A log is written by strangers, and some viewers forbid scripts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use super::browser::{Page, html};
use super::reports;

#[test]
fn a_script_in_a_log_is_shown_and_not_run() {
    let text = html(&reports::hostile());
    assert!(!text.contains("hunter2"));
    let Some(page) = Page::open(&text) else { return };
    assert!(page.soon("document.querySelectorAll('[role=gridcell]').length > 0"));
    assert!(page.js::<bool>("window.bad === undefined"));
    let shown: String = page.js("document.getElementById('grid').textContent");
    assert!(shown.contains("<script>window.bad=1</script><img src=x onerror="), "{shown}");
    assert_eq!(
        page.js::<usize>("document.querySelectorAll('img, svg[onload], main b b').length"),
        0
    );
    page.close();
}

#[test]
fn what_is_put_into_the_page_later_cannot_run_or_load_anything() {
    let Some(page) = Page::open(&html(&reports::every_second_run())) else { return };
    let inject = "(() => { const d = document.createElement('div'); d.innerHTML = '<img \
        src=\"https://example.com/x\" onerror=\"window.bad=1\">'; document.body.append(d); const s \
        = document.createElement('script'); s.textContent = 'window.bad=2'; \
        document.body.append(s); return null; })()";
    page.js::<()>(inject);
    assert!(page.js::<bool>(
        "new Promise((done) => setTimeout(() => done(window.bad === undefined), 200))"
    ));
    let trouble = page.trouble();
    assert!(
        trouble.iter().all(|t| t.contains("Content Security Policy")) && trouble.len() >= 2,
        "{trouble:?}"
    );
}

/// What Jenkins sends with archived artifacts
/// (<https://www.jenkins.io/doc/book/security/configuring-content-security-policy/>).
const JENKINS: &str =
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";

#[test]
fn can_be_read_where_scripts_and_styles_are_forbidden() {
    let text = html(&reports::every_second_run());
    let served = text.clone();
    let Some(page) = Page::open_with(&text, |_| serve(served)) else { return };
    let shown = page.text();
    for part in [
        "loses its inline cache",
        "What to do",
        "run-03.log:32",
        "docker buildx create",
        "steps of team/app",
        "·█·█·█",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

/// Serves one page, with Jenkins' policy, until the test ends.
fn serve(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let head = format!(
                "Content-Type: text/html\r\nContent-Security-Policy: {JENKINS}\r\nContent-Length: \
                    {}",
                page.len()
            );
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n{page}");
        }
    });
    format!("http://{address}/report.html")
}
