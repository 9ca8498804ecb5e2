//! The way from the top of a file to a value: keys and positions.

/// A way to a value; the empty one leads to the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route(Vec<Component>);

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Component {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Route {
    /// One step further.
    #[must_use]
    pub fn with_key(&self, component: impl Into<Component>) -> Self {
        let mut further = self.clone();
        further.0.push(component.into());
        further
    }

    /// One step back; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let (_, home) = self.0.split_last()?;
        Some(Self(home.to_vec()))
    }

    /// Its steps, from the top.
    pub(super) fn components(&self) -> &[Component] {
        &self.0
    }
}

impl<C: Into<Component>, const N: usize> From<[C; N]> for Route {
    fn from(components: [C; N]) -> Self {
        Self(components.map(Into::into).into())
    }
}

impl From<&str> for Component {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Component {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Component {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}
