//! Where in its variables a CI says something.

/// One place. `None` of them where what it needs is not set.
#[derive(Clone, Copy)]
pub(super) enum SaidIn {
    /// The value.
    As(&'static str),
    /// Two values, with a slash between them.
    Both(&'static str, &'static str),
    /// What stands before the first of these.
    Before(&'static str, &'static str),
    /// What follows it.
    Behind(&'static str, &'static str),
    /// All but the last part of a path, where the other variable is set.
    Folder(&'static str, &'static str),
    /// The value, where the other variable is not set.
    Without(&'static str, &'static str),
    /// The value, which is a number, where the other variable says that there are several.
    OneOf(&'static str, &'static str),
}

impl SaidIn {
    /// `variable` looks one up.
    pub(super) fn read(self, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let says = |name| variable(name).filter(|value| !matches!(value.trim(), "" | UNNAMED));
        match self {
            Self::As(name) => says(name),
            Self::Both(one, two) => Some(format!("{}/{}", says(one)?, says(two)?)),
            Self::Before(name, end) => {
                says(name)?.split_once(end).map(|(start, _)| start.to_owned())
            }
            Self::Behind(name, start) => {
                says(name)?.split_once(start).map(|(_, end)| end.to_owned())
            }
            Self::Folder(path, set) => {
                says(set).and(says(path))?.rsplit_once('/').map(|(folder, _)| folder.to_owned())
            }
            Self::Without(name, unset) => {
                if says(unset).is_some() {
                    return None;
                }
                says(name)
            }
            Self::OneOf(index, count) => {
                if says(count).as_deref() == Some("1") {
                    return None;
                }
                says(index)
            }
        }
    }
}

/// `SYSTEM_JOBNAME=__default`: so Azure calls what has no name.
const UNNAMED: &str = "__default";
