//! Arrays that mostly have one element.

use smallvec::SmallVec;

/// An array whose first element lies in place: a request for one partition allocates nothing for
/// it. More elements cost one allocation, as in a `Vec`.
pub type Few<T> = SmallVec<[T; 1]>;
