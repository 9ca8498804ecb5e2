//! Prompts of terminals, as people copy them with what they typed.

use super::Mark;
use super::echo::starts;

/// A command behind a prompt: `ann@host:~/app$ docker build .`,
/// `[ann@host app]$ podman build .`, `ann@mac app % docker build .`, `PS C:\\app> docker build .`,
/// `C:\\app>docker build .`, `~/app main ❯ docker build .`. The command has to begin right behind the prompt: anything else may be
/// output.
pub(super) fn at_terminal(text: &[u8]) -> Option<Mark<'_>> {
    let head = text.get(..120).unwrap_or(text);
    let end = match head {
        [b'P', b'S', b' ', ..] => memchr::memmem::find(head, b"> ")? + 2,
        [b'A'..=b'Z', b':', b'\\', ..] => {
            let end = memchr::memchr(b'>', head)? + 1;
            end + usize::from(head.get(end) == Some(&b' '))
        }
        _ => unix_prompt(head).or_else(|| themed_prompt(head))?,
    };
    let (prompt, command) = text.split_at_checked(end)?;
    let plain = !prompt.iter().any(|b| matches!(b, b'"' | b'=' | b',' | b'|'));
    (plain && starts(command)).then_some(Mark::Command(command))
}

/// The end of a prompt that names user and host, and a folder of at most two words.
fn unix_prompt(head: &[u8]) -> Option<usize> {
    let host = memchr::memchr(b'@', head)?;
    let before = head.get(..host)?;
    let user = match memchr::memmem::find(before, b") ") {
        Some(end) if before.starts_with(b"(") => before.get(end + 2..)?,
        _ => before,
    };
    let user = user.strip_prefix(b"[").unwrap_or(user);
    let named = !user.is_empty()
        && user.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !named {
        return None;
    }
    let rest = head.get(host..)?;
    let sign = rest.windows(2).position(|two| matches!(two, [b'$' | b'#' | b'%', b' ']))?;
    let words = rest.get(..sign)?.split(|b| *b == b' ').count();
    (words < 4).then_some(host + sign + 2)
}

/// The end of a prompt of a themed shell, or of one that names a folder, or nothing but itself:
/// `➜  app git:(main) ✗ `, `~/app main ❯ `, `/ # ` (busybox), `bash-5.1$ `.
fn themed_prompt(head: &[u8]) -> Option<usize> {
    const SIGNS: [&[u8]; 7] = [b"$", b"#", b"%", b">", "❯".as_bytes(), "✗".as_bytes(), b")"];
    const ALONE: [&[u8]; 3] = ["❯ ".as_bytes(), "λ ".as_bytes(), b"% "];
    let arrow = head.starts_with("➜ ".as_bytes());
    let shell = [&b"~"[..], b"/", b"bash-", b"sh-"].iter().any(|start| head.starts_with(start));
    if let Some(sign) = ALONE.iter().find(|sign| head.starts_with(sign)) {
        return Some(sign.len());
    }
    if !arrow && !shell {
        return None;
    }
    let ends = memchr::memchr_iter(b' ', head).take(8).map(|blank| blank + 1);
    ends.filter(|end| head.get(*end..).is_some_and(starts)).find(|end| {
        let prompt = head.get(..*end).unwrap_or_default().trim_ascii_end();
        SIGNS.iter().any(|sign| prompt.ends_with(sign)) || (arrow && end - 1 <= 64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_prompts_of_terminals_off() {
        for prompt in [
            "ann@host:~/app$ ",
            "[ann@host my app]$ ",
            "root@3f1c:/app# ",
            "(venv) ann@host:~$ ",
            "ann@mac app % ",
            "PS C:\\app> ",
            "C:\\app>",
            "C:\\app> ",
            "❯ ",
            "% ",
            "➜  app git:(main) ✗ ",
            "➜  app git:(main) ",
            "➜  app ",
            "~/app main ❯ ",
            "~/app $ ",
            "/ # ",
            "/builds/app # ",
            "bash-5.1$ ",
        ] {
            let line = format!("{prompt}docker buildx build .");
            assert_eq!(
                at_terminal(line.as_bytes()),
                Some(Mark::Command(b"docker buildx build .")),
                "{line}"
            );
        }
        for line in [
            "ann@host:~/app$ npm run build",
            "mail ann@host for $ docker build prices",
            "# docker build .",
            "say \"ann@host:~$ docker build .",
            "ann@host says: run # docker build . and wait",
            "C:\\app> was docker build",
            "/usr/bin docker build .",
            "// docker build .",
            "~ as in docker build .",
            "❯ see docker build .",
        ] {
            assert_eq!(at_terminal(line.as_bytes()), None, "{line}");
        }
    }
}
