//! What Windows `PowerShell` makes of a program's errors: `docker : #0 building with …`, and below
//! that `At line:1 char:1`, `    + FullyQualifiedErrorId : NativeCommandError`.
//!
//! Only the first line of the output has the prefix. It is not taken for sure without the id. Knows
//! no CI. That it also cuts lines at the width of the console is seen in `wrap.rs`.

use memchr::memmem;

use super::{Envelope, Head, Peeled, Words};

/// Output that went through an error record.
pub(super) struct Powershell;

impl Envelope for Powershell {
    fn name(&self) -> &'static str {
        "powershell"
    }

    fn may_begin(&self, first: u8) -> bool {
        matches!(first, b'd' | b' ')
    }

    fn words(&self) -> Words {
        &[b": NativeCommandError"]
    }

    fn recognise(&self, head: &Head) -> bool {
        let id = |l: &[u8]| {
            l.starts_with(b"    + ") && memmem::find(l, b": NativeCommandError").is_some()
        };
        head.any(self, |l| text(l).is_some()) && head.any(self, id)
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Peeled<'a> {
        Peeled { text: text(line).unwrap_or(line), ..Peeled::default() }
    }
}

fn text(line: &[u8]) -> Option<&[u8]> {
    const PROGRAMS: [&[u8]; 4] =
        [b"docker : ", b"docker.exe : ", b"docker-compose : ", b"docker-compose.exe : "];
    if line.first() != Some(&b'd') {
        return None;
    }
    PROGRAMS.iter().find_map(|program| line.strip_prefix(*program))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::recognises;

    #[test]
    fn the_first_line_of_the_output_loses_its_program() {
        let head: [&[u8]; 3] = [
            b"docker : #0 building with \"ci\" instance using docker-container driver",
            b"At line:1 char:1",
            b"    + FullyQualifiedErrorId : NativeCommandError",
        ];
        assert!(recognises(&Powershell, &head));
        assert!(Powershell.decode(head[0]).text.starts_with(b"#0 building"));
        assert!(!recognises(&Powershell, &head[..2]));
        assert_eq!(
            Powershell.decode(b"docker: command not found").text,
            b"docker: command not found"
        );
    }
}
