//! Text of a log that many steps and builds share.
//!
//! Builds of one job say the same things again and again. A text that was lately kept by the same
//! thread is not kept twice, so that memory grows with what logs say, not with how often they say
//! it.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use arcstr::ArcStr;

use super::shared::Recent;

/// The bytes as text; what is no UTF-8 becomes U+FFFD. Nearly all is, which is sooner seen by itself.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Text of a log: immutable, one word wide, cheap to clone.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(ArcStr);

impl Text {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        /// Longer ones are seldom said twice.
        const SHARED: usize = 512;
        thread_local!(static RECENT: Recent<ArcStr> = Recent::default());
        match text.len() {
            0 => Self::default(),
            1..=SHARED => Self(
                RECENT
                    .with(|recent| recent.get(text, || Some(text.into())))
                    .unwrap_or_else(|| text.into()),
            ),
            _ => Self(text.into()),
        }
    }

    /// Keeps a text of a log; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn of_log(bytes: &[u8]) -> Self {
        Self::new(&lossy(bytes))
    }

    /// As a slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

/// As the slice, because it is borrowed as one.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once() {
        let (a, b) = (Text::new("#9 CACHED"), Text::of_log(b"#9 CACHED"));
        assert!(ArcStr::ptr_eq(&a.0, &b.0));
        assert_eq!(Text::of_log(b"a\xff"), "a\u{fffd}");
        assert_eq!(size_of::<Option<Text>>(), size_of::<usize>());
    }
}
