//! The human report as people see it.

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::render::{escape, samples};

fn print(report: &Report) -> String {
    Human.render(report, samples::NARROW)
}

#[test]
fn one_finding() {
    insta::assert_snapshot!("one_finding_80", print(&samples::multi_stage()));
    insta::assert_snapshot!(
        "one_finding_120",
        Human.render(&samples::multi_stage(), samples::WIDE)
    );
    insta::assert_snapshot!(
        "one_finding_color",
        Human.render(&samples::multi_stage(), samples::COLOR).replace('\u{1b}', "␛")
    );
}

#[test]
fn details() {
    let report = Report { details: true, ..samples::multi_stage() };
    insta::assert_snapshot!("details_80", print(&report));
    let report = Report { details: true, ..samples::several() };
    insta::assert_snapshot!("details_several_80", print(&report));
}

#[test]
fn several_findings() {
    insta::assert_snapshot!("several_80", print(&samples::several()));
    insta::assert_snapshot!("several_120", Human.render(&samples::several(), samples::WIDE));
}

/// From half a screen to a wide one, and where there is ASCII only.
#[test]
fn every_width() {
    for width in [60, 80, 120, 200] {
        let screen = Screen { width, ..samples::NARROW };
        insta::assert_snapshot!(
            format!("width_{width}"),
            Human.render(&samples::configured(), screen)
        );
    }
    let ascii = Human.render(&samples::configured(), Screen { ascii: true, ..samples::NARROW });
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("ascii", ascii);
}

/// The same layout, whatever the marks are.
#[test]
fn ascii_moves_no_column() {
    for report in [
        samples::several(),
        samples::many(),
        samples::decided(),
        samples::remembered(),
        samples::hostile(),
    ] {
        let print = |ascii| Human.render(&report, Screen { ascii, color: true, width: 60 });
        let (marks, plain) = (print(false), print(true));
        assert!(plain.is_ascii());
        // The last lines are a sentence with other signs in it, and may break elsewhere.
        let lines =
            marks.lines().zip(plain.lines()).take_while(|(marks, _)| !marks.contains(" · "));
        for (marks, plain) in
            lines.filter(|(marks, _)| !marks.contains("… and") && !marks.ends_with('…'))
        {
            assert_eq!(marks.width(), plain.width(), "{plain}");
        }
    }
}

#[test]
fn hostile_text() {
    insta::assert_snapshot!(print(&samples::hostile()));
}

#[test]
fn nothing_wrong() {
    insta::assert_snapshot!("healthy", print(&samples::healthy()));
    insta::assert_snapshot!("lone_run", print(&samples::single_run()));
    insta::assert_snapshot!("no_build", print(&samples::no_build()));
    assert_eq!(print(&Report::default()), "Nothing could be read.\n");
}

#[test]
fn many_builds() {
    insta::assert_snapshot!(print(&samples::many()));
}

/// Forty jobs of one file that need the same: two are told whole, some by their place, the others
/// are counted.
#[test]
fn many_findings_of_a_configuration() {
    let report = Report { findings: vec![samples::upload_failed(); 40], ..Report::default() };
    let printed = print(&report);
    let blocks: Vec<&str> = printed.split("\n\n").filter(|b| b.starts_with("warning[")).collect();
    let whole = blocks.iter().filter(|block| block.contains("\n  cause")).count();
    assert_eq!((blocks.len(), whole), (20, 2), "{printed}");
    assert!(printed.contains("… and 20 more findings; --top N shows N of them"), "{printed}");
    let all = print(&Report { top: Some(40), details: true, ..report });
    assert_eq!(all.matches("\n  cause").count(), 40);
}

/// Text to paste and addresses are the exception: they are never cut.
#[test]
fn no_line_is_wider_than_the_screen() {
    for report in [
        samples::several(),
        samples::hostile(),
        samples::many(),
        samples::healthy(),
        samples::no_build(),
        samples::decided(),
        samples::remembered(),
    ] {
        let narrowest = Screen { width: 60, ..samples::NARROW };
        for screen in
            [narrowest, samples::NARROW, samples::WIDE, Screen { width: 200, ..samples::WIDE }]
        {
            for line in Human.render(&report, screen).lines().filter(|l| {
                !["docker buildx", "--cache-to", "Source: "].iter().any(|whole| l.contains(whole))
            }) {
                assert!(line.width() <= screen.width, "{} columns: {line}", line.width());
            }
        }
    }
}

#[test]
fn nothing_of_a_log_is_obeyed() {
    let text = print(&samples::hostile());
    assert!(!text.contains(|c| c != '\n' && escape::must_show(c)), "{text}");
    assert!(!text.contains("##[") && !text.contains("hunter2"));
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")));
}

#[test]
fn without_color_there_are_no_escapes() {
    let colored = Human.render(&samples::several(), samples::COLOR);
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), print(&samples::several()));
}
