//! Tagged fields whose numbers we do not know.

use bytes::Bytes;

/// Tagged fields that a sender knows and we do not: kept, and written again.
///
/// Always in ascending order of their tags. Empty costs one pointer.
#[allow(
    clippy::box_collection,
    reason = "nearly always empty, in every struct: one word, not three"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownTags(Option<Box<Vec<(u32, Bytes)>>>);

impl UnknownTags {
    /// The tags and their bytes, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, Bytes)] {
        self.0.as_ref().map_or(&[], |tags| tags.as_slice())
    }

    /// Adds a field, behind those with the same number.
    pub fn insert(&mut self, tag: u32, data: Bytes) {
        let tags = self.0.get_or_insert_default();
        let index = match tags.last() {
            Some((last, _)) if *last > tag => tags.partition_point(|(known, _)| *known <= tag),
            _ => tags.len(),
        };
        tags.insert(index, (tag, data));
    }

    /// Adds many fields in the order they were read; sorts once.
    pub(crate) fn extend(&mut self, read: Vec<(u32, Bytes)>) {
        if !read.is_empty() {
            let tags = self.0.get_or_insert_default();
            tags.extend(read);
            if !tags.is_sorted_by_key(|(tag, _)| *tag) {
                tags.sort_by_key(|(tag, _)| *tag);
            }
        }
    }
}
