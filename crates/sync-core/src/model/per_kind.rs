//! One value per kind of content.

use std::ops::{Index, IndexMut};

use super::kind::ContentKind;

/// One value per kind of content, indexed by the kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PerKind<T>([T; ContentKind::ALL.len()]);

impl<T> PerKind<T> {
    /// Returns these values.
    pub const fn new(channels: T, movies: T, series: T) -> Self {
        Self([channels, movies, series])
    }

    /// Returns the values that `make` returns, one per kind.
    pub fn from_fn(make: impl FnMut(ContentKind) -> T) -> Self {
        Self(ContentKind::ALL.map(make))
    }

    /// Returns the results of `change`, one per value.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> PerKind<U> {
        PerKind(self.0.map(change))
    }

    /// Returns each kind with its value, in the order of [`ContentKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (ContentKind, &T)> {
        ContentKind::ALL.into_iter().zip(&self.0)
    }

    /// Returns each kind with its value, in the order of [`ContentKind::ALL`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (ContentKind, &mut T)> {
        ContentKind::ALL.into_iter().zip(&mut self.0)
    }

    /// Returns the values, in the order of [`ContentKind::ALL`].
    pub fn values(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Returns the values, in the order of [`ContentKind::ALL`].
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }
}

impl<T: Clone> PerKind<T> {
    /// Returns the same value for every kind.
    pub fn all(value: T) -> Self {
        Self::from_fn(|_| value.clone())
    }
}

impl<T> Index<ContentKind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: ContentKind) -> &T {
        &self.0[kind.ordinal()]
    }
}

impl<T> IndexMut<ContentKind> for PerKind<T> {
    fn index_mut(&mut self, kind: ContentKind) -> &mut T {
        &mut self.0[kind.ordinal()]
    }
}

/// Compares with the values of the kinds, in the order of [`ContentKind::ALL`].
impl<T: PartialEq> PartialEq<[T; ContentKind::ALL.len()]> for PerKind<T> {
    fn eq(&self, values: &[T; ContentKind::ALL.len()]) -> bool {
        self.0 == *values
    }
}

impl<T> IntoIterator for PerKind<T> {
    type Item = (ContentKind, T);
    type IntoIter = std::iter::Zip<
        std::array::IntoIter<ContentKind, { ContentKind::ALL.len() }>,
        std::array::IntoIter<T, { ContentKind::ALL.len() }>,
    >;

    fn into_iter(self) -> Self::IntoIter {
        ContentKind::ALL.into_iter().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_value() {
        let mut names = PerKind::from_fn(ContentKind::as_str);
        assert!(names.iter().all(|(kind, name)| kind.as_str() == *name && names[kind] == *name));
        names[ContentKind::Movies] = "films";
        assert_eq!(names.map(str::len).into_iter().map(|(_, length)| length).collect::<Vec<_>>(), [8, 5, 6]);
    }
}
